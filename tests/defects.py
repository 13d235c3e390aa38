"""The suite's own test: small defects are put into the code one by one, and a test must turn red.

    python -m tests.defects
    python -m tests.defects "row of another width" digest

A word chooses the defects whose names hold it. Works on copies of the checkout, one on each core,
and first makes sure that the tests are green without any defect: a test that fails anyway proves
nothing. Ends with 1 if a defect was missed.
"""

from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
# One process for each copy, and the tests that are marked as proof too.
PYTEST = (
    *("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"),
    *("-n", "0", "-m", "proof or not proof"),
)
WORKERS = 2
# No test of these takes as long; what hangs is seen by whoever waits for the suite.
SECONDS = 180
GREEN, RED = 0, 1  # pytest's exit codes; any other means that no test has judged


@dataclass(frozen=True)
class Defect:
    """One slip that somebody could make.

    Attributes:
        name: What is wrong with it.
        file: Below ``dltrain``.
        text: What stands there, exactly once.
        slip: What stands there instead.
        tests: Those that must turn red, as pytest names them, below ``tests``.
    """

    name: str
    file: str
    text: str
    slip: str
    tests: tuple[str, ...]

    def put_into(self, root: Path) -> str:
        """Put it into a checkout; return what the file held.

        Raises:
            ValueError: If the text does not stand there exactly once: this list is to be mended.
        """
        path = root / "dltrain" / self.file
        content = path.read_text(encoding="utf-8")
        count = content.count(self.text)
        if count != 1:
            raise ValueError(f"{self.name}: its text stands {count} times in dltrain/{self.file}")
        path.write_text(content.replace(self.text, self.slip), encoding="utf-8")
        return content

    def take_out_of(self, root: Path, content: str) -> None:
        """Put back what the file held."""
        (root / "dltrain" / self.file).write_text(content, encoding="utf-8")


STORAGE = (
    Defect(
        "room is made for a model before its checkpoint is looked at",
        "inference/saved_model.py",
        '    _compare(path, layers, "F64" if itemsize == 8 else "F32")\n',
        "",
        ("inference/test_saved_model.py::test_a_config_of_another_shape_is_refused",),
    ),
    Defect(
        "weights of another run are predicted with",
        "inference/saved_model.py",
        '    if meta.get("run") != run.part("identity"):\n',
        "    if not meta:\n",
        ("inference/test_saved_model.py::test_a_checkpoint_of_another_run_is_refused",),
    ),
    Defect(
        "a row that goes on in further lines is cut where a block ends",
        "data/table/csv_stream.py",
        "        if lines.exhausted:\n            return start\n",
        "",
        (
            "data/table/test_csv_stream.py::test_all_rows_come_once_in_order_whatever_stands_in_them",
        ),
    ),
    Defect(
        "what is first is the best, whatever can be told of the others",
        "runs/compare/settings.py",
        '    if others == {"worse"}:\n',
        "    if others:\n",
        (
            "runs/compare/test_settings.py"
            "::test_the_first_is_the_best_only_where_all_others_are_shown_to_be_worse",
        ),
    ),
    Defect(
        "members of one setting are ranked by their seeds",
        "runs/compare/listing.py",
        "    if is_repeated(results):\n",
        "    if not results:\n",
        ("cli/test_sweep.py::test_repeats_stand_in_order_beside_their_setting_and_are_not_ranked",),
    ),
    Defect(
        "predictions take the place of a file that is there",
        "cli/predict.py",
        "    if path.exists() and not overwrite:\n",
        "    if not overwrite and not path.exists():\n",
        ("cli/test_predict.py::test_a_file_that_is_there_is_replaced_only_if_that_is_asked_for",),
    ),
    Defect(
        "a spreadsheet computes what stands in a predicted row",
        "data/table/csv_writer.py",
        "    if suspects.any():\n",
        "    if not len(suspects):\n",
        ("data/table/test_csv_writer.py::test_formulas_are_marked_as_text",),
    ),
    Defect(
        "true and false are numbers in one block and not in the next",
        "data/table/new_rows.py",
        "            self._refuse_mixture(table, column.name)\n",
        "",
        ("data/table/test_new_rows.py::test_blocks_are_read_alike",),
    ),
    Defect(
        "predictions of a file that is refused half way are kept",
        "system/disk.py",
        "    except BaseException:\n        with contextlib.suppress(OSError):  # the first",
        "    except OSError:\n        with contextlib.suppress(OSError):  # the first",
        ("system/test_disk.py::test_what_goes_wrong_between_the_parts_leaves_the_old_file",),
    ),
    Defect(
        "a file takes its name before its content is on disk",
        "system/disk.py",
        "                os.fsync(descriptor)\n        with _naming",
        "                os.sched_yield()\n        with _naming",
        ("system/test_disk.py::test_what_was_done_outlives_a_power_cut",),
    ),
    Defect(
        "a file's new name is not on disk",
        "system/disk.py",
        "        half_written.discard(temporary)\n    _sync_folder(path.parent)\n",
        "        half_written.discard(temporary)\n",
        ("system/test_disk.py::test_what_was_done_outlives_a_power_cut",),
    ),
    Defect(
        "a new folder's name is not on disk",
        "system/disk.py",
        "    for parent in parents:\n        _sync_folder(parent)\n",
        "",
        ("system/test_disk.py::test_what_was_done_outlives_a_power_cut",),
    ),
    Defect(
        "appended lines are not on disk when they are said to be",
        "system/disk.py",
        "_opened(path, 0) as descriptor:\n        os.fsync(descriptor)",
        "_opened(path, 0):\n        os.sched_yield()",
        ("system/test_disk.py::test_what_was_done_outlives_a_power_cut",),
    ),
    Defect(
        "what was cut off comes back after a power cut",
        "system/disk.py",
        "        os.ftruncate(descriptor, size)\n        os.fsync(descriptor)\n",
        "        os.ftruncate(descriptor, size)\n",
        ("system/test_disk.py::test_what_was_done_outlives_a_power_cut",),
    ),
    Defect(
        "a file is written in its place",
        "system/disk.py",
        '    temporary = path.with_name(f"{TEMPORARY}{secrets.token_hex(4)}-{path.name}")\n'
        "    half_written.add(temporary)\n"
        "    try:\n        with contextlib.ExitStack() as stack:\n"
        '            with _naming(path, "write"):\n'
        "                opened = _opened(temporary, os.O_CREAT | os.O_EXCL)",
        "    temporary = path\n    half_written.add(temporary)\n    try:\n"
        '        with contextlib.ExitStack() as stack:\n            with _naming(path, "write"):\n'
        "                opened = _opened(temporary, os.O_CREAT | os.O_TRUNC)",
        ("system/test_disk.py::test_a_reader_sees_the_old_file_or_the_new_one",),
    ),
    Defect(
        "a write that fails is swallowed",
        "system/disk.py",
        "            os.unlink(temporary)\n        raise\n",
        "            os.unlink(temporary)\n",
        ("system/test_disk.py::test_a_failed_replacement_leaves_the_target_and_no_other_file",),
    ),
    Defect(
        "half a write is taken for a whole one",
        "system/disk.py",
        "    while rest:\n        rest = rest[os.write(descriptor, rest) :]",
        "    os.write(descriptor, rest)",
        ("system/test_disk.py::test_a_line_that_finds_space_for_a_part_is_a_storage_error",),
    ),
    Defect(
        "a write that fails leaves its temporary file",
        "system/disk.py",
        "            os.unlink(temporary)\n        raise\n",
        "            os.stat(temporary)\n        raise\n",
        ("system/test_disk.py::test_content_that_finds_no_space_leaves_the_old_file_and_no_other",),
    ),
    Defect(
        "temporary files of a killed process stay",
        "runs/recorder.py",
        "            disk.remove_temporaries(folder / CHECKPOINTS)\n",
        "            pass\n",
        ("runs/test_recorder.py::test_what_a_killed_process_left_half_written_is_deleted",),
    ),
    Defect(
        "a folder that exists is claimed",
        "system/disk.py",
        "            os.mkdir(path)\n",
        "            os.makedirs(path, exist_ok=True)\n",
        ("system/test_disk.py::test_a_folder_is_claimed_once",),
    ),
    Defect(
        "a lock is shared",
        "system/disk.py",
        "fcntl.LOCK_EX",
        "fcntl.LOCK_SH",
        ("system/test_disk.py::test_a_lock_is_held_by_one_process",),
    ),
    Defect(
        "links are written through",
        "system/disk.py",
        "_CAREFUL = os.O_NOFOLLOW | ",
        "_CAREFUL = ",
        ("system/test_disk.py::test_a_link_is_neither_followed_nor_written_through",),
    ),
    Defect(
        "links in run folders are followed",
        "system/foreign_files.py",
        "os.O_RDONLY | os.O_NOFOLLOW | ",
        "os.O_RDONLY | ",
        ("runs/test_find.py::test_a_link_is_not_followed",),
    ),
)

CHECKPOINTS = (
    Defect(
        "a checkpoint's digest is not checked",
        "train/checkpoints/checkpoint_file.py",
        "    if not is_intact(content, digest):\n",
        "    if not digest:\n",
        ("train/checkpoints/test_checkpoint_file.py::test_random_damage_is_found",),
    ),
    Defect(
        "a digest is that of a part",
        "runs/verification.py",
        "    return hashlib.sha256(blank).hexdigest() == digest",
        "    return hashlib.sha256(blank).hexdigest()[:2] == digest[:2]",
        ("train/checkpoints/test_checkpoint_file.py::test_every_flipped_bit_is_found",),
    ),
    Defect(
        "only the last state is kept while running",
        "train/checkpoints/checkpoint_file.py",
        "keep_last=1 if ended else 2",
        "keep_last=1",
        (
            "train/checkpoints/test_checkpoint_file.py::test_while_running_the_last_two_and_their_bests_are_kept",
        ),
    ),
    Defect(
        "the best is deleted",
        "train/checkpoints/checkpoint_file.py",
        "        if path not in keep:\n            disk.remove(path)",
        "        disk.remove(path)",
        ("train/checkpoints/test_checkpoint_file.py::test_close_leaves_the_last_and_the_best",),
    ),
    Defect(
        "the best that the last but one state speaks of is deleted",
        "train/checkpoints/checkpoint_file.py",
        "self._spoken_of[member][-keep_last:]",
        "self._spoken_of[member][-1:]",
        (
            "train/checkpoints/test_resume.py::test_the_state_before_stands_in_for_one_that_is_damaged",
        ),
    ),
    Defect(
        "a state is written before the best that it speaks of",
        "train/checkpoints/checkpoint_file.py",
        "        if best is not None and best is not last:\n"
        "            save(folder, {n: t[member] for n, t in self._best.items()}, best)\n"
        "        if last is not None:\n"
        "            save(folder, {n: t[member] for n, t in self._last.items()}, last)\n",
        "        if last is not None:\n"
        "            save(folder, {n: t[member] for n, t in self._last.items()}, last)\n"
        "        if best is not None and best is not last:\n"
        "            save(folder, {n: t[member] for n, t in self._best.items()}, best)\n"
        "        if last is not None:\n",
        (
            "train/checkpoints/test_checkpoint_file.py::test_no_state_is_there_before_the_best_that_it_speaks_of",
        ),
    ),
    Defect(
        "the live state is kept, not a copy of it",
        "train/checkpoints/checkpoint_file.py",
        "{name: tensor.clone() for name, tensor in tensors.items()}",
        "dict(tensors)",
        ("train/checkpoints/test_checkpoint_file.py::test_what_is_kept_is_not_the_live_state",),
    ),
    Defect(
        "checkpoints are ordered by their names as text",
        "runs/verification.py",
        "(int(pair[0][1]), int(pair[0][2] or 0))",
        "pair[1].name",
        (
            "train/checkpoints/test_checkpoint_file.py::test_the_millionth_epoch_is_newer_than_the_one_before",
        ),
    ),
)

RESUMPTION = (
    Defect(
        "the optimizer's memory is forgotten",
        "train/checkpoints/saver.py",
        '    return tensors | {f"optimizer.{name}": tensor for name, tensor in optimizer.state()'
        ".items()}",
        "    return tensors if optimizer.state() else tensors",
        (
            "train/checkpoints/test_resume.py::test_a_training_goes_on_from_the_step_it_stopped_after",
        ),
    ),
    Defect(
        "Adam's count of steps is forgotten",
        "nn/optim.py",
        '        return moments | {"steps": self._counts}',
        "        return moments",
        (
            "train/checkpoints/test_resume.py::test_a_training_goes_on_from_the_step_it_stopped_after",
        ),
    ),
    Defect(
        "what was added up of an epoch under way is forgotten",
        "train/tally.py",
        "        self._statistics[: self._added] = added\n",
        "",
        ("train/checkpoints/test_resume.py::test_it_goes_on_with_what_was_added_up_along_the_way",),
    ),
    Defect(
        "the records of an epoch under way are forgotten",
        "train/tally.py",
        "            self._records[: self._taken, :, :, : self._rows] = records\n",
        "",
        (
            "train/checkpoints/test_resume.py::test_a_training_goes_on_from_the_step_it_stopped_after",
        ),
    ),
    Defect(
        "the windows of an epoch under way are forgotten",
        "train/steps.py",
        "[windows.contiguous()] if len(windows) else []",
        "[]",
        ("train/checkpoints/test_resume.py::test_it_goes_on_within_a_window_of_steps",),
    ),
    Defect(
        "the gradient norms of an epoch under way are forgotten",
        "train/steps.py",
        '            self._norms.copy_(underway["norms"].t())\n',
        "",
        (
            "train/checkpoints/test_resume.py::test_a_training_goes_on_from_the_step_it_stopped_after",
        ),
    ),
    Defect(
        "steps are counted anew, so that dropout repeats itself",
        "train/steps.py",
        "        self.taken = taken\n        if underway",
        "        if underway",
        (
            "train/checkpoints/test_resume.py::test_a_training_goes_on_from_the_step_it_stopped_after",
        ),
    ),
    Defect(
        "dropout counts from where it goes on, not from its window",
        "train/steps.py",
        "first = self.taken - max(0, done - window.start)",
        "first = self.taken",
        ("train/checkpoints/test_resume.py::test_it_goes_on_within_a_window_of_steps",),
    ),
    Defect(
        "an epoch under way is begun anew",
        "train/steps.py",
        "            self._done = len(windows) + len(added) + len(records)\n",
        "",
        (
            "train/checkpoints/test_resume.py::test_a_training_goes_on_from_the_step_it_stopped_after",
        ),
    ),
    Defect(
        "the patience that is left is forgotten",
        "train/outcome.py",
        'if k != "judgement"}, **rows}',
        'if k != "judgement"}, **rows, "stale": 0}',
        ("train/checkpoints/test_resume.py::test_it_goes_on_with_the_patience_that_is_left",),
    ),
    Defect(
        "the best value is forgotten",
        "train/outcome.py",
        'if k != "judgement"}, **rows}',
        'if k != "judgement"}, **rows, "best": {}, "best_row": {}}',
        ("train/checkpoints/test_resume.py::test_it_goes_on_beside_the_best_of_long_ago",),
    ),
    Defect(
        "the best epoch's file is deleted by who goes on",
        "train/checkpoints/saver.py",
        '            bests=[int(outcome.best.get("epoch", 0)) for outcome in outcomes],\n',
        "",
        ("train/checkpoints/test_resume.py::test_it_goes_on_beside_the_best_of_long_ago",),
    ),
    Defect(
        "states of another run are used",
        "train/checkpoints/resume.py",
        '    if state.meta.get("run") != folder.identity:\n',
        '    if not state.meta.get("run"):\n',
        ("train/checkpoints/test_resume.py::test_a_state_of_another_run_is_not_used",),
    ),
    Defect(
        "rows after the state are not cut off",
        "runs/recorder.py",
        "            disk.cut(folder / METRICS, len(kept.metrics))\n",
        "",
        ("train/checkpoints/test_resume.py::test_rows_after_the_state_are_cut_off",),
    ),
    Defect(
        "a changed metrics.csv is gone on with",
        "train/checkpoints/resume.py",
        ' or hashlib.sha256(content).hexdigest() != mark.get("sha256")',
        "",
        (
            "train/checkpoints/test_resume.py::test_a_state_is_not_used_if_the_rows_before_it_changed",
        ),
    ),
    Defect(
        "the digest of metrics.csv begins anew",
        "runs/recorder.py",
        "        self._digest.update(content)\n        self._size = len(content)\n",
        "        self._size = len(content)\n",
        (
            "train/checkpoints/test_resume.py::test_a_training_goes_on_from_the_step_it_stopped_after",
        ),
    ),
    Defect(
        "rows are not written before a state that counts on them",
        "train/checkpoints/saver.py",
        "        disk.side_by_side(lambda recorder: recorder.sync(), recorders)\n",
        "        assert recorders is not None\n",
        (
            "train/checkpoints/test_resume.py::test_a_state_is_never_on_disk_without_the_rows_it_counts_on",
        ),
    ),
    Defect(
        "rows are not on disk before a state that counts on them",
        "runs/recorder.py",
        "        disk.sync(self.folder / METRICS)\n",
        "",
        (
            "train/checkpoints/test_resume.py::test_a_state_is_never_durable_before_the_rows_it_counts_on",
        ),
    ),
    Defect(
        "a state that is not finite is kept",
        "train/checkpoints/saver.py",
        "        if not finite[list(members)].all():\n",
        "        if not finite.shape:\n",
        ("train/checkpoints/test_resume.py::test_no_state_is_kept_that_is_not_finite",),
    ),
    Defect(
        "members go on from steps of their own",
        "train/checkpoints/resume.py",
        "next(one for one in usable[index] if one.state.step == max(common))",
        "usable[index][0]",
        (
            "train/checkpoints/test_resume.py::test_members_go_on_from_the_last_step_that_all_of_them_have",
        ),
    ),
    Defect(
        "members go on from the first step that all have",
        "train/checkpoints/resume.py",
        "one.state.step == max(common)",
        "one.state.step == min(common)",
        (
            "train/checkpoints/test_resume.py::test_members_go_on_from_the_last_step_that_all_of_them_have",
        ),
    ),
    Defect(
        "other versions are gone on with in silence",
        "runs/provenance.py",
        "if old != new]",
        "if not old]",
        ("cli/test_resume.py::test_other_versions_are_refused_unless_that_is_allowed",),
    ),
    Defect(
        "another table is understood before it is refused",
        "runs/provenance.py",
        '[f"{keys}: its content changed since the run began"]',
        "[]",
        ("cli/test_resume.py::test_nothing_of_another_table_is_shown",),
    ),
)

TRAINING = (
    Defect(
        "rows come in the same order in every epoch",
        "train/build.py",
        'generator=generator(seed, "order", epoch)',
        'generator=generator(seed, "order")',
        ("train/test_trainer.py::test_the_loop_equals_a_bare_loop",),
    ),
    Defect(
        "the order of rows depends on how many were drawn before",
        "train/build.py",
        "    def order(seed: int, epoch: int) -> torch.Tensor:\n",
        "    import itertools\n\n    drawn = itertools.count(1)\n\n"
        "    def order(seed: int, epoch: int) -> torch.Tensor:\n        epoch = next(drawn)\n",
        (
            "train/checkpoints/test_resume.py::test_a_training_goes_on_from_the_step_it_stopped_after",
        ),
    ),
    Defect(
        "a signal is heard at the end of an epoch only",
        "train/trainer.py",
        "            if self.stop_signal is not None:\n                break\n            interval",
        "            interval",
        ("train/test_trainer.py::test_a_signal_stops_after_the_step_under_way",),
    ),
    Defect(
        "a signal is not heard",
        "system/signals.py",
        "        self._asked = True\n        self.stop(number)\n",
        "        self._asked = True\n",
        ("system/test_signals.py::test_the_first_signal_asks_and_the_second_ends_it",),
    ),
    Defect(
        "a signal that comes when a run is done is heard all the same",
        "system/signals.py",
        "        hearing.stop = _too_late\n",
        "        _heed(signal.SIG_DFL)\n",
        ("system/test_signals.py::test_a_signal_after_a_run_is_done_changes_nothing",),
    ),
    Defect(
        "a signal at Python's own end is heard",
        "cli/main.py",
        "    signals.ignore()  # Python's own end takes a while\n",
        "",
        ("system/test_signals.py::test_a_signal_at_the_end_of_the_process_changes_nothing",),
    ),
    Defect(
        "whoever insists waits for a pipe that nobody reads",
        "cli/main.py",
        "        hurry()\n        _complain(",
        "        _complain(",
        ("system/test_signals.py::test_whoever_insists_gets_out_though_nobody_reads_the_output",),
    ),
    Defect(
        "the state of the step that a signal stopped after is not written",
        "train/trainer.py",
        "        saver.write(running)\n        if running",
        "        if running",
        (
            "train/checkpoints/test_resume.py::test_a_training_goes_on_from_the_step_it_stopped_after",
        ),
    ),
    Defect(
        "nan is better than the best",
        "train/outcome.py",
        "not math.isfinite(row[metric]) or not self._is_better(row, metric)",
        "not self._is_better(row, metric)",
        ("train/test_outcome.py::test_a_metric_that_is_no_number_is_never_better",),
    ),
    Defect(
        "of equals the last is the best",
        "metrics.py",
        "row.get(loss, 0.0)) < (sign",
        "row.get(loss, 0.0)) <= (sign",
        ("train/test_outcome.py::test_of_equals_the_first_is_the_best",),
    ),
    Defect(
        "weights that are not finite are not found",
        "train/trainer.py",
        "(all(finite) and intact[member])",
        "all(finite)",
        ("train/test_trainer.py::test_weights_spoilt_by_the_very_last_step_are_found",),
    ),
    Defect(
        "a loss that is not finite is an ordinary row",
        "train/outcome.py",
        "        if not all(map(math.isfinite, losses)):\n",
        "        if not losses:\n",
        ("train/test_outcome.py::test_a_loss_that_is_not_finite_is_a_divergence",),
    ),
)

ERRORS = (
    Defect(
        "rows that cannot be written are lost in silence",
        "runs/recorder.py",
        "            disk.append(self._path, lines)\n",
        "            try:\n                disk.append(self._path, lines)\n"
        "            except disk.StorageError:\n                pass\n",
        ("runs/test_recorder.py::test_a_row_that_cannot_be_written_is_a_storage_error",),
    ),
    Defect(
        "a disk that refuses ends with 0",
        "cli/main.py",
        "        _complain(str(error))\n        return 4\n",
        "        _complain(str(error))\n        return 0\n",
        ("cli/test_main.py::test_a_disk_that_refuses_ends_with_four",),
    ),
    Defect(
        "a divergence ends with 0",
        "train/session.py",
        '{"done": 0, "diverged": 3}',
        '{"done": 0, "diverged": 0}',
        ("cli/test_train.py::test_a_run_that_diverges_ends_with_three_and_says_where",),
    ),
    Defect(
        "a traceback is printed",
        "cli/main.py",
        "def _internal(error: Exception) -> int:\n",
        "def _internal(error: Exception) -> int:\n    traceback.print_exc()\n",
        ("cli/test_main.py::test_what_nobody_thought_of_is_one_line_and_a_file",),
    ),
)

READING = (
    Defect(
        "a label of no class is accepted",
        "data/images/idx.py",
        "if body.max() >= NUM_CLASSES:",
        "if body.max() > NUM_CLASSES:",
        ("data/images/test_idx.py::test_a_label_beyond_the_classes_is_refused",),
    ),
    Defect(
        "an archive is inflated without bound",
        "data/images/idx.py",
        "    if source.read(1):\n",
        "    if source.read():\n",
        ("data/images/test_idx.py::test_a_gzip_bomb_costs_no_memory",),
    ),
    Defect(
        "images of other content are accepted",
        "data/images/idx.py",
        "    if source.digest.hexdigest() != file.sha256:\n",
        "    if not file.sha256:\n",
        ("data/images/test_idx.py::test_another_file_is_refused",),
    ),
    Defect(
        "rows of another width are left out",
        "data/table/csv_file.py",
        "delimiter=self.delimiter, newlines_in_values=True)",
        "delimiter=self.delimiter, newlines_in_values=True, "
        'invalid_row_handler=lambda row: "skip")',
        ("data/table/test_csv_file.py::test_a_table_of_the_wrong_shape_is_refused",),
    ),
    Defect(
        "an open quote swallows the rest of a table",
        "data/table/csv_file.py",
        "        if any(column[-1].as_py() not in (cell, None) for column in held):\n",
        "        if not held:\n",
        ("data/table/test_csv_file.py::test_what_cannot_be_read_as_a_table_is_refused",),
    ),
    Defect(
        "infinity in a table is a number",
        "data/table/cells.py",
        "    return values if finite else None",
        "    return values if finite or len(values) else None",
        ("data/table/test_table.py::test_a_number_that_is_not_finite_is_refused_with_its_place",),
    ),
    Defect(
        "infinity in a config becomes the largest number",
        "config/validate.py",
        '("", float(value)) if abs(value) < 1e308 else ("a finite number", None)',
        '"", min(max(float(value), -1e308), 1e308)',
        ("config/test_validate.py::test_no_float_is_anything_but_finite",),
    ),
    Defect(
        "aliases in YAML count as one value each",
        "config/yaml_file.py",
        'values += sizes.get(event.anchor or "", 0)',
        "values += 1",
        ("config/test_yaml_file.py::test_aliases_are_counted_as_what_they_stand_for",),
    ),
    Defect(
        "YAML may be as deep as it likes",
        "config/yaml_file.py",
        "if len(began) > MAX_DEPTH:",
        "if len(began) > 100 * MAX_DEPTH:",
        ("config/test_yaml_file.py::test_depth_is_bounded",),
    ),
    Defect(
        "a validation row has a say in how a table is prepared",
        "data/table/dataset.py",
        '    columns = fit(table, understood, by_name["train"], options)\n',
        "    columns = fit(table, understood, order, options)\n",
        ("data/table/test_dataset.py::test_rows_that_are_held_out_change_nothing_in_training",),
    ),
    Defect(
        "a record that was changed is believed",
        "runs/record.py",
        '    if not is_intact(content, info.pop("seal", None)):\n',
        '    if not info.pop("seal", None):\n',
        ("runs/test_recorder.py::test_every_flipped_bit_of_a_record_is_found",),
    ),
)

STRANGERS = (
    Defect(
        "a link in a run folder is no reason not to write into it",
        "runs/verification.py",
        "            elif not is_file:\n",
        "            elif not entry.name:\n",
        ("runs/test_verification.py::test_links_are_found_however_deep_they_lie",),
    ),
    Defect(
        "a file of a run folder may be as large as it likes",
        "system/foreign_files.py",
        "    if max(size, len(content)) > limit:\n",
        "    if len(content) > limit:\n",
        ("system/test_foreign_files.py::test_what_is_too_large_is_not_read",),
    ),
    Defect(
        "a state of another shape is taken for one of this model",
        "train/checkpoints/saver.py",
        "if (tensor.shape, tensor.dtype) != (live[name][0].shape, live[name].dtype):",
        "if tensor.dtype != live[name].dtype:",
        ("train/checkpoints/test_saver.py::test_a_state_of_another_shape_does_not_fit",),
    ),
    Defect(
        "a file that was changed is not named",
        "runs/verification.py",
        "_digest(file) == digest",
        "bool(digest)",
        ("runs/test_verification.py::test_what_was_changed_or_is_missing_is_named",),
    ),
)

PRINTING = (
    Defect(
        "what a terminal obeys is printed",
        "cli/terminal/console.py",
        "shown = escaped(whole[: limit + 1])",
        "shown = whole[: limit + 1]",
        ("proof/test_printing.py::test_safe_text_is_printable_bounded_and_the_same_again",),
    ),
    Defect(
        "marks that turn text round are printed",
        "text.py",
        '("Cc", "Cs", "Cf", "Co", "Cn")',
        '("Cc", "Cs", "Co", "Cn")',
        ("proof/test_printing.py::test_a_refusal_names_foreign_text_harmlessly",),
    ),
    Defect(
        "foreign text is read as markup",
        "cli/terminal/console.py",
        "markup=False",
        "markup=True",
        ("cli/terminal/test_console.py::test_foreign_text_is_printed_literally",),
    ),
    Defect(
        "what a terminal obeys is in the log",
        "runs/recorder.py",
        "for line in escaped_lines(text):",
        "for line in text.splitlines():",
        (
            "proof/test_printing.py::test_a_log_holds_nothing_that_is_obeyed_and_its_tracebacks_can_be_read",
        ),
    ),
)

SWEEPS = (
    Defect(
        "a member that fails stops the others",
        "sweep/engine.py",
        "self._failures and self._plan.settings.on_error == OnError.stop",
        "self._failures",
        ("sweep/test_engine.py::test_whatever_happens_to_ten_of_fifty_members_forty_are_trained",),
    ),
    Defect(
        "a member's folder does not say that it failed",
        "sweep/engine.py",
        "            self._folder.record_failure(member, reason, details)\n",
        "            assert self._folder\n",
        ("sweep/test_engine.py::test_each_ruined_member_says_why_in_its_own_folder",),
    ),
    Defect(
        "all members of a stack are blamed for one",
        "sweep/engine.py",
        'if kind == "unfit" or len(assignment.members) == 1:',
        'if kind == "unfit" or assignment.members:',
        ("sweep/test_engine.py::test_whatever_happens_to_ten_of_fifty_members_forty_are_trained",),
    ),
    Defect(
        "a child trains on data that have changed",
        "sweep/worker.py",
        "    if data.sha256 != assignment.group.workload.data.sha256:\n",
        "    if not data.sha256:\n",
        ("sweep/test_worker.py::test_a_child_whose_data_is_not_what_was_planned_fails",),
    ),
    Defect(
        "an exit within a child is the end without a word",
        "sweep/worker.py",
        '    except BaseException as error:\n        line.send("failed"',
        '    except Exception as error:\n        line.send("failed"',
        ("sweep/test_engine.py::test_each_ruined_member_is_listed_with_its_reason",),
    ),
)

LOOKING = (
    Defect(
        "a run without the field that is asked for fits a filter",
        "runs/compare/filters.py",
        "                    return None\n                pair.append(",
        "                    return True\n                pair.append(",
        ("runs/compare/test_filters.py::test_a_filter_does_not_fit",),
    ),
    Defect(
        "the metric that chose stands for its last value",
        "runs/compare/field_names.py",
        "    values = dict(kept)\n",
        "    values = dict(last)\n",
        (
            "runs/compare/test_field_names.py::test_a_metric_alone_is_of_the_kept_epoch_and_of_no_other",
        ),
    ),
    Defect(
        "accuracies are sorted the lowest first",
        "runs/compare/listing.py",
        "(is_metric(name) and higher_is_better(name)) != turned",
        "turned",
        ("runs/compare/test_listing.py::test_an_accuracy_is_sorted_the_highest_first",),
    ),
    Defect(
        "what is listed by a filter gets numbers of its own",
        "cli/tables/runs.py",
        'return f"@{row.number}" if row.number else ""',
        'return "@1"',
        ("cli/runs/test_ls.py::test_a_filter_chooses_and_the_rows_keep_their_numbers",),
    ),
    Defect(
        "a run that is being trained is thrown away",
        "runs/trash.py",
        "    with disk.locked(run.folder):\n        disk.move(",
        "    if True:\n        disk.move(",
        ("cli/runs/test_rm.py::test_a_run_in_use_is_not_thrown_away",),
    ),
    Defect(
        "purging deletes without --yes",
        "cli/runs/purge.py",
        "if not arguments.yes:",
        "if False:",
        (
            "cli/runs/test_purge.py::test_purging_says_what_it_would_delete_and_deletes_with_yes_alone",
        ),
    ),
    Defect(
        "purging heeds no age",
        "cli/runs/purge.py",
        'if older is None or row.fields.get("age", 0.0) > older',
        "if True",
        (
            "cli/runs/test_purge.py::test_purging_says_what_it_would_delete_and_deletes_with_yes_alone",
        ),
    ),
    Defect(
        "a rerun obeys config files that have changed",
        "runs/repetition.py",
        "        overrides=plain.overrides.updated(Overrides.of(pins)),\n",
        "        overrides=plain.overrides,\n",
        ("cli/test_rerun.py::test_what_config_files_say_otherwise_by_now_is_pinned_and_said",),
    ),
    Defect(
        "a follower shows an epoch twice",
        "cli/runs/tail.py",
        "new = rows[matches[-1] + 1 :] if matches else rows",
        "new = rows[matches[-1] :] if matches else rows",
        ("cli/runs/test_tail.py::test_a_run_is_followed_until_it_ends",),
    ),
    Defect(
        "a strangers' label is read whole",
        "runs/run.py",
        "read_start(self.folder / LABEL, MAX_LABEL)",
        "read_start(self.folder / LABEL, 10**9)",
        ("cli/runs/test_label.py::test_a_label_of_a_strangers_is_shown_and_not_obeyed",),
    ),
    Defect(
        "of long metrics the last epoch is left out",
        "runs/metrics_file.py",
        "[*lines, *([last] if lines[-1] != last else [])]",
        "lines",
        ("runs/test_metrics_file.py::test_a_sample_prefers_epochs_that_were_validated",),
    ),
)
DEFECTS = (
    *(*STORAGE, *CHECKPOINTS, *RESUMPTION, *TRAINING),
    *(*ERRORS, *READING, *STRANGERS, *PRINTING, *SWEEPS, *LOOKING),
)


@dataclass(frozen=True)
class Judged:
    """What became of a defect: the test that turned red, if one did, and the seconds it took."""

    defect: Defect
    caught_by: str
    ended: str
    seconds: float

    def __str__(self) -> str:
        how = f"caught by {self.caught_by}" if self.caught_by else f"MISSED ({self.ended})"
        return f"{self.defect.name}: {how} in {self.seconds:.1f} s"


def main(words: Sequence[str]) -> int:
    """Put defects into copies of the checkout, and print what became of each."""
    chosen = [d for d in DEFECTS if not words or any(word in d.name for word in words)]
    if not chosen:
        print(f"no defect is called {' or '.join(words)}")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        copies = [_copied(Path(folder) / str(number)) for number in range(WORKERS)]
        complaint = _stale(copies[0], chosen) or _without_defects(copies, chosen)
        if complaint:
            print(complaint)
            return 1
        judged = _with_each(copies, chosen)
    caught = sum(bool(each.caught_by) for each in judged)
    print(f"{caught} of {len(judged)} caught")
    return 0 if caught == len(judged) else 1


def _copied(target: Path) -> Path:
    """Copy the checkout, without what is made of it or trained in it."""
    ignored = shutil.ignore_patterns("__pycache__", ".*", "outputs", "dist")
    shutil.copytree(ROOT, target, ignore=ignored)
    return target


def _stale(copy: Path, chosen: Sequence[Defect]) -> str:
    """Say which defects cannot be put into the code any more."""
    lines = []
    for defect in chosen:
        try:
            defect.take_out_of(copy, defect.put_into(copy))
        except ValueError as error:
            lines.append(str(error))
    return "\n".join(lines)


def _without_defects(copies: Sequence[Path], chosen: Sequence[Defect]) -> str:
    """Return what pytest says if not all of the tests are green."""
    tests = sorted({test for defect in chosen for test in defect.tests})
    shares = [tests[number :: len(copies)] for number in range(len(copies))]
    with ThreadPoolExecutor(WORKERS) as pool:
        ended = list(pool.map(_tested, copies, shares))
    wrong = "".join(said for code, said in ended if code != GREEN)
    return wrong and f"without any defect tests fail already, so nothing was tried:\n{wrong}"


def _with_each(copies: Sequence[Path], chosen: Sequence[Defect]) -> list[Judged]:
    free: queue.SimpleQueue[Path] = queue.SimpleQueue()
    for copy in copies:
        free.put(copy)

    def judge(defect: Defect) -> Judged:
        copy = free.get()
        try:
            found = _judged(copy, defect)
        finally:
            free.put(copy)
        print(found, flush=True)
        return found

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(judge, chosen))


def _judged(copy: Path, defect: Defect) -> Judged:
    """Run a defect's tests with it, and take it out again."""
    started = time.monotonic()
    content = defect.put_into(copy)
    try:
        code, said = _tested(copy, defect.tests)
    finally:
        defect.take_out_of(copy, content)
    failed = re.search(r"^(?:FAILED|ERROR) tests/([^\s\[]+)", said, re.MULTILINE)
    caught_by = failed[1] if code == RED and failed else ""
    ended = "its tests are green" if code == GREEN else f"pytest ended with {code}"
    return Judged(defect, caught_by, ended, time.monotonic() - started)


def _tested(copy: Path, tests: Sequence[str]) -> tuple[int, str]:
    """Run tests in a copy; return pytest's exit code and what it said."""
    if not tests:
        return GREEN, ""
    # Without compiled files: of two versions written within a second, the older might be used.
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    line = [sys.executable, *PYTEST, f"--basetemp={copy}-tmp", *(f"tests/{t}" for t in tests)]
    try:
        ended = subprocess.run(
            line, cwd=copy, env=environment, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return -1, f"no end after {SECONDS} s"
    return ended.returncode, ended.stdout + ended.stderr


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

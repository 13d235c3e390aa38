"""Every bit is accounted for: damage to any file of a run folder is detected or harmless.

Detected: a command refuses, or names the file in a warning. Harmless: a run that is resumed comes
to the bytes of one that was never interrupted; what is shown stays as it was.
"""

from __future__ import annotations

import collections
import random
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from dltrain.config.load import load
from dltrain.runs.command_line import CommandLine
from dltrain.runs.layout import new_folder
from dltrain.train import build
from dltrain.train.checkpoints import checkpoint_file as checkpoint
from dltrain.train.checkpoints.checkpoint_file import CheckpointError
from dltrain.train.job import Job
from dltrain.train.outcome import Outcome, Row
from dltrain.train.session import Training
from tests.torture.inside import Said, say
from tests.torture.proof import Report

SMALL = ["data.num_train=96", "data.num_val=32", "trainer.batch_size=16", "trainer.epochs=4"]
SMALL += ["trainer.checkpoint_interval=4steps", "trainer.log_interval=1", "device.threads=1"]
# One keeps coefficients.csv, the other has dropout and an optimizer that remembers.
WORDS = {
    "mlp": ["model=mlp", "model.hidden=[8]", "model.dropout=0.2", "optimizer=adam", *SMALL],
    "linear": ["model=linear", "optimizer.momentum=0.9", *SMALL],
}
SWEEP = ["-m", *WORDS["linear"], "optimizer.lr=0.01,0.03,0.1", "sweep.stack_size=3"]
# Of six steps an epoch, the third of the third epoch.
STOPPED = 15
# No result depends on them.
FREE = ("timing.csv", "train.log")


@dataclass(frozen=True)
class Image:
    """A run folder before anything was done to it.

    Attributes:
        name: Of it, in words.
        kept: Where it is kept.
        place: Where it lies while a command works on it; a config names the folder above.
        whole: What a run that was never interrupted left; empty if this one is finished.
    """

    name: str
    kept: Path
    place: Path
    whole: Mapping[str, bytes]

    def lay(self) -> None:
        """Put it in its place, undamaged."""
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.kept, self.place)

    def files(self) -> list[str]:
        """List its files; members of a sweep are images of their own."""
        found = (path for path in self.kept.rglob("*") if path.is_file())
        names = sorted(str(path.relative_to(self.kept)) for path in found)
        return [name for name in names if not name.startswith("members/")]


class _Stopping:
    """A view that asks a training to stop in the middle of an epoch, and keeps what a kill leaves.

    Args:
        training: What it stops.
        killed: Where the folder is copied to as it is then, without a last word.
    """

    def __init__(self, training: Training, killed: Path) -> None:
        self._training, self._killed = training, killed

    def epoch(self, rows: Sequence[Row], outcomes: Sequence[Outcome], *, seconds: float) -> None:
        """See ``View``."""

    def early(self, rows: Sequence[Row]) -> None:
        """See ``View``."""
        [recorder] = self._training.recorders
        if rows[0]["step"] == STOPPED - 1 and recorder is not None:
            shutil.copytree(recorder.folder, self._killed)
            self._training.trainer.stop(signal.SIGTERM)


class _Watching:
    """A view that lets a training run."""

    def epoch(self, rows: Sequence[Row], outcomes: Sequence[Outcome], *, seconds: float) -> None:
        """See ``View``."""

    def early(self, rows: Sequence[Row]) -> None:
        """See ``View``."""


def _train(base: Path, words: Sequence[str], killed: Path | None = None) -> Path:
    """Train a run, to its end or until it is stopped; return its folder."""
    config = load([*words, f"output_dir={base}"])
    data = build.dataset(config)
    training = Training(
        [Job(CommandLine.parse(words), config, data, build.layer_plans(config, data))]
    )
    folder = new_folder(base, "run")
    training.record([folder])
    [ended] = training.run(_Watching() if killed is None else _Stopping(training, killed))
    assert ended.outcome.status == ("done" if killed is None else "interrupted")
    return folder


def results_of(folder: Path) -> dict[str, bytes]:
    """Read everything in a run folder that its results are made of."""
    names = ("config.yaml", "preparation.json", "metrics.csv", "coefficients.csv")
    # What is set aside is no result.
    found = [*(folder / name for name in names), *(folder / "checkpoints").glob("*.safetensors")]
    return {str(p.relative_to(folder)): p.read_bytes() for p in found if p.is_file()}


def make_images(base: Path) -> tuple[list[Image], list[Image]]:
    """Make run folders that wait to be resumed, and finished ones."""
    waiting: list[Image] = []
    finished: list[Image] = []
    for name, words in WORDS.items():
        killed = base / f"{name}-killed"
        place = base / name / "run_aaaa"
        folders = {
            "interrupted": _train(base / name, words, killed),
            "killed": killed,
            "finished": _train(base / name, words),
        }
        whole = results_of(folders["finished"])
        for state, folder in folders.items():
            kept = base / "kept" / f"{name}-{state}"
            shutil.copytree(folder, kept)
            done = state == "finished"
            image = Image(f"{name} {state}", kept, place, {} if done else whole)
            (finished if done else waiting).append(image)
    return waiting, finished


def make_sweep(base: Path) -> list[Image]:
    """Train a sweep; return it and its members, which lie within it."""
    said = say(*SWEEP, f"output_dir={base / 'sweeps'}")
    assert said.code == 0, said.err
    [place] = (base / "sweeps").iterdir()
    kept = base / "kept" / "sweep"
    shutil.copytree(place, kept)
    members = [Path("members", f"{index:04d}") for index in range(3)]
    own = [Image(f"sweep's {part}", kept / part, place / part, {}) for part in members]
    return [Image("sweep", kept, place, {}), *own]


def damage(path: Path, chance: random.Random) -> str:
    """Flip a bit of a file, cut it, or add to it; say what was done."""
    content = bytearray(path.read_bytes())
    what = chance.choices(["flip", "cut", "add"], [8, 1, 1])[0]
    if what == "flip" and content:
        bit = chance.randrange(8 * len(content))
        content[bit // 8] ^= 1 << bit % 8
        text = f"bit {bit % 8} of byte {bit // 8} flipped"
    elif what == "cut" and content:
        size = chance.randrange(len(content))
        text = f"cut from {len(content)} to {size} bytes"
        del content[size:]
    else:
        more = chance.randbytes(chance.randint(1, 16))
        text = f"{len(more)} bytes added"
        content += more
    path.write_bytes(content)
    return text


def resume_wrong(image: Image, file: str) -> tuple[str, str]:
    """Resume a damaged run; return how that came out, and what was wrong about it."""
    said = say("resume", str(image.place))
    wrong = said.misbehaved()
    if wrong:
        return "", wrong
    if said.code == 2:  # all but the record can be done without, or done anew
        return "refused", "" if file == "run.json" else f"refused: {said.err}"
    found = results_of(image.place)
    changed = sorted(n for n in {*found, *image.whole} if found.get(n) != image.whole.get(n))
    if changed:
        return "", f"went on to other bytes: {', '.join(changed)}"
    told = file in said.out
    if file.startswith("checkpoints/") and not told:
        return "", "said nothing of a damaged checkpoint"
    return ("same bytes, and said so" if told else "same bytes"), ""


def show_wrong(image: Image, file: str, before: Said) -> tuple[str, str]:
    """Show a damaged run that is finished; return how that came out, and what was wrong."""
    said = say("runs", "show", str(image.place))
    if wrong := said.misbehaved():
        return "", wrong
    if file.startswith("checkpoints/"):
        try:
            checkpoint.load(image.place / file)
        except CheckpointError:
            pass
        else:
            return "", "was loaded"
    if file in ("sweep.json", "plan.jsonl"):
        again = say("-m", "--resume", str(image.place))
        if again.misbehaved() or again.code != 2:
            return "", f"--resume went on: {again.misbehaved()}"
    if said.code == 2 or re.search(rf"^WARNING: {re.escape(file)}: ", said.out, re.MULTILINE):
        return "detected", ""
    if file not in FREE:
        return "", "was not noticed"
    return "harmless", "" if said == before else "changed what is shown"


def retrain_wrong(sweep: Image, member: int, chance: random.Random) -> str:
    """Let a sweep train a member whose record is damaged; say what was wrong about it."""
    sweep.lay()
    part = Path("members", f"{member:04d}")
    how = damage(sweep.place / part / "run.json", chance)
    said = say("-m", "--resume", str(sweep.place))
    if wrong := said.misbehaved([0]):
        return f"{part}, run.json, {how}: {wrong}"
    same = results_of(sweep.place / part) == results_of(sweep.kept / part)
    table = (sweep.place / "results.csv").read_bytes() == (sweep.kept / "results.csv").read_bytes()
    return "" if same and table else f"{part}, run.json, {how}: it was trained to other bytes"


def _rounds(images: Sequence[Image], chance: random.Random) -> Iterator[tuple[Image, str]]:
    """Yield every file of every folder, in ever new order."""
    pairs = [(image, file) for image in images for file in image.files()]
    while True:
        chance.shuffle(pairs)
        yield from pairs


def prove(amount: int, seed: int = 0) -> Report:
    """Damage run folders and see what becomes of it, half of them to be resumed, half to be shown.

    Args:
        amount: How many times.
        seed: Of what is damaged, and how.
    """
    chance, wrong = random.Random(seed), []
    counts: collections.Counter[str] = collections.Counter()
    threads = torch.get_num_threads()
    with tempfile.TemporaryDirectory() as text:
        waiting, finished = make_images(Path(text))
        sweep, *members = make_sweep(Path(text))
        finished += [sweep, *members]
        shown = {}
        for image in [*waiting, *finished]:
            image.lay()
            if image in waiting:
                assert resume_wrong(image, "no file") == ("same bytes", ""), image.name
            else:
                shown[image.name] = say("runs", "show", str(image.place))
                assert shown[image.name].code == 0
                assert "WARNING" not in shown[image.name].out
        rounds = [_rounds(waiting, chance), _rounds(finished, chance)]
        for number in range(amount):
            image, file = next(rounds[number % 2])
            image.lay()
            how = damage(image.place / file, chance)
            if image in waiting:
                kind, problem = resume_wrong(image, file)
            else:
                kind, problem = show_wrong(image, file, shown[image.name])
            counts[f"{'resumed' if image in waiting else 'shown'}: {kind}"] += 1
            if problem:
                wrong.append(f"{image.name}, {file}, {how}: {problem}")
        for number in range(retrained := -(-amount // 200)):
            problem = retrain_wrong(sweep, number % len(members), chance)
            wrong += [problem] if problem else []
    torch.set_num_threads(threads)
    counts["members of sweeps trained again"] = retrained
    notes = [f"{count} {kind}" for kind, count in sorted(counts.items())]
    return Report("damage to files of run folders", amount + retrained, wrong, notes)

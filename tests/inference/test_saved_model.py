"""A trained model read back: what is refused before memory is made for it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from dltrain.inference.saved_model import _compare, load
from dltrain.nn.plan import LinearPlan
from dltrain.runs.find import find
from dltrain.runs.record import read_record
from dltrain.runs.run import Run, read
from dltrain.train.checkpoints import checkpoint_file
from dltrain.train.checkpoints.saver import state_of
from dltrain.train.steps import Steps
from tests.conftest import Call, write_record
from tests.scaling import SCALED, ScalePlan, scaled

pytestmark = pytest.mark.usefixtures("here")

MLP = ("model=mlp", "model.hidden=[8]", "device=cpu", "trainer.epochs=2", "data.num_train=64")


@pytest.fixture
def run(call: Call) -> Run:
    assert call(*MLP).code == 0
    return find("latest", Path("outputs"))


def changed(run: Run, **entries: Any) -> Run:
    """Change entries of a record, sealed anew, as a forger would."""
    write_record(run.folder / "run.json", read_record(run.folder / "run.json") | entries)
    return read(run.folder)


def config(run: Run, group: str, **entries: Any) -> dict[str, Any]:
    before = run.part("config")
    assert isinstance(before, dict)
    return {**before, group: {**before[group], **entries}}


def test_the_weights_are_those_of_the_checkpoint(run: Run) -> None:
    trained = load(run)
    tensors, _ = checkpoint_file.load(checkpoint_file.paths(run.folder / "checkpoints")[0])
    own = {name: torch.from_numpy(values) for name, values in trained.parameters().items()}
    kept = {n.removeprefix("model."): t for n, t in tensors.items() if n.startswith("model.")}
    assert own.keys() == kept.keys()
    assert all(torch.equal(own[name], kept[name]) for name in own)
    assert (trained.epoch, trained.steps) == (2, 0)


def test_the_data_need_not_be_there(call: Call) -> None:
    Path("table.csv").write_text("x,y\n" + "".join(f"{i},{2 * i}\n" for i in range(40)))
    assert call("data=csv", "data.path=table.csv", "data.target=y", "device=cpu").code == 0
    Path("table.csv").unlink()
    trained = load(find("latest", Path("outputs")), check_files=False)
    assert [column.name for column in trained.data.columns] == ["x", "y"]
    assert len(trained.data.train) == 0


@pytest.mark.parametrize(
    ("hidden", "told"),
    [
        ([9], r"layers.0.weight is F32 \[8, 2\], not F32 \[9, 2\]"),
        ([8, 8], r"layers.2.weight is F32 \[1, 8\], not F32 \[8, 8\]"),
        ([20_000, 20_000], r"layers.0.weight is F32 \[8, 2\], not F32 \[20000, 2\]"),
    ],
)
def test_a_config_of_another_shape_is_refused(run: Run, hidden: list[int], told: str) -> None:
    forged = changed(run, config=config(run, "model", hidden=hidden))
    with pytest.raises(ValueError, match=f"does not fit the run's config: model.{told}"):
        load(forged)


def test_a_config_of_another_type_is_refused(run: Run) -> None:
    forged = changed(run, config=config(run, "device", dtype="float64"))
    with pytest.raises(ValueError, match=r"layers.0.weight is F32 \[8, 2\], not F64"):
        load(forged)


def test_a_checkpoint_of_another_run_is_refused(run: Run) -> None:
    with pytest.raises(ValueError, match="is of another run"):
        load(changed(run, identity="0" * 64))


def test_a_damaged_checkpoint_is_refused_and_none_is_taken_instead(run: Run) -> None:
    path = checkpoint_file.paths(run.folder / "checkpoints")[0]
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="was changed or damaged"):
        load(run)


def test_weights_that_are_not_finite_are_refused(run: Run) -> None:
    path = checkpoint_file.paths(run.folder / "checkpoints")[0]
    tensors, meta = checkpoint_file.load(path)
    tensors["model.layers.0.bias"][3] = float("nan")
    assert checkpoint_file.save(path.parent, tensors, meta) == path
    with pytest.raises(ValueError, match="holds numbers that are not finite"):
        load(run)


def test_a_run_without_checkpoints_is_refused(run: Run) -> None:
    shutil.rmtree(run.folder / "checkpoints")
    with pytest.raises(ValueError, match=r"has no checkpoint \(its status is incomplete\)"):
        load(run)


def test_without_a_best_epoch_the_best_is_refused(run: Run) -> None:
    path = checkpoint_file.paths(run.folder / "checkpoints")[0]
    tensors, meta = checkpoint_file.load(path)
    for best in ({}, {"epoch": "1"}, {"epoch": -1}, {"epoch": 10**40}, None):
        meta["outcome"]["best"] = best
        checkpoint_file.save(path.parent, tensors, meta)
        with pytest.raises(ValueError, match="has no checkpoint of a best epoch"):
            load(run, epoch="best")


def test_a_preparation_that_changed_is_refused(run: Run) -> None:
    path = run.folder / "preparation.json"
    path.write_text(path.read_text().replace('"y"', '"z"'))
    with pytest.raises(ValueError, match=r"preparation.json: was changed or damaged"):
        load(run)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", r"is not JSON"),
        ("[" * 100_000, r"is not JSON"),
        ("[]", r"its keys: not as a run writes them"),
        ("[" * 600_000, r"holds more than a run's preparation does"),
    ],
)
def test_a_forged_preparation_is_refused(run: Run, content: str, told: str) -> None:
    (run.folder / "preparation.json").write_text(content)
    with pytest.raises(ValueError, match=told):
        load(changed(run, files={}))


def test_a_preparation_of_other_data_does_not_fit(run: Run) -> None:
    path = run.folder / "preparation.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"feature_names": ["a", "b", "c"]}))
    with pytest.raises(ValueError, match=r"layers.0.weight is F32 \[8, 2\], not F32 \[8, 3\]"):
        load(changed(run, files={}))
    classes = {"task": "classification", "class_names": ["a", "b"], "class_rows": [1.0, 2.0]}
    path.write_text(json.dumps(values | classes))
    with pytest.raises(ValueError, match=r"layers.2.weight is F32 \[1, 8\], not F32 \[2, 8\]"):
        load(changed(run, files={}))


def test_a_checkpoint_is_compared_with_what_layers_from_outside_tell(here: Path) -> None:
    tensors = {name: tensor[0] for name, tensor in state_of(Steps(scaled("plain", [0]))).items()}
    path = checkpoint_file.save(here, tensors, {"epoch": 1, "step": 12})
    _compare(path, SCALED, "F64")
    for other in (ScalePlan(5), LinearPlan(6, 6)):
        with pytest.raises(ValueError, match=r"does not fit the run's config: model\.layers\.1\."):
            _compare(path, [SCALED[0], other, *SCALED[2:]], "F64")

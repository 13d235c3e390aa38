"""A member of a sweep is the run that its words would have trained alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from dltrain.sweep.plan import Member
from tests.conftest import thinned
from tests.sweep.helpers import (
    assert_equal_runs,
    lasting,
    members,
    planned,
    record,
    results,
    swept,
    tensors,
    train,
    trained_alone,
)

LINEAR = ("data.num_train=96", "data.num_val=32", "data.noise=0.5", "trainer.batch_size=16")
SGD = ("optimizer=sgd", "optimizer.lr=0.005,0.01")


# A whole sweep, as a user trains it.


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Member, ...]]:
    """Three groups of four members on pictures."""
    words = (
        "model=mlp",
        "data=fashion_mnist",
        "data.source=sample",
        "model.hidden=[8],[16],[8,8]",
        "optimizer.lr=0.05,0.1",
        "seed=0,1",
        "trainer.epochs=2",
    )
    return swept(tmp_path_factory.mktemp("grid"), *words), planned(*words).members


def test_each_member_of_a_sweep_equals_its_single_run(
    grid: tuple[Path, tuple[Member, ...]], tmp_path: Path
) -> None:
    sweep, planned_members = grid
    assert len(planned_members) == 12
    for member, folder in zip(planned_members, members(sweep), strict=True):
        alone = trained_alone(tmp_path / folder.name, member.overrides.words)
        assert_equal_runs(folder, alone)
        assert (folder / "config.yaml").read_bytes() == (alone / "config.yaml").read_bytes()


def test_members_of_a_group_were_trained_together(
    grid: tuple[Path, tuple[Member, ...]],
) -> None:
    stacks = [record(folder)["sweep"]["stack"] for folder in members(grid[0])]
    # Members of equal seed share their batches, so they stand next to each other.
    assert stacks == [[0, 2, 1, 3]] * 4 + [[4, 6, 5, 7]] * 4 + [[8, 10, 9, 11]] * 4


def test_a_member_is_a_run_folder_like_any_other(
    grid: tuple[Path, tuple[Member, ...]], tmp_path: Path
) -> None:
    sweep, planned_members = grid
    alone = trained_alone(tmp_path / "alone", planned_members[5].overrides.words)
    folder = members(sweep)[5]
    assert {path.name for path in folder.iterdir()} == {path.name for path in alone.iterdir()}
    ours, theirs = record(folder), record(alone)
    assert set(ours) == {*theirs, "sweep"}
    for key in ("status", "exit_code", "config", "data", "model", "seed", "device", "overrides"):
        assert ours[key] == theirs[key]
    assert ours["id"] == f"{sweep.name}/0005"
    assert ours["sweep"] == {"id": sweep.name, "member": 5, "stack": [4, 6, 5, 7]}


def test_results_hold_what_the_members_recorded(
    grid: tuple[Path, tuple[Member, ...]],
) -> None:
    for row, folder in zip(results(grid[0]), members(grid[0]), strict=True):
        result = record(folder)["result"]
        assert row["status"] == "done"
        for name in (result["best"]["metric"], "test/accuracy"):
            assert float(row[name]) == pytest.approx(result["kept"][name], rel=1e-8)


# Every model with every optimizer, and every number that members may differ in.


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Write a table of three classes; returns the word that names it."""
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=120)
    points = rng.normal(size=(120, 4)) + labels[:, None]
    lines = [
        ",".join([*(f"{x:.6f}" for x in row), "abc"[label]])
        for row, label in zip(points, labels, strict=True)
    ]
    path = tmp_path_factory.mktemp("classes") / "classes.csv"
    path.write_text("\n".join(["p,q,r,s,class", *lines]))
    return f"data.path={path}"


MODELS: dict[str, tuple[str, ...]] = {
    "linear": ("model=linear", *LINEAR),
    "mlp": ("model=mlp", "model.hidden=[8,4]", *LINEAR),
    "dropout": ("model=mlp", "model.hidden=[8]", "model.dropout=0,0.3", *LINEAR),
    "softmax": ("model=softmax", "data=csv", "data.target=class", "trainer.batch_size=16"),
    "classes": (
        "model=mlp",
        "model.hidden=[8]",
        "model.dropout=0.25",
        "model.activation=tanh",
        "data=csv",
        "data.target=class",
        "trainer.batch_size=16",
    ),
}
OPTIMIZERS: dict[str, tuple[str, ...]] = {
    "sgd": ("optimizer=sgd", "optimizer.lr=0,0.02,0.05"),
    "momentum": (*SGD, "optimizer.momentum=0,0.9"),
    "nesterov": (
        "optimizer=sgd",
        "optimizer.lr=0.02",
        "optimizer.nesterov=true,false",
        "optimizer.momentum=0.5",
    ),
    "weight_decay": (*SGD, "optimizer.momentum=0.9", "optimizer.weight_decay=0,0.01"),
    "adam": ("optimizer=adam", "optimizer.lr=0.01,0.02", "optimizer.weight_decay=0,0.01"),
    "betas": ("optimizer=adam", "optimizer.lr=0.01", "optimizer.betas=[0.9,0.999],[0.8,0.9]"),
    "eps": ("optimizer=adamw", "optimizer.lr=0.01", "optimizer.eps=1e-8,1e-3"),
    "adamw": ("optimizer=adamw", "optimizer.lr=0.01,0.02", "optimizer.weight_decay=0,0.1"),
    "clipped": (*SGD, "trainer.max_grad_norm=null,0.1,1"),
    "init_std": ("optimizer.lr=0.02", "model.init=normal", "model.init_std=0,0.01,0.5"),
}


@pytest.mark.parametrize(("model", "optimizer"), thinned(MODELS, OPTIMIZERS))
def test_members_trained_together_equal_their_single_runs(
    model: str, optimizer: str, classes: str, tmp_path: Path
) -> None:
    table = (classes,) if "data=csv" in MODELS[model] else ()
    plan = planned(*MODELS[model], *OPTIMIZERS[optimizer], *table, "seed=0,1", "trainer.epochs=4")
    assert (len(plan.groups) <= 2, len(plan.members) >= 4) == (True, True)
    folders = [tmp_path / f"{member.index}" for member in plan.members]
    for group in plan.groups:
        words = [plan.members[index].overrides.words for index in group.members]
        train([folders[index] for index in group.members], words)
    for member, folder in zip(plan.members, folders, strict=True):
        alone = trained_alone(tmp_path / f"{member.index} alone", member.overrides.words)
        assert_equal_runs(folder, alone)
        assert tensors(folder)


def test_the_analytic_solution_is_the_same(tmp_path: Path) -> None:
    plan = planned("optimizer=least_squares", *LINEAR[:3], "model.init_std=0,0.5", "seed=0,1")
    folders = [tmp_path / f"{member.index}" for member in plan.members]
    train(folders, [member.overrides.words for member in plan.members])
    for member, folder in zip(plan.members, folders, strict=True):
        alone = trained_alone(tmp_path / f"{member.index} alone", member.overrides.words)
        assert_equal_runs(folder, alone)


def test_equal_numbers_at_equal_places_give_equal_bytes(tmp_path: Path) -> None:
    """A stack trained twice is the same to the byte, whatever it is called and however often."""
    plan = planned(*MODELS["dropout"], *OPTIMIZERS["adam"], "seed=0,1", "trainer.epochs=3")
    words = [member.overrides.words for member in plan.members]
    found = []
    for name in ("first", "second"):
        train([tmp_path / name / f"{index}" for index in range(len(words))], words)
        found.append(lasting(tmp_path / name))
    assert found[0] == found[1]
    assert len(found[0]) > 2 * len(words)


def test_members_do_not_touch_each_other_even_when_one_diverges(tmp_path: Path) -> None:
    words = [[f"optimizer.lr={lr}", *LINEAR, "trainer.epochs=4"] for lr in (0.05, 1e30, 0.02)]
    folders = [tmp_path / name for name in "abc"]
    train(folders, words)
    assert [record(folder)["status"] for folder in folders] == ["done", "diverged", "done"]
    for folder, own in zip(folders[::2], words[::2], strict=True):
        assert_equal_runs(folder, trained_alone(tmp_path / f"{folder.name} alone", own))


def test_patience_ends_members_one_by_one(tmp_path: Path) -> None:
    words = [
        [f"optimizer.lr={lr}", *LINEAR, "trainer.epochs=30", "trainer.patience=2"]
        for lr in (0.2, 0.05, 0.01)
    ]
    folders = [tmp_path / name for name in "abc"]
    train(folders, words)
    ends = [record(folder)["result"]["final"]["epoch"] for folder in folders]
    assert len(set(ends)) > 1
    for folder, own in zip(folders, words, strict=True):
        alone = trained_alone(tmp_path / f"{folder.name} alone", own)
        assert_equal_runs(folder, alone)
        assert record(folder)["result"]["message"] == record(alone)["result"]["message"]


def test_what_was_kept_can_be_loaded_again(grid: tuple[Path, tuple[Member, ...]]) -> None:
    found = tensors(members(grid[0])[8])
    shapes = {name.partition(": ")[2]: list(tensor.shape) for name, tensor in found.items()}
    assert shapes == {
        "model.layers.0.weight": [8, 784],
        "model.layers.0.bias": [8],
        "model.layers.2.weight": [8, 8],
        "model.layers.2.bias": [8],
        "model.layers.4.weight": [10, 8],
        "model.layers.4.bias": [10],
    }
    assert all(tensor.dtype == torch.float32 for tensor in found.values())

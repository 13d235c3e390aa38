"""The plan of a sweep: what splits into groups, what is frozen, what is told of differences."""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

from dltrain.config.kinds import TABLE
from dltrain.config.knob import knobs
from dltrain.config.schema import RunConfig
from dltrain.sweep.plan import Plan, PlanError, differences
from tests.conftest import command, tree
from tests.sweep.helpers import SMALL, carry_out, lasting, planned, refused, swept, touched

pytestmark = pytest.mark.usefixtures("here")

FASHION = ("data=fashion_mnist", "data.source=sample")
# Knobs that members of one stack may differ in, each with two values and what they need.
# Members that differ in tracking alone would be the same member twice.
BESIDE_TENSORBOARD = ("seed=0,1", "sweep.zip=[tracking.tensorboard,seed]")
BESIDE_CURVES = ("seed=0,1", "sweep.zip=[tracking.curves,seed]")
TOGETHER: dict[str, tuple[str, ...]] = {
    "seed": ("seed=0,1",),
    "model.init_std": ("model.init_std=0.01,0.1",),
    "model.dropout": ("model=mlp", "model.dropout=0,0.5"),
    "optimizer.lr": ("optimizer.lr=0.1,0.2",),
    "optimizer.momentum": ("optimizer.momentum=0.5,0.9",),
    "optimizer.nesterov": ("optimizer.nesterov=true,false", "optimizer.momentum=0.9"),
    "optimizer.weight_decay": ("optimizer.weight_decay=0.01,0.1",),
    "optimizer.betas": ("optimizer=adam", "optimizer.betas=[0.9,0.99],[0.8,0.9]"),
    "optimizer.eps": ("optimizer=adamw", "optimizer.eps=1e-8,1e-6"),
    "loss.class_weight": (
        *("data=fashion_mnist", "data.source=sample", "model=softmax"),
        "loss.class_weight=balanced,[1,1,1,1,1,1,1,1,1,2]",
    ),
    "trainer.max_grad_norm": ("trainer.max_grad_norm=2,1",),
    "tracking.tensorboard": ("tracking.tensorboard=false,true", *BESIDE_TENSORBOARD),
    "tracking.curves": ("tracking.curves=false,true", *BESIDE_CURVES),
}
APART = [
    ("model=linear,mlp",),
    ("model=mlp", "model.hidden=[8],[9]"),
    ("model=mlp", "model.activation=relu,tanh"),
    ("model.init=normal,he",),
    ("optimizer=sgd,adam",),
    ("optimizer=adam,adamw",),
    ("data.noise=0.1,0.2",),
    ("data.seed=0,1",),
    ("data=synthetic,fashion_mnist", "data.source=sample", "model=mlp"),
    ("trainer.batch_size=16,32",),
    ("trainer.epochs=1,2",),
    ("trainer.eval_interval=1,2",),
    ("trainer.patience=null,2",),
    ("trainer.log_interval=null,2",),
    ("device.dtype=float32,float64",),
    ("device.threads=1,2",),
    ("optimizer.momentum=0,0.9",),
    ("optimizer.weight_decay=0,0.1",),
    ("trainer.max_grad_norm=null,1",),
]


def groups(plan: Plan) -> list[tuple[int, ...]]:
    return [group.members for group in plan.groups]


def stackable() -> set[str]:
    """List the knobs that the schema lets members of a stack differ in."""
    found = {name for name, (_, knob) in knobs(RunConfig).items() if knob.stacks}
    for name, (annotation, _) in knobs(RunConfig).items():
        classes: list[Any] = [kind.config for kind in TABLE.get(name, {}).values()]
        if dataclasses.is_dataclass(annotation):
            classes.append(annotation)
        for cls in classes:
            found |= {f"{name}.{key}" for key, (_, knob) in knobs(cls).items() if knob.stacks}
    return found


# Groups.


def test_every_knob_that_stacks_is_tried_here() -> None:
    assert set(TOGETHER) == stackable() - {"output_dir", "expect", "plugins"}


@pytest.mark.parametrize("words", TOGETHER.values(), ids=TOGETHER)
def test_members_that_differ_in_such_a_number_are_trained_together(words: tuple[str, ...]) -> None:
    assert groups(planned(*words)) == [(0, 1)]


@pytest.mark.parametrize("words", APART, ids=[words[-1] for words in APART])
def test_members_that_differ_otherwise_are_not(words: tuple[str, ...]) -> None:
    if "data=synthetic,fashion_mnist" in words:
        with pytest.raises(PlanError, match=r"data=synthetic has no source"):
            planned(*words)
        words = (*(word for word in words if "source" not in word), "sweep.metric=val/loss")
    assert groups(planned(*words)) == [(0,), (1,)]


def test_a_group_holds_members_of_anywhere_in_the_grid() -> None:
    plan = planned("seed=0,1", "trainer.batch_size=16,32", "optimizer.lr=0.1,0.2")
    assert groups(plan) == [(0, 1, 4, 5), (2, 3, 6, 7)]


def test_a_group_knows_its_data_and_its_largest_model() -> None:
    [group] = planned("model=mlp", "model.dropout=0,0.5", *FASHION).groups
    facts = group.workload.data
    assert (facts.name, facts.in_features, facts.image) == ("fashion_mnist", 784, True)
    assert facts.source == "sample"
    assert [type(layer).__name__ for layer in group.workload.layers].count("DropoutPlan") == 1


def test_a_model_that_does_not_fit_its_data_is_refused_once() -> None:
    lines = refused("model=softmax", "seed=range(10)")
    assert lines == [
        "model=softmax predicts classes, but data=synthetic asks for numbers; "
        "use model=linear or model=mlp"
    ]


def test_a_problem_that_many_members_share_is_found_quickly() -> None:
    started = time.process_time()
    refused("model=softmax", "seed=range(40)")
    assert time.process_time() - started < 0.5  # 36 ms for each member otherwise


def test_data_that_cannot_be_loaded_is_refused(here: Path) -> None:
    (here / "t.csv").write_text("a,b\n1,2\n3,4\n5,6\n")
    [line] = refused("data=csv", "data.path=t.csv", "data.target=c", "seed=0,1")
    assert "data.target=c" in line


def test_all_data_that_cannot_be_loaded_is_named(here: Path) -> None:
    (here / "t.csv").write_text("a,b\n1,2\n3,4\n5,6\n")
    lines = refused("data=csv", "data.path=t.csv", "data.target=c,d")
    assert ["data.target=c" in lines[0], "data.target=d" in lines[1]] == [True, True]


# What decides, and what sorts.


def test_a_sweep_has_one_folder() -> None:
    assert refused("output_dir=a,b") == ["output_dir: one sweep has one folder, not 2 (a, b)"]


def test_members_are_judged_by_what_chooses_their_best_epoch() -> None:
    assert planned("seed=0,1").metric == "val/loss"
    assert planned("seed=0,1", "data.num_val=0").metric == "train/loss"
    assert planned("model=softmax", *FASHION).metric == "val/accuracy"
    assert planned("seed=0,1", "sweep.metric=val/rmse").metric == "val/rmse"


def test_a_metric_without_a_split_is_of_the_rows_that_choose() -> None:
    assert planned("seed=0,1", "sweep.metric=rmse").metric == "val/rmse"
    assert planned("seed=0,1", "sweep.metric=rmse", "data.num_val=0").metric == "train/rmse"
    assert planned("seed=0,1", "trainer.metric=val/rmse").metric == "val/rmse"
    [line] = refused("sweep.metric=auc")
    assert line.startswith("sweep.metric=auc: no such result")


def test_a_metric_that_there_is_not_is_refused() -> None:
    [line] = refused("sweep.metric=val/los")
    assert line.startswith("sweep.metric=val/los: no such result; did you mean val/loss?")
    [line] = refused("sweep.metric=test/loss")
    assert line.startswith("sweep.metric=test/loss: no such result")


def test_groups_that_are_judged_differently_need_a_metric() -> None:
    words = ("model=mlp", "data=fashion_mnist,synthetic")
    assert refused(*words) == [
        "sweep.metric: members are judged by val/accuracy and val/loss; "
        "choose one that all have (train/loss, val/loss)"
    ]
    assert planned(*words, "sweep.metric=val/loss").metric == "val/loss"
    [line] = refused(*words, "sweep.metric=val/accuracy")
    assert line.startswith("sweep.metric=val/accuracy: no such result")


def test_members_with_other_metrics_or_epochs_to_keep_are_no_stack() -> None:
    """What chooses the best epoch, and which epoch counts, is one thing for a stack."""
    words = ("model=softmax", *FASHION)
    assert refused(*words, "trainer.metric=loss,accuracy") == [
        "sweep.metric: members are judged by val/loss and val/accuracy; choose one that all have "
        "(train/accuracy, train/loss, val/accuracy, val/auc, val/balanced_accuracy, val/brier, "
        "val/ece, val/f1, val/log_loss, val/loss, val/precision, val/recall)"
    ]
    plan = planned(*words, "trainer.metric=loss,accuracy", "sweep.metric=val/loss")
    assert [group.metric for group in plan.groups] == ["val/loss", "val/accuracy"]
    assert plan.metric == "val/loss"
    assert planned(*words, "trainer.metric=loss", "seed=0,1").metric == "val/loss"
    assert len(planned("trainer.keep=last,best").groups) == 2
    assert len(planned("trainer.keep=best", "seed=0,1").groups) == 1


def test_what_is_known_of_a_run_depends_on_its_splits() -> None:
    plan = planned("data.num_val=0")
    assert plan.groups[0].metrics == ["train/loss", "train/rmse", "train/r2"]
    assert plan.groups[0].metric == plan.metric == "train/loss"


# What differs from one definition to another.


def test_equal_definitions_do_not_differ() -> None:
    words = ("optimizer.lr=0.1,0.2", "seed=0,1")
    assert differences(planned(*words).members, planned(*words).members) == []
    moved = planned(*words, "output_dir=elsewhere")
    assert differences(moved.members, planned(*words).members) == []


def test_a_difference_names_the_key_the_old_value_and_the_new() -> None:
    now = planned("optimizer.lr=0.1,0.3", "trainer.epochs=3").members
    then = planned("optimizer.lr=0.1,0.2").members
    assert differences(now, then) == [
        "trainer.epochs: 10 -> 3 (member 0), 10 -> 3 (member 1)",
        "optimizer.lr: 0.2 -> 0.3 (member 1)",
    ]


def test_many_differences_are_told_by_the_first() -> None:
    [line] = differences(planned("seed=range(1,6)").members, planned("seed=range(5)").members)
    assert line == "seed: 0 -> 1 (member 0), 1 -> 2 (member 1), 2 -> 3 (member 2), ..."


def test_another_number_of_members_is_a_difference() -> None:
    assert differences(planned("seed=0,1,2").members, planned("seed=0,1").members) == [
        "2 members were planned, now there are 3"
    ]


def test_a_plan_is_frozen_when_the_sweep_begins(here: Path) -> None:
    file = here / "mine" / "optimizer" / "own.yaml"
    file.parent.mkdir(parents=True)
    text = "kind: sgd\nlr: {}\nmomentum: 0.0\nnesterov: false\nweight_decay: 0.0\n"
    file.write_text(text.format(0.1))
    words = ("--config-dir", "mine", "optimizer=own", "seed=0,1", *SMALL)
    sweep = swept(here, *words)
    before = lasting(sweep)
    for path in (sweep / "members" / "0001").iterdir():
        if path.is_file():
            path.unlink()
    file.write_text(text.format(0.9))
    assert carry_out(here, "-m", "--config-dir", "mine", "--resume", "latest").code == 0
    assert lasting(sweep) == before
    shown = command("-m", "--resume", "latest", *words, folder=here)
    assert shown.code == 2
    assert "optimizer.lr: 0.1 -> 0.9 (member 0), 0.1 -> 0.9 (member 1)" in shown.err


# Without torch, and without a trace.


DRY = """
import sys
from dltrain.cli.main import run
code = run(sys.argv[1:])
sys.stderr.write(f"{code} {'torch' in sys.modules}")
"""


def test_a_thousand_members_are_planned_without_torch_and_shown_in_a_pipe(here: Path) -> None:
    words = ("-m", "--dry-run", "model=mlp", "model.hidden=[8],[16]", "seed=range(500)", *FASHION)
    line = [sys.executable, "-c", DRY, *words]
    shown = run(line, cwd=here, capture_output=True, text=True, check=False)
    assert shown.stderr == "0 False"
    assert tree(here) == []
    out = shown.stdout.splitlines()
    assert "members    1,000" in out
    assert "varying    model.hidden (2), seed (500)" in out
    start = next(number for number, line in enumerate(out) if line.startswith("member "))
    rows = [line.split() for line in out[start : start + 1001]]
    assert rows[0] == ["member", "model.hidden", "seed", "group"]
    assert [row[0] for row in rows[1:]] == [str(index) for index in range(1000)]
    assert rows[999] == ["998", "[16]", "498", "1"]
    about = [line for line in out if "members in 1 stack" in line]
    assert about[0].startswith("groups     500 members in 1 stack: mlp 784-8-10 on fashion_mnist")
    assert len(about) == 2
    assert all("about" in line and "MiB" in line for line in about)


def test_a_dry_run_leaves_an_output_folder_alone(here: Path) -> None:
    swept(here, "seed=0,1", *SMALL)
    before = touched(here)
    assert carry_out(here, "-m", "--dry-run", "seed=0,1", "sweep.skip_done=true").code == 0
    assert touched(here) == before

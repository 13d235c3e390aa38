"""What a data set recommends holds where nobody chooses, and is said to come from its file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dltrain.config.compose import CONF, ConfigError, Sources
from dltrain.config.load import load
from dltrain.config.locations import choices_of
from tests.cli.config.conftest import shown, stripped, table
from tests.conftest import Call

Write = Callable[[str, str], Path]
TABLE = ["data=csv", "data.path=package:house_tiny.csv", "data.target=Price"]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, text: str) -> Path:
        path = tmp_path / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return tmp_path / "mine"

    return write


def kinds(*words: str, config_dir: Path | None = None, config_name: str = "config") -> list[str]:
    run = load([*TABLE, *words], config_dir=config_dir, config_name=config_name)
    return [run.model.kind, run.optimizer.kind]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ["mlp", "adam"]),
        (["model=linear"], ["linear", "least_squares"]),
        (["optimizer=sgd"], ["mlp", "sgd"]),
        (["model=linear", "optimizer=sgd"], ["linear", "sgd"]),
        (["optimizer=least_squares"], ["linear", "least_squares"]),
        (["optimizer.lr=0.1"], ["mlp", "adam"]),
    ],
)
def test_a_table_recommends_what_nobody_chooses(words: list[str], expected: list[str]) -> None:
    assert kinds(*words) == expected


def test_a_number_that_is_typed_is_the_recommended_optimizers() -> None:
    optimizer = load([*TABLE, "optimizer.lr=0.1"]).optimizer
    assert (optimizer.kind, optimizer.lr) == ("adam", 0.1)


def test_other_data_keep_the_defaults() -> None:
    assert [load().model.kind, load().optimizer.kind] == ["linear", "sgd"]
    images = load(["data=fashion_mnist", "model=softmax"])
    assert (images.optimizer.kind, images.trainer.patience) == ("sgd", None)


def test_an_experiment_chooses_before_a_table_recommends(write: Write) -> None:
    text = "# @package _global_\ndefaults:\n  - override /optimizer: sgd\n"
    folder = write("experiment/mine.yaml", text)
    assert kinds("experiment=mine", config_dir=folder) == ["mlp", "sgd"]


def test_a_primary_config_of_ones_own_chooses_too(write: Write) -> None:
    text = (CONF / "config.yaml").read_text(encoding="utf-8")
    folder = write("mine.yaml", text.replace("model: linear", "model: softmax"))
    run = load(
        [*TABLE, "data.task=classification"], config_dir=folder, config_name="mine", fitting=False
    )
    assert [run.model.kind, run.optimizer.kind] == ["softmax", "sgd"]  # both stand in it


def test_a_table_of_ones_own_may_recommend_something_else(write: Write) -> None:
    text = "# @package _global_\ndefaults:\n  - csv\n  - override /optimizer: adamw\n"
    folder = write("data/mine.yaml", f"{text}data:\n  path: package:house_tiny.csv\n")
    run = load(["data=mine", "data.target=Price"], config_dir=folder)
    assert [run.model.kind, run.optimizer.kind] == ["mlp", "adamw"]


def test_a_group_that_is_none_is_refused_with_the_file_that_recommends_it(write: Write) -> None:
    folder = write("data/mine.yaml", "defaults:\n  - csv\n  - override /optimiser: adam\n")
    with pytest.raises(ConfigError) as refused:
        load(["data=mine", "data.target=Price"], config_dir=folder)
    [line] = refused.value.lines
    assert line.startswith(f"{folder / 'data/mine.yaml'}: overrides 'optimiser', a group from")
    assert "did you mean optimizer?" in line


def test_it_is_said_which_file_recommends(call: Call) -> None:
    rows = stripped(table(shown(call, "why", "optimizer", *TABLE)))
    assert [row[:2] for row in rows[3:5]] == [["sgd", "defaults"], ["adam", "data=csv"]]
    assert rows[4][3] == "<- holds"
    line = int(rows[4][2].rpartition(":")[2])
    text = (CONF / "data/csv.yaml").read_text(encoding="utf-8").splitlines()[line - 1]
    assert text.strip() == "- override /optimizer: adam"

    rows = stripped(table(shown(call, "why", "optimizer", *TABLE, "optimizer=sgd")))
    assert rows[5] == ["sgd", "command line", "optimizer=sgd", "<- holds"]
    values = stripped(table(shown(call, "why", "optimizer.lr", *TABLE, "optimizer.lr=0.1")))
    assert [row[:2] for row in values[3:5]] == [
        ["0.001", "optimizer=adam"],
        ["0.1", "command line"],
    ]


def test_choices_list_recommendations_in_the_order_of_composition() -> None:
    lines, holds = choices_of("model", {"data": "house_tiny"}, Sources.of(None))
    assert [(line.source, line.value) for line in lines] == [
        ("defaults", "linear"),
        ("data=csv", "mlp"),
        ("data=house_tiny", "linear"),
    ]
    assert holds == "linear"
    lines, holds = choices_of("optimizer", {"data": "csv"}, Sources.of(None))
    assert [(line.source, line.value) for line in lines] == [
        ("defaults", "sgd"),
        ("data=csv", "adam"),  # that for model=linear is not among them
    ]
    assert holds == "adam"


def test_a_number_that_the_recommended_optimizer_lacks_is_refused(call: Call, here: Path) -> None:
    shown = call(*TABLE, "model=linear", "optimizer.lr=0.1")
    line = "optimizer=least_squares has no lr; optimizer=sgd or adam or adamw has one"
    assert (shown.code, shown.err) == (2, f"dltrain: error: {line}\n")


def test_each_member_of_a_sweep_has_what_is_recommended_for_it(call: Call, here: Path) -> None:
    shown = call("-m", *TABLE, "model=linear,mlp", "trainer.steps=2", "--dry-run")
    assert shown.code == 0
    groups = [line for line in shown.out.splitlines() if "1 member:" in line]
    assert ["least_squares" in groups[0], "adam" in groups[1]] == [True, True]


@pytest.mark.parametrize(
    ("words", "length"), [(["trainer.epochs=3"], 3), (["trainer.steps=7"], 4), ([], 4000)]
)
def test_epochs_that_are_typed_count_and_else_the_steps(words: list[str], length: int) -> None:
    trainer = load([*TABLE, "trainer.batch_size=2", *words]).trainer
    assert trainer.num_epochs(4) == length  # 2 steps each

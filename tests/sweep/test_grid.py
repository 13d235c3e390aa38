"""Which members a command line makes, in which order, and what is refused."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sweep.helpers import planned, refused, settings

pytestmark = pytest.mark.usefixtures("here")

WriteText = Callable[[str], str]


def values(key: str, *words: str) -> list[str]:
    """Plan a sweep over one key; return its values in order."""
    return [setting[key] for setting in settings(*words)]


# Lists of values.


def test_the_last_key_varies_fastest() -> None:
    assert settings("optimizer.lr=0.1,0.2", "seed=0,1") == [
        {"optimizer.lr": "0.1", "seed": "0"},
        {"optimizer.lr": "0.1", "seed": "1"},
        {"optimizer.lr": "0.2", "seed": "0"},
        {"optimizer.lr": "0.2", "seed": "1"},
    ]


def test_members_are_numbered_in_order_and_told_their_values() -> None:
    found = planned("optimizer.lr=0.1,0.2", "seed=3,4").members
    assert [member.index for member in found] == [0, 1, 2, 3]
    told = [(member.config.seed, getattr(member.config.optimizer, "lr", 0)) for member in found]
    assert told == [(3, 0.1), (4, 0.1), (3, 0.2), (4, 0.2)]


def test_words_are_what_trains_a_member_alone() -> None:
    found = planned("model=mlp", "model.hidden=[8],[16,8]", "seed=range(2)", "sweep.workers=2")
    assert found.members[3].overrides.words == ["model=mlp", "model.hidden=[16,8]", "seed=1"]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("seed=1,2,3", ["1", "2", "3"]),
        ("seed=choice(3,1,2)", ["3", "1", "2"]),
        ("seed=range(3)", ["0", "1", "2"]),
        ("seed=range(1,3)", ["1", "2"]),
        ("seed=range(9,0,-4)", ["9", "5", "1"]),
        ("seed=sort(3,1,2)", ["1", "2", "3"]),
        ("seed=sort(3,1,2,reverse=true)", ["3", "2", "1"]),
        ("seed=int(choice(1.0,2.0))", ["1", "2"]),
        ("optimizer.lr=float(range(1,3))", ["1", "2"]),
        ("optimizer.lr=range(0,1,0.25)", ["0", "0.25", "0.5", "0.75"]),
        ("optimizer.lr=1e-3,0.1", ["1e-3", "0.1"]),
        ("data.w=[1,2],[3]", ["[1,2]", "[3]"]),
        ("data.w=choice([1,2],[3])", ["[1,2]", "[3]"]),
        ("trainer.max_grad_norm=null,1", ["null", "1"]),
        ("optimizer=glob(ada*)", ["adam", "adamw"]),
        ("optimizer=adamw,sgd", ["adamw", "sgd"]),
        ("data.name='a,b',c", ["'a,b'", "c"]),
    ],
)
def test_several_values_behind_a_key(word: str, expected: list[str]) -> None:
    assert values(word.partition("=")[0], word) == expected


def test_a_glob_runs_through_all_files_of_a_group() -> None:
    found = planned("optimizer=glob(*)")
    assert [m.config.optimizer.kind for m in found.members] == [
        "adam", "adamw", "least_squares", "sgd"
    ]  # fmt: skip


def test_values_keep_their_types() -> None:
    [none, one] = planned("trainer.max_grad_norm=null,1").members
    assert (none.config.trainer.max_grad_norm, one.config.trainer.max_grad_norm) == (None, 1.0)
    named = planned('data.name="a,b",c').members
    assert [member.config.data.name for member in named] == ["a,b", "c"]


def test_a_shuffle_is_the_same_every_time() -> None:
    first = values("seed", "seed=shuffle(range(20))")
    assert sorted(map(int, first)) == list(range(20))
    assert first != sorted(first, key=int)
    assert values("seed", "seed=shuffle(range(20))") == first


def test_a_key_is_set_once() -> None:
    [line] = refused("seed=1,2", "seed=3")
    assert line.startswith("seed: is set twice, to 1,2 and 3; keep one")


def test_a_group_and_its_values_go_together() -> None:
    found = planned("optimizer=adam,sgd", "optimizer.lr=0.5", "model=mlp,linear").members
    assert [(m.config.optimizer.kind, m.config.model.kind) for m in found] == [
        ("adam", "mlp"), ("adam", "linear"), ("sgd", "mlp"), ("sgd", "linear")
    ]  # fmt: skip
    assert {getattr(m.config.optimizer, "lr", None) for m in found} == {0.5}


def test_nothing_varying_is_a_sweep_of_one() -> None:
    assert settings() == [{}]


@pytest.mark.parametrize(
    ("word", "complaint"),
    [
        ("optimizer.lr=interval(0,1)", "an interval has no list of values; write range("),
        ("seed=glob(*)", "glob() chooses among a group's files, as in model=glob(*)"),
        ("model=glob(x*)", "fits none of linear, mlp, softmax"),
        ("seed=range(3,0)", "has no values"),
        ("seed=range(0,1,0)", "range() needs a step other than 0"),
    ],
)
def test_what_is_no_list_is_refused_with_a_hint(word: str, complaint: str) -> None:
    [line] = refused(word)
    assert line.startswith(f"{word}: {complaint}")


# Pairs and repetitions.


def test_paired_keys_go_side_by_side() -> None:
    words = ("optimizer.lr=0.1,0.2", "seed=5,6", "sweep.zip=[seed,optimizer.lr]")
    assert settings(*words) == [
        {"optimizer.lr": "0.1", "seed": "5"},
        {"optimizer.lr": "0.2", "seed": "6"},
    ]


def test_other_keys_are_combined_with_pairs() -> None:
    words = ("optimizer.lr=1,2", "data.b=3,4", "seed=5,6", "sweep.zip=[optimizer.lr,seed]")
    found = [tuple(setting.values()) for setting in settings(*words)]
    assert found == [("1", "3", "5"), ("1", "4", "5"), ("2", "3", "6"), ("2", "4", "6")]


def test_groups_can_be_paired() -> None:
    words = ("model=linear,softmax", "data=synthetic,fashion_mnist", "sweep.zip=[model,data]")
    found = planned(*words, "sweep.metric=val/loss").members
    assert [(m.config.model.kind, m.config.data.kind) for m in found] == [
        ("linear", "synthetic"), ("softmax", "fashion_mnist")
    ]  # fmt: skip


def test_pairs_of_unequal_length_are_refused() -> None:
    assert refused("optimizer.lr=1,2", "seed=1,2,3", "sweep.zip=[optimizer.lr,seed]") == [
        "sweep.zip: paired keys need equally many values, not optimizer.lr 2, seed 3"
    ]


def test_a_paired_key_needs_a_list() -> None:
    assert refused("optimizer.lr=1,2", "seed=1", "sweep.zip=[optimizer.lr,seed]") == [
        "sweep.zip: seed has no list of values (those that have: optimizer.lr)"
    ]


def test_a_repetition_counts_seeds_up_from_the_given_one() -> None:
    found = planned("optimizer.lr=1,2", "seed=5", "sweep.repeat=3").members
    assert [member.config.seed for member in found] == [5, 6, 7, 5, 6, 7]
    assert [m.setting["optimizer.lr"] for m in found] == ["1", "1", "1", "2", "2", "2"]
    assert values("seed", "sweep.repeat=2") == ["0", "1"]


def test_a_repeated_member_is_typed_with_its_seed() -> None:
    assert planned("optimizer.lr=0.5", "sweep.repeat=2").members[1].overrides.words == [
        "optimizer.lr=0.5",
        "seed=1",
    ]


def test_seeds_start_again_at_nought_after_the_last() -> None:
    assert values("seed", f"seed={2**32 - 1}", "sweep.repeat=2") == [str(2**32 - 1), "0"]


def test_a_swept_seed_cannot_be_repeated() -> None:
    assert refused("seed=1,2", "sweep.repeat=3") == [
        "sweep.repeat=3: the seed is swept already; leave out one of the two"
    ]


# Too many, and equal ones.


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["seed=range(1000000000)"], "seed=range(1000000000): has more than 100,000 values"),
        (
            ["seed=range(20000)", "optimizer.lr=range(1,20001)"],
            "this makes 400,000,000 members; at most 100,000 are allowed",
        ),
        (
            ["optimizer.lr=range(1,20001)", "sweep.repeat=20000"],
            "this makes 400,000,000 members; at most 100,000 are allowed",
        ),
    ],
)
def test_too_many_members_are_refused_before_they_are_listed(words: list[str], line: str) -> None:
    tracemalloc.start()
    try:
        assert refused(*words) == [line]
        assert tracemalloc.get_traced_memory()[1] < 100 * 2**20
    finally:
        tracemalloc.stop()


def test_equal_members_are_trained_once() -> None:
    found = planned("optimizer.lr=0.1,0.10,1e-1,0.2", "seed=0,0")
    assert [m.setting["optimizer.lr"] for m in found.members] == ["0.1", "0.2"]
    assert (found.duplicates, [m.index for m in found.members]) == (6, [0, 1])


def test_what_does_not_change_the_numbers_makes_no_member() -> None:
    assert planned("seed=0,1", "sweep.repeat=1").duplicates == 0
    assert len(planned("optimizer=least_squares", "trainer.epochs=1,1").members) == 1


# What is wrong with it.


def test_a_key_that_is_mistyped_is_answered_with_the_nearest() -> None:
    assert refused("optimiser.lr=1,2") == [
        "optimiser.lr (command line): unknown key; did you mean optimizer.lr?"
    ]
    assert refused("sweep.repeet=2") == [
        "sweep.repeet (command line): unknown key; did you mean sweep.repeat?"
    ]
    assert refused("model=linear,mpl") == [
        "model=mpl: no such choice; did you mean mlp? (there are: linear, mlp, softmax)"
    ]


def test_all_problems_are_told_at_once() -> None:
    lines = refused("optimizer.lrr=1", "seed=0,x", "trainer.epochs=0", "data.noise=interval(0,1)")
    keys = [line.partition(" ")[0].partition("=")[0] for line in lines]
    assert sorted(keys) == ["data.noise", "optimizer.lrr", "seed", "trainer.epochs"]


def test_problems_of_the_sweep_do_not_hide_those_of_its_members() -> None:
    lines = refused("optimizer.lrr=1,2", "sweep.repeat=0")
    assert [line.partition(" ")[0] for line in lines] == ["sweep.repeat=0", "optimizer.lrr"]


def test_a_problem_that_all_members_share_is_told_once() -> None:
    assert refused("optimizer.lr=-1", "seed=range(1000)") == [
        "optimizer.lr=-1 (command line): must be at least 0: learning rate"
    ]


def test_of_a_thousand_problems_the_first_are_told() -> None:
    lines = refused("optimizer.lr=range(-1000,0)")
    assert len(lines) == 21
    assert lines[0] == "optimizer.lr=-1000 (command line): must be at least 0: learning rate"
    assert lines[-1] == "and 980 problems more"


def test_a_sweep_takes_one_value_for_each_of_its_own_keys() -> None:
    assert refused("sweep.repeat=1,2") == ["sweep.repeat (command line): a sweep takes one value"]


# Sweeps from a file.


@pytest.fixture
def file(here: Path) -> WriteText:
    """Write a file of sweeps; returns the word that names it."""

    def write(text: str) -> str:
        (here / "sweeps.yaml").write_text(text)
        return "sweep.file=sweeps.yaml"

    return write


def test_a_file_holds_several_sweeps(file: WriteText) -> None:
    word = file("- optimizer.lr: [0.1, 0.3]\n  seed: 1\n- optimizer.lr: 0.5\n")
    assert settings(word) == [
        {"optimizer.lr": "0.1", "seed": "1"},
        {"optimizer.lr": "0.3", "seed": "1"},
        {"optimizer.lr": "0.5", "seed": "-"},
    ]


def test_a_member_of_a_file_can_be_typed(file: WriteText) -> None:
    word = file("- model: mlp\n  optimizer.lr: [0.1, 0.3]\n")
    assert planned(word, "seed=4").members[1].overrides.words == [
        "model=mlp",
        "optimizer.lr=0.3",
        "seed=4",
    ]


def test_nested_lists_are_values_of_a_key_that_takes_a_list(file: WriteText) -> None:
    word = file("- model: mlp\n  model.hidden: [[8], [16, 8]]\n- optimizer: [sgd, adam]\n")
    found = planned(word).members
    assert [getattr(m.config.model, "hidden", None) for m in found] == [[8], [16, 8], None, None]
    assert [m.config.optimizer.kind for m in found] == ["sgd", "sgd", "sgd", "adam"]


def test_a_list_of_numbers_is_no_list_of_lists(file: WriteText) -> None:
    [line] = refused(file("- model: mlp\n  model.hidden: [8]\n"))
    assert "must be a list, such as model.hidden=[8]" in line


def test_the_grammar_of_the_command_line_holds_in_a_file_too(file: WriteText) -> None:
    assert values("seed", file("- seed: range(3)\n")) == ["0", "1", "2"]
    assert values("seed", file("- seed: 1,2\n")) == ["1", "2"]
    [line] = refused(file('- seed: "1,2"\n'))
    assert line.startswith("seed='1,2' (sweep.file=sweeps.yaml, sweep 1): must be a whole number")


def test_yaml_values_keep_their_types(file: WriteText) -> None:
    word = file("- optimizer.nesterov: [true, false]\n  optimizer.momentum: 0.9\n")
    assert [getattr(m.config.optimizer, "nesterov", None) for m in planned(word).members] == [
        True,
        False,
    ]


def test_the_command_line_has_the_last_word(file: WriteText) -> None:
    word = file("- optimizer.lr: [0.1, 0.3]\n  seed: 1\n- optimizer.lr: 0.5\n")
    found = settings(word, "seed=7,8")
    assert [tuple(setting.values()) for setting in found] == [
        ("0.1", "7"), ("0.1", "8"), ("0.3", "7"), ("0.3", "8"), ("0.5", "7"), ("0.5", "8")
    ]  # fmt: skip
    assert [m.config.seed for m in planned(word, "seed=9").members] == [9, 9, 9]


def test_a_sweep_of_a_file_may_pair_and_repeat(file: WriteText) -> None:
    word = file(
        "- optimizer.lr: [1, 2]\n  seed: [5, 6]\n  sweep.zip: [optimizer.lr, seed]\n"
        "- optimizer.lr: [3, 4]\n  sweep.repeat: 2\n"
    )
    found = [tuple(setting.values()) for setting in settings(word)]
    assert found == [("1", "5"), ("2", "6"), ("3", "0"), ("3", "1"), ("4", "0"), ("4", "1")]


def test_equal_members_of_two_sweeps_of_a_file_are_trained_once(file: WriteText) -> None:
    found = planned(file("- seed: [1, 2]\n- seed: [2, 3]\n"))
    assert ([m.config.seed for m in found.members], found.duplicates) == ([1, 2, 3], 1)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: [b\n", "line 2: is no YAML (did not find expected ',' or ']'"),
        ("- " * 5000, "line 1: is nested more than 20 deep"),
        ("a: 1\n", "must be a list of sweeps, each with its keys"),
        ("- 1\n", "must be a list of sweeps, each with its keys"),
        ("", "must be a list of sweeps, each with its keys"),
        ("[]\n", "lists no sweeps"),
        (f"- seed: 1\n#{'x' * 2**20}\n", "is larger than 1,048,576 bytes"),
    ],
)
def test_a_file_that_lists_no_sweeps_is_refused_in_one_line(
    text: str, complaint: str, file: WriteText
) -> None:
    [line] = refused(file(text))
    assert line.startswith(f"sweep.file=sweeps.yaml: {complaint}")
    assert "\n" not in line


def test_a_file_that_is_no_text_is_refused(here: Path) -> None:
    (here / "sweeps.yaml").write_bytes(b"\xff\xfe\x00")
    [line] = refused("sweep.file=sweeps.yaml")
    assert line.startswith("sweep.file=sweeps.yaml: line 1: is not UTF-8 text")


def test_a_file_that_is_missing_or_a_folder_is_refused(here: Path) -> None:
    assert refused("sweep.file=nowhere.yaml") == ["sweep.file=nowhere.yaml: no such file"]
    [line] = refused(f"sweep.file={here}")
    assert line.startswith(f"sweep.file={here}: ")


def test_files_do_not_nest(file: WriteText) -> None:
    assert refused(file("- seed: 1\n  sweep.file: other.yaml\n")) == [
        "sweep.file=sweeps.yaml, sweep 1: sweep.file: cannot stand in a sweep of such a file"
    ]


def test_problems_of_a_grid_name_their_sweep(file: WriteText) -> None:
    lines = refused(
        file(
            "- seed: 1\n"
            "- seed: [1, 2]\n  optimizer.lr: [1]\n  sweep.zip: [seed, optimizer.lr]\n"
            "- sweep.repeat: 0\n"
        )
    )
    assert sorted(line.partition(": ")[0] for line in lines) == [
        "sweep.file=sweeps.yaml, sweep 2",
        "sweep.file=sweeps.yaml, sweep 3",
    ]


def test_a_typo_in_a_file_is_answered_with_the_nearest_key(file: WriteText) -> None:
    [line] = refused(file("- optimizer.lrr: [0.1, 0.3]\n"))
    assert line.endswith("unknown key; did you mean optimizer.lr?")


def test_a_problem_in_a_file_is_not_blamed_on_the_command_line(file: WriteText) -> None:
    [line] = refused(file("- seed: 1\n- optimizer.lr: -1\n"))
    assert "sweeps.yaml" in line
    assert "command line" not in line


def names(word: str) -> list[str | None]:
    return [member.config.data.name for member in planned(word).members]


@pytest.mark.parametrize("texts", [["a b", "c"], ["a,b", "c"], ["a(1)", "b"], ["007", "x"]])
def test_texts_that_the_grammar_would_take_apart_stay_whole(
    texts: list[str], file: WriteText
) -> None:
    assert names(file(f"- data.name: {texts!r}\n")) == texts


@pytest.mark.parametrize("text", ["1e3", "1.0", "007"])
def test_a_text_that_looks_like_a_number_stays_as_typed(text: str) -> None:
    assert names(f"data.name={text}") == [text]
    assert names(f"data.name={text},x") == [text, "x"]


def test_texts_may_hold_an_apostrophe(file: WriteText) -> None:
    assert names(file("- data.name: [it's, x]\n")) == ["it's", "x"]


def test_null_may_be_one_of_several_values(file: WriteText) -> None:
    word = file("- trainer.max_grad_norm: [null, 1.5]\n")
    assert [m.config.trainer.max_grad_norm for m in planned(word).members] == [None, 1.5]


@pytest.mark.parametrize("text", ["[2020-01-01, 2020-01-02]", "[]"])
def test_a_list_that_cannot_be_swept_never_becomes_one_text(text: str, file: WriteText) -> None:
    word = file(f"- data.name: {text}\n")
    try:
        found = names(word)
    except ValueError:
        return
    assert found == ["2020-01-01", "2020-01-02"]


@pytest.mark.parametrize("entry", ["sweep.metric: train/loss", "sweep.workers: 2"])
def test_a_key_of_the_whole_sweep_within_a_file_is_not_dropped_in_silence(
    entry: str, file: WriteText
) -> None:
    key, value = entry.split(": ")
    try:
        told = planned(file(f"- seed: [1, 2]\n  {entry}\n")).settings
    except ValueError:
        return
    assert str(getattr(told, key.removeprefix("sweep."))) == value


def test_a_file_cannot_make_too_many_members(file: WriteText) -> None:
    text = "- seed: range(5)\n- seed: range(60000)\n  optimizer.lr: [1, 2]\n"
    [line] = refused(file(text))
    assert line == (
        "sweep.file=sweeps.yaml, sweep 2: this makes 120,000 members; at most 100,000 are allowed"
    )


# Folds.

TABLE = ["data=house_tiny", "data.drop=[NumRooms]"]
FOLDS = [*TABLE, "data.folds=3"]


def test_folds_stand_for_a_member_each() -> None:
    assert settings(*FOLDS) == [{"data.fold": str(fold)} for fold in range(3)]
    assert planned(*FOLDS).members[1].overrides.words == [*FOLDS, "data.fold=1"]


def test_folds_and_repeats_multiply() -> None:
    pairs = [
        (s["optimizer.lr"], s["data.fold"], s["seed"])
        for s in settings(*FOLDS, "optimizer.lr=0.1,0.2", "sweep.repeat=2", "seed=7")
    ]
    assert pairs == [
        (lr, fold, seed) for lr in ("0.1", "0.2") for fold in ("0", "1", "2") for seed in ("7", "8")
    ]


@pytest.mark.parametrize(
    ("words", "folds"),
    [
        (["data.fold=1", "seed=0,1"], ["1"]),
        (["data.fold=0,2"], ["0", "2"]),
        (["data.fold=null"], ["0", "1", "2"]),
    ],
)
def test_folds_that_are_chosen_are_the_only_ones(words: list[str], folds: list[str]) -> None:
    members = planned(*FOLDS, *words).members
    assert [*dict.fromkeys(str(member.config.data.fold) for member in members)] == folds


def test_numbers_of_folds_may_be_swept() -> None:
    words = [*TABLE, "data.folds=2,3"]
    pairs = [(setting["data.folds"], setting["data.fold"]) for setting in settings(*words)]
    assert pairs == [("2", "0"), ("2", "1"), ("3", "0"), ("3", "1"), ("3", "2")]


def test_folds_of_a_config_file_count_too(here: Path) -> None:
    (here / "mine/data").mkdir(parents=True)
    text = "# @package _global_\ndefaults: [house_tiny]\ndata: {folds: 2, drop: [NumRooms]}\n"
    (here / "mine/data/folded.yaml").write_text(text)
    plan = planned("data=folded", "optimizer.lr=0.1,0.2", config_dir=here / "mine")
    assert [member.config.data.fold for member in plan.members] == [0, 1, 0, 1]


def test_members_of_one_fold_train_together() -> None:
    groups = planned(*FOLDS, "optimizer.lr=0.1,0.2").groups
    assert [group.members for group in groups] == [(0, 3), (1, 4), (2, 5)]
    assert [dict(group.workload.data.rows) for group in groups] == [
        {"train": train, "val": 4 - train, "test": 0} for train in (2, 3, 3)
    ]


def test_too_many_members_for_folds_are_refused() -> None:
    words = [*TABLE, "data.folds=1000", "seed=range(200)"]
    assert refused(*words) == ["with a member for each fold this makes more than 100,000; lower it"]


def test_folds_of_data_without_any_are_an_unknown_key() -> None:
    assert refused("data.folds=3", "seed=0,1") == [
        "data=synthetic has no folds; data=csv or fashion_mnist or idx or images has one"
    ]

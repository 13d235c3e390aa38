"""The words of a command line: group choices, values as typed, lists of them, what is refused."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltrain.config.grammar.functions import MAX_VALUES, Value
from dltrain.config.overrides import Overrides
from dltrain.config.resolve import Resolved, resolve

GROUPS = {"model": ["linear", "mlp"], "data": ["csv"], "experiment": ["book/mlp"]}


def read(*words: str) -> Resolved:
    return resolve(Overrides.parse(words), GROUPS)


def value(word: str, *, raw: bool = False) -> object:
    words = read(word)
    assert words.problems == []
    [found] = words.values.values()
    return found.read(raw=raw)


def refusal(word: str) -> str:
    [problem] = read(word).problems
    return problem


def test_groups_and_values_are_told_apart() -> None:
    words = read("model=mlp", "optimizer.lr=0.1", "experiment=book/mlp")
    assert words.groups == {"model": "mlp", "experiment": "book/mlp"}
    assert words.values == {"optimizer.lr": Value("0.1", 0.1)}
    assert (words.problems, words.broken) == ([], set())


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["optimizer.lr=0.1", "optimizer.lr=0.2"],
            "optimizer.lr: is set twice, to 0.1 and 0.2; keep one, or train them all: "
            "-m optimizer.lr=0.1,0.2 (a shell makes several words of braces, {A,B})",
        ),
        (
            ["model=mlp", "seed=1", "model=linear"],
            "model: is set twice, to mlp and linear; keep one, or train them all: "
            "-m model=mlp,linear (a shell makes several words of braces, {A,B})",
        ),
        (["seed=1", "seed=1"], "seed=1: is set twice; leave out the others"),
        (["output_dir=a", "output_dir=b"], "output_dir: is set twice, to a and b; keep one"),
        (["seed=", "seed=a b"], "seed: is set twice, to '' and a b; keep one"),
        (
            ["seed=1", "seed=2", "seed=3"],
            "seed: is set 3 times, to 1, 2 and 3; keep one, or train them all: "
            "-m seed=1,2,3 (a shell makes several words of braces, {A,B})",
        ),
        (["seed=range(3)", "seed=5"], "seed: is set twice, to range(3) and 5; keep one"),
    ],
)
def test_a_key_is_set_once(words: list[str], line: str) -> None:
    assert read(*words).problems[0] == line
    assert sweep(*words).problems == [line.replace("-m ", "")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("-3.5", -3.5),
        ("1e-3", 0.001),
        ("true", True),
        ("null", None),
        ("[1,2]", [1, 2]),
        ("[]", []),
        ("{a:1}", {"a": 1}),
        ("word", "word"),
        ("'7'", "7"),
        ('"a,b"', "a,b"),
        ("", ""),
        ("a b", "a b"),
    ],
)
def test_values_are_read_with_hydras_grammar(text: str, expected: object) -> None:
    assert value(f"key={text}") == expected


@pytest.mark.parametrize(
    "text",
    [
        "007",
        "1.50",
        "true",
        "[x].csv",
        "a b, (c)~.csv",
        "a=b.csv",
        "it's",
        "~/t.csv",
        "C:\\tables\\t.csv",
        "a  b",
        "(1)",
        "10%",
        "x@y",
        "ü.csv",
        ";",
        ",",
        "|",
        "\\t",
        '"',
    ],
)
def test_where_text_is_asked_for_it_stays_as_typed(text: str) -> None:
    assert value(f"key={text}", raw=True) == text


def test_quotes_keep_commas_and_are_taken_off() -> None:
    assert value('key="a,b.csv"', raw=True) == "a,b.csv"
    assert value("key='007'", raw=True) == "007"


def test_null_is_no_text() -> None:
    assert value("key=null", raw=True) is None
    assert value("key='null'", raw=True) == "null"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (
            "+seed=1",
            "+seed=1: keys are fixed, so + and ~ have no use here; write seed=VALUE",
        ),
        (
            "++seed=1",
            "++seed=1: keys are fixed, so + and ~ have no use here; write seed=VALUE",
        ),
        ("~model", "~model: keys are fixed, so + and ~ have no use here; write model=VALUE"),
        (
            "~model=mlp",
            "~model=mlp: keys are fixed, so + and ~ have no use here; write model=VALUE",
        ),
        (
            "model@x=mlp",
            "model@x=mlp: packages cannot be renamed; write model=CHOICE",
        ),
        (
            "hydra.run.dir=x",
            "hydra.run.dir=x: Hydra's own settings are not used; "
            "output_dir=FOLDER says where runs go",
        ),
        (
            "hydra/launcher=x",
            "hydra/launcher=x: Hydra's own settings are not used; "
            "output_dir=FOLDER says where runs go",
        ),
        ("seed", "seed: expected key=value or group=choice"),
        ("modle", "modle: expected key=value or group=choice; did you mean model?"),
        ("=1", "=1: expected key=value or group=choice"),
        ("", ": expected key=value or group=choice"),
        ("model=mpl", "model=mpl: no such choice; did you mean mlp? (there are: linear, mlp)"),
        ("model=7", "model=7: no such choice (there are: linear, mlp)"),
        ("model=[7]", "model=[7]: no such choice (there are: linear, mlp)"),
        ("model=null", "model=null: no such choice (there are: linear, mlp)"),
        ("modle/x=1", "modle/x: unknown group; did you mean model?"),
        (
            "seed=1,2",
            "seed=1,2: this is a list of values, and one run takes one value; "
            "add -m to train them all "
            "(or quote it if the comma belongs to it: 'seed=\"1,2\"')",
        ),
        (
            "seed=range(3)",
            "seed=range(3): this is a list of values, and one run takes one value; "
            "add -m to train them all "
            "(or quote it if the comma belongs to it: 'seed=\"range(3)\"')",
        ),
        (
            "model=linear,mlp",
            "model=linear,mlp: this is a list of values, and one run takes one value; "
            "add -m to train them all "
            "(or quote it if the comma belongs to it: 'model=\"linear,mlp\"')",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_write(word: str, message: str) -> None:
    assert refusal(word) == message


@pytest.mark.parametrize("word", ["lr=choice(1,2)", "model=glob(*)", "lr=sort(2,1)"])
def test_every_kind_of_list_is_refused(word: str) -> None:
    assert "this is a list of values" in refusal(word)


def test_one_run_has_no_lists() -> None:
    assert read("seed=1,2", "model=linear,mlp", "optimizer.lr=0.1").lists == {}


def test_a_broken_choice_is_remembered() -> None:
    words = read("model=mpl", "model.hidden=[1]")
    assert words.broken == {"model"}
    assert "model" not in words.groups


def test_no_experiment_may_be_chosen() -> None:
    assert read("experiment=null") == Resolved()


@given(st.lists(st.text(max_size=12), max_size=4))
def test_every_word_is_used_or_refused(words: list[str]) -> None:
    result = resolve(Overrides.parse(words), GROUPS)
    assert len(words) >= len(result.problems)
    assert not words or result.problems or result.values or result.groups


# Lists, which a sweep runs through.


def sweep(*words: str) -> Resolved:
    return resolve(Overrides.parse(words), GROUPS, sweeping=True)


def listed(word: str, *, raw: bool = False) -> list[object]:
    words = sweep(word)
    assert words.problems == []
    assert (words.groups, words.values) == ({}, {})
    [values] = words.lists.values()
    return [value.read(raw=raw) for value in values]


def complaint(word: str) -> str:
    words = sweep(word)
    assert (words.groups, words.values, words.lists) == ({}, {}, {})
    [problem] = words.problems
    assert problem.startswith(f"{word}: ")
    return problem.removeprefix(f"{word}: ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Simple lists and choices.
        ("1,2", [1, 2]),
        ("choice(1,2)", [1, 2]),
        ("choice(7)", [7]),
        ("2,1,2", [2, 1, 2]),
        ("0.1,1e-3", [0.1, 0.001]),
        ("null,true,x", [None, True, "x"]),
        ("[1,2],[3],[]", [[1, 2], [3], []]),
        ("{a:1},{a:[2]}", [{"a": 1}, {"a": [2]}]),
        ("a b,c/d", ["a b", "c/d"]),
        ("tag(quick,choice(1,2))", [1, 2]),
        # Ranges.
        ("range(3)", [0, 1, 2]),
        ("range(1,4)", [1, 2, 3]),
        ("range(1,8,3)", [1, 4, 7]),
        ("range(3,0,-1)", [3, 2, 1]),
        ("range(start=1,stop=3)", [1, 2]),
        ("range(0,1,0.25)", [0.0, 0.25, 0.5, 0.75]),
        # Order.
        ("sort(3,1,2)", [1, 2, 3]),
        ("sort(choice(b,a,c),reverse=true)", ["c", "b", "a"]),
        ("sort(range(3),reverse=true)", [2, 1, 0]),
        # Casts.
        ("int(1.5,2.5)", [1, 2]),
        ("float(1,2)", [1.0, 2.0]),
        ("str(1,2)", ["1", "2"]),
        ("bool(0,1)", [False, True]),
        ("int(range(1.5,3.5))", [1, 2]),
    ],
)
def test_a_sweep_takes_lists(text: str, expected: list[object]) -> None:
    found = listed(f"key={text}")
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'1,2','3'", ["1,2", "3"]),
        ("\"x y\",'z'", ["x y", "z"]),
        ("[a,'b'],['c d']", [["a", "b"], ["c d"]]),
        ("{a:'1'},{b:[\"2\"]}", [{"a": "1"}, {"b": ["2"]}]),
        ("'it\\'s',b", ["it's", "b"]),
    ],
)
def test_quotes_in_lists_keep_commas_and_are_taken_off(text: str, expected: list[object]) -> None:
    assert listed(f"key={text}") == expected


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("1,2", ["1", "2"]),
        ("range(2)", ["0", "1"]),
        ("a,b c", ["a", "b c"]),
        ("[1,2],[a]", ["[1,2]", "[a]"]),
        ("'1,2',null", ["'1,2'", "null"]),
    ],
)
def test_each_value_of_a_list_can_be_typed_again(text: str, typed: list[str]) -> None:
    found = sweep(f"key={text}").lists["key"]
    assert [value.text for value in found] == typed
    for value in found:
        assert sweep(f"key={value.text}").values["key"].parsed == value.parsed


@pytest.mark.parametrize(
    "text", ["1,2", "choice(1)", "range(2)", "sort(2,1)", "shuffle(1,2)", "int(1,2)"]
)
def test_the_text_of_a_list_is_that_of_its_values(text: str) -> None:
    assert all(str(value.parsed) == value.text for value in sweep(f"key={text}").lists["key"])


def test_where_text_is_asked_for_a_list_gives_text() -> None:
    assert listed("data.target=a,7,true", raw=True)[:2] == ["a", "7"]
    assert listed("data.path='1,2.csv',x.csv", raw=True) == ["1,2.csv", "x.csv"]
    assert listed("data.target=null,y", raw=True) == [None, "y"]


@pytest.mark.parametrize("text", ["1.50", "true", "1e3", "1_000"])
def test_where_text_is_asked_for_the_values_of_a_list_stay_as_typed(text: str) -> None:
    assert value(f"data.target={text}", raw=True) == text
    assert listed(f"data.target={text},x", raw=True) == [text, "x"]


# Globs.


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("glob(*)", ["linear", "mlp"]),
        ("glob(m*)", ["mlp"]),
        ("glob([m*,l*])", ["linear", "mlp"]),
        ("glob(*,exclude=m*)", ["linear"]),
        ("mlp,linear", ["mlp", "linear"]),
    ],
)
def test_a_sweep_takes_several_choices_of_a_group(text: str, choices: list[str]) -> None:
    words = sweep(f"model={text}")
    assert words.problems == []
    assert words.lists == {"model": [Value(choice, choice) for choice in choices]}


def test_a_glob_finds_nested_choices() -> None:
    assert listed("experiment=glob(book/*)") == ["book/mlp"]


# What is no list.


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("model=glob(z*)", "fits none of linear, mlp"),
        ("seed=glob(*)", "glob() chooses among a group's files, as in model=glob(*)"),
        ("seed=range(3,0)", "has no values: steps of 1 from 3 do not lead towards 0"),
        ("seed=range(0,3,0)", "range() needs a step other than 0"),
        ("seed=range(100001)", "has more than 100,000 values"),
        (
            "data.b=range(0,inf)",
            "range() needs finite numbers; write range(STOP) or range(START,STOP,STEP)",
        ),
        ("data.b=range(0,1,1e-300)", "has more than 100,000 values"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused(word: str, message: str) -> None:
    assert complaint(word) == message


@pytest.mark.parametrize(
    "text", ["interval(0,1)", "tag(log,interval(1e-4,1))", "int(interval(0,9))"]
)
def test_an_interval_is_no_list_and_says_what_to_write(text: str) -> None:
    assert complaint(f"optimizer.lr={text}") == (
        "an interval has no list of values; write range(START,STOP,STEP) or choice(A,B), "
        "or let a sweeper choose: hydra/sweeper=optuna"
    )


def test_a_range_without_an_order_is_refused() -> None:
    assert complaint("data.b=range(0,nan)").startswith("range() needs finite numbers")


def test_the_longest_list_is_taken_whole() -> None:
    assert listed(f"seed=range({MAX_VALUES})") == list(range(MAX_VALUES))


@pytest.mark.parametrize("word", ["+seed=1,2", "~seed=1,2", "model@x=linear,mlp", "hydra.x=1,2"])
def test_what_one_run_may_not_set_a_sweep_may_not_either(word: str) -> None:
    assert sweep(word) == Resolved(problems=read(word).problems)


@pytest.mark.parametrize("text", ["1", "[1,2]", "'1,2'", "(a), b", "1,", "sort([2,1])", "x(1,2)"])
def test_one_value_is_one_value_in_a_sweep_too(text: str) -> None:
    assert sweep(f"key={text}") == read(f"key={text}")
    assert sweep(f"key={text}").lists == {}


# Shuffles.


@pytest.mark.parametrize("text", ["shuffle(range(30))", "shuffle(choice({}))", "shuffle({})"])
def test_a_shuffle_is_the_same_every_time(text: str) -> None:
    word = f"seed={text.format(','.join(map(str, range(30))))}"
    first = listed(word)
    assert first != list(range(30))
    assert sorted(map(str, first)) == sorted(map(str, range(30)))
    assert listed(word) == first


def test_a_shuffle_is_the_same_in_another_process() -> None:
    program = """
from dltrain.config.overrides import Overrides
from dltrain.config.resolve import resolve
overrides = Overrides.parse(["s=shuffle(range(30))"])
print([v.parsed for v in resolve(overrides, {}, sweeping=True).lists["s"]])
"""
    line = [sys.executable, "-c", program]
    result = subprocess.run(line, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == str(listed("s=shuffle(range(30))"))


def test_a_shuffled_value_is_the_same_every_time() -> None:
    word = f"model.hidden=shuffle({list(range(1, 40))})".replace(" ", "")
    assert sweep(word) == sweep(word)


# Several words for one key.


def test_lists_of_several_keys_come_in_the_order_typed() -> None:
    words = sweep("optimizer.lr=1,2", "model=glob(*)", "seed=range(2)", "data.b=3")
    assert [*words.lists] == ["optimizer.lr", "model", "seed"]
    assert words.values == {"data.b": Value("3", 3)}


def test_a_value_of_a_list_is_taken_like_one_that_was_typed() -> None:
    words = Resolved()
    for key, value in (("model", Value("mlp", "mlp")), ("seed", Value("2", 2))):
        words.take(key, value, GROUPS)
    assert words == read("model=mlp", "seed=2")
    words.take("model", Value("mpl", "mpl"), GROUPS)
    words.take("modle/x", Value("1", 1), GROUPS)
    assert words.problems == read("model=mpl", "modle/x=1").problems


@given(st.lists(st.text(max_size=12), max_size=4))
def test_every_word_is_used_or_refused_in_a_sweep_too(words: list[str]) -> None:
    result = resolve(Overrides.parse(words), GROUPS, sweeping=True)
    used = result.problems or result.values or result.groups or result.lists
    assert not words or used
    assert all(result.lists.values())


@given(st.lists(st.integers(), min_size=2, max_size=20))
def test_any_numbers_can_be_listed(numbers: list[int]) -> None:
    assert listed(f"key={','.join(map(str, numbers))}") == numbers

"""The words of a command line: group choices, values as typed, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltrain.words import Value, Words, read_words

GROUPS = {"model": ["linear", "mlp"], "data": ["csv"], "experiment": ["book/mlp"]}


def read(*words: str) -> Words:
    return read_words(words, GROUPS)


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


def test_the_last_word_counts() -> None:
    words = read("seed=1", "seed=2", "model=mlp", "model=linear")
    assert words.values["seed"].parsed == 2
    assert words.groups["model"] == "linear"


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
            "seed=1,2: this is a list of values, and one run takes one value "
            "(quote it if the comma belongs to it: 'seed=\"1,2\"')",
        ),
        (
            "seed=range(3)",
            "seed=range(3): this is a list of values, and one run takes one value "
            "(quote it if the comma belongs to it: 'seed=\"range(3)\"')",
        ),
        (
            "model=linear,mlp",
            "model=linear,mlp: this is a list of values, and one run takes one value "
            "(quote it if the comma belongs to it: 'model=\"linear,mlp\"')",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_write(word: str, message: str) -> None:
    assert refusal(word) == message


@pytest.mark.parametrize("word", ["lr=choice(1,2)", "lr=glob(*)", "lr=interval(0,1)"])
def test_every_kind_of_list_is_refused(word: str) -> None:
    assert "this is a list of values" in refusal(word)


def test_a_broken_choice_is_remembered() -> None:
    words = read("model=mpl", "model.hidden=[1]")
    assert words.broken == {"model"}
    assert "model" not in words.groups


def test_no_experiment_may_be_chosen() -> None:
    assert read("experiment=null") == Words()


@given(st.lists(st.text(max_size=12), max_size=4))
def test_every_word_is_used_or_refused(words: list[str]) -> None:
    result = read_words(words, GROUPS)
    assert len(words) >= len(result.problems)
    assert not words or result.problems or result.values or result.groups

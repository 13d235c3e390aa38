"""The functions of a sweep list what they say."""

from __future__ import annotations

import pytest

from dltrain.config.grammar.casts import SweepError
from dltrain.config.grammar.values import read
from tests.torture import sweeps


def listed(text: str) -> list[object]:
    found = read(text)
    assert isinstance(found, list)
    return [value.parsed for value in found]


def test_functions_within_functions_list_what_a_model_says() -> None:
    sweeps.prove(300).check()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sort(range(1.3,0,-0.5))", [0.3, 0.8, 1.3]),
        ("sort(range(10,0,-3))", [1, 4, 7, 10]),
        ("sort(range(0,10,3),reverse=true)", [9, 6, 3, 0]),
        ("int(range(0.5,3,0.7))", [0, 1, 1, 2]),
        ("sort(shuffle(3,1,2))", [1, 2, 3]),
        ("range(0,0.07,0.01)", [0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06]),
    ],
)
def test_a_range_keeps_its_values_whatever_is_done_to_it(text: str, expected: object) -> None:
    assert listed(text) == expected


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1e-3,range(0.1,0.5,0.1)", "write its values out: 1e-3,0.1,0.2,0.3,0.4"),
        ("[range(3)]", "write its values out: [0,1,2]"),
        ("choice(1,choice(2,3))", "write its values out: choice(1,2,3)"),
        ("a,range(50)", "write its values out"),
    ],
)
def test_a_list_among_other_values_is_to_be_written_out(text: str, advice: str) -> None:
    with pytest.raises(SweepError) as caught:
        read(text)
    assert str(caught.value).endswith(advice)
    if ": " in advice:
        read(advice.partition(": ")[2])


def test_a_glob_can_be_sorted_and_shuffled() -> None:
    found = read("sort(glob(*),reverse=true)", options=["linear", "mlp"])
    assert isinstance(found, list)
    assert [value.text for value in found] == ["mlp", "linear"]

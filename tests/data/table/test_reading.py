from __future__ import annotations

from dataclasses import asdict

import pytest

from dltrain.data.table.reading import Reading, unnamed


@pytest.mark.parametrize(
    ("delimiter", "name", "line", "mark"),
    [
        (None, "t.csv", b"a,b", ","),
        (None, "t.csv", b"a\tb", "\t"),
        (None, "t.csv", b"a\tb,c", ","),
        (None, "t.tsv", b"a\tb,c", "\t"),
        (None, "t.tsv.gz", b"a\tb,c", "\t"),
        (None, "t.tsv", b"a,b", ","),
        (None, "standard input", b"a\tb", "\t"),
        (None, "t.csv", b"a", ","),
        (None, "t.csv", b"a;b", ","),
        (";", "t.tsv", b"a\tb", ";"),
    ],
)
def test_a_header_says_whether_tabs_separate_cells(
    delimiter: str | None, name: str, line: bytes, mark: str
) -> None:
    assert Reading(delimiter=delimiter).mark(name, line) == mark


def test_plain_values_say_all_of_it() -> None:
    reading = Reading(delimiter=";", skip_rows=2, header="none", sheet="May")
    assert Reading.of({**asdict(reading), "missing_values": [""]}) == reading
    assert not reading.has_header
    assert unnamed(2) == ["c1", "c2"]

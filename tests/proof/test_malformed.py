"""No malformed input gives a traceback, listed or generated; what is well-formed reads back."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import math
import random
import tempfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dltrain.config.compose import ConfigError
from dltrain.config.kinds import TABLE
from dltrain.config.load import load
from dltrain.config.plain import as_dict, to_yaml
from dltrain.data.images.idx import IdxFile, as_rows, read_idx
from dltrain.data.table.table import Table
from tests.torture import accepted, generated, malformed
from tests.torture.refusal import PREFIX, Case, HungError, Shown, ending_in, faults_of, fifo, tried

pytestmark = pytest.mark.proof


def test_what_is_listed_is_refused_in_lines_that_leave_nothing_behind() -> None:
    report = malformed.prove(None)
    assert report.tried >= 900
    report.check()


def test_what_is_generated_is_sound_or_refused() -> None:
    generated.prove(2000).check()


def test_each_listed_input_has_a_name_of_its_own() -> None:
    names = [case.what for case in [*malformed.cases(), *accepted.cases()]]
    assert len(set(names)) == len(names)
    assert set(malformed.PROCESSES) <= set(names)


# The judge can say no.


@pytest.mark.parametrize(
    ("shown", "fault"),
    [
        (Shown(1, "", f"{PREFIX}no\n", 0), "exit code 1"),
        (Shown(0, "", f"{PREFIX}no\n", 0), "exit code 0"),
        (Shown(2, "", "", 0), "says nothing"),
        (Shown(2, "", f"{PREFIX}no", 0), "no whole line"),
        (Shown(2, "", f"{PREFIX}\n", 0), "no complaint"),
        (Shown(2, "", f"{PREFIX}no\nusage: dltrain\n", 0), "no complaint"),
        (Shown(2, "", f"{PREFIX}{'x' * 620}\n", 0), "characters"),
        (Shown(2, "", f"{PREFIX}\x1b[31m\n", 0), "control characters"),
        (Shown(2, "", f"{PREFIX}\u202e\n", 0), "control characters"),
        (Shown(2, "", f"{PREFIX}internal error: x\n", 0), "insides"),
        (Shown(2, "", f"{PREFIX}KeyError('x')\n", 0), "insides"),
        (Shown(2, "run 1\n", f"{PREFIX}no\n", 0), "prints"),
    ],
)
def test_what_is_no_refusal_is_seen(shown: Shown, fault: str) -> None:
    assert any(fault in found for found in faults_of(shown))


def test_a_refusal_is_one() -> None:
    assert faults_of(Shown(2, "", f"{PREFIX}a\n{PREFIX}b\n", 0)) == []


def test_a_run_that_was_accepted_is_seen() -> None:
    faults, shown = tried(Case("fine", ["data", "data.num_train=9"], "no"))
    assert shown is not None
    assert (shown.code, shown.err) == (0, "")
    assert {"exit code 0", "does not say 'no': ''"} <= set(faults)


def test_what_is_left_behind_is_seen() -> None:
    faults, _ = tried(Case("writes", ["data", "data=fashion_mnist", "data.source=sample"], ""))
    assert any("changed here/outputs" in fault for fault in faults)


def test_what_hangs_is_stopped(tmp_path: Path) -> None:
    fifo(tmp_path / "pipe")
    with pytest.raises(HungError), ending_in(0.1):
        (tmp_path / "pipe").read_bytes()


def test_a_generated_input_is_decided_by_its_number(tmp_path: Path) -> None:
    kind = generated.TURNS[0]
    assert generated.one(kind, 7, 1) == generated.one(kind, 7, 1)
    lines = [generated.line(random.Random(f"0/{index}")) for index in range(50)]
    assert all(map(generated.trains_nothing, lines))
    assert len({tuple(line) for line in lines}) > 40


# What is well-formed reads back.

NUMBERS = st.floats(min_value=-1e30, max_value=1e30)
RATES = st.floats(min_value=0, max_value=1e30)


@settings(deadline=None, max_examples=60)
@given(
    lr=RATES,
    momentum=st.floats(min_value=0, max_value=1, exclude_max=True),
    epochs=st.integers(1, 10**7),
    weights=st.lists(NUMBERS, min_size=1, max_size=5),
    name=st.from_regex(r"[a-z0-9_.+-]{1,12}", fullmatch=True),
    batch=st.none() | st.integers(1, 10**9),
)
def test_a_config_composes_to_the_same_from_its_own_text(
    lr: float,
    momentum: float,
    epochs: int,
    weights: list[float],
    name: str,
    batch: int | None,
) -> None:
    words = [
        f"optimizer.lr={lr!r}",
        f"optimizer.momentum={momentum!r}",
        f"trainer.epochs={epochs}",
        f"data.w=[{','.join(map(repr, weights))}]",
        f"data.name=x{name}",
        f"trainer.batch_size={'null' if batch is None else batch}",
    ]
    run = load(words)
    written = yaml.safe_load(to_yaml(run))
    assert written == as_dict(run)
    for group in TABLE:
        del written[group]["kind"]
    assert load(list(typed(written))) == run


def typed(node: object, prefix: str = "") -> list[str]:
    """Write a config as the words that make it."""
    if isinstance(node, dict):
        return [
            word
            for key, value in node.items()
            for word in typed(value, f"{prefix}.{key}" if prefix else key)
        ]
    return [f"{prefix}={node if isinstance(node, str) else json.dumps(node)}"]


CELLS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=8
)


@settings(deadline=None, max_examples=150)
@given(data=st.data(), width=st.integers(1, 4), delimiter=st.sampled_from(",;\t|"))
def test_a_table_that_csv_writes_reads_back_the_same(
    data: st.DataObject, width: int, delimiter: str
) -> None:
    # Something in each cell: a cell of nothing is missing.
    cells = CELLS.filter(lambda text: text.strip() != "")
    names = data.draw(st.lists(cells, min_size=width, max_size=width, unique=True))
    rows = data.draw(
        st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=6)
    )
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [names, *rows]
    )
    table = Table(
        "t.csv", stream.getvalue().encode(), delimiter=delimiter, missing_values=[""], as_text=names
    )
    assert table.header == names
    for name, column in zip(names, zip(*rows, strict=True), strict=True):
        assert table.texts(name).tolist() == list(column)


@settings(deadline=None, max_examples=100)
@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_that_csv_writes_read_back_to_the_bit(values: list[float]) -> None:
    stream = io.StringIO()
    csv.writer(stream).writerows([["x"], *([value] for value in values)])
    table = Table("t.csv", stream.getvalue().encode(), delimiter=",", missing_values=[""])
    found = table.numbers("x")
    assert found is not None
    assert found.tolist() == values
    signs = [math.copysign(1, value) for value in found]
    assert signs == [math.copysign(1, value) for value in values]


@settings(deadline=None, max_examples=60)
@given(rows=st.integers(1, 4), wrapped=st.booleans(), images=st.booleans(), data=st.data())
def test_an_idx_file_reads_back_the_same(
    rows: int, wrapped: bool, images: bool, data: st.DataObject
) -> None:
    size = 784 * rows if images else rows
    highest = 255 if images else 9
    body = bytes(data.draw(st.lists(st.integers(0, highest), min_size=size, max_size=size)))
    plain = IdxFile("train-images" if images else "train-labels", "", rows)
    file = IdxFile(plain.name, hashlib.sha256(plain.header + body).hexdigest(), rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "idx.gz" if wrapped else "idx")
        path.write_bytes(gzip.compress(file.header + body) if wrapped else file.header + body)
        content = read_idx(path, file)
    assert content == file.header + body
    found = as_rows(np.frombuffer(content, np.uint8), file)
    assert found.shape == ((rows, 784) if images else (rows,))
    assert found.astype(np.uint8).tobytes() == body


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=40), st.sampled_from(generated.KEYS))
def test_any_text_behind_any_key_is_read_or_refused_by_name(text: str, key: str) -> None:
    group = key.lstrip("+~").partition(".")[0]
    lines = complaints(f"{key}={text}")
    assert all(line.strip() for line in lines)
    assert not lines or any(group in line for line in lines)


def complaints(word: str) -> list[str]:
    """What is said of a word; nothing if it is read, the same each time."""
    try:
        run = load([word])
    except ConfigError as error:
        return error.lines
    return [] if load([word]) == run else ["is not read the same each time"]

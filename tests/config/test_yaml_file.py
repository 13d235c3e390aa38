"""``read_yaml``: the text of a YAML file, once it is known to be harmless."""

from __future__ import annotations

from pathlib import Path

import pytest

from dltrain.config.yaml_file import MAX_BYTES, MAX_DEPTH, MAX_VALUES, ConfigFileError, read_yaml
from tests.torture.listed_config import bomb, nested
from tests.torture.refusal import ending_in, fifo


def yaml_file(folder: Path, text: str) -> Path:
    path = folder / "x.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_aliases_are_counted_as_what_they_stand_for(tmp_path: Path) -> None:
    small = f"a: &a [{', '.join(['x'] * 99)}]\n"  # 100 values, and those of the mapping around it
    fitting = small + "b: [" + ", ".join(["*a"] * 98) + "]\n"
    assert read_yaml(yaml_file(tmp_path, fitting)) == fitting
    with pytest.raises(ConfigFileError, match=rf"x\.yaml:2: comes to more than {MAX_VALUES:,}"):
        read_yaml(yaml_file(tmp_path, small + "b: [" + ", ".join(["*a"] * 99) + "]\n"))


def test_a_long_text_counts_as_several_values(tmp_path: Path) -> None:
    text = f"a: &a {'x' * 90_000}\n"
    assert read_yaml(yaml_file(tmp_path, text + "b: [" + ", ".join(["*a"] * 10) + "]\n"))
    with pytest.raises(ConfigFileError, match="aliases counted"):
        read_yaml(yaml_file(tmp_path, text + "b: [" + ", ".join(["*a"] * 11) + "]\n"))


def test_a_bomb_is_refused_before_it_goes_off(tmp_path: Path) -> None:
    with ending_in(1), pytest.raises(ConfigFileError, match="aliases counted"):
        read_yaml(yaml_file(tmp_path, bomb(100)))


def test_depth_is_bounded(tmp_path: Path) -> None:
    assert read_yaml(yaml_file(tmp_path, nested(MAX_DEPTH)))
    with pytest.raises(ConfigFileError, match=f"more than {MAX_DEPTH} deep"):
        read_yaml(yaml_file(tmp_path, nested(MAX_DEPTH + 1)))


@pytest.mark.parametrize(
    ("text", "holds", "right"),
    [
        ("a: 1", "mapping", True),
        ("- 1", "mapping", False),
        ("x", "mapping", False),
        ("- 1", "list", True),
        ("a: 1", "list", False),
        ("x", "list", False),
        ("", "list", True),
        ("# nothing", "mapping", True),
        ("null", "mapping", True),
        ("'null'", "mapping", False),
        ("~", "mapping", False),
    ],
)
def test_a_file_holds_what_it_must(tmp_path: Path, text: str, holds: str, right: bool) -> None:
    if right:
        assert read_yaml(yaml_file(tmp_path, text), holds=holds) == text
    else:
        with pytest.raises(ConfigFileError, match=rf"x\.yaml:1: must hold a {holds}"):
            read_yaml(yaml_file(tmp_path, text), holds=holds)


def test_size_is_bounded(tmp_path: Path) -> None:
    assert len(read_yaml(yaml_file(tmp_path, "#" * MAX_BYTES))) == MAX_BYTES
    with pytest.raises(ConfigFileError, match=f"larger than {MAX_BYTES:,} bytes"):
        read_yaml(yaml_file(tmp_path, "#" * (MAX_BYTES + 1)))


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    fifo(tmp_path / "x.yaml")
    with ending_in(1), pytest.raises(ConfigFileError, match="is no plain file"):
        read_yaml(tmp_path / "x.yaml")


def test_a_byte_order_mark_is_left_out(tmp_path: Path) -> None:
    assert read_yaml(yaml_file(tmp_path, "\ufeffa: 1\n")) == "a: 1\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: [\n", "x.yaml:3: is no YAML"),
        (b"a: 1\n\n\nb: \xff\n", "x.yaml:4: is not UTF-8 text"),
        (b"a: 1\nb: \x01\n", "x.yaml:"),
        (b"a: 1\nb: *c\n", "x.yaml:2: *c stands for nothing before it"),
        (b"a: &c [*c]\n", "x.yaml:1: *c stands for nothing before it"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x.yaml").write_bytes(content)
    with pytest.raises(ConfigFileError) as caught:
        read_yaml(tmp_path / "x.yaml")
    assert message in str(caught.value)

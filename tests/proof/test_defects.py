"""The list of defects does not rot: each can be put into the code, and its tests are there."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.defects import DEFECTS, ROOT, Defect

pytestmark = pytest.mark.proof


def by_name(defect: Defect) -> str:
    return defect.name


def names_of_tests(file: Path) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


@pytest.mark.parametrize("defect", DEFECTS, ids=by_name)
def test_a_defect_can_be_put_into_the_code(defect: Defect, tmp_path: Path) -> None:
    path = tmp_path / "dltrain" / defect.file
    path.parent.mkdir(parents=True)
    whole = (ROOT / "dltrain" / defect.file).read_text(encoding="utf-8")
    path.write_text(whole, encoding="utf-8")
    assert defect.put_into(tmp_path) == whole
    spoilt = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.dump(spoilt) != ast.dump(ast.parse(whole))
    defect.take_out_of(tmp_path, whole)
    assert path.read_text(encoding="utf-8") == whole


@pytest.mark.parametrize("defect", DEFECTS, ids=by_name)
def test_what_is_to_see_a_defect_is_there(defect: Defect) -> None:
    assert defect.tests
    for test in defect.tests:
        file, _, name = test.partition("::")
        assert name in names_of_tests(ROOT / "tests" / file)


@pytest.mark.parametrize("text", ["os.fsync(", "no such text"])
def test_a_text_that_does_not_stand_there_once_is_refused(text: str) -> None:
    defect = Defect("a slip", "system/disk.py", text, "", ())
    with pytest.raises(
        ValueError, match=r"a slip: its text stands \d times in dltrain/system/disk\.py"
    ):
        defect.put_into(ROOT)
    assert "os.fsync(" in (ROOT / "dltrain" / "system/disk.py").read_text(encoding="utf-8")


def test_each_defect_has_a_name_of_its_own() -> None:
    assert len(DEFECTS) >= 32
    assert max(Counter(map(by_name, DEFECTS)).values()) == 1

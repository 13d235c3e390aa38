from __future__ import annotations

import hashlib
from pathlib import Path

from dltrain.system.digests import digesting, file_digest, joint_digest


def test_a_file_is_digested_as_it_lies_beside_its_reading(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(b"abc")
    expected = hashlib.sha256(b"abc").hexdigest()
    assert file_digest(tmp_path / "t") == expected
    with digesting(tmp_path / "t") as digest:
        assert digest() == expected
    for source in (b"abc", None):
        with digesting(source) as digest:
            assert digest() == ""


def test_the_digest_of_several_files_is_of_all_and_of_their_order() -> None:
    assert joint_digest({"path": "a"}) == "a"
    both = joint_digest({"path[0]": "a", "path[1]": "b"})
    assert both not in (joint_digest({"path[0]": "b", "path[1]": "a"}), "a", "b")

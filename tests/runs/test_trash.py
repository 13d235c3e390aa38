"""Runs that are thrown away lie beside the others until they are deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from dltrain.runs.find import find
from dltrain.runs.run import read
from dltrain.runs.trash import bring_back, delete, num_bytes, throw_away, trash_of
from dltrain.system.disk import InUseError, locked
from tests.conftest import tree
from tests.runs.conftest import FIRST, SECOND, Make


def test_a_run_goes_to_the_trash_and_comes_back_with_all_its_files(make: Make) -> None:
    folder = make(metrics="epoch\n1\n")
    before = {name: (folder / name).read_bytes() for name in tree(folder)}
    thrown = throw_away(read(folder))
    assert (thrown, folder.exists()) == (folder.parent / ".trash" / FIRST, False)
    assert bring_back(read(thrown)) == folder
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_what_cannot_be_moved_stays_where_it_is(make: Make, sweep: Path, here: Path) -> None:
    thrown = throw_away(read(here / "outputs" / FIRST))
    with pytest.raises(ValueError, match="is in the trash already"):
        throw_away(read(thrown))
    with pytest.raises(ValueError, match="runs rm s3p7 moves the whole of it"):
        throw_away(find("s3p7/0", here / "outputs"))
    make()
    with pytest.raises(ValueError, match="holds a run of that name already"):
        bring_back(read(thrown))
    assert thrown.exists()


def test_a_run_that_is_trained_is_neither_moved_nor_deleted(three: Path) -> None:
    run = read(three / SECOND)
    with locked(run.folder):
        for action in (throw_away, delete):
            with pytest.raises(InUseError):
                action(run)
    assert run.folder.exists()
    delete(run)
    assert not run.folder.exists()


def test_a_trash_that_is_a_link_is_not_followed(here: Path) -> None:
    (here / ".trash").symlink_to(here)
    with pytest.raises(ValueError, match="is a link, and is not followed"):
        trash_of(here)


def test_links_take_no_more_room_than_themselves(here: Path) -> None:
    (here / "file").write_bytes(bytes(1000))
    (here / "link").symlink_to("file")
    assert num_bytes(here) == 1000 + len("file")

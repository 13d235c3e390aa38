"""How a run is named on a command line."""

from __future__ import annotations

import shutil
from pathlib import Path

from dltrain.runs.address import address, command_on
from dltrain.runs.find import find
from dltrain.runs.run import read
from tests.runs.conftest import FIRST, THIRD, Make


def test_a_run_is_named_by_its_short_id_and_a_member_by_its_number(sweep: Path) -> None:
    assert address(find("aaaa", Path("outputs"))) == ["aaaa"]
    assert address(find("s3p7/12", Path("outputs"))) == ["s3p7/12"]
    assert command_on(read(sweep), "runs", "show") == "dltrain runs show s3p7"


def test_a_run_elsewhere_is_named_with_its_folder(make: Make, here: Path) -> None:
    make().parent.rename(here / "old runs")
    run = find("aaaa", here / "old runs")
    assert command_on(run, "resume") == "dltrain resume aaaa 'output_dir=old runs'"


def test_of_twins_each_is_named_by_what_leads_to_it_alone(three: Path) -> None:
    twin = three / f"2020-01-01_{THIRD}"
    shutil.copytree(three / THIRD, twin)
    for folder in (three / THIRD, twin):
        name, *where = address(read(folder))
        assert (find(name, three).folder, where) == (folder, [])


def test_a_folder_that_is_called_like_something_else_is_named_by_its_path(make: Make) -> None:
    for name in ("latest", "lr=0.1"):
        assert address(read(make(name))) == [f"./outputs/{name}"]


def test_plugins_are_named_where_a_run_is_built_and_not_where_it_is_read(make: Make) -> None:
    run = read(make(FIRST, overrides=["plugins=[mine]", "seed=1"]))
    assert command_on(run, "evaluate") == "dltrain evaluate aaaa 'plugins=[mine]'"
    assert command_on(run, "runs", "plot") == "dltrain runs plot aaaa 'plugins=[mine]'"
    assert command_on(run, "runs", "show") == "dltrain runs show aaaa"

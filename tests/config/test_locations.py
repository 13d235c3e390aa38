"""Where in the config files a value or a choice stands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dltrain.config.compose import CONF, Sources, compose_groups, groups
from dltrain.config.locations import choices_of, location_of, locations_of
from dltrain.config.plain import flat
from dltrain.config.validate import known_keys

SOURCES = Sources.of(None)
COMPOSITIONS: list[Mapping[str, str]] = [
    {},
    *({group: choice} for group, choices in SOURCES.groups.items() for choice in choices),
    {"data": "house_tiny", "experiment": "book/mlp", "optimizer": "least_squares"},
]


def lines(key: str, **chosen: str) -> list[tuple[str, Any]]:
    return [(location.source, location.value) for location in locations_of(key, chosen, SOURCES)]


@pytest.mark.parametrize("chosen", COMPOSITIONS, ids=str)
def test_the_last_line_that_sets_a_key_gives_its_value(chosen: Mapping[str, str]) -> None:
    config = compose_groups(chosen, SOURCES.folders)
    keys = [*known_keys(config), *flat({"sweep": config["sweep"]})]
    values = flat(config)
    for key in keys:
        chain = locations_of(key, chosen, SOURCES)
        assert chain[-1].value == values[key], key
        assert location_of(key, chosen, SOURCES) == str(chain[-1])
        for location in chain:
            text = location.file.read_text(encoding="utf-8").splitlines()[location.line - 1]
            assert text.strip().startswith(f"{key.rpartition('.')[2]}:"), key


def test_the_chain_is_in_the_order_of_composition() -> None:
    assert lines("trainer.epochs", data="fashion_mnist", optimizer="least_squares") == [
        ("data=fashion_mnist", 10),
        ("optimizer=least_squares", 1),
    ]
    assert lines("trainer.epochs", data="house_tiny", experiment="book/softmax") == [
        ("data=csv", None),
        ("data=house_tiny", 30),
        ("experiment=book/softmax", 10),
    ]
    assert lines("seed") == [("defaults", 0)]


def test_an_entry_of_a_list_stands_where_the_list_does() -> None:
    [location] = locations_of("expect[1].low", {}, SOURCES)
    assert (location.source, location.value) == ("defaults", [])


def test_a_key_that_nobody_sets_has_no_place() -> None:
    assert list(locations_of("optimizer.lr", {"optimizer": "least_squares"}, SOURCES)) == []
    assert location_of("model.depth", {}, SOURCES) is None
    assert location_of("seed.inner", {}, SOURCES) is None


def test_a_number_is_read_as_composition_reads_it(tmp_path: Path) -> None:
    (tmp_path / "optimizer").mkdir()
    (tmp_path / "optimizer" / "sgd.yaml").write_text("kind: sgd\nlr: 1e-3\n")
    [location] = locations_of("optimizer.lr", {}, Sources.of(tmp_path))
    assert location.value == 0.001
    assert str(location) == f"{tmp_path}/optimizer/sgd.yaml:2"


# Choices.


@pytest.mark.parametrize("chosen", COMPOSITIONS, ids=str)
@pytest.mark.parametrize("group", groups([CONF]))
def test_the_choice_that_holds_is_typed_or_stands_in_a_file(
    group: str, chosen: Mapping[str, str]
) -> None:
    locations, holds = choices_of(group, chosen, SOURCES)
    assert holds in {*(location.value for location in locations), chosen.get(group, "")}
    config = compose_groups(chosen, SOURCES.folders)
    if group in ("model", "optimizer"):
        assert config[group]["kind"] == holds


def test_what_overrides_comes_after_what_it_overrides(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "defaults:\n  - config\n  - optional extra: null\n  - override model: mlp\n"
    )
    sources = Sources.of(tmp_path, "mine")
    locations, holds = choices_of("model", {"experiment": "book/softmax"}, sources)
    found = [
        (location.value, location.source, location.file.name, location.line)
        for location in locations
    ]
    assert found[0] == ("linear", "defaults", "config.yaml", 7)
    assert ("mlp", "defaults", "mine.yaml", 4) in found
    assert ("softmax", "experiment=book/softmax", "softmax.yaml", 13) in found
    assert holds in ("mlp", "softmax")

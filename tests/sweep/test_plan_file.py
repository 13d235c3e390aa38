"""A plan kept in its file, and restored from it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from dltrain.config.plain import as_dict
from dltrain.config.schema import SweepConfig
from dltrain.sweep.plan import PlanError
from dltrain.sweep.plan_file import as_line, read_entries, restore
from tests.sweep.helpers import planned

pytestmark = pytest.mark.usefixtures("here")


def told() -> SweepConfig:
    return planned().settings


def test_a_plan_survives_its_file() -> None:
    plan = planned("model=mlp", "model.hidden=[8],[8,8]", "trainer.max_grad_norm=null,1", "seed=7")
    assert (
        restore(read_entries(map(as_line, plan.members)), plan.settings, vet=lambda members: None)
        == plan
    )


def entry(**changes: object) -> str:
    [member] = planned().members
    content: dict[str, object] = json.loads(as_line(member)) | changes
    return json.dumps({key: value for key, value in content.items() if value is not None})


def damaged_config(**changes: object) -> Mapping[str, object]:
    return as_dict(planned().members[0].config) | changes  # type: ignore[no-any-return]


def test_a_line_of_a_plan_that_is_damaged_is_named() -> None:
    lines = {
        "": "is no member of a plan",
        "[]": "is no member of a plan",
        "7": "is no member of a plan",
        "{": "is no member of a plan",
        '{"member": 0}': "is no member of a plan",
        "[" * 100_000: "is no member of a plan",
        entry(words=None): "is no member of a plan",
        entry(setting=[]): "is no member of a plan",
        entry(member="x"): "is no member of a plan",
        entry(member=3): "has number 3, not 0",
        entry(config=damaged_config(seed=-1)): "seed: must be at least 0",
        entry(config=damaged_config(optimizer=None)): "optimizer.kind: must be one of",
    }
    for text, complaint in lines.items():
        with pytest.raises(PlanError) as caught:
            restore(read_entries([text]), told(), vet=lambda members: None)
        [line] = caught.value.lines
        assert line.startswith("plan.jsonl:1: ")
        assert complaint in line


@pytest.mark.parametrize("config", [[], 7, None, "x"])
def test_a_config_that_is_none_is_refused(config: object) -> None:
    content = json.loads(entry()) | {"config": config}
    with pytest.raises(PlanError, match=r"plan.jsonl:1: "):
        restore(read_entries([json.dumps(content)]), told(), vet=lambda members: None)


def test_an_empty_plan_is_refused() -> None:
    with pytest.raises(PlanError, match=r"plan.jsonl: holds no members"):
        restore([], told(), vet=lambda members: None)

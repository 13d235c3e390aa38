"""A report: what stands on its page, and the verb that writes it."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from pathlib import Path

import pytest

from dltrain.runs.find import find
from tests.conftest import Call
from tests.report.conftest import written
from tests.report.subjects import (
    TABLE,
    block,
    facts_of,
    hostile,
    section,
    trained,
    write_table,
)


def test_a_sweeps_keys_runs_and_curves_are_its_members(call: Call, sweep: str) -> None:
    facts = facts_of(written(call, sweep))
    effect = block(facts, "keys", "effect")
    assert (effect["key"], effect["axis"]["kind"], effect["repeated"]) == (
        "optimizer.lr",
        "log",
        True,
    )
    assert [len(line["y"]) for line in effect["lines"]] == [9]
    table = block(facts, "runs", "table")
    values = [row[4] for row in table["rows"]]
    assert len(values) == 9
    assert values == sorted(values)
    curves = block(facts, "curves", "curves")
    assert len(curves["runs"]) == 9
    assert curves["groups"] == [f"optimizer.lr={row[0]:g}" for row in settings_rows(facts)]
    first = find(f"{sweep}/{curves['runs'][0]['name']}", Path("outputs")).metrics()
    told = curves["runs"][0]["values"]["val/loss"]
    assert told == pytest.approx([float(row["val/loss"]) for row in first], rel=1e-5)


def test_of_splits_the_page_shows_a_mean_and_no_best_member(call: Call, here: Path) -> None:
    write_table(here / "table.csv")
    trained(here, "-m", "data.path=table.csv", "data.seed=1,2,3", "optimizer.lr=0.01,0.1", *TABLE)
    facts = facts_of(written(call, "latest"))
    (name, value, note), (test, _, of), *_ = facts["figures"]
    [row] = [row for row in settings_rows(facts) if str(row[4]).startswith("best")]
    assert (name, test) == ("val/loss", "test/rmse")
    assert float(value) == pytest.approx(row[1], rel=0.1)
    assert note.startswith(f"optimizer.lr={row[0]}; mean of 3, sd ")
    assert "95 % interval [" in note
    assert of.startswith("mean of 3, sd ")
    assert "best member" not in str(facts)
    lines = [command for _, command in block(facts, "commands", "commands")["rows"]]
    assert not any(f"data.seed={seed}" in line for line in lines for seed in "123")


def settings_rows(facts: dict[str, object]) -> list[list[float]]:
    rows: list[list[float]] = block(facts, "settings", "table")["rows"]
    return rows


def test_runs_that_learned_from_different_data_are_not_ranked_by_a_model(
    call: Call, sweep: str
) -> None:
    trained(Path(), "data.num_train=64", "data.num_val=32", "trainer.epochs=2", "device=cpu")
    facts = facts_of(written(call, "latest", f"{sweep}/2"))
    assert "different data" in facts["warnings"][0]
    assert "dltrain report RUN" in section(facts, "model")[0]["text"]
    table = block(facts, "config", "table")
    assert {table["rows"][number][0] for number in table["marked"]} >= {"data.num_train", "seed"}


def test_a_changed_file_is_warned_of(call: Call, here: Path) -> None:
    trained(here, "data.num_train=64", "trainer.epochs=2", "device=cpu")
    [metrics] = Path("outputs").glob("*/metrics.csv")
    metrics.write_text(metrics.read_text().replace("2,", "3,"))
    assert "metrics.csv" in facts_of(written(call, "latest"))["warnings"][0]


def test_only_the_pages_own_scripts_and_styles_may_run(call: Call, here: Path) -> None:
    hostile(here)
    text = written(call, "latest").read_text()
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    allowed = re.findall(r"'sha256-([^']*)'", html.unescape(policy))
    assert html.unescape(policy).startswith("default-src 'none'; script-src 'sha256-")
    assert policy.count("unsafe") == policy.count("style-src-attr") == 1
    scripts = re.findall(r"<script>(.*?)</script>", text, re.S)
    styles = re.findall(r"<style[^>]*>(.*?)</style>", text, re.S)
    assert len(scripts) == 2  # plotly's once, and the page's own
    for content in [*scripts, *styles]:
        digest = hashlib.sha256(content.encode()).digest()
        assert base64.b64encode(digest).decode() in allowed
    assert set(re.findall(r"<script[^>]*>", text)) == {
        "<script>",
        '<script type="application/json" id="facts">',
    }
    head = text[: text.index('<script type="application/json"')]
    assert set(re.findall(r'(?:src|href)="([^"]*)"', head)) == {"data:,", "#report"}


def test_a_page_says_what_became_of_the_data(call: Call, here: Path) -> None:
    rows = "".join(f"{i},{i * 7 % 60},{i * 11 % 60}.5\n" for i in range(60))
    (here / "t.csv").write_text(f"id,x,y\n{rows}")
    words = ("data=csv", "data.path=t.csv", "data.target=y", "data.drop=[id]", "trainer.epochs=1")
    assert call(*words).code == 0
    [blocks] = section(facts_of(written(call, "latest")), "data")
    said = dict(blocks["rows"])
    assert said["target"] == "'y' holds numbers, so this is regression"
    assert said["columns"] == "1 number as 1 input; left out: 'id'"
    assert said["data"].startswith("t (t.csv): 4")

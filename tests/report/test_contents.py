"""A report: what stands on its page, and the verb that writes it."""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import re
import shlex
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from dltrain.config.resolve import read_value
from dltrain.inference.evaluation import evaluate
from dltrain.runs.compare.confusion import confusion
from dltrain.runs.find import find
from dltrain.runs.record import read_record
from tests.conftest import Call, write_record
from tests.report.subjects import (
    MESSAGE,
    SAMPLE,
    TABLE,
    block,
    facts_of,
    hostile,
    section,
    trained,
    write_table,
)

SWEEP = ("-m", "data.num_train=96", "data.num_val=32", "trainer.epochs=3", "device=cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sweep of linear regression, three rates and three seeds."""
    path = tmp_path_factory.mktemp("reports")
    trained(path, *SWEEP, "optimizer.lr=0.003,0.03,0.1", "sweep.repeat=3")
    return path


@pytest.fixture
def sweep(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Stand in that folder; the sweep's short name."""
    monkeypatch.chdir(folder)
    [path] = Path("outputs").glob("*_sweep_*")
    return path.name[-4:]


def written(call: Call, *words: str) -> Path:
    """Write a report; return where it is."""
    shown = call("report", *words, "--output", "page.html")
    assert (shown.code, shown.err) == (0, ""), shown
    return Path("page.html")


def test_the_page_lies_with_the_runs_and_the_next_command_opens_it(call: Call, sweep: str) -> None:
    shown = call("report", sweep)
    assert shown.code == 0
    path = Path("outputs/reports") / f"{sweep}.html"
    assert path.read_bytes().startswith(b"<!doctype html>")
    assert f"report  {path} (" in shown.out
    assert re.search(rf"next    (xdg-open|open) {path}\n", shown.out)
    assert call("report", f"{sweep}/0", f"{sweep}/1").code == 0
    assert Path(f"outputs/reports/{sweep}-0-{sweep}-1.html").is_file()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "on which run?"),
        (["nosuch"], "nosuch: no such run"),
        (["latest", "--output", "page.txt"], "--output=page.txt: must end in .html"),
        (["latest", "--output", "folder.html"], "--output=folder.html: is a folder"),
        (["latest", "seed=1"], "only output_dir=FOLDER can be set here"),
        (["latest", "--outputs", "a.html"], "unknown flag; did you mean --output?"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_line(
    words: list[str], told: str, call: Call, sweep: str
) -> None:
    Path("folder.html").mkdir(exist_ok=True)
    shown = call("report", *words)
    assert (shown.code, shown.out) == (2, "")
    assert shown.err.startswith("dltrain: error: ")
    assert told in shown.err
    assert shown.err.count("\n") == 1


def test_neither_help_nor_lists_import_plotly() -> None:
    code = (
        "import sys\nfrom dltrain.cli.main import run\n"
        "run(['--help']), run(['runs']), run(['report', 'nosuch'])\n"
        "sys.exit(bool({'plotly', 'torch', 'dltrain.report.contents'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert result.returncode == 0, result


def test_settings_have_their_mean_and_deviation_over_seeds(call: Call, sweep: str) -> None:
    facts = facts_of(written(call, sweep))
    table = block(facts, "settings", "table")
    assert [column["name"] for column in table["columns"]] == [
        *("optimizer.lr", "mean val/loss", "sd", "n", "verdict"),
    ]
    [results] = Path("outputs").glob("*_sweep_*/results.csv")
    with results.open() as file:
        rows = list(csv.DictReader(file))
    for lr, mean, deviation, count, _ in table["rows"]:
        values = [float(r["val/loss"]) for r in rows if float(r["optimizer.lr"]) == lr]
        assert mean == pytest.approx(statistics.fmean(values))
        assert deviation == pytest.approx(statistics.stdev(values))
        assert int(count) == len(values) == 3
    means = [row[1] for row in table["rows"]]
    assert means == sorted(means)
    assert table["rows"][0][-1] == "best"
    best = min(rows, key=lambda row: float(row["val/loss"]))
    title = "best member of the best setting (by mean)"
    assert facts["figures"][1][2].startswith(f"member {best['member']}, {title}, ")


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
    [row] = [row for row in settings_rows(facts) if str(row[4]) == "best"]
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


def test_of_a_big_sweep_the_best_curves_and_some_of_the_rest_are_drawn(
    call: Call, sweep: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [source] = Path("outputs").glob("*_sweep_*")
    copy = tmp_path / "outputs" / source.name
    shutil.copytree(source, copy)
    info = read_record(copy / "members/0000/run.json")
    for number in range(9, 240):
        member = copy / f"members/{number:04d}"
        shutil.copytree(copy / "members/0000", member)
        info["result"]["kept"]["val/loss"] = 1000.0 + number
        info["overrides"] = [f"optimizer.lr={1 / number}", "seed=0"]
        write_record(member / "run.json", info)
    monkeypatch.chdir(tmp_path)
    facts = facts_of(written(call, sweep))
    [said, curves] = section(facts, "curves")
    assert "Drawn are 100 of 240 runs" in said["text"]
    assert "The best 8 settings are coloured" in said["text"]
    assert len(curves["runs"]) == 100
    assert [run["name"] for run in curves["runs"]][-1] == "239"  # the worst is among them
    assert len(block(facts, "runs", "table")["rows"]) == 240


def test_the_confusion_matrix_and_the_mistakes_are_the_models(call: Call, here: Path) -> None:
    trained(here, "model=softmax", *SAMPLE)
    facts = facts_of(written(call, "latest"))
    found = evaluate(find("latest", Path("outputs")))
    matrix = block(facts, "classes", "matrix")
    assert matrix["values"] == confusion(found.targets, found.predictions, num_classes=10).tolist()
    assert matrix["rows"] == list(found.data.class_names)
    pictures = block(facts, "mistakes", "pictures")["items"]
    assert len(pictures) == 24
    assert all(item["source"].startswith("data:image/png;base64,") for item in pictures)
    assert len(block(facts, "weights", "pictures")["items"]) == 10


def test_the_page_quotes_a_model_like_evaluate(call: Call, here: Path) -> None:
    write_table(here / "table.csv", names=("low", "high"))
    write_table(here / "amounts.csv")
    table = ("data.path=table.csv", "model=softmax", *TABLE)
    for words, part, names in (
        (("model=softmax", *SAMPLE), "classes", ["accuracy"]),
        (table, "classes", ["accuracy", "auc"]),
        (("data.path=amounts.csv", *TABLE), "predictions", ["rmse", "r2"]),
    ):
        trained(here, *words)
        _, leading, note, others, *_ = section(facts_of(written(call, "latest")), part)
        assert [name for name, _ in leading["rows"]] == names
        lines = call("evaluate", "latest").out.splitlines()
        assert f"{note['text']}" in [f"{line}." for line in lines]
        for name, value in leading["rows"] + others["rows"]:
            assert [name, *value.split()] in [line.split() for line in lines]
        assert all("[" not in value for _, value in others["rows"])


def test_amounts_stand_beside_the_true_ones_and_rows_in_their_own_units(
    call: Call, here: Path
) -> None:
    write_table(here / "table.csv")
    trained(here, "model=linear", "data.path=table.csv", "data.standardise_target=true", *TABLE)
    facts = facts_of(written(call, "latest"))
    found = evaluate(find("latest", Path("outputs")))
    amounts = block(facts, "predictions", "amounts")
    assert amounts["predicted"] == found.predictions.tolist()
    assert sum(amounts["counts"]) == len(found.targets) == 50
    with open("table.csv") as file:
        originals = {round(float(row["y"]), 3): row for row in csv.DictReader(file)}
    for true, predicted, difference, x, colour in block(facts, "predictions", "table")["rows"]:
        row = originals[round(true, 3)]
        assert x == pytest.approx(float(row["x"]), abs=1e-4)
        assert colour == (row["colour"] or "-")
        assert difference == pytest.approx(predicted - true)
    with next(Path("outputs").glob("*/coefficients.csv")).open() as file:
        recorded = {r["feature"]: float(r["coefficient"]) for r in csv.DictReader(file)}
    assert dict(block(facts, "weights", "table")["rows"]) == pytest.approx(recorded, rel=1e-5)


def test_where_the_data_are_gone_the_page_says_so(call: Call, here: Path) -> None:
    write_table(here / "table.csv")
    trained(here, "model=linear", "data.path=table.csv", *TABLE)
    (here / "table.csv").unlink()
    facts = facts_of(written(call, "latest"))
    [said] = section(facts, "model")
    assert said["text"].startswith("What the model predicts is not shown: ")
    assert "table.csv" in said["text"]
    assert block(facts, "curves", "curves")["metrics"] == ["loss", "rmse"]


def test_the_config_marks_what_differs_from_the_defaults(call: Call, sweep: str) -> None:
    table = block(facts_of(written(call, f"{sweep}/1")), "config", "table")
    marked = {table["rows"][number][0]: table["rows"][number][1:] for number in table["marked"]}
    assert marked["data.num_train"] == ["96", "1000"]
    assert marked["seed"] == ["1", "0"]
    assert "data.noise" not in marked


def test_the_commands_repeat_a_run_and_never_say_more_than_dltrain(call: Call, here: Path) -> None:
    hostile(here)
    facts = facts_of(written(call, "latest"))
    lines = [command for _, command in block(facts, "commands", "commands")["rows"]]
    assert all(line.startswith("dltrain ") for line in lines)
    assert lines[0] == (  # what the config says: the seed that is said to be typed is none
        "dltrain data=csv model=softmax data.path=hostile.csv data.target=y "
        "data.test_fraction=0.25 trainer.epochs=3 device.type=cpu"
    )


@pytest.mark.parametrize(
    ("group", "key", "value", "sayable"),
    [
        ("data", "target", f"'; touch x; {MESSAGE[:-1]}$(touch x)", True),
        ("data", "target", MESSAGE, False),
        ("data", "target", "a\nb", False),
        ("optimizer", "lr", MESSAGE[:-1], False),
        ("trainer", "epochs", "3; touch x", False),
    ],
)
def test_what_a_stranger_has_configured_is_one_word_of_a_command_or_none(
    group: str, key: str, value: str, sayable: bool, call: Call, here: Path
) -> None:
    run = hostile(here)
    record = here / "outputs" / run / "run.json"
    info = read_record(record)
    info["config"][group][key] = value
    write_record(record, info)
    facts = facts_of(written(call, "latest"))
    lines = [command for _, command in block(facts, "commands", "commands")["rows"]]
    assert all(line.isprintable() for line in lines)
    program, *words = shlex.split(lines[0])
    assert program == "dltrain"
    if sayable:
        [word] = [word for word in words if word.startswith(f"{group}.{key}=")]
        assert read_value(word.partition("=")[2]).parsed == value
    else:
        assert words == ["rerun", run[-4:]]


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

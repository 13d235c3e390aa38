"""Sections on a run's record: results, config, environment, commands that repeat it.

No torch. A record may be a stranger's: nothing in it is composed, resolved or trusted to be there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dltrain.config.diff import defaults_of, differences
from dltrain.config.plain import flat, shown
from dltrain.config.schema import MAX_SEED
from dltrain.metrics import most_telling
from dltrain.report.blocks import Block, column, commands, pairs, paragraph, section, table
from dltrain.runs.address import command_on
from dltrain.runs.compare.field_names import EPOCH, numbers_of
from dltrain.runs.compare.fields import standing_of
from dltrain.runs.compare.results import UNFINISHED
from dltrain.runs.repetition import again
from dltrain.runs.run import Run
from dltrain.runs.run_time import seconds_of
from dltrain.runs.summary import data_lines, quoted, result_lines
from dltrain.text import duration, figure, number_or_dash

# Configs that fit side by side.
MAX_CONFIGS = 6


def what(run: Run) -> str:
    """Say in a few words what was trained on what."""
    model, data = (run.part(name, "name") for name in ("model", "data"))
    text = f"{model or 'a model'} on {data or 'data'}"
    return f"{text} (packaged sample)" if run.part("data", "source") == "sample" else text


def ended(run: Run) -> str:
    """Say how a run or a sweep ended, and when, as the end of a sentence."""
    started = str(run.info.get("started") or "")[:16].replace("T", " ")
    message = run.part("result", "message")
    text = f"{run.status}; started {started}" if started else run.status
    return f"{text}; {message}" if message else text


def figures(run: Run) -> list[tuple[str, str, str]]:
    """Return the few numbers that matter most."""
    figures = []
    standing = standing_of(run)
    if standing.reached is not None:
        name, value = standing.reached
        so_far = ", so far" if run.status in UNFINISHED else ""
        figures.append((name, figure(value), f"epoch {standing.numbers.get(EPOCH)}{so_far}"))
    kept = run.mapping("result", "kept")
    telling = (f"test/{name}" for name in most_telling())
    names = [name for name in telling if name in kept][:2]
    names = names or [str(name) for name in kept if "/" in str(name)][: 0 if figures else 3]
    after = f"epoch {number_or_dash(kept.get(EPOCH))}"
    for name in names:
        shown, _, interval = quoted(run, name).partition(" ")
        figures.append((name, shown, f"{after}, 95 % over rows: {interval}" if interval else after))
    seconds = seconds_of(run)
    if seconds is not None:
        figures.append(("duration", duration(seconds), "so far" if run.status == "running" else ""))
    parameters = run.part("model", "parameters")
    if isinstance(parameters, int):
        figures.append(("parameters", f"{parameters:,}", ""))
    return figures


def results(run: Run) -> Block | None:
    """Lay out what a run came to, beside what, every last metric, and what the textbook has."""
    blocks: list[Block] = []
    expected = _expectations(run)
    if expected is not None:
        blocks.append(expected)
    rows: list[tuple[str, object]] = [*result_lines(run)]
    rows += [(name, number_or_dash(value)) for name, value in numbers_of(run).items()]
    if rows:
        blocks.append(pairs(rows))
    return section("results", "Results", blocks) if blocks else None


def data(run: Run) -> Block:
    """Lay out what a run learned from."""
    return section("data", "Data", [pairs(data_lines(run))])


def _expectations(run: Run) -> Block | None:
    expectations = run.part("result", "expectations")
    rows = [row for row in expectations if isinstance(row, dict)] if expectations else []
    if not rows:
        return None
    cells = [
        [
            str(row.get("metric")),
            row.get("value"),
            row.get("published"),
            f"{number_or_dash(row.get('low'))} to {number_or_dash(row.get('high'))}",
            "yes" if row.get("inside") is True else "NO",
            str(row.get("source") or ""),
        ]
        for row in rows
    ]
    names = ["result", "yours", "published", "band", "inside", "source"]
    kinds = ["text", "figure", "figure", "text", "text", "text"]
    columns = [column(name, kind) for name, kind in zip(names, kinds, strict=True)]
    return table(columns, cells, caption="Results beside the textbook's")


def config(run: Run, *, whose: str) -> Block:
    """Lay out a run's config, what differs from the defaults marked."""
    config = run.part("config")
    if not isinstance(config, dict):
        return section("config", "Config", [paragraph("The record holds no config.")])
    try:
        changed = {key: old for key, old, _ in differences(flat(defaults_of(config)), flat(config))}
        known = f"Marked is what differs from the defaults of the choices made{whose}."
    except ValueError as error:
        changed, known = {}, f"The defaults could not be composed: {error}"
    values = {key: value for key, value in flat(config).items() if key != "expect"}
    rows = [
        [key, shown(value), "" if key not in changed else str(_shown(changed[key]))]
        for key, value in values.items()
    ]
    marked = [number for number, key in enumerate(values) if key in changed]
    columns = [column("key"), column("value"), column("default")]
    config_table = table(
        columns, rows, caption="Config", more={"marked": marked, "only": bool(marked)}
    )
    return section("config", "Config", [paragraph(known), config_table])


def _shown(value: Any) -> str:
    """Write a value of a config; a key that is not there is a dash."""
    return shown(value) if isinstance(value, str | int | float | list | None) else str(value)


def configs(runs: Sequence[Run], names: Sequence[str]) -> Block:
    """Lay out several configs side by side, what differs marked."""
    few = runs[:MAX_CONFIGS]
    configs = [flat(run.mapping("config")) for run in few]
    keys = [key for key in dict.fromkeys(k for each in configs for k in each) if key != "expect"]
    rows = [[key, *(_shown(each[key]) if key in each else "-" for each in configs)] for key in keys]
    marked = [number for number, row in enumerate(rows) if len(set(row[1:])) > 1]
    blocks = [paragraph("Marked is what is not the same in all of them.")]
    if len(runs) > len(few):
        blocks.append(paragraph(f"The first {len(few):,} of {len(runs):,}."))
    columns = [column("key"), *(column(name, "text") for name in names[: len(few)])]
    config_table = table(columns, rows, caption="Configs", more={"marked": marked, "only": True})
    return section("config", "Configs", [*blocks, config_table])


def environment(run: Run, *, member: Run | None = None) -> Block:
    """Say on what a run ran, and from what it learned; of a sweep a member says the rest."""

    def part(*path: str) -> Any:
        value = run.part(*path)
        return member.part(*path) if value is None and member is not None else value

    rows = part("data", "rows")
    sizes = rows.items() if isinstance(rows, dict) else ()
    splits = ", ".join(f"{n:,} {name}" for name, n in sizes if isinstance(n, int))
    source = part("data", "source")
    digests = part("data", "sha256") or ", ".join(dict.fromkeys(map(str, part("sha256") or [])))
    versions = part("versions")
    dirty = " (with uncommitted changes)" if part("git", "dirty") else ""
    facts: list[tuple[str, object]] = [
        ("run", run.id),
        ("label", run.label),
        ("data", f"{part('data', 'name')}, {source}" if source else part("data", "name")),
        ("rows", splits),
        ("sha256 of the data", digests),
        ("started", part("started")),
        ("finished", part("finished")),
        ("device", part("device")),
        ("threads", part("threads")),
        ("processor", part("cpu")),
        ("host", part("host")),
        ("seed", run.part("seed")),
        ("git", f"{part('git', 'commit')}{dirty}" if part("git", "commit") else ""),
        *(versions.items() if isinstance(versions, dict) else ()),
    ]
    return section("environment", "Environment", [pairs(facts)])


def reproduce(run: Run, *, model: Run | None = None) -> Block:
    """List the commands that repeat a run or a sweep, go on with it, or use the best model."""
    rows = [("train it again", again(run))]
    if run.is_sweep:
        rows.append(("train what is missing", command_on(run, "resume")))
    else:
        seed = run.part("seed")
        other = f"seed={seed + 1 if isinstance(seed, int) and 0 <= seed < MAX_SEED else 0}"
        rows.append(("the same with another seed", command_on(run, "rerun", more=(other,))))
        rows += _longer(run)
    if model is not None:
        if model is not run:
            rows.append(("train the best alone", again(model)))
        rows.append(("evaluate the model", command_on(model, "evaluate")))
        rows.append(("predict with it", command_on(model, "predict", more=("--data", "FILE"))))
    rows.append(("make this report anew", command_on(run, "report")))
    return section("commands", "Commands", [commands(rows)])


def _longer(run: Run) -> list[tuple[str, str]]:
    """Return the command that trains a run to its end, or on, where there is one.

    A sweep's member is trained together with the others, so it can only be trained anew alone.
    """
    epochs = run.part("epochs")
    done = run.status == "done" and isinstance(epochs, int)
    if run.status == "diverged":
        return []
    if run.sweep is None:
        if done and run.part("result", "message"):  # stopped early, and it would be again
            return []
        more = (f"trainer.epochs={2 * epochs}",) if done else ()
        return [("go on with it", command_on(run, "resume", more=more))]
    if not done:
        return [("train what is missing of its sweep", command_on(run.whole, "resume"))]
    more = (f"trainer.epochs={2 * epochs}",)
    return [("the same for longer, alone", command_on(run, "rerun", more=more))]

"""Measure what a configuration costs on this machine, in a few seconds.

    dltrain bench model=mlp data=fashion_mnist

Steps and rows per second, the share of the matrix products alone (the floor), where the time goes,
what start-up adds to a run, and what would be faster: larger batches, threads, products of less
precision, members trained together. Nothing is kept.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from dltrain.cli.arguments import Parser, UsageError, line_of, refusing
from dltrain.cli.live.training import header
from dltrain.cli.terminal.console import dim, output, pairs, table, warning
from dltrain.cli.terminal.training_view import TrainingView
from dltrain.config.load import load
from dltrain.config.rules import device_problem
from dltrain.system import libraries
from dltrain.system.environment import process_start
from dltrain.system.signals import Interruption, stopping
from dltrain.text import counted, duration
from dltrain.train import build
from dltrain.train.job import Job

if TYPE_CHECKING:
    from dltrain.train.bench.measure import Costs

USAGE = "dltrain bench [OVERRIDE ...]"


def main(words: Sequence[str]) -> None:
    """Measure the composed configuration and print what it costs."""
    arguments = Parser("bench", __doc__ or "", USAGE).composing().read(words)
    started = time.perf_counter()
    startup = {"python": _seconds_since_start()}
    with refusing():
        config = load(
            arguments.overrides, config_dir=arguments.config_dir, config_name=arguments.config_name
        )
        if problem := device_problem(config):
            raise UsageError(problem)
        startup["composing"] = time.perf_counter() - started
        started = time.perf_counter()
        data = build.dataset(config)
        job = Job(line_of(words, arguments), config, data, build.layer_plans(config, data))
    startup["data"] = time.perf_counter() - started
    view = TrainingView(output())
    view.show(*map(warning, data.warnings))
    started = time.perf_counter()
    with refusing():
        libraries.settle(portable=config.device.portable)
    with view.working("loading torch"):
        from dltrain.train.bench.measure import measure
    startup["torch"] = time.perf_counter() - started
    with view.working("measuring"), refusing(), stopping(_end):
        costs = measure(job)
    console = output()
    parts: list[object] = [pairs(header(job, "", costs.device)[1:]), "", pairs(_pace(costs)), ""]
    parts.append(_parts("where a step's time goes", costs.phases))
    if costs.epoch:
        parts += ["", _parts("and an epoch's", costs.epoch)]
    parts += ["", pairs(_run(costs, startup, job.rules.epochs)), "", _variants(costs)]
    if any("batch_size" in way.words for way in costs.variants):
        parts.append(dim("(a larger batch takes fewer steps, which learn less)"))
    if costs.left_out:
        parts.append(dim(f"(not tried, too large: {', '.join(costs.left_out)})"))
    for part in parts:
        console.print(part)


def _end(number: int) -> NoReturn:
    raise Interruption(number, "interrupted; nothing is kept")


def _seconds_since_start() -> float:
    """Return how long this process has lived; 0 where the system does not tell."""
    ticks = process_start(os.getpid())
    if ticks is None or not hasattr(time, "CLOCK_BOOTTIME"):
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(ticks) / os.sysconf("SC_CLK_TCK")


def _pace(costs: Costs) -> list[tuple[str, object]]:
    step, rate = costs.plain.seconds, costs.plain.rows_per_second
    lines: list[tuple[str, object]] = [
        ("step", f"{_short(step)}: {1 / step:,.0f} steps and {rate:,.0f} rows per second"),
        (
            "floor",
            f"{_short(costs.floor)} in matrix products alone, {costs.floor / step:.0%} of a step",
        ),
    ]
    if costs.problem:
        lines.append(("note", f"steps are not captured as a CUDA graph: {costs.problem}"))
    return lines


def _parts(title: str, seconds: Mapping[str, float]) -> object:
    total = sum(seconds.values())
    rows = [[name, _short(part), f"{part / total:.0%}"] for name, part in seconds.items()]
    return table([title, "time", "share"], rows, right=["time", "share"])


def _run(costs: Costs, startup: Mapping[str, float], epochs: int) -> list[tuple[str, object]]:
    """Say what a whole run takes, and how much of it comes before the first step."""
    epoch = sum(costs.epoch.values()) or costs.plain.seconds * costs.steps
    before = sum(startup.values())
    length = counted(epochs, "epoch")
    parts = ", ".join(f"{name} {_short(seconds)}" for name, seconds in startup.items() if seconds)
    whole = before + epochs * epoch
    return [
        ("epoch", f"{_short(epoch)} for {counted(costs.steps, 'step')}"),
        ("start-up", f"{_short(before)}: {parts}"),
        ("run", f"{duration(whole)} for {length}, {before / whole:.0%} of it start-up"),
    ]


def _variants(costs: Costs) -> object:
    plain = costs.plain.rows_per_second
    rates = sorted(
        ((way.rows_per_second, way) for way in costs.variants), key=lambda pair: -pair[0]
    )
    rows = [
        [way.words, _short(way.seconds), f"{rate:,.0f}", f"{rate / plain:.2f}x"]
        for rate, way in rates
    ]
    columns = ["what would change it", "step", "rows per second", "as fast"]
    return table(columns, rows, right=columns[1:])


def _short(seconds: float) -> str:
    """Write a short time with three digits: 175 us, 1.07 ms, 2.31 s."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} us"

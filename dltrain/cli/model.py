"""Show one training step as a computational graph (textbook 5.3)."""

from __future__ import annotations

from collections.abc import Sequence

from dltrain.cli.arguments import Parser, UsageError, refusing
from dltrain.cli.terminal.console import output, pairs, table
from dltrain.config.choices import Task
from dltrain.config.kinds import AUTO_LOSS
from dltrain.config.load import load
from dltrain.nn.graph import Operation, graph
from dltrain.nn.plan import num_parameters
from dltrain.text import closest
from dltrain.train import build

USAGE = "dltrain model show [OVERRIDE ...]"


def main(words: Sequence[str]) -> None:
    """Print the graph of the composed model."""
    arguments = Parser("model", __doc__ or "", USAGE).composing().read(words)
    names, overrides = arguments.overrides.split_names()
    if names not in ([], ["show"]):
        action = names[-1]
        hint = closest(action, ["show"])
        raise UsageError([f"model {action}: unknown{hint} (there is: model show)"])
    with refusing():
        config = load(overrides, config_dir=arguments.config_dir, config_name=arguments.config_name)
        dtype = build.dtype_name(config)
        data = build.dataset(config)
        layers = build.layer_plans(config, data)
    rows = min(config.trainer.batch_size or len(data.train), len(data.train))
    loss = AUTO_LOSS[Task(data.task)] if config.loss.kind == "auto" else config.loss.kind
    operations = graph(layers, rows=rows, loss=loss, itemsize=8 if dtype == "float64" else 4)
    console = output()
    console.print(
        pairs(
            [
                ("model", f"{config.model.kind} on {data.name}"),
                ("batch", f"{rows:,} rows of {data.in_features:,} features"),
                ("parameters", f"{num_parameters(layers):,}"),
            ]
        )
    )
    columns = ["pass", "operation", "shape", "parameters", "multiply-adds", "bytes"]
    lines = [_row(operation) for operation in operations]
    products = sum(operation.multiply_adds for operation in operations)
    touched = sum(operation.bytes for operation in operations)
    lines.append(["step", "all of it", "", "", f"{products:,}", f"{touched:,}"])
    console.print("")
    console.print(table(columns, lines, right=columns[3:]))


def _row(operation: Operation) -> list[str]:
    shape = "[" + ", ".join(map(str, operation.shape)) + "]"
    numbers = (operation.num_parameters, operation.multiply_adds, operation.bytes)
    return [operation.passes, operation.name, shape, *(f"{n:,}" if n else "" for n in numbers)]

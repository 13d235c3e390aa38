"""How far an epoch is from its matrix products alone.

    python -m tests.benchmarks.floor

About a minute on two cores. Trains dltrain's real path (loader, metrics, validation, recording,
checkpoints) in alternating rounds with the bare products of the same shapes, and prints the median
of the ratios with their spread.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from dltrain import build
from dltrain.architecture import LinearPlan
from dltrain.config import load
from tests.benchmarks import rounds

CASES = {
    "softmax": ["model=softmax", "data=fashion_mnist"],
    "MLP-256": ["model=mlp", "data=fashion_mnist", "model.hidden=[256]"],
}


def products(words: Sequence[str], epochs: int) -> Callable[[], None]:
    """Return a call that issues the matrix products of some epochs, the usual way round.

    Forward [B, I] @ [I, O], backward [I, B] @ [B, O] for the weights, and [B, O] @ [O, I] for the
    inputs of every layer but the first: the floor as a plain program has it.
    """
    config = load(words)
    data = build.dataset(config.data, dtype=build.dtype_name(config))
    plan = build.plan(config.model, data)
    rows = config.trainer.batch_size or len(data.train)
    layers = [layer for layer in plan if isinstance(layer, LinearPlan)]
    tensors = [
        (
            torch.randn(rows, layer.in_features),
            torch.randn(layer.in_features, layer.out_features),
            torch.randn(rows, layer.out_features),
            torch.empty(rows, layer.out_features),
            torch.empty(layer.in_features, layer.out_features),
            torch.empty(rows, layer.in_features),
        )
        for layer in layers
    ]
    steps = epochs * -(-len(data.train) // rows)

    def call() -> None:
        for _ in range(steps):
            for inputs, weight, _, outputs, _, _ in tensors:
                torch.mm(inputs, weight, out=outputs)
            for i, (inputs, weight, gradient, _, of_weight, of_inputs) in enumerate(tensors):
                torch.mm(inputs.t(), gradient, out=of_weight)
                if i:
                    torch.mm(gradient, weight.t(), out=of_inputs)

    return call


def main() -> None:
    """Measure every case and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=5, help="per round")
    arguments = parser.parse_args()
    epochs = arguments.epochs
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, seconds per epoch")
    print(f"{'case':<10}{'floor':>10}{'dltrain':>10}{'ratio':>8}  {'spread':<12}")
    for name, words in CASES.items():
        timed = [*words, f"trainer.epochs={epochs}"]
        with tempfile.TemporaryDirectory() as folder:
            times = rounds.compare(
                functools.partial(rounds.epochs, timed, Path(folder)),
                functools.partial(products, words, epochs),
                arguments.rounds,
            )
        ratios = [ours / floor for ours, floor in times]
        ours, floor = (statistics.median(column) / epochs for column in zip(*times, strict=True))
        spread = f"{min(ratios):.2f}-{max(ratios):.2f}"
        print(f"{name:<10}{floor:>10.4f}{ours:>10.4f}{statistics.median(ratios):>8.2f}  {spread}")


if __name__ == "__main__":
    main()

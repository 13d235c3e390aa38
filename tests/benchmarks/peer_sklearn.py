"""scikit-learn's ``MLPClassifier`` with plain SGD; it keeps each epoch's training loss."""

from __future__ import annotations

from collections.abc import Callable

from sklearn.neural_network import MLPClassifier

from tests.benchmarks.rounds import Making, PeerError
from tests.benchmarks.task import BATCH, LR, Task, pictures


def prepare(task: Task) -> Making:
    """Load the data as float32 arrays in memory."""
    if task.device != "cpu":
        raise PeerError("not comparable: it has no GPU path")
    split = pictures()[0]
    inputs, targets = split.floats, split.targets

    def make() -> Callable[[], None]:
        model = MLPClassifier(
            hidden_layer_sizes=task.hidden,
            solver="sgd",
            learning_rate_init=LR,
            momentum=0.0,
            nesterovs_momentum=False,
            alpha=0.0,
            batch_size=BATCH,
            max_iter=task.epochs,
            # Exactly so many epochs: what would stop early is off.
            tol=0.0,
            n_iter_no_change=task.epochs + 1,
        )
        return lambda: model.fit(inputs, targets)

    return make

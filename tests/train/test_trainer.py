"""The loop: against a bare one, against itself, against the book, and member against member."""

from __future__ import annotations

import copy
import dataclasses
import math
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from dltrain.config.load import load
from dltrain.data.dataset import DataSummary
from dltrain.nn.layers import Setup
from dltrain.nn.losses import SquaredError
from dltrain.nn.model import Model
from dltrain.nn.optim import SGD
from dltrain.nn.plan import single_layer
from dltrain.nn.random import generator
from dltrain.nn.scores import Scores
from dltrain.runs.recorder import Recorder
from dltrain.train import build
from dltrain.train.batches import Batches, Rows
from dltrain.train.checkpoints import checkpoint_file
from dltrain.train.job import rules_of
from dltrain.train.outcome import Outcome, Row, Rules
from dltrain.train.steps import Stack
from dltrain.train.trainer import Trainer
from tests.conftest import changed
from tests.stacked import Kept

CPU = torch.device("cpu")
FASHION = ["data=fashion_mnist", "data.source=sample", "device=cpu"]
SOFTMAX = [*FASHION, "model=softmax", "trainer.epochs=2"]
MLP = [*FASHION, "model=mlp", "model.hidden=[16]", "trainer.epochs=2"]
LINE = ["data.num_train=200", "data.num_val=100", "device=cpu", "trainer.epochs=4"]
Words = Sequence[str]


@dataclass
class Watching:
    """A view that remembers, and may ask to stop when it is shown something."""

    stop_at_step: int | None = None
    trainer: Trainer | None = None
    epochs: list[list[Row]] = field(default_factory=list)
    earlies: list[list[Row]] = field(default_factory=list)
    improved: list[list[bool]] = field(default_factory=list)

    def epoch(self, rows: Sequence[Row], outcomes: Sequence[Outcome], *, seconds: float) -> None:
        self.epochs.append(list(rows))
        self.improved.append([outcome.improved for outcome in outcomes])

    def early(self, rows: Sequence[Row]) -> None:
        self.earlies.append(list(rows))
        if self.trainer is not None and self.trainer.step == self.stop_at_step:
            self.trainer.stop_signal = signal.SIGINT


@dataclass
class Run:
    """A training that has come to its end."""

    trainer: Trainer
    stack: Stack
    kept: list[Kept]
    view: Watching
    outcomes: list[Outcome]

    def weights(self, member: int = 0) -> dict[str, Tensor]:
        return of_member(self.stack.model.state(), member)


def prepare(*members: Words) -> Trainer:
    configs = [load(words) for words in members]
    settings = configs[0].trainer
    return Trainer(
        build.stack(configs, build.dataset(configs[0]), CPU),
        rules=rules_of(configs[0], DataSummary.of(build.dataset(configs[0]))),
        eval_interval=settings.eval_interval,
        log_interval=settings.log_interval,
    )


def scored(outcome: Outcome) -> set[str]:
    """Name what is known of the test rows."""
    return {name for name in outcome.kept if name.startswith("test/")}


def finish(trainer: Trainer, folder: Path, view: Watching | None = None) -> Run:
    stack, view = trainer.stack, view or Watching()
    kept = [Kept(folder / f"{m}") for m in range(stack.model.num_members)]
    list(trainer.fit(kept, view))
    return Run(trainer, stack, kept, view, trainer.outcomes)


def train(folder: Path, *members: Words) -> Run:
    return finish(prepare(*members), folder)


def of_member(state: dict[str, Tensor], member: int) -> dict[str, Tensor]:
    return {name: tensor[member] for name, tensor in state.items()}


def same_bytes(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def relative_error(a: dict[str, Tensor], b: dict[str, Tensor]) -> float:
    assert a.keys() == b.keys()
    return max(float((a[name] - b[name]).norm() / b[name].norm().clamp(min=1e-30)) for name in a)


def table(folder: Path, *, rows: int = 200) -> list[str]:
    """Write a noisy table with three splits; return the words that choose it."""
    random = np.random.default_rng(0)
    features = random.normal(size=(rows, 2))
    targets = features @ [2.0, -1.0] + random.normal(size=rows)
    path = folder / "table.csv"
    np.savetxt(
        path, np.column_stack([features, targets]), delimiter=",", header="a,b,y", comments=""
    )
    return ["data=csv", f"data.path={path}", "data.target=y", "device=cpu"]


# --- one training -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", [SOFTMAX, changed(MLP, "model.init=normal")], ids=["softmax", "mlp"]
)
def test_the_first_loss_is_about_the_logarithm_of_ten(words: Words, tmp_path: Path) -> None:
    run = train(tmp_path, changed(words, "optimizer.lr=0", "trainer.epochs=1"))
    for split in ("train", "val"):
        assert run.outcomes[0].final[f"{split}/loss"] == pytest.approx(math.log(10), rel=0.02)


def test_the_first_squared_error_is_about_the_variance_of_the_targets(tmp_path: Path) -> None:
    words = changed(LINE, "data.b=0", "data.num_train=5000", "trainer.epochs=1", "optimizer.lr=0")
    final = train(tmp_path, words).outcomes[0].final
    assert 2 * final["train/loss"] == pytest.approx(2**2 + 3.4**2, rel=0.1)
    assert final["train/r2"] == pytest.approx(0, abs=0.05)


def test_linear_data_are_learned_down_to_their_noise(tmp_path: Path) -> None:
    final = train(tmp_path, changed(LINE, "trainer.epochs=10")).outcomes[0].final
    assert final["val/rmse"] == pytest.approx(0.01, rel=0.2)


@pytest.mark.parametrize("words", [SOFTMAX, MLP], ids=["softmax", "mlp"])
def test_one_batch_can_be_learned_by_heart(words: Words, tmp_path: Path) -> None:
    trainer = prepare(changed(words, "optimizer=adam", "optimizer.lr=0.01", "trainer.epochs=300"))
    rows = trainer.stack.batches.rows
    rows.inputs, rows.targets = rows.inputs[:32].clone(), rows.targets[:32].clone()
    trainer.stack.batches.batch_size = 32
    final = finish(trainer, tmp_path).outcomes[0].final
    assert (final["train/loss"] < 0.02, final["train/accuracy"]) == (True, 1.0)


def orders(seed: int, rows: int, batch_size: int, epochs: int) -> Iterator[Tensor]:
    for epoch in range(1, epochs + 1):
        order = torch.randperm(rows, generator=generator(seed, "order", epoch))
        yield from torch.split(order, batch_size)


def bare_losses(words: Words, outputs: Any, losses: Any) -> tuple[dict[str, Tensor], list[float]]:
    """Train with autograd and plain SGD as a textbook would; the mean loss of each epoch too."""
    config = load(words)
    data = build.dataset(config).train
    inputs = torch.from_numpy(data.inputs).double()
    inputs = inputs / 255 if data.inputs.dtype == np.uint8 else inputs
    targets = torch.from_numpy(data.targets)
    state = of_member(prepare(words).stack.model.state(), 0)
    parameters = {name: tensor.clone().requires_grad_() for name, tensor in state.items()}
    size = config.trainer.batch_size or len(data)
    epochs = config.trainer.num_epochs(len(data))
    sums = []
    for indices in orders(config.seed, len(data), size, epochs):
        loss = losses(outputs(inputs[indices], *parameters.values()), targets[indices])
        gradients = torch.autograd.grad(loss, list(parameters.values()))
        with torch.no_grad():
            for parameter, gradient in zip(parameters.values(), gradients, strict=True):
                parameter -= config.optimizer.lr * gradient
        sums.append(float(loss.detach()) * len(indices))
    steps = len(sums) // epochs
    means = [sum(sums[i * steps : (i + 1) * steps]) / len(data) for i in range(epochs)]
    return {name: tensor.detach() for name, tensor in parameters.items()}, means


def half_squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs[:, 0] - targets).square().mean() / 2


def perceptron(inputs: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    return F.linear(torch.relu(F.linear(inputs, w1, b1)), w2, b2)


BARE = {
    "linear": (LINE, F.linear, half_squared_error),
    "softmax": (SOFTMAX, F.linear, F.cross_entropy),
    "mlp": (MLP, perceptron, F.cross_entropy),
}


@pytest.mark.parametrize("name", BARE)
def test_the_loop_equals_a_bare_loop(name: str, tmp_path: Path) -> None:
    words, outputs, losses = BARE[name]
    words = changed(words, "device.dtype=float64")
    run = train(tmp_path, words)
    expected, means = bare_losses(words, outputs, losses)
    assert relative_error(run.weights(), expected) < 1e-10
    assert [row["train/loss"] for row in run.kept[0].rows] == pytest.approx(means, rel=1e-10)


def test_rows_of_a_split_are_weighed_alike_whatever_the_batches(tmp_path: Path) -> None:
    """100 rows in batches of 32 leave 4 for the last."""
    words = changed(LINE, "data.num_train=100", "optimizer.lr=0", "trainer.epochs=1")
    losses = [
        train(tmp_path / size, changed(words, f"trainer.batch_size={size}")).outcomes[0].final
        for size in ("32", "100", "null", "1")
    ]
    assert [row["train/loss"] for row in losses] == pytest.approx([losses[0]["train/loss"]] * 4)


def begin_split() -> None:
    """Draw the number that the textbook's data loader draws when one begins to iterate."""
    torch.empty((), dtype=torch.int64).random_()


def textbook_order(seed: int, epoch: int) -> Tensor:
    """Take the order of 1000 rows from torch's one stream, as its data loader does."""
    begin_split()
    stream = torch.Generator().manual_seed(int(torch.empty((), dtype=torch.int64).random_()))
    return torch.randperm(1000, generator=stream)


@dataclass
class TextbookView:
    """After each epoch: errors of weights and bias, and the mean of the batches' losses."""

    model: Model
    inputs: Tensor
    targets: Tensor
    seen: list[tuple[float, ...]] = field(default_factory=list)

    def epoch(self, rows: Sequence[Row], outcomes: Sequence[Outcome], *, seconds: float) -> None:
        begin_split()
        weight, bias = (tensor[0] for tensor in self.model.state().values())
        squares = ((self.inputs @ weight.t())[:, 0] + bias - self.targets).square() / 2
        loss = torch.stack([batch.mean() for batch in torch.split(squares, 32)]).mean()
        errors = (torch.tensor([TRUE_W]) - weight)[0].tolist()
        self.seen.append((*errors, TRUE_B - float(bias), float(loss)))

    def early(self, rows: Sequence[Row]) -> None:
        raise AssertionError("nobody asked")


TRUE_W, TRUE_B = [2.0, -3.4], 4.2


def textbook_data() -> tuple[Tensor, Tensor, Tensor]:
    """First weights [2, 1], inputs [2000, 2] and targets [2000], in the book's order of draws."""
    weight, inputs = torch.normal(0, 0.01, (2, 1)), torch.randn(2000, 2)
    noise = torch.randn(2000, 1) * 0.01
    return weight, inputs, (inputs @ torch.tensor(TRUE_W).reshape(-1, 1) + TRUE_B + noise)[:, 0]


def test_the_books_digits_come_out(tmp_path: Path) -> None:
    """Section 3.4 of the second edition: seed 1, lr 0.03, batches of 32, 10 epochs."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        weight, inputs, targets = textbook_data()
        train_rows = Rows(inputs[:1000], targets[:1000], dtype=torch.float32)
        empty = Rows(inputs[:0], targets[:0], dtype=torch.float32)
        setup = Setup(
            seeds=[1],
            init="normal",
            init_std=[0.0],
            plans=[single_layer(2, 1)],
            unit=1.0,
            like=torch.empty(0),
        )
        model = Model(setup)
        model.parameters[0].copy_(weight.t())
        stack = Stack(
            model=model,
            loss=SquaredError(unit=1.0, variances={"train": 1.0}),
            optimizer=SGD(
                model.parameters, lr=[0.03], momentum=[0.0], nesterov=[False], weight_decay=[0.0]
            ),
            batches=Batches(
                train_rows,
                batch_size=32,
                order=textbook_order,
                seeds=[1],
                transform=train_rows.to_float,
            ),
            splits={"train": train_rows, "val": empty, "test": empty},
            scores=lambda: Scores("regression"),
        )
        view = TextbookView(model, inputs[1000:], targets[1000:])
        list(Trainer(stack, rules=Rules(10, None, "train/loss")).fit([Kept(tmp_path)], view))
    assert [row[3] for row in view.seen[:3]] == pytest.approx(
        [1.974054, 0.261125, 0.033058], abs=2e-6
    )
    assert view.seen[2][:3] == pytest.approx([0.078420, -0.152754, 0.205060], abs=2e-6)
    # What is left of the weights' errors is rounding: a last place of theirs is 2.4e-7.
    assert view.seen[9][:2] == pytest.approx([3.552437e-05, -3.039837e-04], abs=4 * 2**-22)
    assert view.seen[9][2] == pytest.approx(2.6131e-04, abs=5e-7)


# --- what must not matter -----------------------------------------------------------------------


def record(folder: Path, words: Words) -> dict[str, bytes]:
    """Train with the real recorder; return metrics and checkpoints."""
    folder.mkdir()
    trainer = prepare(words)
    info = {"identity": "abc", "seconds": 0.0}
    recorder = Recorder(folder, info=info, documents={}, columns=trainer.columns)
    list(trainer.fit([recorder], Watching()))
    recorder.finish(status="done", exit_code=0, seconds=0.5, result={})
    files = [folder / "metrics.csv", *sorted((folder / "checkpoints").iterdir())]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize(
    "words",
    [
        LINE,
        changed(SOFTMAX, "optimizer.momentum=0.9"),
        changed(MLP, "optimizer=adam", "model.dropout=0.3"),
    ],
    ids=["linear", "softmax", "mlp"],
)
def test_two_trainings_leave_equal_bytes(words: Words, tmp_path: Path) -> None:
    first, second = (record(tmp_path / name, words) for name in "ab")
    assert len(first) >= 2
    assert first == second


def test_another_seed_gives_other_numbers(tmp_path: Path) -> None:
    first, second = (train(tmp_path / s, changed(LINE, f"seed={s}")) for s in "12")
    assert first.kept[0].rows != second.kept[0].rows


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_an_lr_of_zero_changes_no_weight(optimizer: str, tmp_path: Path) -> None:
    trainer = prepare(changed(MLP, f"optimizer={optimizer}", "optimizer.lr=0", "trainer.epochs=1"))
    before = copy.deepcopy(of_member(trainer.stack.model.state(), 0))
    assert same_bytes(finish(trainer, tmp_path).weights(), before)


@pytest.mark.parametrize("split", ["val", "test"])
def test_evaluation_leaves_the_state_as_it_was(split: str) -> None:
    trainer = prepare(changed(MLP, "model.dropout=0.3", "optimizer=adam"))
    model, optimizer = trainer.stack.model, trainer.stack.optimizer
    before = copy.deepcopy({**model.state(), **optimizer.state()})
    first, second = trainer.evaluate(split), trainer.evaluate(split)
    assert same_bytes({**model.state(), **optimizer.state()}, before)
    assert first == second


def test_a_trained_stack_can_be_evaluated_again(tmp_path: Path) -> None:
    run = train(tmp_path, LINE)
    final = run.outcomes[0].final
    assert run.trainer.evaluate("val")[0]["loss"] == final["val/loss"]


@pytest.mark.parametrize(
    "words",
    [["trainer.eval_interval=3"], ["trainer.log_interval=1"], ["trainer.log_interval=3"]],
    ids=str,
)
def test_looking_more_or_less_often_changes_no_weight(words: Words, tmp_path: Path) -> None:
    plain = train(tmp_path / "a", changed(LINE, "optimizer.momentum=0.5"))
    other = train(tmp_path / "b", changed(LINE, "optimizer.momentum=0.5", *words))
    assert same_bytes(plain.weights(), other.weights())
    assert plain.outcomes[0].final == other.outcomes[0].final


def test_validation_comes_at_its_interval_and_at_the_end(tmp_path: Path) -> None:
    rows = train(tmp_path, changed(LINE, "trainer.eval_interval=3")).kept[0].rows
    assert [row["epoch"] for row in rows if "val/loss" in row] == [3, 4]


def test_validation_at_an_interval_is_in_the_metrics(tmp_path: Path) -> None:
    files = record(tmp_path / "run", changed(LINE, "trainer.eval_interval=2"))
    assert b"val/loss" in files["metrics.csv"]


def test_a_split_without_rows_has_no_metrics(tmp_path: Path) -> None:
    run = train(tmp_path, changed(LINE, "data.num_val=0"))
    assert run.trainer.evaluate("test") == [{}]
    assert [*run.outcomes[0].final] == [
        "epoch",
        "step",
        "lr",
        "train/loss",
        "train/rmse",
        "train/r2",
    ]
    assert run.outcomes[0].best["metric"] == "train/loss"
    assert not scored(run.outcomes[0])


def test_r2_is_nan_where_equal_targets_round(tmp_path: Path) -> None:
    run = train(tmp_path, changed(LINE, "data.w=[0]", "data.b=0.1", "data.noise=0"))
    assert math.isnan(run.outcomes[0].final["val/r2"])


# --- members ------------------------------------------------------------------------------------

STACKS: dict[str, tuple[Words, list[list[str]]]] = {
    # lr=0.5 would be chaotic on these pictures: in float64, too, it spreads rounding 1e8 times.
    "rates": (SOFTMAX, [["optimizer.lr=0.2"], ["optimizer.lr=0.1"], ["optimizer.lr=0"]]),
    "momentum": (
        SOFTMAX,
        [["optimizer.momentum=0.5"], ["optimizer.momentum=0.9", "optimizer.nesterov=true"]],
    ),
    "seeds": (SOFTMAX, [["seed=1"], ["seed=2"], ["seed=1", "optimizer.lr=0.01"]]),
    "neighbours of one seed": (
        SOFTMAX,
        [
            ["seed=1"],
            ["seed=1", "optimizer.lr=0.01"],
            ["seed=2"],
            ["seed=2", "optimizer.lr=0.02"],
        ],
    ),
    "neighbours of one seed with dropout": (
        MLP,
        [[f"seed={seed}", f"model.dropout={share}"] for seed in (1, 2) for share in (0.1, 0.5)],
    ),
    "weight decay": (LINE, [["optimizer.weight_decay=0.3"], ["optimizer.weight_decay=0.1"]]),
    "clipping": (
        LINE,
        [
            ["trainer.max_grad_norm=1"],
            ["trainer.max_grad_norm=0.1"],
            ["trainer.max_grad_norm=9"],
        ],
    ),
    "init_std": (MLP, [["model.init=normal", f"model.init_std={s}"] for s in (0.01, 0.1)]),
    "dropout": (MLP, [["model.dropout=0.5"], ["model.dropout=0.1"]]),
    "dropout and seeds": (
        MLP,
        [["model.dropout=0.5", "seed=1"], ["model.dropout=0.1", "seed=2"]],
    ),
    "adam": (
        MLP,
        [["optimizer=adam"], ["optimizer=adam", "optimizer.lr=0.01", "optimizer.weight_decay=0.1"]],
    ),
    "adamw and dropout": (
        MLP,
        [["optimizer=adamw", "model.dropout=0.2"], ["optimizer=adamw", "model.dropout=0.3"]],
    ),
}


@pytest.mark.parametrize("name", STACKS)
def test_a_member_equals_its_single_run(name: str, tmp_path: Path) -> None:
    words, members = STACKS[name]
    stack = train(tmp_path / "stack", *[changed(words, *own) for own in members])
    for index, own in enumerate(members):
        single = train(tmp_path / f"single{index}", changed(words, *own))
        assert same_bytes(stack.weights(index), single.weights())
        assert stack.kept[index].rows == single.kept[0].rows


def test_members_of_one_config_are_equal_byte_for_byte(tmp_path: Path) -> None:
    run = train(tmp_path, *[changed(MLP, "model.dropout=0.3")] * 3)
    assert same_bytes(run.weights(0), run.weights(2))
    assert run.kept[0].rows == run.kept[1].rows == run.kept[2].rows


def test_a_member_with_dropout_beside_one_without_drops_units(tmp_path: Path) -> None:
    members = [changed(MLP, "model.dropout=0"), changed(MLP, "model.dropout=0.5")]
    stack = train(tmp_path / "stack", *members)
    single = train(tmp_path / "single", members[1])
    assert same_bytes(stack.weights(1), single.weights())


def test_a_member_without_dropout_beside_one_with_it_has_its_own_names(tmp_path: Path) -> None:
    members = [changed(MLP, "model.dropout=0.5"), changed(MLP, "model.dropout=0")]
    stack = train(tmp_path / "stack", *members)
    single = train(tmp_path / "single", members[1])
    assert [*stack.weights(1)] == [*single.weights()]


def test_a_member_that_diverges_is_marked_and_disturbs_no_other(tmp_path: Path) -> None:
    def members(lr: float) -> list[list[str]]:
        return [changed(LINE, f"optimizer.lr={rate}") for rate in (0.1, lr, 0.01)]

    wild, tame = (train(tmp_path / f"{lr}", *members(lr)) for lr in (1e6, 0.05))
    assert [outcome.status for outcome in wild.outcomes] == ["done", "diverged", "done"]
    for member in (0, 2):
        assert same_bytes(wild.weights(member), tame.weights(member))
        assert wild.kept[member].rows == tame.kept[member].rows
        assert wild.outcomes[member] == tame.outcomes[member]


def test_a_divergence_names_epoch_and_step(tmp_path: Path) -> None:
    run = train(tmp_path, changed(LINE, "optimizer.lr=100"))
    outcome = run.outcomes[0]
    expected = first_step_that_is_not_finite(changed(LINE, "optimizer.lr=100"))
    epoch = (expected - 1) // 7 + 1  # 200 rows in batches of 32
    assert f"diverged at epoch {epoch}, step {expected}: " in outcome.message
    assert len(run.kept[0].rows) == epoch - 1
    assert not scored(outcome)


def batches(loading: Batches, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield all batches of an epoch, each good until the next."""
    for window in loading.windows(epoch):
        for index in range(len(window)):
            yield loading.batch(index, step=torch.tensor(0, dtype=torch.int32))[:2]


def first_step_that_is_not_finite(words: Words) -> int:
    stack = prepare(words).stack
    taken = 0
    for epoch in range(1, 100):
        for inputs, targets in batches(stack.batches, epoch):
            outputs = stack.model.forward(inputs)
            records = outputs.new_empty(1, 1, outputs.shape[2])
            mean = outputs.new_full((1, 1, 1), 1 / outputs.shape[2])
            slots = records.unsqueeze(2).unbind()
            stack.model.backward(stack.loss.training(outputs, targets, slots, scale=mean))
            stack.optimizer.step(stack.model.gradients)
            taken += 1
            if not stack.loss.statistics(records[None]).isfinite().all():
                return taken
    raise AssertionError("it never diverges")


def test_a_member_that_diverges_keeps_its_last_good_epoch(tmp_path: Path) -> None:
    words = changed(LINE, "optimizer.lr=3", "trainer.epochs=99", "trainer.batch_size=null")
    run = train(tmp_path, words)
    assert run.outcomes[0].status == "diverged"
    assert "last finite" in run.outcomes[0].message or "epoch before" in run.outcomes[0].message
    last = sorted((run.kept[0].folder / "checkpoints").iterdir())[-1]
    tensors, meta = checkpoint_file.load(last)
    assert meta["epoch"] == run.outcomes[0].final["epoch"] == len(run.kept[0].rows)
    assert all(tensor.isfinite().all() for tensor in tensors.values())


def test_training_stops_once_every_member_has_diverged(tmp_path: Path) -> None:
    words = changed(LINE, "optimizer.lr=1e6", "trainer.epochs=1000")
    run = train(tmp_path, words, words)
    assert [outcome.status for outcome in run.outcomes] == ["diverged"] * 2
    assert len(run.view.epochs) < 5


def test_weights_spoilt_by_the_very_last_step_are_found(tmp_path: Path) -> None:
    words = changed(LINE, "trainer.batch_size=null", "optimizer.lr=3e38", "trainer.epochs=1")
    run = train(tmp_path, words)
    assert run.outcomes[0].status == "diverged"
    assert "epoch 1, step 1" in run.outcomes[0].message


def test_a_validation_loss_that_overflows_ends_no_training(tmp_path: Path) -> None:
    words = changed(LINE, "trainer.batch_size=null", "optimizer.lr=5e37", "trainer.epochs=2")
    assert train(tmp_path, words).outcomes[0].status == "diverged"


# --- stopping and looking -----------------------------------------------------------------------


def test_patience_stops_after_validations_without_a_better_one(tmp_path: Path) -> None:
    words = changed(LINE, "optimizer.lr=0", "trainer.patience=2", "trainer.epochs=9")
    run = train(tmp_path, words)
    assert len(run.view.epochs) == 3
    assert run.outcomes[0].status == "done"
    assert "2 validations without a better val/loss" in run.outcomes[0].message
    assert run.outcomes[0].best["epoch"] == 1


def test_patience_counts_validations_and_not_epochs(tmp_path: Path) -> None:
    words = changed(LINE, "optimizer.lr=0", "trainer.patience=2", "trainer.eval_interval=2")
    assert len(train(tmp_path, changed(words, "trainer.epochs=9")).view.epochs) == 6


def test_a_member_that_runs_out_of_patience_lets_the_others_go_on(tmp_path: Path) -> None:
    words = changed(LINE, "trainer.patience=1")
    run = train(tmp_path, changed(words, "optimizer.lr=0"), changed(words, "optimizer.lr=0.01"))
    assert [len(kept.rows) for kept in run.kept] == [2, 4]
    assert [outcome.status for outcome in run.outcomes] == ["done"] * 2


def test_a_member_that_stopped_is_tested_as_it_was_then(tmp_path: Path) -> None:
    words = [*table(tmp_path), "trainer.epochs=12", "trainer.patience=1"]
    words += ["model=linear", "optimizer=sgd"]
    members = [changed(words, "optimizer.lr=0.5"), changed(words, "optimizer.lr=0.01")]
    stack = train(tmp_path / "stack", *members)
    single = train(tmp_path / "single", members[0])
    assert len(stack.kept[0].rows) == len(single.kept[0].rows) < 12
    assert stack.outcomes[0].kept == single.outcomes[0].kept
    assert scored(single.outcomes[0])


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_test_split_is_scored_once_at_the_end(task: str, tmp_path: Path) -> None:
    words = SOFTMAX if task == "classification" else [*table(tmp_path), "trainer.epochs=2"]
    run = train(tmp_path, words)
    metric = "accuracy" if task == "classification" else "r2"
    assert scored(run.outcomes[0]) >= {"test/loss", f"test/{metric}"}
    assert not any(name.startswith("test/") for row in run.kept[0].rows for name in row)


def test_a_signal_stops_after_the_step_under_way(tmp_path: Path) -> None:
    trainer = prepare(changed(LINE, "trainer.log_interval=1"))
    view = Watching(stop_at_step=10, trainer=trainer)  # the third of the second epoch
    run = finish(trainer, tmp_path, view)
    assert (trainer.step, run.outcomes[0].status, scored(run.outcomes[0])) == (
        11,
        "interrupted",
        set(),
    )
    assert len(run.kept[0].rows) == len(view.epochs) == 1
    last, *_ = checkpoint_file.paths(run.kept[0].folder / "checkpoints")
    assert last.name == "epoch-000001-step-00000011.safetensors"
    assert checkpoint_file.load(last)[1]["step"] == 11


def test_a_signal_before_the_first_step_leaves_no_checkpoint(tmp_path: Path) -> None:
    trainer = prepare(LINE)
    trainer.stop_signal = signal.SIGTERM
    run = finish(trainer, tmp_path)
    assert (trainer.step, run.outcomes[0].status) == (0, "interrupted")
    assert not (run.kept[0].folder / "checkpoints").exists()


@pytest.mark.parametrize(
    ("interval", "steps"), [(3, [3, 6, 9, 12]), (1, [*range(1, 7), *range(8, 14)]), (7, [])]
)
def test_early_results_come_at_their_interval_but_not_at_an_epochs_end(
    interval: int, steps: list[int], tmp_path: Path
) -> None:
    run = train(tmp_path, changed(LINE, f"trainer.log_interval={interval}", "trainer.epochs=2"))
    assert [rows[0]["step"] for rows in run.view.earlies] == steps
    assert [rows[0]["epoch"] for rows in run.view.earlies] == [1 + (step > 7) for step in steps]


def test_early_results_are_means_of_the_epoch_so_far(tmp_path: Path) -> None:
    words = changed(LINE, "trainer.log_interval=3", "trainer.epochs=1", "optimizer.lr=0")
    run = train(tmp_path, words)
    data = build.dataset(load(changed(words, "device.dtype=float64"))).train
    order = next(orders(0, 200, 200, 1))
    outputs = data.inputs @ run.weights()["layers.0.weight"][0].double().numpy()
    errors = (outputs - data.targets)[order[: 3 * 32].numpy()]
    early = run.view.earlies[0][0]
    assert early["train/loss"] == pytest.approx(np.square(errors).mean() / 2, rel=1e-5)


def test_without_an_interval_there_are_no_early_results(tmp_path: Path) -> None:
    assert train(tmp_path, LINE).view.earlies == []


def test_steps_and_epochs_are_counted_from_one(tmp_path: Path) -> None:
    run = train(tmp_path, LINE)
    assert [(row["epoch"], row["step"]) for row in run.kept[0].rows] == [
        (epoch, 7 * epoch) for epoch in range(1, 5)
    ]
    assert run.trainer.num_steps == run.trainer.step == 28


@pytest.mark.parametrize(
    ("words", "rules"),
    [
        (changed(LINE, "trainer.patience=3"), Rules(4, 3, "val/loss", "best")),
        (changed(LINE, "trainer.patience=3", "trainer.keep=last"), Rules(4, 3, "val/loss")),
        (changed(SOFTMAX, "trainer.metric=loss"), Rules(2, None, "val/loss")),
        (changed(LINE, "data.num_val=0"), Rules(4, None, "train/loss")),
        (SOFTMAX, Rules(2, None, "val/accuracy")),
    ],
    ids=str,
)
def test_the_rules_follow_from_the_loss_the_splits_and_the_settings(
    words: Words, rules: Rules
) -> None:
    assert prepare(words).rules == rules


def test_a_view_is_told_who_improved(tmp_path: Path) -> None:
    run = train(tmp_path, changed(LINE, "optimizer.lr=0"), changed(LINE, "optimizer.lr=0.01"))
    assert run.view.improved == [[True, True], *[[False, True]] * 3]


def test_a_member_without_a_recorder_trains_like_the_others(tmp_path: Path) -> None:
    members = [changed(LINE, f"optimizer.lr={lr}") for lr in (0.1, 0.01, 0.05)]
    whole = train(tmp_path / "whole", *members)
    trainer, kept = prepare(*members), Kept(tmp_path / "kept")
    list(trainer.fit([None, kept, None], Watching()))
    assert trainer.outcomes == whole.outcomes
    assert kept.rows == whole.kept[1].rows
    for member in range(3):
        weights = of_member(trainer.stack.model.state(), member)
        assert same_bytes(weights, whole.weights(member))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "whole"]


@pytest.mark.parametrize("words", [LINE, changed(LINE, "trainer.batch_size=null"), MLP], ids=str)
def test_a_pace_is_a_time_per_step_however_short_an_epoch_is(words: Words) -> None:
    trainer = prepare(words, words)
    started = time.perf_counter()
    pace = trainer.steps.pace(0.05)
    assert time.perf_counter() - started > 0.05
    assert trainer.step > 5
    assert 0 < pace * (trainer.step - 5) < time.perf_counter() - started


def test_measuring_a_pace_leaves_nothing_behind(here: Path) -> None:
    prepare(LINE).steps.pace(0.01)
    assert [*here.iterdir()] == []


def test_a_pace_can_be_measured_of_what_diverges() -> None:
    assert prepare(changed(LINE, "optimizer.lr=1e6")).steps.pace(0.01) > 0


def test_the_best_row_is_remembered_by_the_losss_metric(tmp_path: Path) -> None:
    run = train(tmp_path, changed(SOFTMAX, "trainer.epochs=3"))
    best = max(run.kept[0].rows, key=lambda row: row["val/accuracy"])
    assert run.outcomes[0].best == {
        "metric": "val/accuracy",
        "value": best["val/accuracy"],
        "epoch": best["epoch"],
    }


def test_the_last_checkpoint_holds_the_last_weights(tmp_path: Path) -> None:
    run = train(tmp_path, changed(LINE, "optimizer.momentum=0.5"))
    folder = run.kept[0].folder / "checkpoints"
    tensors, meta = checkpoint_file.load(checkpoint_file.path_of(folder, {"epoch": 4}))
    weights = {f"model.{name}": tensor for name, tensor in run.weights().items()}
    weights |= {f"optimizer.{n}": t[0] for n, t in run.stack.optimizer.state().items()}
    assert same_bytes(tensors, weights)
    assert (meta["epoch"], meta["step"]) == (4, 28)
    # Tests are taken of the state that is kept, after it is.
    untested = dataclasses.replace(run.outcomes[0], judgement=None)
    assert Outcome.from_plain(meta["outcome"]) == untested


def test_gradient_norms_are_kept_by_parameter(tmp_path: Path) -> None:
    norms = train(tmp_path, MLP).outcomes[0].gradient_norms
    assert [*norms] == [f"layers.{i}.{name}" for i in (0, 2) for name in ("weight", "bias")]
    assert all(norm > 0 for norm in norms.values())


def test_gradient_norms_are_taken_before_clipping(tmp_path: Path) -> None:
    words = changed(LINE, "trainer.batch_size=null", "trainer.epochs=1")
    plain, clipped = (
        train(tmp_path / bound, changed(words, f"trainer.max_grad_norm={bound}")).outcomes[0]
        for bound in ("null", "0.001")
    )
    assert plain.gradient_norms == clipped.gradient_norms


def test_least_squares_solves_in_one_epoch(tmp_path: Path) -> None:
    run = train(tmp_path, [*LINE[:-1], "optimizer=least_squares"])
    data = build.dataset(load(changed(LINE, "device.dtype=float64"))).train
    table = np.column_stack([data.inputs.astype(np.float64), np.ones(len(data))])
    expected = np.linalg.lstsq(table, data.targets.astype(np.float64), rcond=None)[0]
    found = torch.cat([tensor.flatten() for tensor in run.weights().values()])
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-10)

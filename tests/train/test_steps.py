"""Steps: nothing read, little computed, and the same again when it is replayed."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest
import torch
from torch import Tensor

from dltrain.nn.layers import Dropout, Setup
from dltrain.nn.model import Model
from dltrain.nn.optim import SGD
from dltrain.nn.plan import multilayer
from dltrain.train.batches import Batches, ToFloat, Transform, batch_seeds
from dltrain.train.cuda_graphs import Graphs
from dltrain.train.outcome import Outcome, Row
from dltrain.train.steps import Stack, Steps
from dltrain.train.trainer import Trainer
from tests.conftest import changed, thinned
from tests.replay import Operation, Replays, Watch
from tests.scaling import RATES, RULES, scaled
from tests.stacked import (
    ALL,
    CPU,
    FEATURES,
    MEMBERS,
    MODELS,
    OPTIMIZERS,
    Noise,
    Values,
    assert_same_bytes,
    dataset,
    of,
    rules,
    shorten,
    stack,
    state,
    train,
)

FLOAT64 = torch.float64


@pytest.fixture
def patch(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    return monkeypatch


def watched(steps: Steps, epoch: int = 2) -> list[list[Operation]]:
    """List the operations of each step of an epoch, after a first one that lets memory grow."""
    found = []
    with torch.inference_mode():
        for _ in steps.epoch(1):
            pass
        for window in steps.windows(epoch):
            for step in window:
                with Watch() as watch:
                    for _ in steps.phases(step, window):
                        pass
                found.append(watch.operations)
    return found


# --- nothing is read ----------------------------------------------------------------------------


# What makes a tensor of numbers that the host holds, or hands a tensor to the host.
OF_THE_HOST = ("lift", "_to_cpu", "pin_memory", "item", "is_nonzero", "from_file", "_cudnn")


def of_the_host(operation: Operation) -> bool:
    return operation.reads or any(word in operation.name for word in OF_THE_HOST)


READERS: dict[str, Any] = {
    "item": lambda tensor: tensor.sum().item(),
    "float": lambda tensor: float(tensor[0]),
    "tolist": lambda tensor: tensor.tolist(),
    "condition": lambda tensor: bool(tensor.sum() > 0),
    "nonzero": lambda tensor: tensor.nonzero(),
    "mask": lambda tensor: tensor[tensor > 0],
    "equal": lambda tensor: torch.equal(tensor, tensor),
    "unique": lambda tensor: tensor.unique(),
    "new from the host": lambda tensor: tensor + torch.tensor([1.0, 2.0]),
}


@pytest.mark.parametrize("name", READERS)
def test_what_reads_on_the_host_would_be_noticed(name: str) -> None:
    tensor = torch.ones(2)
    with torch.inference_mode(), Watch() as watch:
        READERS[name](tensor)
    assert any(map(of_the_host, watch.operations)) or name == "tolist"


@pytest.mark.parametrize(("model", "optimizer", "members"), ALL)
def test_a_step_reads_nothing_on_the_host(model: str, optimizer: str, members: str) -> None:
    for operations in watched(Steps(of(model, optimizer, members))):
        assert operations
        assert [each.name for each in operations if of_the_host(each)] == []


@pytest.mark.parametrize(("model", "optimizer", "members"), ALL)
def test_a_step_touches_no_tensor_off_its_device(model: str, optimizer: str, members: str) -> None:
    """A meta device has no numbers: it shows what takes some from the host, and refuses reads."""
    meta = torch.device("meta")
    found = watched(Steps(of(model, optimizer, members, device=meta)))
    assert len(found) == 12
    for operations in found:
        places = {tensor.device for each in operations for tensor in (*each.tensors, *each.fresh)}
        assert places == {meta}


# --- a replay is the loop -----------------------------------------------------------------------


def replaying(stack: Stack) -> tuple[Steps, Replays]:
    steps, replays = Steps(stack), Replays()
    steps.graphs = cast(Graphs, replays)
    return steps, replays


def assert_a_replay_is_the_loop(
    model: str, optimizer: str, members: str, *, epochs: int = 4
) -> int:
    """Return how many windows were replayed."""
    plain, other = of(model, optimizer, members), of(model, optimizer, members)
    expected = train(Steps(plain), epochs)
    steps, replays = replaying(other)
    assert_same_bytes(train(steps, epochs), expected)
    assert_same_bytes([*state(other).values()], [*state(plain).values()])
    assert steps.taken == epochs * len(plain.batches)
    return replays.count


@pytest.mark.parametrize(("model", "optimizer"), thinned(MODELS, OPTIMIZERS))
def test_a_replayed_epoch_is_the_loop_byte_for_byte(model: str, optimizer: str) -> None:
    """Nothing of a step is kept in Python: what it counts it counts on the device."""
    assert assert_a_replay_is_the_loop(model, optimizer, "own batches") == 2


@pytest.mark.parametrize(("model", "optimizer", "members"), ALL)
def test_replayed_windows_of_an_epoch_are_the_loop_byte_for_byte(
    model: str, optimizer: str, members: str, patch: pytest.MonkeyPatch
) -> None:
    """Of 12 steps, the last with a smaller batch, in windows of 4."""
    shorten(patch, window=4, watched=3)
    assert assert_a_replay_is_the_loop(model, optimizer, members) == 6 + 2


WINDOWS = [
    (1, 1, 4 * 11 - 2 + 2),
    (2, 1, 4 * 5 - 2 + 2),
    (3, 3, 4 * 3 - 2 + 2),
    (5, 2, 4 * 2 - 2 + 2),  # 5 + 5 + 2
    (11, 1, 2 + 2),  # the smaller batch by itself
    (12, 5, 2),
    (12, 12, 2),
    (12, 0, 2),
]


@pytest.mark.parametrize(
    ("numbers", "model", "members"),
    thinned(WINDOWS, ["softmax", "dropout"], ["rates", "own batches"]),
)
def test_replays_are_the_loop_whatever_the_windows(
    numbers: tuple[int, int, int], model: str, members: str, patch: pytest.MonkeyPatch
) -> None:
    window, watched, replayed = numbers
    shorten(patch, window=window, watched=watched)
    assert assert_a_replay_is_the_loop(model, "sgd", members) == replayed


@pytest.mark.parametrize("members", MEMBERS)
def test_a_replayed_transform_draws_anew_in_each_step(
    members: str, patch: pytest.MonkeyPatch
) -> None:
    """It finds the number of the step in memory, as dropout does."""
    shorten(patch, window=4, watched=3)
    seeds = [member.get("seed", 0) for member in MEMBERS[members]]

    def in_order(seed: int, epoch: int) -> Tensor:
        return torch.arange(90)

    def changing(transform: Transform) -> Stack:
        base = of("softmax", "sgd", members)
        rows = base.batches.rows
        batches = Batches(rows, batch_size=8, order=in_order, seeds=seeds, transform=transform)
        return dataclasses.replace(base, batches=batches)

    def noise() -> Noise:
        return Noise(batch_seeds(seeds), FEATURES, device=CPU)

    plain, other = changing(noise()), changing(noise())
    expected = train(Steps(plain), 4)
    steps, replays = replaying(other)
    assert_same_bytes(train(steps, 4), expected)
    assert_same_bytes([*state(other).values()], [*state(plain).values()])
    assert replays.count > 0
    without = changing(ToFloat(torch.float32, CPU))
    assert not torch.equal(train(Steps(without), 4)[0], expected[0])


@pytest.mark.parametrize(("window", "watched"), [(4, 6), (5, 3), (1, 2)])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_replay_is_the_loop_where_norms_are_taken_in_more_than_the_last_window(
    window: int, watched: int, optimizer: str, patch: pytest.MonkeyPatch
) -> None:
    shorten(patch, window=window, watched=watched)
    assert_a_replay_is_the_loop("mlp", optimizer, "single")


class Silent:
    """A view that keeps what it is shown."""

    def __init__(self) -> None:
        self.rows: list[list[Row]] = []
        self.earlies: list[list[Row]] = []

    def epoch(self, rows: Sequence[Row], outcomes: Sequence[Outcome], *, seconds: float) -> None:
        self.rows.append(list(rows))

    def early(self, rows: Sequence[Row]) -> None:
        self.earlies.append(list(rows))


def fitted(
    replays: Replays | None, patience: int | None = None, **settings: Any
) -> tuple[Trainer, Silent]:
    members = MEMBERS["own batches"]
    stack, view = of("dropout", "adam", "own batches"), Silent()
    trainer = Trainer(stack, rules=rules(stack, 5, patience), **settings)
    if replays is not None:
        trainer.steps.graphs = cast(Graphs, replays)
    list(trainer.fit([None] * len(members), view))
    return trainer, view


@pytest.mark.parametrize(
    ("window", "settings"),
    [
        (512, {}),
        (512, {"eval_interval": 3}),
        (4, {}),
        (4, {"eval_interval": 2}),
        (4, {"patience": 1}),
    ],
    ids=str,
)
def test_a_training_that_replays_is_the_training(
    window: int, settings: dict[str, Any], patch: pytest.MonkeyPatch
) -> None:
    """With evaluations between its epochs, of more rows than a batch has."""
    shorten(patch, window=window, watched=3)
    replays = Replays()
    (plain, expected), (other, found) = fitted(None, **settings), fitted(replays, **settings)
    assert replays.count > 0
    assert found.rows == expected.rows
    assert other.outcomes == plain.outcomes
    assert other.step == plain.step
    assert_same_bytes([*state(other.stack).values()], [*state(plain.stack).values()])


def places(steps: Steps) -> list[int]:
    """Where all lies that the second step of an epoch finds, which is the same in any epoch."""
    with torch.inference_mode():
        for window in steps.windows(1):
            for step in window[:2]:
                with Watch() as watch:
                    for _ in steps.phases(step, window):
                        pass
            break
    made = {tensor.data_ptr() for each in watch.operations for tensor in each.fresh}
    found = {tensor.data_ptr() for each in watch.operations for tensor in each.tensors}
    return sorted(found - made)


@pytest.mark.parametrize("model", MODELS)
def test_steps_find_their_memory_where_it_was_in_the_epoch_before(model: str) -> None:
    steps = Steps(of(model))
    places(steps)
    assert places(steps) == places(steps) != []


def test_results_come_after_each_step_or_after_each_window(patch: pytest.MonkeyPatch) -> None:
    shorten(patch, window=5, watched=2)
    plain, (replayed, _) = Steps(of("softmax")), replaying(of("softmax"))
    with torch.inference_mode():
        for epoch in (1, 2, 3):
            counts = []
            for done in plain.epoch(epoch):
                assert len(plain.statistics()) == done
                counts.append(done)
            assert counts == [*range(1, 13)]
            counts = []
            for done in replayed.epoch(epoch):
                assert len(replayed.statistics()) == done
                assert replayed.taken == (epoch - 1) * 12 + done
                counts.append(done)
            assert counts == [5, 10, 12]


@pytest.mark.parametrize(("interval", "shown"), [(1, [5, 10, 17, 22]), (6, [10, 22]), (12, [])])
def test_early_results_of_replayed_windows_come_when_they_are_due(
    interval: int, shown: list[int], patch: pytest.MonkeyPatch
) -> None:
    """After the window in which their step was, but not at an epoch's end."""
    shorten(patch, window=5, watched=2)
    stack, view = of("softmax"), Silent()
    trainer = Trainer(stack, rules=rules(stack, 2), log_interval=interval)
    trainer.steps.graphs = cast(Graphs, Replays())
    list(trainer.fit([None], view))
    assert [rows[0]["step"] for rows in view.earlies] == shown


def test_a_processor_captures_nothing() -> None:
    assert Steps(of("softmax")).graphs is None


def test_a_training_may_be_left_in_the_middle_of_an_epoch(patch: pytest.MonkeyPatch) -> None:
    shorten(patch, window=4, watched=3)
    steps = Steps(of("softmax"))
    with torch.inference_mode():
        for done in steps.epoch(1):
            if done == 6:
                break
        assert len(steps.statistics()) == steps.taken == 6
        assert [*steps.epoch(2)] == [*range(1, 13)]
    assert len(steps.statistics()) == 12
    assert steps.taken == 18


@pytest.mark.parametrize(("model", "members"), [("softmax", "rates"), ("dropout", "own batches")])
def test_windows_change_no_number(model: str, members: str, patch: pytest.MonkeyPatch) -> None:
    found = []
    for window in (1, 4, 5, 512):
        shorten(patch, window=window)
        trained = of(model, "adam", members)
        found.append([*train(Steps(trained), 2), *state(trained).values()])
    for other in found[1:]:
        assert_same_bytes(other, found[0])


# --- what a step costs --------------------------------------------------------------------------


VIEWS = ("view", "t", "transpose", "unsqueeze", "select")
PRODUCTS = ("mm", "addmm", "bmm", "baddbmm", "mv", "addmv", "dot")
LARGE = ["trainer.batch_size=64"]
PAGE = 4096  # bytes: from about here on, fresh memory costs more than what is computed in it
MANY: dict[str, list[Values]] = {
    "1": [{"seed": 1}],
    "5": [{"optimizer.lr": lr} for lr in (0.01, 0.02, 0.03, 0.04, 0.05)],
    "6 of 3 seeds": [{"seed": seed} for seed in (1, 1, 2, 2, 3, 3)],
    "3 of 2 seeds": [{"seed": seed} for seed in (1, 2, 1)],
}


@functools.cache
def costs(model: str, optimizer: str, members: str, hidden: str = "[64]") -> list[Operation]:
    """Return the operations of one step of models and batches of a usual size."""
    words = changed([*MODELS[model], *OPTIMIZERS[optimizer]], *LARGE)
    if model not in ("softmax", "linear"):
        words = changed(words, f"model.hidden={hidden}")
    data = dataset(
        classes=model != "linear", rows={"train": 3 * 64, "val": 8, "test": 8}, features=784
    )
    with pytest.MonkeyPatch.context() as patch:
        shorten(patch, watched=1)
        found = watched(Steps(stack(words, MANY[members], data=data)))
    assert len(found) == 3
    return found[1]


def products(operations: Sequence[Operation]) -> int:
    return sum(each.name.split(".")[1] in PRODUCTS for each in operations)


def fresh(operations: Sequence[Operation]) -> list[str]:
    """Name the operations that took more than a page of fresh memory."""
    return [
        each.name
        for each in operations
        if any(tensor.untyped_storage().nbytes() > PAGE for tensor in each.fresh)
    ]


@pytest.mark.parametrize("members", MANY)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(
    ("model", "hidden", "expected"),
    [
        ("softmax", "", 2),
        ("linear", "", 2),
        ("mlp", "[64]", 5),
        ("dropout", "[64]", 5),
        ("mlp", "[64,32]", 8),
    ],
)
def test_a_step_takes_as_few_products_as_there_are_whatever_the_members(
    model: str, hidden: str, expected: int, optimizer: str, members: str
) -> None:
    """One forward and one for the weights for each layer, and one more between two layers."""
    found = products(costs(model, optimizer, members, hidden or "[64]"))
    if (model, members) == ("linear", "3 of 2 seeds"):
        # Some libraries sum a batch of products of one row otherwise than one alone.
        assert found in (expected, 3 * expected)
    else:
        assert found == expected


# By optimizer: how often a step takes more than a page, for each of the model's large weights.
FRESH = {
    "sgd": 0,
    "nesterov and weight decay": 2,  # the look-ahead, and the choice between it and the buffer
    "adam": 0,
    "adamw with weight decay": 0,
    "clipping": 0,
}


@pytest.mark.parametrize("members", MANY)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(("model", "weights"), [("softmax", 1), ("mlp", 2), ("dropout", 2)])
def test_a_step_takes_no_fresh_memory(
    model: str, weights: int, optimizer: str, members: str
) -> None:
    found = fresh(costs(model, optimizer, members))
    # Members of several seeds have their numbers for dropout spread from one set for each seed.
    spread = model == "dropout" and "seeds" in members
    allowed = FRESH[optimizer] * weights + spread
    assert len(found) <= allowed, found
    if not allowed:
        assert found == []


@pytest.mark.parametrize("members", MANY)
@pytest.mark.parametrize("model", ["softmax", "mlp"])
def test_plain_sgd_never_looks_at_the_gradient_of_a_weight(model: str, members: str) -> None:
    """Nothing of a weight's size is written beside the weights."""
    for operation in costs(model, "sgd", members):
        of_bytes = any(tensor.dtype == torch.uint8 for tensor in operation.tensors)  # the batch's
        plain = operation.name.split(".")[1] in (*VIEWS, *PRODUCTS)
        if not (plain or of_bytes):
            assert all(tensor.shape[-1] != 784 or tensor.dim() < 3 for tensor in operation.tensors)


# --- descending ---------------------------------------------------------------------------------


@pytest.mark.parametrize("members", MEMBERS)
@pytest.mark.parametrize("model", MODELS)
def test_descending_is_a_step_along_the_gradient(
    model: str, members: str, patch: pytest.MonkeyPatch
) -> None:
    """The last steps of an epoch fill the gradients, the others descend: all, or none of them."""
    found = []
    for steps in (0, 99):
        shorten(patch, watched=steps)
        trained = stack([*MODELS[model], "device.dtype=float64"], MEMBERS[members])
        seen = train(Steps(trained), 3)
        found.append([*seen[0::2], *state(trained).values()])  # statistics, but not the norms
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def two_of(members: int) -> Iterator[Model]:
    """Build one perceptron twice."""
    for _ in range(2):
        plan = multilayer(20, 5, hidden=[16, 8], activation="tanh", dropout=0.3)
        setup = Setup(
            plans=[plan] * members,
            seeds=range(members),
            init="torch",
            init_std=[0.01] * members,
            unit=1.0,
            like=torch.empty(0, dtype=FLOAT64),
        )
        yield Model(setup)


@pytest.mark.parametrize("batches", [0, 2, 4])
def test_a_model_descends_as_its_optimizer_steps(batches: int) -> None:
    lr = torch.tensor([0.5, 0.0, 1e-3, 1.0], dtype=FLOAT64)
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(*[batches] * bool(batches), 6, 20, generator=generator, dtype=FLOAT64)
    gradient = torch.randn(4, 5, 6, generator=generator, dtype=FLOAT64)
    stepping, descending = two_of(4)
    optimizer = SGD(
        stepping.parameters,
        lr=lr.tolist(),
        momentum=[0.0] * 4,
        nesterov=[False] * 4,
        weight_decay=[0.0] * 4,
    )
    assert optimizer.plain_descent
    for number in range(3):
        step = torch.tensor(number, dtype=torch.int32)
        for model in (stepping, descending):
            model.forward(inputs, step=step)
        stepping.backward(gradient.clone())
        optimizer.step(stepping.gradients)
        descending.backward(gradient * -lr.view(4, 1, 1), descend=True)
    for ours, theirs in zip(descending.parameters, stepping.parameters, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("members", MEMBERS)
@pytest.mark.parametrize("model", MODELS)
def test_the_gradient_of_the_weights_is_not_written_when_descending(
    model: str, members: str, patch: pytest.MonkeyPatch
) -> None:
    shorten(patch, watched=0)
    trained = of(model, "sgd", members)
    weights = [g for g in trained.model.gradients if g.shape[2] > 1]
    with torch.inference_mode():
        for gradient in weights:
            gradient.fill_(math.nan)
        train(Steps(trained), 2)
    assert all(gradient.isnan().all() for gradient in weights)
    assert all(tensor.isfinite().all() for tensor in trained.model.state().values())


def numbers(optimizer: str) -> Any:
    return of("softmax", optimizer, "rates").optimizer


def test_only_a_step_that_is_nothing_but_the_gradient_is_plain_descent() -> None:
    assert numbers("sgd").plain_descent
    for name in ("nesterov and weight decay", "adam", "adamw with weight decay"):
        assert not numbers(name).plain_descent
    mixed = [{"optimizer.momentum": share} for share in (0.0, 0.9)]
    assert not stack(MODELS["softmax"], mixed).optimizer.plain_descent


def test_who_clips_sees_every_gradient() -> None:
    """It cannot be part of the product: what it scales by is known only after that."""
    clipped, plain = of("softmax", "clipping"), of("softmax")
    for trained in (clipped, plain):
        train(Steps(trained), 1)
    for ours, theirs in zip(state(clipped).values(), state(plain).values(), strict=True):
        assert not torch.equal(ours, theirs)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_what_follows_a_gradient_can_be_captured(optimizer: str) -> None:
    assert numbers(optimizer).capturable


def test_the_analytic_solution_cannot_be_captured() -> None:
    words = ["device=cpu", "trainer.batch_size=null", "optimizer=least_squares"]
    optimizer = stack(words).optimizer
    assert (optimizer.capturable, optimizer.plain_descent) == (False, False)


@pytest.mark.parametrize("replayed", [False, True], ids=["loop", "replays"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("model", ["softmax", "mlp"])
def test_each_window_is_taken_with_the_lr_written_before_it(
    model: str, optimizer: str, replayed: bool, patch: pytest.MonkeyPatch
) -> None:
    """An epoch at one lr and one at another, by one process and by one for each epoch."""
    shorten(patch, window=4, watched=3)
    rates = [(0.04, 0.01), (0.002, 0.03), (0.01, 0.02), (0.03, 0.01)]
    members = [{"optimizer.lr": lr} for lr in rates[0]]
    words = [*MODELS[model], *OPTIMIZERS[optimizer]]
    changing = stack(words, members)
    steps = replaying(changing)[0] if replayed else Steps(changing)
    other = stack(words, members)
    for epoch, pair in enumerate(rates, start=1):
        steps.lr.copy_(torch.tensor(pair))
        anew = stack(words, [{"optimizer.lr": float(lr)} for lr in steps.lr])
        with torch.inference_mode():
            for ours, theirs in zip(state(anew).values(), state(other).values(), strict=True):
                ours.copy_(theirs)
            fresh = Steps(anew)
            fresh.restore(steps.taken, None)
            for each in (steps, fresh):
                for _ in each.epoch(epoch):
                    pass
        assert changing.optimizer.lr.tolist() == steps.lr.tolist()
        assert_same_bytes([*state(changing).values()], [*state(anew).values()])
        other = anew


def test_the_scale_is_that_of_the_rows_there_are() -> None:
    """The last batch of an epoch is of 2 rows, the others of 8: each takes the mean of its own."""
    trained, alone = (stack([*MODELS["linear"], "device.dtype=float64"]) for _ in range(2))
    weight, bias = alone.model.parameters
    train(Steps(trained), 1)
    lr = float(alone.optimizer.lr)
    with torch.inference_mode():
        for window in alone.batches.windows(1):
            for index in range(len(window)):
                inputs, targets, _ = alone.batches.batch(
                    index, step=torch.tensor(0, dtype=torch.int32)
                )
                errors = inputs @ weight[0, 0] + bias[0, 0, 0] - targets
                weight[0, 0] -= lr * errors @ inputs / len(errors)
                bias -= lr * errors.mean()
    for ours, theirs in zip(trained.model.parameters, alone.model.parameters, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


# --- a layer that cannot descend -----------------------------------------------------------------


def by_autograd(rule: str, member: int, epochs: int) -> list[Tensor]:
    """Train the same in a bare loop, with torch's own optimizer and gradients."""
    trained = scaled(rule, [member])
    leaves = [tensor[0].clone().requires_grad_() for tensor in trained.model.parameters]
    w1, b1, s1, s2, w2, b2 = leaves
    numbers = RULES[rule]
    optimizer = torch.optim.SGD(
        leaves, lr=RATES[member], momentum=numbers["momentum"][member], foreach=False
    )
    for epoch in range(1, epochs + 1):
        for window in trained.batches.windows(epoch):
            for index in range(len(window)):
                inputs, targets, _ = trained.batches.batch(
                    index, step=torch.tensor(0, dtype=torch.int32)
                )
                hidden = torch.tanh(s1 * (w1 @ inputs.t() + b1)) * s2
                loss = ((w2 @ hidden + b2)[0] - targets).square().mean() / 2
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                if numbers["max_grad_norm"]:
                    bound = numbers["max_grad_norm"][member]
                    torch.nn.utils.clip_grad_norm_(leaves, bound, foreach=False)
                optimizer.step()
    return [leaf.detach() for leaf in leaves]


@pytest.mark.parametrize("members", [[0], [1], [0, 1]], ids=str)
@pytest.mark.parametrize("rule", RULES)
def test_a_layer_that_only_fills_gradients_is_trained_as_autograd_would(
    rule: str, members: list[int], patch: pytest.MonkeyPatch
) -> None:
    """Whoever knows nothing of descending; and so not one layer of the model descends."""
    shorten(patch, watched=2)
    # Torch adds 1e-6 to the norm that it divides by.
    tolerance = 1e-6 if rule == "clipping" else 1e-13
    trained = scaled(rule, members)
    before = [tensor.clone() for tensor in trained.model.parameters]
    train(Steps(trained), 2)
    for index, member in enumerate(members):
        expected = by_autograd(rule, member, 2)
        for ours, theirs, start in zip(trained.model.parameters, expected, before, strict=True):
            torch.testing.assert_close(ours[index], theirs, rtol=0, atol=tolerance)
            assert not torch.equal(ours[index], start[index])


def test_a_model_descends_only_if_all_its_layers_with_parameters_can() -> None:
    assert not scaled("plain", [0]).model.can_descend
    assert all(of(model).model.can_descend for model in MODELS)


@pytest.mark.parametrize("rule", RULES)
def test_replays_of_a_layer_from_outside_are_the_loop_byte_for_byte(
    rule: str, patch: pytest.MonkeyPatch
) -> None:
    shorten(patch, window=4, watched=3)
    plain, other = scaled(rule, [0, 1]), scaled(rule, [0, 1])
    expected = train(Steps(plain), 4)
    steps, replays = replaying(other)
    assert_same_bytes(train(steps, 4), expected)
    assert_same_bytes([*state(other).values()], [*state(plain).values()])
    assert replays.count > 0


def test_layers_of_a_model_draw_numbers_of_their_own() -> None:
    (model, _) = two_of(1)
    first, second = (layer._draw for layer in model.layers if isinstance(layer, Dropout))
    step = torch.tensor(3, dtype=torch.int32)
    assert not torch.equal(first(step, 128)[:, :8], second(step, 128))

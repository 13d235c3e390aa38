"""Products of less precision: what device.matmul rounds, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from dltrain.config.compose import ConfigError
from dltrain.config.load import load
from dltrain.nn.layers import Linear
from dltrain.train import build, device
from dltrain.train.device import choose, describe
from dltrain.train.steps import Stack
from tests.train.test_trainer import train

BF16 = torch.bfloat16
FASHION = ["data=fashion_mnist", "data.source=sample", "device=cpu", "trainer.epochs=3"]
SOFTMAX = [*FASHION, "model=softmax"]
MLP = [*FASHION, "model=mlp", "model.hidden=[32]"]
needs_bf16 = pytest.mark.skipif(not device.has_bf16(), reason="this processor has no bfloat16")


@pytest.fixture(autouse=True)
def settings_restored() -> Iterator[None]:
    precision = torch.backends.cuda.matmul.fp32_precision
    yield
    torch.backends.cuda.matmul.fp32_precision = precision


def draw(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def stack(*words: str) -> Stack:
    config = load(words)
    return build.stack([config], build.dataset(config), torch.device("cpu"))


@pytest.mark.parametrize("own", [False, True], ids=["shared", "own"])
def test_a_product_takes_and_gives_bfloat16_and_the_rest_stays_float32(own: bool) -> None:
    weight, bias, gradient = draw(2, 3, 5), draw(2, 3, 1), draw(2, 3, 7)
    inputs = draw(2, 5, 7) if own else draw(7, 5)
    layer = Linear(weight.clone(), bias, rounded_to=BF16)
    outputs = layer.forward(inputs, step=None)
    by_member = inputs if own else inputs.t().expand(2, 5, 7)
    product = (weight.to(BF16) @ by_member.to(BF16)).float()
    torch.testing.assert_close(outputs, product + bias, rtol=0.01, atol=0.01)
    assert torch.equal((outputs - bias).to(BF16), product.to(BF16))
    flowing = layer.backward(gradient.clone(), to_inputs=True)
    assert flowing is not None
    expected = weight.to(BF16).mT.float() @ gradient.to(BF16).float()
    torch.testing.assert_close(flowing, expected, rtol=0.01, atol=0.03)
    of_weight = gradient.to(BF16).float() @ by_member.to(BF16).float().mT
    torch.testing.assert_close(layer.gradients[0], of_weight, rtol=0.01, atol=0.03)
    assert torch.equal(layer.gradients[1], gradient.sum(dim=2, keepdim=True))
    assert {t.dtype for t in (outputs, flowing, *layer.gradients)} == {torch.float32}


def test_descending_adds_the_rounded_product_to_the_whole_weight() -> None:
    weight, gradient, inputs = draw(1, 3, 5), 1e-3 * draw(1, 3, 7), draw(7, 5)
    layer = Linear(weight.clone(), torch.zeros(1, 3, 1), rounded_to=BF16)
    layer.forward(inputs, step=None)
    layer.descend(gradient, to_inputs=False)
    step = (gradient[0].to(BF16) @ inputs.to(BF16)).float()
    assert torch.equal(layer.weight[0], weight[0] + step)


def test_bytes_lose_nothing_on_their_way_into_bfloat16() -> None:
    rows = stack(*SOFTMAX, "device.matmul=bf16").splits["train"]
    inputs, *_ = next(rows.in_order())
    assert inputs.dtype == BF16
    assert torch.equal(inputs.to(torch.uint8), rows.inputs[: len(inputs)])


def test_parameters_gradients_and_outputs_keep_their_type() -> None:
    model = stack(*MLP, "device.matmul=bf16").model
    tensors = [*model.parameters, *model.gradients, model.forward(draw(4, 784))]
    assert {tensor.dtype for tensor in tensors} == {torch.float32}


@needs_bf16
@pytest.mark.parametrize("words", [SOFTMAX, MLP], ids=["softmax", "mlp"])
def test_training_learns_as_much_and_other_digits(words: list[str], tmp_path: Path) -> None:
    exact, rounded = (
        train(tmp_path / kind, [*words, f"device.matmul={kind}"]).outcomes[0]
        for kind in ("float32", "bf16")
    )
    assert rounded.final["val/accuracy"] == pytest.approx(exact.final["val/accuracy"], abs=0.03)
    assert rounded.final["train/loss"] == pytest.approx(exact.final["train/loss"], rel=0.02)
    assert rounded.final["train/loss"] != exact.final["train/loss"]


@needs_bf16
def test_a_member_equals_its_single_run_in_bfloat16(tmp_path: Path) -> None:
    members = [[*MLP, "device.matmul=bf16", f"optimizer.lr={lr}"] for lr in (0.05, 0.1)]
    together = train(tmp_path / "together", *members)
    for member, words in enumerate(members):
        alone = train(tmp_path / f"{member}", words).outcomes[0].final
        for name, value in together.outcomes[member].final.items():
            assert value == pytest.approx(alone[name], rel=1e-2), name


@pytest.mark.parametrize("word", ["device.dtype=float64", "optimizer=least_squares"])
@pytest.mark.parametrize("kind", ["tf32", "bf16"])
def test_what_asks_to_be_exact_is_not_rounded(word: str, kind: str) -> None:
    with pytest.raises(ConfigError, match=rf"device\.matmul={kind}.*leave it out"):
        load([word, f"device.matmul={kind}"])


def test_tf32_is_a_setting_of_the_gpus_products() -> None:
    for kind, precision in (("tf32", "tf32"), ("float32", "ieee"), ("bf16", "ieee")):
        if kind != "bf16" or device.has_bf16():
            choose("cpu", threads=None, deterministic=False, matmul=kind)
            assert torch.backends.cuda.matmul.fp32_precision == precision


def test_the_place_says_what_is_rounded() -> None:
    cpu = torch.device("cpu")
    assert describe(cpu, matmul="float32") == describe(cpu)
    assert describe(cpu, matmul="bf16").endswith("), bf16 products")
    assert describe(cpu, matmul="tf32").endswith("), where tf32 has no effect")


def test_a_processor_without_bfloat16_is_not_slowed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "has_bf16", lambda: False)
    with pytest.raises(ValueError, match=r"device\.matmul=bf16: this processor .* leave it out"):
        choose("cpu", threads=None, deterministic=False, matmul="bf16")


def test_rows_that_validate_keep_their_type() -> None:
    assert stack(*SOFTMAX, "device.matmul=bf16").splits["val"].inputs.dtype == torch.float32

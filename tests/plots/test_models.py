"""Pictures of what models make of rows: they show what the evaluation says."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from dltrain.inference import pictures
from dltrain.inference.evaluation import Evaluation, evaluate
from dltrain.plots import confusion, mistakes, predictions, style, weights
from dltrain.runs.compare.confusion import confusion as counted
from dltrain.runs.find import list_runs
from tests.conftest import Call

SAMPLE = ("data=fashion_mnist", "data.source=sample", "trainer.epochs=2", "device=cpu")


def evaluation_of(here: Path, call: Call, *words: str, split: str = "test") -> Evaluation:
    shown = call(*words)
    assert shown.code == 0, shown
    [run] = list_runs(here / "outputs")
    return evaluate(run, split=split)


@pytest.fixture
def clothes(here: Path, call: Call) -> Evaluation:
    return evaluation_of(here, call, "model=softmax", *SAMPLE)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_the_confusion_matrix_is_that_of_the_evaluation(clothes: Evaluation) -> None:
    figure = pictures.draw_confusion(clothes, title="t")
    targets, predicted = clothes.targets.astype(int), clothes.predictions.astype(int)
    matrix = counted(targets, predicted, num_classes=10)
    whole, scores = figure.axes
    found = np.zeros((10, 10), int)
    for text in whole.texts:
        x, y = text.get_position()
        found[int(y), int(x)] = int(text.get_text())
    assert found.tolist() == matrix.tolist()
    [image] = whole.images
    shares = image.get_array()
    assert shares is not None
    assert np.allclose(shares.sum(axis=1), 1)
    recalls = [text.get_text() for text in scores.texts if text.get_position()[0] == 1.95][1:]
    own = matrix.diagonal() / matrix.sum(axis=1)
    assert recalls == [f"{share:.3f}" for share in own]
    accuracy = clothes.metrics["test/accuracy"]
    assert style.number(accuracy) in figure.get_suptitle()


def test_the_surest_mistakes_are_shown_with_what_they_were_taken_for(clothes: Evaluation) -> None:
    figure = pictures.draw_mistakes(clothes, title="t")
    assert len(figure.axes) == mistakes.COUNT
    row = int(figure.axes[0].get_xlabel().removeprefix("row "))
    assert clothes.probabilities is not None
    sure = clothes.probabilities.max(axis=1)
    wrong = clothes.targets != clothes.predictions
    assert wrong[row]
    assert sure[row] == sure[wrong].max()
    [image] = figure.axes[0].images
    shown = np.asarray(image.get_array())
    assert shown.ravel().tolist() == clothes.data.test.inputs[row].tolist()
    names = clothes.data.class_names
    true, predicted = names[int(clothes.targets[row])], names[int(clothes.predictions[row])]
    assert texts(figure)[0] == true
    assert figure.axes[0].get_title(loc="left").startswith(f"{predicted} ")


def test_weights_of_images_are_images_with_white_for_none(clothes: Evaluation) -> None:
    figure = pictures.draw_weights(clothes, title="t")
    panels = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in panels] == list(clothes.data.class_names)
    weight = clothes.parameters["layers.0.weight"]
    for axes, own in zip(panels, weight, strict=True):
        [image] = axes.images
        assert np.allclose(np.asarray(image.get_array()).ravel(), own)
        low, high = image.get_clim()
        assert low == -high != 0


def test_where_nothing_is_wrong_there_is_no_sheet_of_mistakes(clothes: Evaluation) -> None:
    right = dataclasses.replace(clothes, predictions=clothes.targets)
    with pytest.raises(ValueError, match="none among 1,000 rows"):
        pictures.draw_mistakes(right, title="t")


def test_weights_of_a_table_are_bars_the_largest_on_top(here: Path, call: Call) -> None:
    (here / "t.csv").write_text(
        "small,big,y\n" + "".join(f"{i % 7},{i},{3 * i + i % 7}\n" for i in range(40))
    )
    words = ("data=csv", "data.path=t.csv", "data.target=y", "optimizer=least_squares")
    found = evaluation_of(here, call, *words)
    figure = pictures.draw_weights(found, title="t")
    [axes] = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["big", "small"]
    widths = [bar.get_width() for bar in axes.patches]  # type: ignore[attr-defined]
    deviation = found.data.feature_scale.deviation
    assert widths == pytest.approx([3 * deviation[1], deviation[0]], rel=1e-3)
    assert "change of y per standard deviation of a feature" in figure.get_suptitle()
    with pytest.raises(ValueError, match="no classes"):
        pictures.draw_confusion(found, title="t")
    with pytest.raises(ValueError, match="only of images"):
        pictures.draw_mistakes(found, title="t")


def test_weights_of_generated_data_stand_beside_the_true_ones(here: Path, call: Call) -> None:
    found = evaluation_of(here, call, "data.num_train=64", split="val")
    [axes] = pictures.draw_weights(found, title="t").axes
    [line] = [own for own in axes.lines if own.get_marker() == "D"]
    assert found.data.truth is not None
    true = np.asarray(line.get_xdata())
    assert sorted(true.tolist()) == sorted(found.data.truth[0].tolist())
    bars = [bar.get_width() for bar in axes.patches]  # type: ignore[attr-defined]
    assert bars == pytest.approx(true.tolist(), abs=1.0)


def test_predictions_stand_against_what_is_true(here: Path, call: Call) -> None:
    found = evaluation_of(here, call, "data.num_train=64", "data.num_val=50", split="val")
    figure = pictures.draw_predictions(found, title="t")
    whole, left, counts = figure.axes
    shown = np.asarray(whole.lines[0].get_xydata())
    assert np.allclose(shown, np.stack([found.targets, found.predictions], axis=1))
    assert whole.get_xlim() == whole.get_ylim()
    residuals = np.asarray(left.lines[0].get_ydata())
    assert np.allclose(residuals, found.predictions - found.targets)
    assert sum(bar.get_height() for bar in counts.patches) == 50  # type: ignore[attr-defined]
    assert style.number(found.metrics["val/rmse"]) in figure.get_suptitle()


def test_only_a_linear_models_weights_and_only_amounts_are_drawn(here: Path, call: Call) -> None:
    found = evaluation_of(here, call, "model=mlp", "model.hidden=[8]", *SAMPLE)
    with pytest.raises(ValueError, match="linear or softmax"):
        pictures.draw_weights(found, title="t")
    with pytest.raises(ValueError, match="classes are no amounts"):
        pictures.draw_predictions(found, title="t")


@pytest.mark.parametrize("count", [2, confusion.WRITTEN + 1, confusion.LISTED + 1])
def test_any_number_of_classes_with_any_names_is_drawn(count: int) -> None:
    names = [f"$class_{i}\x1b" + "x" * i for i in range(count)]
    matrix = np.eye(count, dtype=np.int64) * 3
    matrix[0, 1] = 5
    figure = confusion.draw(matrix, names=names, title="t")
    assert bool(figure.axes[0].texts) is (count <= confusion.WRITTEN)
    hardest = "$class_0\\x1b"
    assert (hardest in texts(figure)) is (count > confusion.LISTED)
    assert style.picture(lambda: confusion.draw(matrix, names=names, title="t"))


def test_of_many_features_and_classes_the_first_are_drawn_and_counted() -> None:
    weight = np.random.default_rng(0).normal(size=(weights.MAX_CLASSES + 1, 100))
    names = [f"c{i}" for i in range(len(weight))]
    features = [f"f{i}" for i in range(100)]
    figure = weights.draw_bars(weight, features=features, names=names, unit="u", title="t")
    assert len(figure.axes) == weights.MAX_CLASSES
    told = figure.get_suptitle().replace("\n", " ")
    assert "the largest 30 of 100" in told
    assert "the first 20 classes of 21" in told


def test_of_many_rows_the_density_is_drawn() -> None:
    x = np.linspace(0, 1, predictions.POINTS + 1)
    figure = predictions.draw(x, x**2, name="y", title="t", note="")
    assert figure.axes[0].collections
    assert len(style.picture(lambda: figure, form="svg")) < 2_000_000


@pytest.mark.parametrize("values", [[3.0], [3.0, 3.0], [-1e9, 1e9]])
def test_few_and_equal_rows_are_drawn(values: list[float]) -> None:
    x = np.array(values)
    assert style.picture(lambda: predictions.draw(x, x, name="y", title="t", note=""))

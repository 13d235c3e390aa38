"""The weights of a linear model, as pictures or by name; how pictures stand in a page.

Letters: I in_features, O outputs, C classes, H height, W width.
"""

from __future__ import annotations

import base64
import io

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from dltrain.data.dataset import Dataset
from dltrain.inference.evaluation import Evaluation
from dltrain.nn.coefficients import coefficients, scale_text
from dltrain.report.blocks import Block, column, paragraph, table
from dltrain.text import figure

Floats = npt.NDArray[np.float64]
# Features and classes of a picture; the table has more.
MAX_FEATURES, MAX_CLASSES, MAX_ROWS = 40, 40, 500
# From the most negative weight to the most positive: colours that colour-blind people tell apart.
_ENDS = np.array([[179, 88, 6], [247, 247, 247], [33, 102, 172]], dtype=np.float64)


def weights(evaluation: Evaluation) -> list[Block]:
    """Show what a model of one layer learned; nothing if it has more."""
    names = [name for name in evaluation.parameters if name.endswith(".weight")]
    if len(names) != 1:
        return []
    weight = evaluation.parameters[names[0]].astype(np.float64)
    bias = evaluation.parameters[names[0].replace(".weight", ".bias")].astype(np.float64)
    if evaluation.data.image_shape is not None:
        return _pictures(weight, evaluation.data)
    return _by_name(weight, bias, evaluation.data)


def _pictures(weight: Floats, data: Dataset) -> list[Block]:
    """Draw each class's weights as an image."""
    assert data.image_shape is not None
    if len(weight) > MAX_CLASSES:
        return []
    images = weight.reshape(len(weight), *data.image_shape[:2], -1).sum(axis=-1)
    most = float(np.abs(images).max()) or 1.0
    items = [
        {"source": png(diverging(image / most)), "title": name}
        for image, name in zip(images, data.class_names, strict=True)
    ]
    summed = ", summed over red, green and blue" if len(data.image_shape) == 3 else ""
    text = (
        "Where a pixel speaks for the class it is blue, where against it orange; white does not "
        f"matter. The strongest weight is {figure(most)}, the change of a logit per pixel as "
        f"trained{summed}."
    )
    return [paragraph(text), {"kind": "pictures", "items": items, "ink": False}]


def diverging(values: Floats) -> npt.NDArray[np.uint8]:
    """Colour numbers from -1 (orange) over 0 (white) to 1 (blue): [H, W] -> [H, W, 3]."""
    shades = np.clip(values, -1, 1) + 1
    channels = [np.interp(shades, [0, 1, 2], _ENDS[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def _by_name(weight: Floats, bias: Floats, data: Dataset) -> list[Block]:
    """Draw and list coefficients, by the names of their features, in the data's own units."""
    strength = np.abs(weight).max(axis=0)
    order = np.argsort(-strength, kind="stable")
    few = order[:MAX_FEATURES]
    blocks: list[Block] = []
    names = [data.feature_names[index] for index in few]
    solution = coefficients(torch.from_numpy(weight), torch.from_numpy(bias), data)
    scale = scale_text(data)
    intro = f"{scale[0].upper()}{scale[1:]}."
    if data.target_scale.deviation[0] != 1:
        mean, deviation = (
            float(part[0]) for part in (data.target_scale.mean, data.target_scale.deviation)
        )
        log = data.target_scale.log
        what = f"the logarithm of {data.target_name}" if log else data.target_name
        intro += (
            f" For training {what} was standardised: its mean is {figure(mean)}, its "
            f"deviation {figure(deviation)}; the figures and losses here are in its own units."
        )
    if len(few) < len(order):
        intro += f" The {len(few):,} strongest of {len(order):,}."
    if len(weight) == 1:
        picture: Block = {
            "kind": "bars",
            "names": names,
            "values": solution.weight[0, few].tolist(),
        }
    else:
        picture = {
            "kind": "matrix",
            "caption": "Coefficients by feature and class",
            "rows": names,
            "columns": list(data.class_names),
            "corner": "",
            "values": solution.weight[:, few].T.tolist(),
            "colour": "diverging",
        }
    blocks = [paragraph(intro)]
    if len(weight) <= MAX_CLASSES:
        blocks.append(picture)
    outputs = data.class_names or (data.target_name,)
    heads = [f"coefficient for {name}" if data.class_names else "coefficient" for name in outputs]
    rows: list[list[object]] = [["(intercept)", *solution.intercept[:MAX_CLASSES].tolist()]]
    rows += [
        [data.feature_names[index], *solution.weight[:MAX_CLASSES, index].tolist()]
        for index in order[:MAX_ROWS]
    ]
    columns = [column("feature"), *(column(head, "figure") for head in heads[:MAX_CLASSES])]
    return [*blocks, table(columns, rows, caption="Coefficients")]


def png(pixels: npt.NDArray[np.generic]) -> str:
    """Write an image, [H, W] or [H, W, 3] of bytes, as an address that holds it."""
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"

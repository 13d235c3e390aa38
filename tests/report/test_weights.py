"""Weights of a linear model as pictures."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from dltrain.report.weights import diverging, png


def test_what_does_not_matter_is_white_and_both_signs_are_told_apart() -> None:
    orange, white, blue = diverging(np.array([[-1.0, 0.0, 1.0]]))[0].tolist()
    assert len(set(white)) == 1
    assert orange[0] > orange[2]
    assert blue[2] > blue[0]
    assert diverging(np.array([[-9.0, 9.0]])).tolist() == [[orange, blue]]


def test_a_picture_holds_its_pixels() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    kind, _, content = png(pixels).partition(",")
    assert kind == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(content))) as image:
        assert np.asarray(image.convert("L")).tolist() == pixels.tolist()

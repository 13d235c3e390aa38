"""Small PNG images that stand in the page itself.

Letters: H height, W width.
"""

from __future__ import annotations

import base64
import io

import numpy as np
import numpy.typing as npt
from PIL import Image


def png(pixels: npt.NDArray[np.generic]) -> str:
    """Write an image, [H, W] or [H, W, 3] of bytes, as an address that holds it."""
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"

"""Pictures of data: a contact sheet as PNG, and small images for a terminal.

Letters: N images, H height, W width, C classes.
"""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

Bytes = npt.NDArray[np.uint8]
# From black to white, as seen on a dark terminal.
SHADES = " .:-=+*#%@"


def one_per_class(targets: npt.NDArray[np.generic], *, classes: int, count: int) -> list[list[int]]:
    """Return the first ``count`` rows of each class; fewer where a class has fewer."""
    return [np.flatnonzero(targets == index)[:count].tolist() for index in range(classes)]


def contact_sheet(
    images: Bytes, rows: list[list[int]], *, ink: bool, scale: int = 2, gap: int = 2
) -> bytes:
    """Lay images [N, H, W] or [N, H, W, 3] out, a row of them per class; return it as PNG.

    ``ink`` is whether they are light on dark, and are to be shown dark on light.
    """
    height, width = images.shape[1] + gap, images.shape[2] + gap
    size = (len(rows) * height + gap, max(map(len, rows)) * width + gap)
    sheet = np.full((*size, *images.shape[3:]), 255, np.uint8)
    for y, row in enumerate(rows):
        for x, index in enumerate(row):
            top, left = gap + y * height, gap + x * width
            sheet[top : top + height - gap, left : left + width - gap] = (
                255 - images[index] if ink else images[index]
            )
    picture = Image.fromarray(sheet)
    buffer = io.BytesIO()
    scaled = (picture.width * scale, picture.height * scale)
    picture.resize(scaled, Image.Resampling.NEAREST).save(buffer, format="PNG")
    return buffer.getvalue()


def shaded(image: Bytes, *, columns: int = 14) -> list[str]:
    """Draw an image, [H, W] or [H, W, 3], with characters, two of them to a row of pixels."""
    lines = max(round(columns * image.shape[0] / image.shape[1] / 2), 1)
    small = np.asarray(
        Image.fromarray(image).convert("L").resize((columns, lines), Image.Resampling.BOX),
        dtype=np.float64,
    )
    steps = np.minimum((small / 256 * len(SHADES)).astype(int), len(SHADES) - 1)
    return ["".join(SHADES[step] for step in line) for line in steps]

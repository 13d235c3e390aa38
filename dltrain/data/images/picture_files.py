"""Pictures in PNG and JPEG files as the rows of images that a run learned from.

Letters: H height, W width.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

ENDINGS = (".png", ".jpg", ".jpeg")
MAGICS = (b"\x89PNG", b"\xff\xd8\xff")
_GREY = ("1", "L")
_COLOURS = ("P", "PA", "LA", "La", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "LAB")


def read_picture(
    file: Path | BinaryIO, *, name: str, shape: tuple[int, int]
) -> tuple[npt.NDArray[np.uint8], bool]:
    """Read a PNG or JPEG file.

    Args:
        file: Where it lies, or its bytes.
        name: What complaints call it.
        shape: Height and width that it must have; nothing of another size is decoded.

    Returns:
        Its grey values, [H * W], and whether they were colours before.

    Raises:
        ValueError: If it cannot be read or is of another size.
    """
    try:
        with Image.open(file, formats=("PNG", "JPEG")) as image:
            if (image.height, image.width) != shape:
                raise ValueError(
                    f"{name}: is {image.height} x {image.width} pixels, the run learned from "
                    f"{shape[0]} x {shape[1]}; resize it"
                )
            if image.mode not in (*_GREY, *_COLOURS):
                raise ValueError(f"{name}: has more than 8 bits for each pixel; convert it to 8")
            colourful = image.mode not in _GREY
            grey = np.asarray(image.convert("L"), dtype=np.uint8)
    except UnidentifiedImageError:
        raise ValueError(f"{name}: is neither a PNG nor a JPEG file") from None
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"{name}: cannot be read ({getattr(error, 'strerror', 0) or error})"
        ) from None
    return grey.reshape(-1), colourful


def pictures_in(folder: Path) -> list[Path]:
    """List the PNG and JPEG files of a folder, by name.

    Raises:
        ValueError: If there are none, or the folder cannot be read.
    """
    try:
        pictures = [path for path in folder.iterdir() if path.suffix.lower() in ENDINGS]
    except OSError as error:
        raise ValueError(f"{folder}: {error.strerror}") from None
    if not pictures:
        raise ValueError(f"{folder}: has no files that end in {', '.join(ENDINGS)}")
    return sorted(path for path in pictures if path.is_file())

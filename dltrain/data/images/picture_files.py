"""Pictures in PNG and JPEG files as the rows of images that a run learns from.

Letters: H height, W width, I = H * W of grey pictures and H * W * 3 of coloured ones.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import struct
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from dltrain.system.environment import num_cores

ENDINGS = (".png", ".jpg", ".jpeg")
MAGICS = (b"\x89PNG", b"\xff\xd8\xff")
_GREY = ("1", "L", "LA", "La")
_COLOURS = ("P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "LAB")
_ORIENTATION, _ON_ITS_SIDE = 0x0112, (5, 6, 7, 8)  # in EXIF, as cameras say it
AT_ONCE = 1024  # pictures that wait for their turn
# Pillow warns of a picture of more than 89 million pixels: it is refused, not shown to the user.
warnings.simplefilter("error", Image.DecompressionBombWarning)

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class PictureError(ValueError):
    """A file that cannot be used.

    Args:
        name: What messages call it.
        reason: Why, and what to do.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)  # as it was called: it may come from another process
        self.name, self.reason = name, reason

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


@dataclass(frozen=True)
class Look:
    """What the head of a picture's file says."""

    height: int  # as it is to be seen: a camera may have been held on its side
    width: int
    may_be_coloured: bool  # its pixels can hold colours, and may all be grey

    @property
    def size(self) -> str:
        """Its size for people."""
        return f"{self.height} x {self.width}"


@dataclass(frozen=True)
class Picture:
    """A picture that was read."""

    row: npt.NDArray[np.uint8]  # [I]
    look: Look  # what it was like in its file
    colourful: bool  # not all its pixels are grey
    transparent: bool  # in part at least
    # of the file's bytes and of the row: another library may decode a JPEG to other bytes
    sha256: str


def look_at(path: Path) -> Look:
    """Look at the head of a PNG or JPEG file.

    Raises:
        PictureError: If it is none.
    """
    _refuse_endless(path, str(path))
    with _opened(path, str(path)) as image:
        return _look(image, str(path))


def is_colourful(path: Path) -> bool:
    """Tell whether a PNG or JPEG file has a pixel that is not grey.

    Raises:
        PictureError: If it cannot be read.
    """
    with _opened(path, str(path)) as image:
        return _look(image, str(path)).may_be_coloured and _has_colours(_on_white(image)[0])


def read_picture(file: Path | bytes, *, name: str, shape: tuple[int, ...], resize: bool) -> Picture:
    """Read a PNG or JPEG file; what is transparent is seen on white.

    Args:
        file: Where it lies, or its bytes.
        name: What messages call it.
        shape: Height and width, and 3 for colours, that it is to have; others become grey.
        resize: Whether one of another size is stretched to it; else nothing of it is decoded.

    Raises:
        PictureError: If it cannot be read, or is of another size.
    """
    try:
        if isinstance(file, Path):
            _refuse_endless(file, name)
        content = file if isinstance(file, bytes) else file.read_bytes()
    except OSError as error:
        raise PictureError(name, f"cannot be read ({error.strerror})") from None
    height, width = shape[:2]
    with _opened(io.BytesIO(content), name) as image:
        look = _look(image, name)
        fits = (look.height, look.width) == (height, width)
        if not fits and not resize:
            wanted = f"{height} x {width}, the size that was learned from"
            raise PictureError(name, f"is {look.size} pixels, not {wanted}; resize it")
        if not fits:  # a photo is decoded at a half, quarter or eighth, but never below twice that
            sides = (height, width) if _orientation(image) in _ON_ITS_SIDE else (width, height)
            image.draft(image.mode, (2 * sides[0], 2 * sides[1]))
        seen = ImageOps.exif_transpose(image) if _orientation(image) != 1 else image
        opaque, transparent = _on_white(seen)
        colourful = look.may_be_coloured and _has_colours(opaque)
        pixels = opaque.convert("RGB" if len(shape) == 3 else "L")
        if not fits:
            pixels = pixels.resize((width, height), Image.Resampling.BILINEAR)
        row = np.asarray(pixels, dtype=np.uint8).reshape(-1)
        sha256 = hashlib.sha256(content + row.tobytes()).hexdigest()
        return Picture(row, look, colourful, transparent, sha256)


def _on_white(image: Image.Image) -> tuple[Image.Image, bool]:
    """Put a picture on white, and tell whether any of it was transparent."""
    if not image.has_transparency_data:
        return image, False
    layer = image.convert("RGBA")
    if layer.getchannel("A").getextrema() == (255, 255):
        return layer, False
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer), True


def _has_colours(image: Image.Image) -> bool:
    red, green, blue = np.moveaxis(np.asarray(image.convert("RGB")), -1, 0)
    return not (np.array_equal(red, green) and np.array_equal(green, blue))


def _refuse_endless(path: Path, name: str) -> None:
    if path.is_fifo() or path.is_char_device():  # to open it may never end
        raise PictureError(name, "is a pipe or a device")


def _look(image: Image.Image, name: str) -> Look:
    if image.mode not in (*_GREY, *_COLOURS):
        raise PictureError(name, "has more than 8 bits for each pixel; convert it to 8")
    sides = (image.height, image.width)
    height, width = sides[::-1] if _orientation(image) in _ON_ITS_SIDE else sides
    return Look(height, width, image.mode not in _GREY)


def _orientation(image: Image.Image) -> int:
    # Of a PNG file all would be decoded to know it, and cameras write none.
    return int(image.getexif().get(_ORIENTATION, 1)) if image.format == "JPEG" else 1


@contextlib.contextmanager
def _opened(file: Path | BinaryIO, name: str) -> Iterator[Image.Image]:
    try:
        with Image.open(file, formats=("PNG", "JPEG")) as image:
            yield image
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise PictureError(name, "is neither a PNG nor a JPEG file") from None
    except (
        *(OSError, EOFError, SyntaxError, ValueError, TypeError, struct.error),
        *(Image.DecompressionBombError, Image.DecompressionBombWarning),
    ) as error:
        reason = getattr(error, "strerror", None) or error
        raise PictureError(name, f"cannot be read ({reason})") from None


def side_by_side(function: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
    """Call a function of many items in as many threads as there are cores, some ahead of time."""
    waiting = list(items)
    with ThreadPoolExecutor(num_cores()) as pool:
        for start in range(0, len(waiting), AT_ONCE):
            yield from pool.map(function, waiting[start : start + AT_ONCE])


def digest_of(texts: Iterable[str]) -> str:
    """Return a digest of some texts, in whatever order."""
    return hashlib.sha256("\n".join(sorted(texts)).encode(errors="surrogateescape")).hexdigest()


def pictures_in(folder: Path) -> tuple[list[str], list[str]]:
    """List the PNG and JPEG files of a folder and its folders, and all other files, by name.

    What begins with a dot is none: programs leave such files and folders. Links to folders are not
    followed, as they may lead back; they stand among the others.

    Returns:
        Names from the folder on.

    Raises:
        ValueError: If the folder cannot be read.
    """
    pictures: list[str] = []
    others: list[str] = []

    def refuse(error: OSError) -> None:
        raise ValueError(f"{error.filename}: {error.strerror}")

    for root, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = [name for name in folders if os.path.islink(os.path.join(root, name))]
        others += [str(Path(root, name).relative_to(folder)) for name in links]
        for name in files:
            path = Path(root, name)
            if not name.startswith("."):
                kind = pictures if path.suffix.lower() in ENDINGS else others
                kind.append(str(path.relative_to(folder)))
    return sorted(pictures), sorted(others)

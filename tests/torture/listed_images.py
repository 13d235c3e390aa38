"""Malformed Fashion-MNIST files, listed: headers, lengths, contents, wrappings, places."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from dltrain.data.images.fashion_mnist import FULL
from tests.torture.refusal import Case, Content, fifo, folder, link, sparse

IMAGES, LABELS, TEST_IMAGES, TEST_LABELS = (file.name for file in FULL)
WORDS = ("data", "data=fashion_mnist", "data.root=root")
HEADER = struct.pack(">II", 0x801, 60_000)
ZEROS = HEADER + bytes(60_000)
ZIPPED = gzip.compress(ZEROS)


def of_zeros(header: bytes, size: int) -> Callable[[Path], None]:
    """Make a file of a header and zeros, of this size in all, that takes no room on disk."""

    def make(path: Path) -> None:
        with open(path, "wb") as file:
            file.write(header)
            file.truncate(size)

    return make


def changed(content: bytes, place: int, value: int) -> bytes:
    """Change one byte."""
    return content[:place] + bytes([value]) + content[place + 1 :]


NOT_LABELS = f"is not {LABELS}: its IDX header differs"
NOT_IMAGES = f"is not {IMAGES}: its IDX header differs"
TRUNCATED, TOO_LONG = "is truncated, it has ", "is too long for the 60000 rows of its header"
OTHER, BROKEN = "its content is not Fashion-MNIST's", "cannot be read ("

# The training labels, plain; the other three files are as they should be.
PLAIN: list[tuple[str, Content, str]] = [
    ("nothing", b"", NOT_LABELS),
    ("one byte", b"\0", NOT_LABELS),
    ("half a header", HEADER[:5], NOT_LABELS),
    ("text", b"0,1,2,3\n", NOT_LABELS),
    ("zeros", bytes(60_008), NOT_LABELS),
    ("ones", b"\xff" * 60_008, NOT_LABELS),
    ("a first byte that is not 0", changed(ZEROS, 0, 1), NOT_LABELS),
    ("a second byte that is not 0", changed(ZEROS, 1, 1), NOT_LABELS),
    ("a type of signed bytes", changed(ZEROS, 2, 9), NOT_LABELS),
    ("a type of floats", changed(ZEROS, 2, 0x0D), NOT_LABELS),
    ("a type that is not there", changed(ZEROS, 2, 0xFF), NOT_LABELS),
    ("no dimensions", changed(ZEROS, 3, 0), NOT_LABELS),
    ("two dimensions", changed(ZEROS, 3, 2), NOT_LABELS),
    ("three dimensions", changed(ZEROS, 3, 3), NOT_LABELS),
    ("255 dimensions", changed(ZEROS, 3, 255), NOT_LABELS),
    ("no rows", struct.pack(">II", 0x801, 0), NOT_LABELS),
    ("one row", struct.pack(">IIB", 0x801, 1, 3), NOT_LABELS),
    (
        "one row too few by its header",
        struct.pack(">II", 0x801, 59_999) + bytes(60_000),
        NOT_LABELS,
    ),
    (
        "one row too many by its header",
        struct.pack(">II", 0x801, 60_001) + bytes(60_000),
        NOT_LABELS,
    ),
    ("as many rows as there can be", struct.pack(">II", 0x801, 2**32 - 1), NOT_LABELS),
    ("as many rows as have a sign", struct.pack(">II", 0x801, 2**31) + bytes(100), NOT_LABELS),
    ("its bytes in another order", struct.pack("<II", 0x801, 60_000) + bytes(60_000), NOT_LABELS),
    ("images", struct.pack(">IIII", 0x803, 60_000, 28, 28) + bytes(1000), NOT_LABELS),
    ("the test labels", struct.pack(">II", 0x801, 10_000) + bytes(10_000), NOT_LABELS),
    ("a header only", HEADER, TRUNCATED),
    ("a byte too few", ZEROS[:-1], TRUNCATED),
    ("half of it", ZEROS[:30_000], TRUNCATED),
    ("a byte too many", ZEROS + b"\0", TOO_LONG),
    ("a newline at the end", ZEROS + b"\n", TOO_LONG),
    ("itself twice", ZEROS + ZEROS, TOO_LONG),
    ("100 MB", of_zeros(HEADER, 100 * 2**20), TOO_LONG),
    ("100 MB of zeros", sparse(100 * 2**20), NOT_LABELS),
    ("other labels", ZEROS, OTHER),
    ("a label of 10", changed(ZEROS, 60_007, 10), OTHER),
    ("a label of 255", changed(ZEROS, 8, 255), OTHER),
    ("labels that are all 9", HEADER + b"\x09" * 60_000, OTHER),
    ("gzip without its ending", ZIPPED, OTHER),
    ("a pipe", fifo, f"has no {LABELS}"),
    ("a folder", folder, f"has no {LABELS}"),
    ("a link to nowhere", link("nowhere"), f"has no {LABELS}"),
    ("a link to itself", link(LABELS), f"has no {LABELS}"),
    ("a device", link("/dev/zero"), f"has no {LABELS}"),
    ("memory of the kernel", link("/proc/self/mem"), BROKEN),
]

# The same, compressed.
COMPRESSED: list[tuple[str, Content, str]] = [
    ("nothing", b"", NOT_LABELS),
    ("one byte", b"\x1f", NOT_LABELS),
    ("plain labels", ZEROS, OTHER),
    ("text", b"not gzip at all", NOT_LABELS),
    ("a header of gzip", ZIPPED[:10], BROKEN),
    ("half of it", ZIPPED[: len(ZIPPED) // 2], BROKEN),
    ("a byte too few", ZIPPED[:-1], BROKEN),
    ("no check sum", ZIPPED[:-8], BROKEN),
    ("a wrong check sum", changed(ZIPPED, len(ZIPPED) - 8, ZIPPED[-8] ^ 1), BROKEN),
    ("a wrong length", changed(ZIPPED, len(ZIPPED) - 1, 1), BROKEN),
    ("another method", changed(ZIPPED, 2, 7), BROKEN),
    ("flags of the future", changed(ZIPPED, 3, 0xE0), ""),
    ("a name without end", changed(ZIPPED, 3, 8)[:10] + b"x" * 1000, BROKEN),
    ("a byte in its middle that changed", changed(ZIPPED, 20, ZIPPED[20] ^ 0xFF), ""),
    ("something behind it", ZIPPED + b"more", BROKEN),
    ("itself twice", ZIPPED + ZIPPED, TOO_LONG),
    ("gzip in gzip", gzip.compress(ZIPPED), NOT_LABELS),
    ("other labels", ZIPPED, OTHER),
    ("a bomb", gzip.compress(ZEROS) + gzip.compress(bytes(10 * 2**20)) * 100, TOO_LONG),
    ("a bomb of zeros", gzip.compress(bytes(10 * 2**20)) * 100, NOT_LABELS),
    ("20,000 empty parts", gzip.compress(b"") * 20_000, NOT_LABELS),
    ("zlib", b"x\x9c" + bytes(100), NOT_LABELS),
    ("half of zip", b"PK\x03\x04" + bytes(100), BROKEN),
    ("a pipe", fifo, f"has no {LABELS}"),
    ("a folder", folder, f"has no {LABELS}"),
    ("a device", link("/dev/zero"), f"has no {LABELS}"),
]

SIZE = 16 + 60_000 * 784
# The training images, plain.
PICTURES: list[tuple[str, Content, str]] = [
    ("nothing", b"", NOT_IMAGES),
    ("labels", ZEROS, NOT_IMAGES),
    ("no rows", struct.pack(">IIII", 0x803, 0, 28, 28), NOT_IMAGES),
    ("no height", struct.pack(">IIII", 0x803, 60_000, 0, 28), NOT_IMAGES),
    ("no width", struct.pack(">IIII", 0x803, 60_000, 28, 0), NOT_IMAGES),
    ("a width of 1", of_zeros(struct.pack(">IIII", 0x803, 60_000, 784, 1), SIZE), NOT_IMAGES),
    ("a width of 29", of_zeros(struct.pack(">IIII", 0x803, 60_000, 28, 29), SIZE), NOT_IMAGES),
    ("as much as there can be", struct.pack(">IIII", 0x803, *[2**32 - 1] * 3), NOT_IMAGES),
    ("a product that wraps round", struct.pack(">IIII", 0x803, 2**16, 2**16, 1), NOT_IMAGES),
    ("a product that wraps round twice", struct.pack(">IIII", 0x803, 2**31, 2, 784), NOT_IMAGES),
    ("a header only", struct.pack(">IIII", 0x803, 60_000, 28, 28), "is truncated"),
    (
        "a byte too few",
        of_zeros(struct.pack(">IIII", 0x803, 60_000, 28, 28), SIZE - 1),
        "truncated",
    ),
    (
        "a byte too many",
        of_zeros(struct.pack(">IIII", 0x803, 60_000, 28, 28), SIZE + 1),
        "too long",
    ),
    ("black pictures", of_zeros(struct.pack(">IIII", 0x803, 60_000, 28, 28), SIZE), OTHER),
    ("the test images", of_zeros(struct.pack(">IIII", 0x803, 10_000, 28, 28), 7840016), NOT_IMAGES),
]

# What the root is.
ROOTS: list[tuple[str, str, Mapping[str, Content], str]] = [
    ("a folder that is not there", "data.root=nowhere", {}, "no such folder"),
    ("a file", "data.root=root", {"root": b""}, "no such folder"),
    ("a pipe", "data.root=root", {"root": fifo}, "no such folder"),
    ("an empty folder", "data.root=root", {"root": folder}, f"has no {IMAGES}"),
    ("nothing", "data.root=", {}, "must not be empty"),
    ("a NUL", "data.root=a\0b", {}, "data.root"),
    ("a long name", f"data.root={'x' * 300}", {}, "File name too long"),
    ("an address", "data.root=http://example.org", {}, "no such folder"),
    ("an interpolation", "data.root=${oc.env:HOME}", {}, "interpolations"),
    ("a number of images that is negative", "data.num_val=-1", {}, "must be at least 0"),
    ("a number of images that leaves none", "data.num_val=60000", {}, "at most 59,999"),
    ("an unknown source", "data.source=web", {}, "must be one of auto, full, sample"),
]


def _others(*, than: str) -> dict[str, Content]:
    """Make files of the right names, and a cache that holds all of them but one."""
    found: dict[str, Content] = {}
    for file in FULL:
        if file.name != than:
            found[f"root/{file.name}"] = b""
            # What is cached was checked before it was kept, so its size is all that counts.
            cached = f"../cache/dltrain/fashion_mnist/{file.name}-{file.sha256[:16]}"
            found[cached] = sparse(file.size)
    return found


def cases() -> Iterator[Case]:
    """Yield every malformed file of images or labels."""
    for what, content, says in PLAIN:
        files = {**_others(than=LABELS), f"root/{LABELS}": content}
        yield Case(f"images: plain labels with {what}", WORDS, says, files)
    for what, content, says in COMPRESSED:
        files = {**_others(than=LABELS), f"root/{LABELS}.gz": content}
        yield Case(f"images: compressed labels with {what}", WORDS, says, files)
    for what, content, says in PICTURES:
        files = {**_others(than=IMAGES), f"root/{IMAGES}": content}
        yield Case(f"images: images with {what}", WORDS, says, files)
    for name in (TEST_IMAGES, TEST_LABELS):
        files = {**_others(than=name), f"root/{name}": b"\0"}
        yield Case(f"images: {name} of one byte", WORDS, f"is not {name}", files)
        yield Case(f"images: no {name}", WORDS, f"has no {name}", _others(than=name))
    for what, word, given, says in ROOTS:
        words = ["data", "data=fashion_mnist", word]
        yield Case(f"images: a root of {what}", words, says, given)

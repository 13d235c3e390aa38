"""Seals: a digest inside the very file it is the digest of, so that every changed bit shows.

It guards against accidents; whoever rewrites a file on purpose can rewrite its digest with it.
"""

from __future__ import annotations

import hashlib

# What stands in the digest's place while it is computed.
BLANK = "0" * 64


def sealed(content: bytes) -> bytes:
    """Put the digest of the whole in the place of the first ``BLANK``.

    Example:
        >>> content = sealed(b"digest: " + BLANK.encode())
        >>> is_intact(content, content[8:].decode())
        True
    """
    digest = hashlib.sha256(content).hexdigest()
    return content.replace(BLANK.encode(), digest.encode(), 1)


def is_intact(content: bytes, digest: object) -> bool:
    """Tell whether this content was sealed with this digest and has not changed since."""
    if not isinstance(digest, str) or len(digest) != 64 or not digest.isascii():
        return False
    blank = content.replace(digest.encode(), BLANK.encode(), 1)
    return hashlib.sha256(blank).hexdigest() == digest

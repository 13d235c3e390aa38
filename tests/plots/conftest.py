"""What the tests of pictures share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dltrain.plots import style


@pytest.fixture(autouse=True)
def in_style() -> Iterator[None]:
    """Draw figures as they become pictures."""
    with style.drawing():
        yield

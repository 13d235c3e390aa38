"""What this machine has to offer."""

from __future__ import annotations

import os

import pytest

from dltrain.system.environment import free_memory, num_cores


def test_free_memory_is_some_of_the_memory_there_is() -> None:
    there_is = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < free_memory() <= there_is


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be chosen here")
def test_the_cores_are_those_this_process_may_use() -> None:
    own = os.sched_getaffinity(0)
    assert num_cores() == len(own)
    try:
        os.sched_setaffinity(0, {min(own)})
        assert num_cores() == 1
    finally:
        os.sched_setaffinity(0, own)

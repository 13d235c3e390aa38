"""What the tests of other engines share."""

from __future__ import annotations

JOB = ("device=cpu", "trainer.epochs=2", "data.num_train=64", "data.num_val=32")

"""Other ways to train a configuration, and what they take."""

from __future__ import annotations

import pytest

from dltrain.config.load import load
from dltrain.train.bench import measure, variants
from tests.conftest import changed
from tests.train.bench.conftest import LINE, SOFTMAX, job

pytestmark = pytest.mark.usefixtures("here")


RATES = "values of optimizer.lr"


def test_other_ways_are_named_as_they_are_typed(costs: measure.Costs) -> None:
    words = [way.words for way in costs.variants]
    assert {"trainer.batch_size=512", f"-m, 8 {RATES}", f"-m, 64 {RATES}"} <= set(words)
    for word in words:
        if "=" in word:
            load(changed(SOFTMAX, word))
    assert costs.left_out == []
    assert all(way.rows_per_second > 0 for way in costs.variants)


def test_rows_of_members_together_all_count(costs: measure.Costs) -> None:
    together = next(way for way in costs.variants if way.words == f"-m, 64 {RATES}")
    assert together.rows_per_second == pytest.approx(64 * 4583 / 18 / together.seconds)


def test_a_batch_larger_than_the_table_is_not_tried() -> None:
    words = {
        way.words for way in measure.measure(job(*changed(LINE, "data.num_train=200"))).variants
    }
    assert "trainer.batch_size=128" in words
    assert "trainer.batch_size=256" not in words


def test_what_is_too_large_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "free_memory", lambda: 2**20)
    costs = measure.measure(job(*SOFTMAX))
    assert f"-m, 64 {RATES}" in costs.left_out
    assert f"-m, 64 {RATES}" not in {way.words for way in costs.variants}

"""What a setting reaches on average over splits of the rows, where no member is the best."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from dltrain.metrics import higher_is_better
from dltrain.runs.compare.digits import sd_decimals, written
from dltrain.runs.compare.field_names import tests
from dltrain.runs.compare.repeats import is_split, split_ratio, split_values
from dltrain.runs.compare.settings import SettingResult


@dataclass(frozen=True)
class SplitMean:
    """The mean of the best setting over splits."""

    setting: SettingResult
    metric: str  # by which it is the best
    splits: int  # on how many it was judged
    interval: tuple[float, float]  # of the mean, 95 %; nan for a single split

    def as_plain(self) -> dict[str, object]:
        """Return it for programs."""
        numbers = {"value": self.setting.mean, "sd": self.setting.deviation}
        counts = {"n": len(self.setting.results), "splits": self.splits}
        setting = dict(self.setting.setting)
        return {"setting": setting, **numbers, **counts, "interval": list(self.interval)}

    @property
    def counted(self) -> str:
        """Say of what it is the mean."""
        runs = self.setting.count
        return runs if runs == str(self.splits) else f"{runs} runs on {self.splits} splits"

    @property
    def value(self) -> str:
        """The mean, with the digits that its deviation supports."""
        return written(self.setting.mean, self._places)

    @property
    def spread(self) -> str:
        """Say how far splits, and so the mean, may be off."""
        if math.isnan(self.setting.deviation):
            return f"mean of {self.counted}"
        low, high = (written(end, self._places) for end in self.interval)
        interval = f", 95 % interval [{low}, {high}]" if self.splits > 1 else ""
        return (
            f"mean of {self.counted}, sd {written(self.setting.deviation, self._places)}{interval}"
        )

    @property
    def _places(self) -> int | None:
        return sd_decimals([self.setting.deviation], otherwise=[self.setting.mean])

    @property
    def test(self) -> tuple[str, str, str] | None:
        """Return the headline of the test rows: its name, its mean, and what that is a mean of.

        It has no interval: all folds are tested on the same rows.
        """
        results = self.setting.results
        for name in tests():
            values = [r.metrics[name] for r in results if name in r.metrics and name != self.metric]
            if len(values) == len(results):
                deviation = statistics.stdev(values) if len(values) > 1 else None
                mean = statistics.fmean(values)
                places = sd_decimals([deviation], otherwise=[mean])
                sd = "" if deviation is None else f", sd {written(deviation, places)}"
                return name, written(mean, places), f"mean of {self.counted}{sd}"
        return None


def split_mean(settings: Sequence[SettingResult], metric: str) -> SplitMean | None:
    """Average the best setting over its splits, if its members learned from several.

    Args:
        settings: Best first.
        metric: By which they are sorted.
    """
    if not settings or not is_split(settings[0].results):
        return None
    from dltrain.runs.compare.noise import mean_interval  # its SciPy takes a moment

    best = settings[0]
    values = split_values(best.results)
    low, high = mean_interval(values, split_ratio=split_ratio(best.results))
    if higher_is_better(metric) and all(0 <= value <= 1 for value in values):  # as shares are
        low, high = max(low, 0.0), min(high, 1.0)
    return SplitMean(best, metric, len(values), (low, high))

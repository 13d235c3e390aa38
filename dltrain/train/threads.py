"""How many threads a step is computed on, by measuring: bytes are the same for any number.

Threads wait for each other at every product. Where another process keeps a core busy, two threads
can take twenty times as long as one; where none does, they may halve the time of a large model, and
are worth nothing for a small one. So both ends are tried, and tried again now and then.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

# A trial of one number of threads: so many steps at least, and so long.
TRIAL_STEPS, TRIAL_SECONDS = 3, 0.02
# What is known to be that much slower need not be tried to the end.
HOPELESS = 2.0
# How long a choice holds, in trials of both; at most so many seconds.
HOLDS, HOLDS_SECONDS = 50, 5.0
# A pace that falls by more than this is looked into at once, or as soon as it pays.
FALLEN, PAYS = 1.3, 10


class Threads:
    """Chooses between one thread and all of them, between steps.

    Args:
        most: How many there may be, at least 2.
        tell: Told of every choice, in a sentence.
        clock: Seconds of some clock.
        use: Lets the steps to come be computed on so many threads.
    """

    def __init__(
        self,
        most: int,
        *,
        tell: Callable[[str], object],
        clock: Callable[[], float] = time.perf_counter,
        use: Callable[[int], object] = torch.set_num_threads,
    ) -> None:
        self._most, self._tell, self._clock, self._use = most, tell, clock, use
        self.chosen: int | None = None  # after the first trial of both
        self._trying = most
        use(most)
        self._paces: dict[int, float] = {}  # seconds a step, of the last trial of each number
        self._started = 0.0  # of the step under way
        self._steps, self._seconds = -1, 0.0  # of the trial or the stretch; the first step warms up
        self._trial_seconds = 0.0  # what the last trials took
        self._held = 0.0  # seconds of steps since the choice

    def begin(self) -> None:
        """Note that a step begins."""
        self._started = self._clock()

    def end(self) -> None:
        """Note that it has ended; switch to another number of threads if that is due."""
        seconds = self._clock() - self._started
        self._steps += 1
        if not self._steps:
            self._trial_seconds += seconds
            return
        self._seconds += seconds
        if self._trying:
            self._trial_seconds += seconds
            if self._is_tried():
                self._conclude()
        else:
            self._held += seconds
            if self._steps >= TRIAL_STEPS and self._seconds >= TRIAL_SECONDS:
                self._look()

    def _is_tried(self) -> bool:
        others = [pace for number, pace in self._paces.items() if number != self._trying]
        if others and self._seconds > HOPELESS * max(TRIAL_SECONDS, TRIAL_STEPS * min(others)):
            return True
        return self._steps >= TRIAL_STEPS and self._seconds >= TRIAL_SECONDS

    def _conclude(self) -> None:
        """End the trial of one number; go on with the other, or choose."""
        self._paces[self._trying] = self._seconds / self._steps
        if len(self._paces) < 2:
            self._switch(1 if self._trying > 1 else self._most, trying=True)
            return
        best = min(self._paces, key=self._paces.__getitem__)
        if best != self.chosen:
            other = next(number for number in self._paces if number != best)
            self._tell(
                f"steps are computed on {best} thread{'s' * (best > 1)}: "
                f"{1e3 * self._paces[best]:.3g} ms each; on {other} they took "
                f"{1e3 * self._paces[other]:.3g} ms"
            )
        self.chosen, self._held = best, 0.0
        self._switch(best, trying=False)

    def _look(self) -> None:
        """Look at a stretch of steps on the chosen number, and whether to try both again."""
        assert self.chosen is not None
        pace = self._seconds / self._steps
        fallen = pace > FALLEN * self._paces[self.chosen]
        holds = min(HOLDS_SECONDS, (PAYS if fallen else HOLDS) * self._trial_seconds)
        self._steps, self._seconds = 0, 0.0
        if self._held >= holds:
            self._paces, self._trial_seconds = {}, 0.0
            self._switch(self.chosen, trying=True)

    def _switch(self, number: int, *, trying: bool) -> None:
        self._use(number)
        self._trying = number if trying else 0
        self._steps, self._seconds = -1, 0.0

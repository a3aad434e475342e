"""The rollout and the clock of the demo's day."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from obskit.demo.draw import Dice
from obskit.demo.traffic import DAY_US, ROLLOUT, Clock, plan_chunks, rollout_share, time_of_day


def test_the_rollout_share_rises_at_each_step() -> None:
    times = np.array([time_of_day(9, 59), *(start for start, _ in ROLLOUT), time_of_day(23, 59)])
    assert rollout_share(times).tolist() == [0, 0.05, 0.25, 0.5, 1, 1]


def test_the_clock_stays_in_its_time_range() -> None:
    t = Clock(time_of_day(7), time_of_day(7, 30)).draw(Dice(1, 2), 10_000)
    assert time_of_day(7) <= t.min()
    assert t.max() <= time_of_day(7, 30)
    assert DAY_US % 86_400_000_000 == 0


def test_chunks_cover_the_day_with_the_exact_number_of_rows() -> None:
    chunks = plan_chunks(1_001, 100, lambda _start, _stop: 4.0)
    assert len(chunks) == 11
    assert sum(chunk.rows for chunk in chunks) == 1_001
    assert max(chunk.rows for chunk in chunks) <= 100
    assert [chunk.index for chunk in chunks] == list(range(11))
    assert (chunks[0].start, chunks[-1].stop) == (0, time_of_day(24))
    assert all(one.stop == other.start for one, other in pairwise(chunks))

"""What triage says it could have seen is what it finds."""

from __future__ import annotations

import math
import re

import numpy as np
import pyarrow as pa
import pytest

from obskit import load
from obskit.triage.missing.steps import Volumes, find_steps, smallest_loss
from obskit.triage.resolution import smallest_growth
from tests.triage.days import T, day


@pytest.fixture(autouse=True)
def cache(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSKIT_CACHE", f"{tmp_path}/cache")


def with_errors(share: float) -> pa.Table:
    """The quiet day, whose largest operation fails with a given share from noon on."""
    table = day(planted=False).to_arrow()
    micros = table["timestamp"].cast(pa.int64()).to_numpy()
    late = micros >= int(T.timestamp() * 1e6) + 12 * 3600_000_000
    error = table["error"].to_numpy(zero_copy_only=False).copy()
    mine = np.flatnonzero(late & (table["name"].to_numpy(zero_copy_only=False) == "POST /book"))
    error[mine] = np.arange(len(mine)) < share * len(mine)
    rng = np.random.default_rng(1)
    error[mine] = rng.permutation(error[mine])
    return table.set_column(table.schema.get_field_index("error"), "error", pa.array(error))


def test_growth_that_would_have_been_found_is_found() -> None:
    verdict = load(with_errors(0.01)).triage().verdict
    said = re.search(r"errors of (.+) had grown from ([\d.]+)% to ([\d.]+)% or more, or its slow", verdict)
    assert said is not None, verdict
    assert said[1] == "book POST /book"
    least = float(said[3]) / 100
    assert [cause.outcome for cause in load(with_errors(1.15 * least)).triage().causes] == ["errors"]
    assert load(with_errors(0.7 * least)).triage().causes == ()


def test_more_events_show_smaller_growth() -> None:
    sizes = np.array([30.0, 300.0, 3_000.0, 300_000.0])
    found = smallest_growth(np.full(4, 0.01), sizes, sizes, math.log(1e-5))
    assert (np.diff(found) < 0).all()
    assert found[0] > 0.3
    assert found[-1] == pytest.approx(0.012, abs=0.001)


def test_a_loss_that_would_have_been_found_is_found() -> None:
    level = math.log(1e-6)
    whole = [400.0] * 40

    def volumes(loss: float) -> Volumes:
        own = np.array([10.0] * 20 + [10.0 * (1 - loss)] * 20)
        w = np.array([own, np.array(whole) - own])
        return Volumes(w, w, np.array(whole))

    least = smallest_loss(volumes(0.0), 0, level)
    assert least is not None
    assert 0.2 < least < 0.9
    at = np.array([20])
    assert [step.slice for step in find_steps(volumes(least + 0.1), at, level)] == [0]
    assert find_steps(volumes(least - 0.15), at, level) == []
    assert smallest_loss(Volumes(*(np.full((1, 40), 0.1),) * 2, np.array(whole)), 0, level) is None

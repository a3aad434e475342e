"""A version that is deployed more than once, and deployments of one service at once: what is judged, and what not."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit import load
from obskit.events import Events
from obskit.judge.redeployed import rollouts_of
from obskit.query import Deployment
from tests.judge.rollouts import NEW, OLD, Columns, T, rollout, verdict

pytestmark = pytest.mark.once

Rng = np.random.Generator
SIZE = {"rpm": 3000, "minutes": 40, "errors": 0.02}


def marked(events: Events, *markers: tuple[float, str, str], environment: str | None = None) -> Events:
    """Return the events with markers: (minute, version, id) each."""
    table = events.to_arrow()
    rows = [
        {
            "timestamp": T + timedelta(minutes=minute),
            "name": "deployment",
            "kind": "event",
            "service.name": "booking",
            "service.version": version,
            "deployment.id": name,
            "deployment.environment.name": environment,
        }
        for minute, version, name in markers
    ]
    added = pa.Table.from_pylist(rows)
    added = added.set_column(0, "timestamp", added.column(0).cast(table.schema.field("timestamp").type))
    return load(pa.concat_tables([table, added], promote_options="default"))


@cache
def deployed_twice(*, first_bad: bool, own_ids: bool = True) -> Events:
    """2.4.0 for ten minutes, ten minutes without it, and 2.4.0 again; one of the two fails three times as often."""

    def change(columns: Columns, rng: Rng) -> None:
        minute = (columns["timestamp"] - T.timestamp() * 1e6) / 60e6
        gone = (minute >= 10) & (minute < 20)
        columns["service.version"] = np.where(gone, OLD, columns["service.version"])
        bad = (columns["service.version"] == NEW) & ((minute < 20) == first_bad)
        columns["error"] = np.where(bad, rng.random(len(minute)) < 0.06, columns["error"])

    ids = ("d1", "d2", "d3" if own_ids else "d1")  # an id may be made of the service and the version
    return marked(rollout(**SIZE, change=change), (0, NEW, ids[0]), (10, OLD, ids[1]), (20, NEW, ids[2]))


@pytest.mark.parametrize("own_ids", [True, False])
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(("first_bad", "word"), [(True, "pass"), (False, "regress")])
def test_after_a_rollback_the_second_deployment_of_a_version_is_judged(
    first_bad: bool, word: str, named: bool, own_ids: bool
) -> None:
    events = deployed_twice(first_bad=first_bad, own_ids=own_ids)
    found = verdict(events, candidate=NEW if named else None, latency=None)
    assert (found.word, found.candidate.label) == (word, NEW)  # type: ignore[union-attr]
    assert found.window[0] >= T + timedelta(minutes=20)  # type: ignore[index]
    assert (
        "2.4.0 ran before, too; only its requests since it was deployed again, at 2026-05-04T10:20:00Z, are "
        "judged, unless a window of time is given"
    ) in found.notes
    assert found.candidate.condition == (  # type: ignore[union-attr]
        "service.version = '2.4.0' and timestamp >= '2026-05-04T10:20:00Z'"
    )
    assert events.where(found.candidate.condition).scope.extent[0] > 0  # type: ignore[union-attr]


def test_a_window_says_which_deployment_is_meant() -> None:
    during = (T, T + timedelta(minutes=10))
    found = verdict(deployed_twice(first_bad=True), during=during, latency=None)
    assert found.word == "regress"


def test_the_same_version_twice_in_a_row_is_judged_from_the_second_time_on() -> None:
    """What the first deployment answered would outvote what the second breaks."""

    def change(columns: Columns, rng: Rng) -> None:
        minute = (columns["timestamp"] - T.timestamp() * 1e6) / 60e6
        bad = (columns["service.version"] == NEW) & (minute >= 30)
        columns["error"] = np.where(bad, rng.random(len(minute)) < 0.06, columns["error"])

    events = rollout(**SIZE, change=change)
    assert verdict(events, latency=None, errors="x2").word == "pass"
    found = verdict(marked(events, (0, NEW, "d1"), (30, NEW, "d2")), latency=None, errors="x2")
    assert found.word == "regress"
    assert found.window[0] >= T + timedelta(minutes=30)  # type: ignore[index]


def test_without_another_version_next_to_it_a_second_deployment_cannot_be_judged() -> None:
    def change(columns: Columns, rng: Rng) -> None:
        late = columns["timestamp"] >= (T + timedelta(minutes=20)).timestamp() * 1e6
        columns["service.version"] = np.where(late, NEW, columns["service.version"])

    events = marked(rollout(**SIZE, change=change), (0, NEW, "d1"), (30, NEW, "d2"))
    found = verdict(events)
    assert found.word == "error"
    assert found.sentence == (
        "booking 2.4.0 was deployed twice in a row, at 2026-05-04T10:00:00Z and 2026-05-04T10:30:00Z, and no "
        "other version ran next to the second, so there is nothing to judge it by. Judge by deployment.id if "
        "the requests have it, or name a window of time."
    )
    assert verdict(events, during=(T, T + timedelta(minutes=20))).word == "pass"


def test_by_deployment_id_the_second_deployment_is_judged_by_the_first() -> None:
    """What the error of the test above says to use."""

    def change(columns: Columns, rng: Rng) -> None:
        columns["deployment.id"] = np.where(columns["service.version"] == NEW, "d2", "d1")
        columns["service.version"] = np.full(len(columns["timestamp"]), NEW)

    events = marked(rollout(**SIZE, ratio=3.0, change=change), (-30, NEW, "d1"), (0, NEW, "d2"))
    found = verdict(events, candidate="d2", by="deployment.id")
    assert (found.word, found.baseline.label) == ("regress", "d1")  # type: ignore[union-attr]


def test_steps_of_one_rollout_and_other_environments_are_one_deployment() -> None:
    events = rollout(**SIZE)
    whole = verdict(events)
    steps = marked(events, (0, NEW, "d1"), (10, NEW, "d1"), (20, NEW, "d1"))
    staged = marked(marked(events, (0, NEW, "s"), environment="staging"), (20, NEW, "p"), environment="live")
    for one in (steps, staged):
        found = verdict(one)
        assert (found.word, found.window) == (whole.word, whole.window)


def test_a_version_that_is_rolled_out_at_the_same_time_is_no_baseline() -> None:
    """Two versions, both three times as bad, next to the old one: the first must not excuse the second."""

    def change(columns: Columns, rng: Rng) -> None:
        n = len(columns["timestamp"])
        late = columns["timestamp"] >= (T - timedelta(minutes=10)).timestamp() * 1e6
        other = (columns["service.version"] == OLD) & late & (rng.random(n) < 0.8)
        columns["service.version"] = np.where(other, "2.3.9", columns["service.version"])
        bad = columns["service.version"] != OLD
        columns["error"] = np.where(bad, rng.random(n) < 0.06, columns["error"])

    found = verdict(rollout(**SIZE, change=change), latency=None)
    assert (found.word, found.baseline.label) == ("regress", OLD)  # type: ignore[union-attr]
    assert (
        "warning: 2.3.9 began within an hour before 2.4.0, so it is left out of the baseline: it is being "
        "rolled out, too"
    ) in found.notes


def test_a_version_that_replaced_another_shortly_before_is_the_baseline() -> None:
    """The last requests of what it replaced are no better baseline."""

    def change(columns: Columns, rng: Rng) -> None:
        n = len(columns["timestamp"])
        minute = (columns["timestamp"] - T.timestamp() * 1e6) / 60e6
        old = (minute < -20) | ((minute < 3) & (rng.random(n) < 0.2))
        last = np.where(old, OLD, "2.3.9")
        columns["service.version"] = np.where(columns["service.version"] == NEW, NEW, last)

    found = verdict(rollout(**SIZE, change=change))
    assert (found.word, found.baseline.label) == ("pass", "2.3.7, 2.3.9")  # type: ignore[union-attr]


markers = st.builds(
    Deployment,
    at=st.just(T),
    service=st.sampled_from(["a", "b", None]),
    version=st.sampled_from(["1", "2", None]),
    id=st.sampled_from(["x", "y", None]),
    environment=st.sampled_from(["live", None]),
)


@given(st.lists(markers, max_size=12))
def test_every_marker_belongs_to_a_rollout(steps: list[Deployment]) -> None:
    found = rollouts_of(steps)
    assert len(found) <= len(steps)
    places = {(one.service, one.environment) for one in steps}
    assert {(one.service, one.environment) for one in found} == places
    for place in places:
        own = [one for one in found if (one.service, one.environment) == place]
        known = [one for one in steps if (one.service, one.environment) == place]
        assert set().union(*(one.ids for one in own)) == {one.id for one in known if one.id is not None}
        # A rollout begins where the version changes, or the id.
        changes = [a.version != b.version for a, b in pairwise(known)]
        assert sum(changes) + 1 <= len(own) <= len(known)


def test_in_events_that_begin_with_the_rollout_later_versions_are_left_out_too() -> None:
    """The first request is one of the candidate; a third version comes half an hour later."""

    def change(columns: Columns, rng: Rng) -> None:
        minute = (columns["timestamp"] - T.timestamp() * 1e6) / 60e6
        third = (minute > 30) & (columns["service.version"] == OLD) & (rng.random(len(minute)) < 0.5)
        columns["service.version"] = np.where(third, "2.5.0", columns["service.version"])
        columns["service.version"][0] = NEW

    events = rollout(before=0, rpm=300, share=0.5, change=change)
    found = verdict(events, latency=None)
    assert found.baseline.label == OLD  # type: ignore[union-attr]
    assert any(note.startswith("warning: other versions began after 2.4.0: 2.5.0") for note in found.notes)


def test_the_oldest_version_is_judged_by_what_came_later_and_that_is_said() -> None:
    found = verdict(rollout(before=20, minutes=20, share=0.5), candidate=OLD, latency=None)
    assert found.baseline.label == NEW  # type: ignore[union-attr]
    assert "warning: every other version began after 2.3.7, which is judged by what came later" in found.notes

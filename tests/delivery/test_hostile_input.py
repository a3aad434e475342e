"""Whatever markers, bands and lists of pull requests hold: an answer, or one of obskit's errors."""

import json
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.delivery.bands import METRICS, read_bands
from obskit.delivery.judged import judge_deployments
from obskit.delivery.metrics import metrics_of, ratios_of, sample_of
from obskit.delivery.pull_requests import read_pull_requests
from obskit.delivery.read import deployments_of, incidents_of
from obskit.errors import ObskitError
from tests.delivery.records import T
from tests.support.examples import examples

_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def answered_or_hint(call, given):
    """Return whether a call answers, or raises one of obskit's errors with a hint."""
    try:
        call(given)
    except ObskitError as error:
        return bool(error.hint)
    return True


_STATUSES = (None, "started", "succeeded", "failed", "rolled_back", "inactive", "progressing", "odd")


@st.composite
def _rows(draw):
    few = st.sampled_from([None, "a", "b"])
    rows = [
        {
            "timestamp": T + timedelta(minutes=draw(st.integers(0, 500))),
            "name": "deployment",
            "service.name": draw(few),
            "service.version": draw(few),
            "deployment.id": draw(few),
            "deployment.status": draw(st.sampled_from(_STATUSES)),
        }
        for _ in range(draw(st.integers(0, 12)))
    ]
    return sorted(rows, key=lambda row: row["timestamp"])


@st.composite
def _incidents(draw):
    rows = [
        {
            "timestamp": T + timedelta(minutes=draw(st.integers(-50, 900))),
            "service.name": draw(st.sampled_from([None, "a", "c"])),
            "obskit.incident.id": draw(st.sampled_from([None, "1", "2"])),
            "obskit.incident.status": draw(st.sampled_from([None, "open", "resolved", "mitigated"])),
            "deployment.id": draw(st.sampled_from([None, "a"])),
        }
        for _ in range(draw(st.integers(0, 6)))
    ]
    return sorted(rows, key=lambda row: row["timestamp"])


@settings(max_examples=examples(300), deadline=None)
@given(_rows(), _incidents())
def test_what_always_holds(rows, incident_rows):
    deployments, unfinished = deployments_of(rows, None)
    assert len(deployments) + unfinished <= len(rows)
    succeeded = {
        row["timestamp"] for row in rows if row["deployment.status"] in (None, "succeeded", "rolled_back")
    }
    assert {one.end for one in deployments} <= succeeded
    assert deployments == sorted(deployments, key=lambda one: one.end)
    assert all(one.begun <= one.end for one in deployments)
    incidents = incidents_of(incident_rows)
    assert all(one.resolved is None or one.opened <= one.resolved for one in incidents)
    judged, attributions = judge_deployments(deployments, incidents)
    assert len(attributions) == len(incidents)
    for one in judged:
        assert one.recovery is None or one.recovery >= 0
        assert one.is_open == (one.failed and one.recovered is None)
        assert one.failed == (one.failed_by is not None)
    sample = sample_of(judged, list(range(len(judged))), 1.0)
    assert sample.failed == len(sample.recoveries) + sample.open
    assert sample.doubtful <= sample.failed <= sample.deployments
    for metric in metrics_of(sample):
        value, low, high = metric.interval
        assert low is None or value is None or low <= value + 1e-9
        assert high is None or value is None or high >= value - 1e-9
    for ratio in ratios_of(sample, sample):
        value, low, high = ratio.interval
        assert value is None or abs(value - 1) < 1e-9
        assert low is None or low <= 1
        assert high is None or high >= 1


@settings(max_examples=examples(200), deadline=None)
@given(_rows())
def test_deployments_of_one_service_do_not_depend_on_another(rows):
    own = [row for row in rows if row["service.name"] == "a"]
    everything, _ = deployments_of(rows, None)
    alone, _ = deployments_of(own, None)
    assert [one for one in everything if one.service == "a"] == alone


@settings(max_examples=examples(200), deadline=None)
@given(st.dictionaries(st.sampled_from(["version", "bands", "x"]), _ANYTHING, max_size=3) | _ANYTHING)
def test_any_bands(given):
    assert answered_or_hint(
        read_bands, given if isinstance(given, dict) else {"version": "1", "bands": given}
    )


@settings(max_examples=examples(200), deadline=None)
@given(st.dictionaries(st.sampled_from(["names", *METRICS]), _ANYTHING, max_size=4))
def test_any_limits(bands):
    assert answered_or_hint(read_bands, {"version": "1", "bands": {"names": ["a", "b"], **bands}})


_REQUEST = {
    "number": 7,
    "author": {"login": "ann"},
    "createdAt": "2026-05-04T10:00:00Z",
    "mergedAt": "2026-05-04T11:00:00Z",
    "mergeCommit": {"oid": "5f1c"},
    "commits": [{"authoredDate": "2026-05-04T09:00:00Z"}],
    "comments": [],
    "reviews": [],
}


@settings(max_examples=examples(200), deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(_REQUEST)), _ANYTHING, max_size=3))
def test_any_pull_request(tmp_path_factory, changed):
    path = tmp_path_factory.mktemp("p") / "prs.json"
    path.write_text(json.dumps([_REQUEST, {**_REQUEST, **changed}]))
    assert answered_or_hint(read_pull_requests, path)

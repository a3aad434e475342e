"""Input that allows no verdict: a clear word or error each, and never a pass."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from obskit import load
from obskit.errors import ConditionError, InvalidArgument, UnknownField
from obskit.judge import WORDS
from tests.judge.rollouts import NEW, OLD, Columns, T, only, rollout, table_of, verdict
from tests.support.examples import examples

pytestmark = pytest.mark.once

Rng = np.random.Generator


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path_factory.mktemp("cache")))


def test_no_candidate() -> None:
    found = verdict(rollout(minutes=5), candidate="2.5.0")
    assert found.word == "no_data"
    assert (
        found.sentence == "No request of the candidate '2.5.0' is in these events. Values seen: 2.4.0, 2.3.7."
    )
    assert found.criteria == ()
    with pytest.raises(InvalidArgument, match="the verdict is 'no_data': nothing was compared"):
        found.explain()
    with pytest.raises(InvalidArgument, match="nothing to draw"):
        found.plot()
    assert "no data: No request" in str(found)


def test_no_baseline() -> None:
    def alone(columns: Columns, rng: Rng) -> None:
        only(columns, columns["service.version"] == NEW)

    found = verdict(rollout(minutes=5, change=alone))
    assert found.word == "no_data"
    assert found.sentence == (
        "There is no baseline: service.version is '2.4.0' on every request that has a value."
    )
    named = verdict(rollout(minutes=5), baseline="1.0")
    assert (named.word, named.sentence[:56]) == (
        "no_data",
        "No request of the baseline '1.0' is in these events. Val",
    )


def test_no_deployment() -> None:
    def one(columns: Columns, rng: Rng) -> None:
        columns["service.version"] = np.full(len(columns["timestamp"]), OLD)

    found = verdict(rollout(minutes=5, change=one), candidate=None)
    assert (found.word, found.sentence) == ("no_data", "No deployment is visible in these events.")


def test_no_versions_at_all() -> None:
    def none(columns: Columns, rng: Rng) -> None:
        del columns["service.version"]

    events = rollout(minutes=5, change=none)
    assert verdict(events, candidate=None).word == "no_data"
    with pytest.raises(InvalidArgument, match=r"no field 'service\.version', whose values would be the arms"):
        verdict(events)


def test_arms_of_different_services() -> None:
    def other(columns: Columns, rng: Rng) -> None:
        new = columns["service.version"] == NEW
        columns["service.name"] = np.where(new, "booking", "search")

    found = verdict(
        rollout(minutes=5, change=other),
        candidate_where="service.version = '2.4.0'",
        baseline_where="service.version = '2.3.7'",
    )
    assert found.word == "error"
    assert found.sentence == (
        "The arms are different services, which cannot be compared: booking is the candidate, "
        "search the baseline."
    )


def test_a_version_of_two_services() -> None:
    def other(columns: Columns, rng: Rng) -> None:
        n = len(columns["timestamp"])
        columns["service.name"] = np.array(["booking", "search"])[rng.integers(0, 2, n)]

    events = rollout(minutes=20, ratio=3.0, change=other)
    with pytest.raises(InvalidArgument) as caught:
        verdict(events)
    assert str(caught.value) == (
        "service.version '2.4.0' is in 2 services: booking, search\nHint: choose one: service=\"booking\""
    )
    assert verdict(events, service="search").service == "search"
    assert verdict(events, service="nope").word == "no_data"


def test_one_row_and_no_rows() -> None:
    one = rollout(minutes=5).where("service.version = '2.4.0'").to_arrow().slice(0, 1)
    assert verdict(load(one)).word == "no_data"
    none = rollout(minutes=5).where("service.version = 'x'")
    assert verdict(none).word == "no_data"


def test_all_requests_fail() -> None:
    def every(columns: Columns, rng: Rng) -> None:
        columns["error"] = np.ones(len(columns["timestamp"]), bool)

    found = verdict(rollout(change=every))
    assert found.word == "inconclusive"
    assert found.sentence == (
        "The baseline 2.3.7 itself fails on 100% of its requests, so that booking 2.4.0 cannot be judged by it."
    )


def test_weights_of_one_arm_are_missing() -> None:
    def lost(columns: Columns, rng: Rng) -> None:
        n = len(columns["timestamp"])
        weight = np.where(columns["error"], 1.0, 20.0)
        columns["sample_weight"] = np.where(columns["service.version"] == NEW, np.nan, weight)
        only(columns, columns["error"] | (rng.random(n) < 0.05))

    found = verdict(rollout(rpm=3000, change=lost))
    assert found.word == "error"
    assert found.sentence == (
        "Most requests of 2.4.0 have no sample weight, but those of 2.3.7 do, so how often they fail cannot be "
        "compared."
    )


def test_weights_of_the_errors_of_one_arm_are_missing() -> None:
    """Counted as 1, its errors would look rare, and a candidate that is three times as bad would pass."""

    def lost(columns: Columns, rng: Rng) -> None:
        gone = columns["error"] & (columns["service.version"] == NEW)
        columns["sample_weight"] = np.where(gone, np.nan, 20.0)

    found = verdict(rollout(rpm=3000, ratio=3.0, errors=0.02, change=lost))
    assert found.word == "error"
    assert found.sentence == (
        "Most failed requests of 2.4.0 have no sample weight, but those of 2.3.7 do, so how often they fail "
        "cannot be compared."
    )


@pytest.mark.parametrize("field", ["http.response.status_code", "status_code"])
def test_statuses_of_one_arm_are_missing(field: str) -> None:
    """Without a status no request looks failed, and the candidate would pass."""

    def lost(columns: Columns, rng: Rng) -> None:
        failed, new = columns.pop("error"), columns["service.version"] == NEW
        values = np.array([200, 500] if field.startswith("http") else ["OK", "ERROR"], object)
        columns[field] = np.where(new, None, values[failed.astype(int)])

    found = verdict(rollout(rpm=3000, ratio=3.0, errors=0.02, change=lost))
    assert found.word == "error"
    assert found.sentence == (
        f"Most requests of 2.4.0 have no {field}, by which errors are recognized, but those of 2.3.7 do, so how "
        "often they fail cannot be compared."
    )


@pytest.mark.parametrize("weight", [np.nan, 0.0, -3.0, np.inf])
def test_weights_of_one_arm_that_are_no_weights(weight: float) -> None:
    def odd(columns: Columns, rng: Rng) -> None:
        columns["sample_weight"] = np.where(columns["service.version"] == NEW, weight, 20.0)

    assert verdict(rollout(minutes=20, change=odd)).word == "error"


HOSTILE = (
    "x\x1b[31m\n<img src=x onerror=alert(1)>|**b** [l](http://e) @org/team `code` $x$ &lt; https://evil.example "
    "www.evil.example\r| a |\n::set-output name=x::y\u202e"
)


def test_hostile_names_of_slices_stay_text() -> None:
    def hostile(columns: Columns, rng: Rng) -> None:
        who = rng.integers(0, 20, len(columns["timestamp"]))
        columns["customer.id"] = np.array([HOSTILE, *(f"c{at}" for at in range(19))], object)[who]
        bad = (who == 0) & (columns["service.version"] == NEW) & (rng.random(len(who)) < 0.5)
        columns["error"] = columns["error"] | bad

    found = verdict(rollout(rpm=2000, minutes=30, change=hostile))
    assert found.slices[0].values == {"customer.id": HOSTILE}
    for text in (str(found), found.to_markdown(), found._repr_html_()):
        assert not {"\x1b", "\r", "\u202e"} & set(text)
        assert "\n::set-output" not in text
    assert "<img" not in found._repr_html_() + found.to_markdown()
    markdown = found.to_markdown()
    for active in ("@org", "://", "www.", "**b**", "[l]", "`code`", "$x$ ", "| a |"):
        assert active not in markdown
    assert "&amp;lt;" in markdown
    # What is not markup is still there for a reader.
    assert "@<!-- -->org/team" in markdown


def test_some_weights_are_missing() -> None:
    def lost(columns: Columns, rng: Rng) -> None:
        n = len(columns["timestamp"])
        columns["sample_weight"] = np.where(rng.random(n) < 0.1, np.nan, 2.0)

    notes = verdict(rollout(minutes=20, change=lost)).notes
    assert any(n.startswith("warning: ") and n.endswith("have no sample weight, counted as 1") for n in notes)


def test_neither_errors_nor_durations() -> None:
    table = rollout(minutes=20).to_arrow().drop_columns(["error", "duration_ms", "kind"])
    table = table.append_column("kind", pa.array(["server"] * table.num_rows))
    found = verdict(load(table))
    assert found.word != "pass"


def test_durations_that_are_zero_negative_or_missing() -> None:
    def odd(columns: Columns, rng: Rng) -> None:
        n = len(columns["timestamp"])
        kinds = rng.integers(0, 4, n)
        columns["duration_ms"] = np.select(
            [kinds == 0, kinds == 1, kinds == 2], [0.0, -5.0, np.nan], columns["duration_ms"]
        )

    found = verdict(rollout(rpm=1200, errors=0.03, change=odd))
    assert found.word in ("pass", "inconclusive")
    for fixed in (0.0, -1.0, 5.0):

        def same(columns: Columns, rng: Rng, fixed: float = fixed) -> None:
            columns["duration_ms"] = np.full(len(columns["timestamp"]), fixed)

        assert verdict(rollout(change=same)).criterion("latency").word != "regress"


def test_times_that_are_missing_or_run_backward() -> None:
    def odd(columns: Columns, rng: Rng) -> None:
        n = len(columns["timestamp"])
        times = columns["timestamp"].astype(float)
        times[rng.random(n) < 0.1] = np.nan
        columns["timestamp"] = rng.permutation(times)
        columns["timestamp"] = np.array(
            [None if np.isnan(t) else int(t) for t in columns["timestamp"]], object
        )

    assert verdict(rollout(ratio=1.0, change=odd)).word in WORDS


def test_events_without_times() -> None:
    with pytest.raises(InvalidArgument) as caught:
        verdict(load(pa.table({"service.version": ["1", "2"], "error": [True, False]})))
    assert str(caught.value) == (
        "judge compares requests over time, but no event has a time\n"
        "Hint: map the column with the time: mapping={'timestamp': 'COLUMN'}"
    )


def test_conditions_that_share_rows() -> None:
    with pytest.raises(InvalidArgument, match="candidate and baseline have rows in common"):
        verdict(rollout(minutes=5), candidate_where="error", baseline_where="not error or error")
    found = verdict(rollout(minutes=5), candidate_where="service.version = 'x'")
    assert (found.word, found.sentence) == (
        "no_data",
        "No request fulfills the condition of the candidate: service.version = 'x'.",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mode": "x"}, "mode must be one of auto, canary, rolling, before_after, environments, got 'x'"),
        ({"alpha": 0}, "alpha must be between 0.000001 and 0.5, got 0"),
        ({"baseline": NEW}, "candidate and baseline are both '2.4.0'"),
        (
            {"candidate": NEW, "candidate_where": "error"},
            "candidate and candidate_where both select the candidate",
        ),
        (
            {"baseline": OLD, "baseline_where": "error"},
            "baseline and baseline_where both select the baseline",
        ),
        ({"errors": None, "latency": None}, "neither errors nor latency is judged"),
        ({"errors": "1.5"}, "errors must be a margin, got '1.5'"),
        ({"errors": "x0.5"}, "errors must allow a rise of x1 to x1000, got 'x0.5'"),
        ({"errors": "x1.5, x2"}, "errors must have at most one ratio and one difference, got 'x1.5, x2'"),
        ({"errors": "+100pp"}, "errors must allow a rise of less than 100pp, got '+100pp'"),
        ({"errors": 1.5}, "errors must be text, got 1.5"),
        ({"latency": "+0.1pp"}, "latency must be a rise such as '+20%', got '+0.1pp'"),
        ({"split": 1}, "split must be a share between 0 and 1, got 1"),
        ({"split": "many"}, "split must be a share between 0 and 1, got 'many'"),
        ({"looks": 2}, "looks must be a length of time, got 2"),
        ({"looks": "-1m"}, "looks must be longer than 0, got '-1m'"),
        ({"candidate": 2.4}, "candidate must be a value of the field `by`, got 2.4"),
        ({"slices": ["a"] * 5}, "slices can have at most 4 fields, got 5"),
        ({"environment": "prod"}, "these events have no environment, got environment='prod'"),
    ],
)
def test_arguments_that_are_wrong(arguments: dict, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        verdict(rollout(minutes=2, before=2), **arguments)
    assert caught.value.message == message
    assert caught.value.hint


def test_names_and_conditions_that_are_wrong() -> None:
    events = rollout(minutes=2, before=2)
    for arguments in ({"by": "nope"}, {"slices": ["nope"]}, {"cluster": "nope"}, {"unit": "nope"}):
        with pytest.raises(UnknownField):
            verdict(events, **arguments)
    for arguments in ({"where": "error >"}, {"looks": "soon"}, {"during": "soon"}, {"after": "soon"}):
        with pytest.raises((ConditionError, InvalidArgument)):
            verdict(events, **arguments)


@settings(
    max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 600),
            st.sampled_from([OLD, NEW, "", None]),
            st.booleans(),
            st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)),
            st.sampled_from([1.0, 5.0, None, -1.0, 0.0]),
        ),
        max_size=60,
    )
)
def test_any_few_rows_have_a_verdict_and_it_is_no_pass(rows: list) -> None:
    """Sixty rows are never enough for a pass."""
    # A column without any value has no type, so the events would not have the field.
    assume(any(version is not None for _, version, *_ in rows))
    seconds, versions, errors, durations, weights = zip(*rows, strict=True)
    start = int(T.timestamp() * 1e6)
    events = load(
        table_of(
            {
                "timestamp": np.array([start + s * 1_000_000 for s in seconds]),
                "service.version": np.array(versions, object),
                "service.name": np.array(["booking"] * len(rows)),
                "name": np.array(["GET /"] * len(rows)),
                "kind": np.array(["server"] * len(rows)),
                "error": np.array(errors),
                "duration_ms": np.array([np.nan if d is None else d for d in durations]),
                "sample_weight": np.array([np.nan if w is None else w for w in weights]),
            }
        )
    )
    found = verdict(events)
    assert found.word in ("no_data", "inconclusive", "error", "regress")
    assert found.sentence
    assert str(found)
    assert found.to_dict()["verdict"] == found.word

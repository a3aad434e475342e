"""Verdicts on versions that run at the same time: what is planted is found, and nothing else."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from obskit.judge import Verdict
from tests.judge.rollouts import NEW, OLD, Columns, T, only, rollout, verdict

pytestmark = pytest.mark.once

Rng = np.random.Generator


def words(found: Verdict) -> dict[str, str]:
    return {one.name: one.word for one in found.criteria}


def test_twice_as_many_errors_are_a_regression() -> None:
    found = verdict(rollout(ratio=2.0))
    assert found.word == "regress"
    assert words(found) == {"errors": "regress", "latency": "pass", "traffic": "pass"}
    errors = found.criterion("errors")
    assert 1 < errors.low < 2 < errors.high
    assert errors.low < errors.ratio < errors.high
    assert T < errors.since < T + timedelta(minutes=40)
    assert found.sentence.startswith("booking 2.4.0 fails on 2.3% of 3,5")
    assert f"{OLD} on 0.9" in found.sentence
    assert "since 2026-05-04T10:" in found.sentence


def test_a_version_that_does_not_differ_passes() -> None:
    found = verdict(rollout(rpm=1200, errors=0.03))
    assert found.word == "pass"
    assert words(found) == {"errors": "pass", "latency": "pass", "traffic": "pass"}
    assert found.needed is None
    assert "a rise beyond the margin (larger of x1.5, +0.1pp) is excluded" in found.sentence


def test_a_small_canary_cannot_pass_and_says_how_many_requests_it_needs() -> None:
    found = verdict(rollout(minutes=10, share=0.05))
    assert found.word == "inconclusive"
    assert 5_000 < found.needed < 9_000
    assert "more requests of the candidate are likely needed" in found.sentence


def test_fewer_than_twenty_requests_are_no_data() -> None:
    found = verdict(rollout(minutes=10, share=0.002, ratio=50.0))
    assert found.word == "no_data"
    assert found.sentence.endswith("requests so far; a verdict needs 20 of each version.")


def test_ten_percent_slower_is_no_regression_if_only_more_is_one() -> None:
    slower = rollout(rpm=3000, slower=1.1)
    assert verdict(slower).criterion("latency").word == "regress"
    assert verdict(slower, least_slowdown="+15%").criterion("latency").word == "pass"


def test_a_fifth_slower_is_a_regression() -> None:
    found = verdict(rollout(slower=1.2))
    assert words(found)["latency"] == "regress"
    latency = found.criterion("latency")
    assert latency.candidate.percentiles["p95"] == pytest.approx(
        1.2 * latency.baseline.percentiles["p95"], rel=0.05
    )
    assert latency.requests < 1_000


def test_a_slow_tail_is_a_regression() -> None:
    """Only requests above the p95 take one and a half times as long: p50 and most of p95 stay."""

    def tail(columns: Columns, rng: Rng) -> None:
        limit = 80 * np.exp(0.6 * 1.645)
        slow = (columns["service.version"] == NEW) & (columns["duration_ms"] > limit)
        columns["duration_ms"] = columns["duration_ms"] * np.where(slow, 1.5, 1.0)

    found = verdict(rollout(rpm=1200, change=tail), errors=None)
    assert found.word == "regress"
    assert found.criterion("latency").outcome == "requests slower than the earlier p99 of their operation"


def test_a_verdict_at_an_earlier_time_is_what_was_said_then() -> None:
    """`regress` stays from the first look that has it, whatever comes later."""
    events = rollout(ratio=2.0, seed=3)
    whole = verdict(events)
    since = whole.criterion("errors").since
    for minutes in range(10, 60, 10):
        end = T + timedelta(minutes=minutes)
        then = verdict(events, during=(T, end))
        assert (then.word == "regress") == (end >= since)


def test_a_regression_that_ended_is_still_one() -> None:
    """The version fails for four minutes, then no longer; over hours the rates agree again."""

    def at_first(columns: Columns, rng: Rng) -> None:
        minutes = (columns["timestamp"] - int(T.timestamp() * 1e6)) / 60e6
        new = (columns["service.version"] == NEW) & (minutes < 4)
        columns["error"] = columns["error"] | (new & (rng.random(len(new)) < 0.1))

    found = verdict(rollout(minutes=150, change=at_first), latency=None)
    assert found.word == "regress"
    assert found.criterion("errors").since <= T + timedelta(minutes=4)
    assert found.criterion("errors").low <= 1
    assert "by now, but a rise beyond the margin was shown at 2026-05-04T10:02:00Z" in found.sentence


def test_the_ramp_and_a_rising_base_rate_are_no_regression() -> None:
    """The share goes 1, 5, 25, 50% while everybody's error rate triples."""

    def ramp(columns: Columns, rng: Rng) -> None:
        minutes = (columns["timestamp"] - int(T.timestamp() * 1e6)) / 60e6
        share = np.select([minutes < 0, minutes < 15, minutes < 30, minutes < 45], [0, 0.01, 0.05, 0.25], 0.5)
        new = rng.random(len(minutes)) < share
        columns["service.version"] = np.where(new, NEW, OLD)
        columns["error"] = rng.random(len(minutes)) < 0.01 * (1 + 2 * np.clip(minutes, 0, 60) / 60)
        columns["app.platform"] = np.array(["ios", "android", "web"])[rng.integers(0, 3, len(minutes))]

    for seed in (11, 12, 13):
        found = verdict(rollout(rpm=1200, change=ramp, seed=seed))
        assert found.criterion("errors").word == "pass"
        assert found.criterion("errors").ratio == pytest.approx(1, abs=0.15)
        assert found.slices == ()


def test_another_mix_of_operations_is_no_regression() -> None:
    """The candidate gets the failing route five times as often; within each route nothing differs."""

    def mix(columns: Columns, rng: Rng) -> None:
        n = len(columns["timestamp"])
        new = columns["service.version"] == NEW
        book = rng.random(n) < np.where(new, 0.5, 0.1)
        columns["name"] = np.where(book, "POST /book", "GET /seats")
        columns["error"] = rng.random(n) < np.where(book, 0.1, 0.001)
        columns["duration_ms"] = columns["duration_ms"] * np.where(book, 5.0, 1.0)

    found = verdict(rollout(change=mix))
    assert found.word in ("pass", "inconclusive")
    assert found.criterion("errors").candidate.rate > 3 * found.criterion("errors").baseline.rate
    assert found.criterion("errors").ratio == pytest.approx(1, abs=0.2)


def test_retries_within_a_trace_count_once() -> None:
    """A failing trace has twenty-one failing rows; counted one by one, chance looks like a regression."""

    def retries(columns: Columns, rng: Rng) -> None:
        bad = np.flatnonzero(columns["error"])
        for name in list(columns):
            columns[name] = np.concatenate([columns[name], np.repeat(columns[name][bad], 20)])

    alarms = {"trace_id": 0, None: 0}
    for seed in range(12):
        events = rollout(minutes=30, before=5, change=retries, seed=seed)
        for cluster in alarms:
            alarms[cluster] += verdict(events, cluster=cluster, latency=None).word == "regress"
    assert alarms["trace_id"] <= 1
    assert alarms[None] >= 3
    note = next(note for note in verdict(events).notes if "one per trace" in note)
    assert note.endswith("observations: one per trace and version")


def test_users_that_are_not_sticky_are_no_clusters() -> None:
    def users(columns: Columns, rng: Rng) -> None:
        columns["user.id"] = np.array([f"u{at}" for at in rng.integers(0, 200, len(columns["timestamp"]))])

    found = verdict(rollout(ratio=2.0, change=users), cluster="user.id")
    assert any("more than 5% of the values of user.id are in both arms" in note for note in found.notes)
    assert found.word == "regress"


def test_tail_sampling_keeps_the_verdict() -> None:
    """Every error is kept, and every fiftieth other request: rows alone would show 34% errors."""

    def sample(columns: Columns, rng: Rng) -> None:
        n = len(columns["timestamp"])
        columns["sample_weight"] = np.where(columns["error"], 1.0, 50.0)
        only(columns, columns["error"] | (rng.random(n) < 0.02))

    worse = verdict(rollout(rpm=6000, share=0.2, ratio=2.0, change=sample), latency=None)
    assert worse.word == "regress"
    assert worse.criterion("errors").approximate
    assert worse.criterion("errors").candidate.rate == pytest.approx(0.02, rel=0.25)
    assert "sampling depends on the outcome, so the intervals are approximate" in worse.notes
    same = verdict(rollout(rpm=6000, share=0.2, change=sample), latency=None)
    assert same.word != "regress"


def test_a_baseline_that_is_sampled_otherwise_keeps_the_verdict() -> None:
    """The candidate is recorded whole, the baseline by tail sampling: its rows hide the candidate's errors."""

    def sample(columns: Columns, rng: Rng) -> None:
        old = columns["service.version"] == OLD
        columns["sample_weight"] = np.where(old & ~columns["error"], 50.0, 1.0)
        only(columns, ~old | columns["error"] | (rng.random(len(old)) < 0.02))

    assert verdict(rollout(rpm=3000, share=0.2, ratio=3.0, change=sample), latency=None).word == "regress"
    assert verdict(rollout(rpm=3000, share=0.2, change=sample), latency=None).word != "regress"


def test_one_bad_pod_is_named() -> None:
    def pods(columns: Columns, rng: Rng) -> None:
        n = len(columns["timestamp"])
        new = columns["service.version"] == NEW
        number = rng.integers(0, 5, n)
        columns["k8s.pod.name"] = np.array(
            [f"booking-{'new' if b else 'old'}-{k}" for b, k in zip(new, number, strict=True)]
        )
        columns["error"] = columns["error"] | (new & (number == 3) & (rng.random(n) < 0.3))

    found = verdict(rollout(change=pods))
    assert found.word == "regress"
    assert found.pods[0].pod == "booking-new-3"
    assert found.pods[0].excess > 0.8
    assert (
        "One pod, booking-new-3, has 97.4% of it; 4 other pods of the candidate do not differ"
        in found.sentence
    )


def test_warming_up_is_left_out() -> None:
    """Each pod is slow and fails in its first three minutes."""

    def cold(columns: Columns, rng: Rng) -> None:
        minutes = (columns["timestamp"] - int(T.timestamp() * 1e6)) / 60e6
        first = (columns["service.version"] == NEW) & (minutes < 3)
        columns["error"] = columns["error"] | (first & (rng.random(len(first)) < 0.3))
        columns["duration_ms"] = columns["duration_ms"] * np.where(first, 4.0, 1.0)

    events = rollout(change=cold)
    assert verdict(events).word == "regress"
    warm = verdict(events, warmup="3m")
    assert warm.word != "regress"
    assert any(note.startswith("warm-up: 1") and "start of the candidate" in note for note in warm.notes)


def test_the_newest_minute_is_left_out() -> None:
    found = verdict(rollout(after=0))
    assert found.window[1] == T + timedelta(minutes=59)
    assert "requests from 10:59:00 UTC on are left out: slow ones may still be missing" in found.notes


def test_a_candidate_that_stops_answering_never_passes() -> None:
    """It does well for forty minutes; then it answers nothing, and writes no errors either."""

    def gone(columns: Columns, rng: Rng) -> None:
        minutes = (columns["timestamp"] - int(T.timestamp() * 1e6)) / 60e6
        only(columns, (columns["service.version"] == OLD) | (minutes < 40))

    found = verdict(rollout(rpm=1200, errors=0.03, change=gone))
    assert found.word == "no_data"
    assert words(found) == {"errors": "pass", "latency": "pass", "traffic": "no_data"}
    assert found.sentence.startswith("booking 2.4.0 answers no requests since 2026-05-04T10:40:00Z: 0 where ")


def test_what_callers_saw_of_a_candidate_that_is_gone_is_told() -> None:
    """A tenth of the rows are calls from the edge to booking; those since 10:40 fail."""

    def gone(columns: Columns, rng: Rng) -> None:
        n = len(columns["timestamp"])
        minutes = (columns["timestamp"] - int(T.timestamp() * 1e6)) / 60e6
        call = rng.random(n) < 0.1
        columns["kind"] = np.where(call, "client", "server")
        columns["service.name"] = np.where(call, "edge", "booking")
        columns["service.version"] = np.where(call, "1.0", columns["service.version"])
        columns["server.address"] = np.where(call, "booking", None)
        columns["error"] = np.where(call, minutes >= 40, columns["error"])
        only(columns, (columns["service.version"] != NEW) | (minutes < 40))

    found = verdict(rollout(change=gone))
    assert found.word == "no_data"
    calls = found.sentence.rpartition("Its callers saw ")[2].split()
    assert calls[0] == calls[2]
    assert " ".join(calls[3:]) == "calls to booking fail since then."


def test_a_split_is_checked_on_users_and_not_on_requests() -> None:
    def users(columns: Columns, rng: Rng) -> None:
        columns["user.id"] = np.array([f"u{at}" for at in range(len(columns["timestamp"]))])

    events = rollout(errors=0.03, rpm=1200, change=users)
    assert verdict(events, split=0.1, unit="user.id").word == "pass"
    assert verdict(events, split="20%").word == "pass"
    found = verdict(events, split="20%", unit="user.id")
    assert found.word == "inconclusive"
    assert "but 20.0% were declared: requests are lost, or the split is another one." in found.sentence


def test_arms_by_a_flag_and_by_conditions() -> None:
    def flag(columns: Columns, rng: Rng) -> None:
        new = columns["service.version"] == NEW
        columns["feature_flag.result.variant"] = np.where(new, "on", "off")
        columns["service.version"] = np.full(len(new), OLD)

    events = rollout(ratio=2.0, change=flag)
    by_flag = verdict(events, candidate="on", by="feature_flag.result.variant")
    assert (by_flag.word, by_flag.baseline.label) == ("regress", "off")
    by_condition = verdict(
        events,
        candidate_where="feature_flag.result.variant = 'on'",
        baseline_where="feature_flag.result.variant = 'off'",
    )
    assert by_condition.word == "regress"
    rest = verdict(events, candidate_where="feature_flag.result.variant = 'on'")
    assert rest.baseline.condition == "not (feature_flag.result.variant = 'on')"
    assert rest.criterion("errors").ratio == pytest.approx(by_condition.criterion("errors").ratio)


def test_the_newest_deployment_is_judged_by_default() -> None:
    found = verdict(rollout(ratio=3.0), candidate=None)
    assert found.word == "regress"
    assert (found.service, found.candidate.label, found.baseline.label) == ("booking", NEW, OLD)


def test_a_version_that_began_later_is_not_the_baseline() -> None:
    def third(columns: Columns, rng: Rng) -> None:
        n = len(columns["timestamp"])
        minutes = (columns["timestamp"] - int(T.timestamp() * 1e6)) / 60e6
        newer = (minutes > 20) & (columns["service.version"] == OLD) & (rng.random(n) < 0.3)
        columns["service.version"] = np.where(newer, "2.4.1", columns["service.version"])

    found = verdict(rollout(change=third))
    assert found.baseline.label == OLD
    warning = "warning: other versions began after 2.4.0: 2.4.1 (from 10:20:00)"
    assert any(note.startswith(warning) for note in found.notes)


def test_a_verdict_as_a_dict_is_json_with_stable_keys() -> None:
    found = verdict(rollout(minutes=20, ratio=3.0))
    data = found.to_dict()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert list(data) == [
        "kind", "schema", "verdict", "sentence", "evidence", "service", "environment", "baseline", "candidate",
        "window", "looks", "alpha", "criteria", "slices", "pods", "needed", "recovery",
        "changes", "notes", "dataset",
        "reproduce",
    ]  # fmt: skip
    assert data["reproduce"] == "events.judge(candidate='2.4.0')"
    assert list(data["criteria"][0]) == [
        "name", "word", "outcome", "baseline", "candidate", "ratio", "low", "high", "difference", "margin",
        "log_e", "since", "requests", "needed", "approximate", "operation", "condition", "sentence",
    ]  # fmt: skip


def test_the_explanation_is_of_the_candidates_failures() -> None:
    def sepa(columns: Columns, rng: Rng) -> None:
        n = len(columns["timestamp"])
        columns["payment.method"] = np.array(["sepa", "card"])[(rng.random(n) < 0.8).astype(int)]
        bad = (columns["service.version"] == NEW) & (columns["payment.method"] == "sepa")
        columns["error"] = columns["error"] | (bad & (rng.random(n) < 0.4))

    explanation = verdict(rollout(change=sepa)).explain()
    assert explanation.findings[0].condition == "payment.method = 'sepa'"


def test_text_html_and_markdown_show_values_as_text() -> None:
    def hostile(columns: Columns, rng: Rng) -> None:
        n = len(columns["timestamp"])
        columns["service.name"] = np.full(n, "<script>|alert(1)\x1b[31m--></script>")

    found = verdict(rollout(minutes=20, ratio=5.0, change=hostile))
    assert "<script>" not in found._repr_html_()
    assert "\x1b" not in str(found)
    markdown = found.to_markdown()
    assert "<script>" not in markdown
    assert "\x1b" not in markdown
    assert markdown.count("-->") == 1
    assert markdown.splitlines()[0].startswith("**regress: &lt;script&gt;\\|alert(1)\\\\x1b")


def test_a_verdict_is_drawn() -> None:
    pytest.importorskip("plotly")
    found = verdict(rollout(ratio=2.0))
    figure = found.plot()
    assert len(figure.data) == 12  # two lines in five panels, and the bands of p99
    assert "regress" in figure.layout.title.text


def test_the_display_zone_is_used() -> None:
    found = dataclasses.replace(verdict(rollout(ratio=2.0)), display_tz="Europe/Berlin")
    since = found.criterion("errors").since
    assert since.tzinfo is UTC
    assert since > datetime(2026, 5, 4, tzinfo=UTC)
    assert "12:" in str(found).splitlines()[4]


def test_a_declared_split_is_one_of_requests_and_not_of_sampled_rows() -> None:
    """Half of the requests are the candidate's, and one in twenty of those is kept; all of the baseline are."""

    def sampled(columns: Columns, rng: Rng) -> None:
        new = columns["service.version"] == NEW
        columns["sample_weight"] = np.where(new, 20.0, 1.0)
        only(columns, ~new | (rng.random(len(new)) < 0.05))

    events = rollout(rpm=2400, share=0.5, change=sampled)
    assert verdict(events, split=0.5, latency=None).criterion("traffic").word == "pass"
    gone = events.where("service.version = '2.3.7' or timestamp < '2026-05-04T10:30Z'")
    found = verdict(gone, split=0.5, latency=None)
    assert found.sentence.startswith(
        "booking 2.4.0 answers no requests since 2026-05-04T10:30:00Z: 0 where 1,"
    )


def test_a_split_is_not_tested_where_the_versions_are_sampled_differently() -> None:
    """Half of the users are the candidate's, but of its requests one in ten is kept, so few of them are seen."""

    def users(columns: Columns, rng: Rng) -> None:
        new = columns["service.version"] == NEW
        columns["user.id"] = np.where(new, "new", "old").astype("U10")
        columns["user.id"] = np.char.add(columns["user.id"], rng.integers(0, 20_000, len(new)).astype("U5"))

    def sampled(columns: Columns, rng: Rng) -> None:
        users(columns, rng)
        new = columns["service.version"] == NEW
        columns["sample_weight"] = np.where(new, 10.0, 1.0)
        only(columns, ~new | (rng.random(len(new)) < 0.1))

    note = "the split cannot be tested: the versions are sampled differently"
    found = verdict(rollout(rpm=1200, share=0.5, change=sampled), split=0.5, unit="user.id", latency=None)
    assert found.criterion("traffic").word == "pass"
    assert note in found.notes
    # Sampled alike, it is tested.
    for split, word in ((0.5, "pass"), (0.25, "inconclusive")):
        found = verdict(rollout(rpm=1200, share=0.5, change=users), split=split, unit="user.id", latency=None)
        assert found.criterion("traffic").word == word
        assert note not in found.notes

"""`obskit traces` on the sample: the list, the comparison, the other views, the export, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import obskit
from tests.cli.test_verbs import SAMPLE, SHAPE, refused, run, run_json

BOOK = ("--where", "http.route = '/book'")
SLOW = ("--slow", "http.route = '/book' and duration_ms > 500")


def test_it_lists_traces(capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(capsys, "traces", SAMPLE, *BOOK, "--order", "errors desc", "--limit", "3")
    assert set(found) == SHAPE
    assert found["kind"] == "traces"
    assert len(found["rows"]) == 3
    assert found["rows"][0]["errors"] >= found["rows"][1]["errors"] > 0
    assert run(capsys, "traces", SAMPLE, "--limit", "2").startswith("trace_id")


def test_it_compares_slow_with_normal_traces(capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(capsys, "traces", SAMPLE, *BOOK, *SLOW)
    assert found["kind"] == "trace comparison"
    assert found["services"][0]["service"] == "booking"
    assert found["sentences"][0].startswith("booking: self time of INSERT bookings went from ")
    assert found["slow"]["traces"] + found["normal"]["traces"] > 2_000
    text = run(capsys, "traces", SAMPLE, *SLOW, "--normal", "http.route = '/book'", "--without-logs")
    assert "booking: self time of INSERT bookings" in text


@pytest.mark.parametrize(
    ("view", "kind"),
    [
        ("operations", "trace operations"),
        ("shapes", "trace shapes"),
        ("map", "service map"),
        ("list", "traces"),
    ],
)
def test_it_shows_other_views(capsys: pytest.CaptureFixture[str], view: str, kind: str) -> None:
    found = run_json(capsys, "traces", SAMPLE, "--show", view)
    assert found["kind"] == kind
    assert found["rows"]


def test_the_map_has_a_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(
        capsys, "traces", SAMPLE, "--show", "map", "--baseline", "timestamp < '2026-05-04T09:00Z'"
    )
    assert all(node["change"] is not None for node in found["nodes"])


@pytest.mark.parametrize("to", ["jaeger", "otlp-json"])
def test_it_writes_whole_traces(capsys: pytest.CaptureFixture[str], tmp_path: Path, to: str) -> None:
    out = tmp_path / "slow.json"
    run(capsys, "traces", SAMPLE, "--slow", "duration_ms > 3000", "--out", str(out), "--to", to)
    listed = run_json(capsys, "traces", SAMPLE, "--where", "duration_ms > 3000", "--limit", "1000")["rows"]
    written = obskit.load(out).traces(1000).to_dict()["rows"]
    assert len(written) == len(listed) > 3
    assert {row["trace_id"]: row["spans"] for row in written} == {
        row["trace_id"]: row["spans"] for row in listed
    }


@pytest.mark.parametrize("to", ["jaeger", "otlp-json"])
def test_one_trace_is_written_with_its_log_records(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, to: str
) -> None:
    longest = run_json(capsys, "traces", SAMPLE, "--where", "kind = 'consumer'", "--limit", "1")["rows"][0]
    out = tmp_path / "one.json"
    words = ("trace", SAMPLE, longest["trace_id"].upper(), "--out", str(out), "--to", to)
    run(capsys, *words)
    written = obskit.load(out)
    assert set(written.to_arrow()["trace_id"].to_pylist()) == {longest["trace_id"]}
    assert written.traces().to_dict()["rows"][0]["spans"] == longest["spans"]
    out.unlink()
    said = run(capsys, *words, "--linked")
    assert "links connect with the others" in said
    assert refused(capsys, *words)[0] == 2, "the file exists"


@pytest.mark.parametrize("option", [("--to", "jaeger"), ("--linked",)])
def test_options_of_a_file_need_a_file(capsys: pytest.CaptureFixture[str], option: tuple[str, ...]) -> None:
    assert refused(capsys, "trace", SAMPLE, "a" * 32, *option) == (
        2,
        f"obskit: {option[0]} only works with --out\nHint: obskit trace --help\n",
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--normal", "error"), "--normal only works with --slow"),
        (("--without-logs",), "--without-logs only works with --slow"),
        (("--to", "jaeger"), "--to only works with --out"),
        (("--show", "map", "--slow", "error"), "--show only works without --slow"),
        (("--baseline", "error"), "--baseline only works with --show map"),
        (("--order", "spans", "--show", "map"), "--order only works with the list"),
    ],
)
def test_options_without_effect_are_refused(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert refused(capsys, "traces", SAMPLE, *words) == (
        2,
        f"obskit: {message}\nHint: obskit traces --help\n",
    )


def test_no_trace_is_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    status, said = refused(capsys, "traces", SAMPLE, "--where", "duration_ms > 1e9")
    assert (status, said.partition("\n")[0]) == (
        1, "obskit: no trace has an event that matches duration_ms > 1e9",
    )  # fmt: skip

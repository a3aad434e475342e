"""Again and again: on time, to an end, into a file that can be loaded."""

from __future__ import annotations

import json
import os
import re
import stat
import threading
import time
from pathlib import Path

import pytest

from obskit.errors import InvalidArgument, StorageFull
from obskit.events import load
from obskit.instrument.sinks.retention import is_closed
from obskit.probe import EventFile, check_urls, format_probe, format_summary, watch


def test_each_url_is_asked_as_often_as_wanted(web) -> None:
    events: list[dict] = []
    begun = time.monotonic()
    tally = watch([f"{web.url}/a", f"{web.url}/503"], events.append, every=0.15, count=3)
    assert 0.3 <= time.monotonic() - begun < 3
    assert len(events) == tally.requests == 6
    assert tally.statuses == {f"{web.url}/a": {200: 3}, f"{web.url}/503": {503: 3}}
    ids = {event["trace_id"] for event in events}
    assert len(ids) == 6


def test_a_url_that_hangs_holds_up_no_other(web) -> None:
    stopped, events = threading.Event(), []

    def emit(event: dict) -> None:
        events.append(event)
        if len(events) == 4:
            stopped.set()

    begun = time.monotonic()
    tally = watch([f"{web.url}/stuck", f"{web.url}/a"], emit, every=0.1, count=None, stopped=stopped)
    assert time.monotonic() - begun < 2.9, "the request under way was given up"
    assert [event["url.full"] for event in events] == [f"{web.url}/a"] * 4
    assert tally.failed == {}


def test_beginnings_that_passed_are_left_out(web) -> None:
    """/slow takes 0.3 s: of beginnings at 0, 0.2, 0.4, 0.6 s every second is asked."""
    events: list[dict] = []
    watch([f"{web.url}/slow"], events.append, every=0.2, count=2)
    first, second = (float(event["timestamp"][17:-1]) for event in events)
    assert (second - first) % 60 == pytest.approx(0.4, abs=0.15)


def test_what_cannot_be_written_ends_it(web) -> None:
    def emit(_event: dict) -> None:
        raise StorageFull("no room")

    with pytest.raises(StorageFull, match="no room"):
        watch([f"{web.url}/a", f"{web.url}/b"], emit, every=0.1, count=None)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("example.com", "example.com is not an http or https URL"),
        ("ftp://me:s3cr3t@host/x", "ftp://[redacted]@host/x is not an http or https URL"),
        ("file:///etc/hostname", "file:///etc/hostname is not an http or https URL"),
        ("http://", "http:// is not a URL: it has no host"),
        ("http://host/a b", "http://host/a b is not a URL: it has a space or control character"),
        (
            "http://host:port/",
            "http://host:port/ is not a URL: Port could not be cast to integer value as 'port'",
        ),
    ],
)
def test_what_is_no_url_is_refused(url: str, why: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        check_urls(["http://host", url])
    assert caught.value.message == why
    assert caught.value.hint == "use a URL such as https://example.com/health"


def test_too_many_and_too_often_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="at most 100 URLs can be probed at once, got 101"):
        check_urls(f"http://host/{n}" for n in range(101))
    with pytest.raises(InvalidArgument, match=re.escape("the interval must be at least 0.1 s, got 0.01 s")):
        watch(["http://host"], print, every=0.01)
    assert check_urls(["http://a", "http://b", "http://a"]) == ["http://a", "http://b"]


def test_a_file_of_ones_own_that_loads(web, tmp_path: Path) -> None:
    with EventFile(tmp_path / "probes") as file:
        watch([f"{web.url}/a", f"{web.url}/503", "http://127.0.0.1:1/"], file.write)
    assert re.fullmatch(rf"[\w.]+-{os.getpid()}-\d{{8}}T\d{{6}}\.\d{{6}}Z\.jsonl", file.path.name)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    events = load(file.path)
    assert events.where("error").query("count()").to_arrow().to_pylist() == [{"count()": 2}]
    rows = events.query("count()", by=["error.type", "http.response.status_code"]).to_arrow().to_pylist()
    found = {(row["error.type"], row["http.response.status_code"]) for row in rows}
    assert found == {(None, 200), (None, 503), ("CouldNotConnect", None)}
    assert events.load_report.rejected_count == 0


def test_a_file_that_is_written_is_held(tmp_path: Path) -> None:
    """So that a service that shares the folder and keeps it within a budget leaves it alone."""
    with EventFile(tmp_path) as file:
        assert not is_closed(file.path)
        file.write({"a": 1})
    assert is_closed(file.path)


def test_a_file_without_events_is_not_left(tmp_path: Path) -> None:
    with EventFile(tmp_path) as file:
        assert file.path.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_short_write_is_told_and_the_next_event_is_whole(tmp_path: Path, monkeypatch) -> None:
    real = os.write
    with EventFile(tmp_path) as file:
        monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:5]))
        with pytest.raises(StorageFull, match="the disk is full: cannot write an event to"):
            file.write({"a": "long enough"})
        monkeypatch.setattr(os, "write", real)
        file.write({"b": 1})
    assert file.path.read_text() == '{"a":\n{"b":1}\n'


def test_words_for_a_person(web) -> None:
    events: list[dict] = []
    tally = watch([f"{web.url}/redirect", "http://127.0.0.1:1/"], events.append)
    lines = sorted(map(format_probe, events), key=len)
    assert any(
        re.fullmatch(
            rf"\d\d:\d\d:\d\d  200  [\d.]+ ms  {web.url}/redirect"
            rf"  1 redirect to {web.url}/slow\?access_token=\[redacted\]"
            r"  \((lookup [\d.]+, )?connect [\d.]+, wait [\d.]+(, read [\d.]+)?\)",
            line,
        )
        for line in lines
    ), lines
    assert any(
        re.match(r"\d\d:\d\d:\d\d  CouldNotConnect  [\d.]+ ms  http://127\.0\.0\.1:1/", line)
        for line in lines
    )
    said = sorted(format_summary(tally).splitlines())
    assert said[0] == "http://127.0.0.1:1/: 0 of 1 answered; CouldNotConnect 1"
    assert re.fullmatch(
        rf"{web.url}/redirect: 1 of 1 answered \(1 x 200\), median [\d.]+ ms, [\d.]+ to [\d.]+", said[1]
    )
    json.dumps(events, allow_nan=False)

"""Wrong values at every place of OTLP: never an internal error, and one verdict of receiver and reader.

What the receiver acknowledges can be loaded, record by record; what it refuses, the reader rejects.
"""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import obskit as ok
from obskit.readers import Source
from obskit.readers.otlp.json_reader import READER
from obskit.schema import READ_AS_IS, LoadReport
from tests.support.otlp_wrong_values import GOOD, TEMPLATES, WRONG, places
from tests.support.receive_harness import JSON, Receiver

REJECTED = {"traces": "rejectedSpans", "logs": "rejectedLogRecords"}


class Verdict(NamedTuple):
    """What became of a request: the status, and how many records were kept and refused."""

    status: int
    refused: int


class Sender:
    """Sends requests over one connection."""

    def __init__(self, receiver: Receiver, signal: str) -> None:
        self._signal = signal
        self._connection = http.client.HTTPConnection("127.0.0.1", receiver.port(), timeout=60)

    def send(self, body: bytes, kind: str = JSON) -> Verdict:
        self._connection.request("POST", f"/v1/{self._signal}", body, {"content-type": kind})
        answer = self._connection.getresponse()
        said = answer.read()
        refused = 0
        if answer.status == 200 and kind == JSON:
            refused = int(json.loads(said).get("partialSuccess", {}).get(REJECTED[self._signal], 0))
        return Verdict(answer.status, refused)

    def close(self) -> None:
        self._connection.close()


def groups(signal: str) -> dict[str, list[str]]:
    """The paths of all places by what they are part of, so that a test has a few dozen of them."""
    found: dict[str, list[str]] = {}
    for place in places(signal):
        steps = [step for step in place.path.split("/") if not step.isdigit()]
        found.setdefault("/".join(steps[2:4]), []).append(place.path)
    return found


def test_the_table_has_every_field_and_every_value() -> None:
    for signal in TEMPLATES:
        assert len(list(places(signal))) > 60
    assert len(WRONG) == len(set(WRONG)) > 50


@pytest.mark.parametrize(
    ("signal", "group"), [(signal, group) for signal in TEMPLATES for group in groups(signal)]
)
def test_a_wrong_value_has_one_verdict(
    start: Callable[..., Receiver], tmp_path: Path, signal: str, group: str
) -> None:
    paths = set(groups(signal)[group])
    receiver = start()
    with contextlib.closing(Sender(receiver, signal)) as sender:
        kept = check_places(sender, signal, paths, tmp_path / "case.jsonl")
    receiver.stop()
    events = ok.load(receiver.folder)
    assert (events.dataset.rows, events.load_report.rejected_count) == (kept, 0)


def check_places(sender: Sender, signal: str, paths: set[str], file: Path) -> int:
    """Send and read every wrong value at some places; return how many records the receiver has kept."""
    good = json.dumps(GOOD[signal], separators=(",", ":")).encode()
    beside = 10
    assert sender.send(good) == (200, 0)
    kept = beside
    for place in places(signal):
        if place.path not in paths:
            continue
        for name, body in place.bodies():
            status, refused = sender.send(body)
            assert status in (200, 400, 413), name
            file.write_bytes(good + b"\n" + body + b"\n")
            report = LoadReport()
            batches = READER.read(Source(file), report.file(file), READ_AS_IS)
            rows = sum(batch.num_rows for batch in batches) - beside
            assert rows >= 0, name
            if status == 200:
                assert (name, refused) == (name, report.rejected_count), report.rejected
                kept += rows
            else:
                assert report.rejected_count, name
            assert all(rejection.position for rejection in report.rejected), name
            assert not any("fault" in reason for reason in report.rejected_by_reason), (name, report.rejected)
    return kept

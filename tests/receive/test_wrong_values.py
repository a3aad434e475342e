"""Wrong values at every place of OTLP: never an internal error, and one verdict of receiver and reader.

What the receiver acknowledges can be loaded, record by record; what it refuses, the reader rejects.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import obskit as ok
from tests.support.loaded import load_files
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
        found.setdefault("/".join(steps[:4][-2:]), []).append(place.path)
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
    sender = Sender(receiver, signal)
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
            file = tmp_path / "case.jsonl"
            file.write_bytes(good + b"\n" + body + b"\n")
            loaded = load_files(file)
            rows = len(loaded.rows) - beside
            assert rows >= 0, name
            if status == 200:
                assert (name, refused) == (name, loaded.report.rejected_count), loaded.reasons
                kept += rows
            else:
                assert loaded.report.rejected_count, name
            assert all(position for position, _ in loaded.reasons), name
            assert not any("fault" in reason for _, reason in loaded.reasons), (name, loaded.reasons)
    sender.close()
    receiver.stop()
    events = ok.load(receiver.folder)
    assert (events.dataset.rows, events.load_report.rejected_count) == (kept, 0)

"""Wrong values at every place of OTLP: never an internal error, and one verdict of receiver and reader.

What the receiver acknowledges can be loaded, record by record; what it refuses, the reader rejects.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import obskit as ok
from obskit.readers import Source
from obskit.readers.otlp.json_reader import READER
from obskit.readers.otlp.protobuf_reader import READER as PROTOBUF_READER
from obskit.receive import json_body, protobuf
from obskit.receive.refusal import Refused
from obskit.schema import READ_AS_IS, LoadReport
from tests.support import otlp_requests as made
from tests.support.examples import examples
from tests.support.otlp_wrong_values import GOOD, TEMPLATES, WRONG, places
from tests.support.protobuf_mutations import change_bytes, change_field, encoded, tree
from tests.support.receive_harness import JSON, PROTOBUF, Receiver

pytestmark = pytest.mark.once

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
        assert len(list(places(signal))) >= 40
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


MESSAGE = {"traces": "Traces", "logs": "Logs"}
WHOLE = {signal: made.protobuf(request) for signal, request in TEMPLATES.items()}


def damaged(signal: str, rng: random.Random) -> bytes:
    """A request with a field or a few bytes changed."""
    nodes = tree(MESSAGE[signal], WHOLE[signal])
    for _ in range(rng.choice((1, 1, 2, 3))):
        change_field(rng, nodes)
    data = encoded(nodes)
    return change_bytes(rng, data) if data and rng.random() < 0.3 else data


def check_protobuf(signal: str, body: bytes, file: Path) -> int:
    """Check that a segment with a request that was accepted gives all of its records; return their number."""
    try:
        count = protobuf.count(signal, body)
    except Refused:
        return -1
    if count:
        file.write_bytes(made.fixed(WHOLE[signal], body, WHOLE[signal]))
        report = LoadReport()
        batches = PROTOBUF_READER.read(Source(file), report.file(file), READ_AS_IS)
        assert (sum(batch.num_rows for batch in batches), report.rejected) == (count + 2, [])
    return count


def test_the_tree_of_a_request_is_the_request() -> None:
    for signal, body in WHOLE.items():
        assert encoded(tree(MESSAGE[signal], body)) == body


@given(st.sampled_from(sorted(TEMPLATES)), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=examples(150))
def test_all_records_of_a_protobuf_request_that_is_accepted_are_read(
    tmp_path_factory: pytest.TempPathFactory, signal: str, rng: random.Random
) -> None:
    """Wrong wire types and groups too: parsers of protobuf skip them, so the receiver accepts them."""
    folder = tmp_path_factory.getbasetemp()
    check_protobuf(signal, damaged(signal, rng), folder / f"{signal}-20260504T10Z-0001.otlp")


def test_damaged_protobuf_is_no_internal_error(start: Callable[..., Receiver], tmp_path: Path) -> None:
    receiver, rng = start(), random.Random(7)
    kept, seen = 0, set()
    for signal in TEMPLATES:
        with contextlib.closing(Sender(receiver, signal)) as sender:
            for _ in range(60):
                body = damaged(signal, rng)
                status, _ = sender.send(body, PROTOBUF)
                count = check_protobuf(signal, body, tmp_path / f"{signal}-20260504T10Z-0001.otlp")
                assert status == (400 if count < 0 else 200)
                kept += max(count, 0)
                seen.add(status)
    receiver.stop()
    assert seen == {200, 400}
    events = ok.load(receiver.folder)
    assert (events.dataset.rows, events.load_report.rejected_count) == (kept, 0)


@pytest.mark.parametrize(
    ("module", "name", "kind"), [(json_body, "read", JSON), (protobuf, "count", PROTOBUF)]
)
def test_a_fault_of_the_validation_refuses_the_request(
    start: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch, module: Any, name: str, kind: str
) -> None:
    """Not an internal error, after which many senders would try again for ever."""

    def fail(*_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(module, name, fail)
    status, _, said = start().post(b"{}", kind=kind)
    assert (status, b"the request cannot be read: a fault in the reader (KeyError)" in said) == (400, True)

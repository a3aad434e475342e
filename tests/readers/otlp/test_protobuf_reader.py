"""OTLP in protobuf: three framings, damaged messages, and the same events as from JSON."""

import json
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obskit.errors import ReadError
from obskit.readers.otlp import messages as otlp_messages
from obskit.readers.otlp import protobuf_reader
from obskit.readers.otlp.framing import ProtobufMessage
from obskit.readers.otlp.json_reader import RequestRows
from obskit.readers.otlp.messages import Refused
from obskit.readers.otlp.protobuf_reader import Messages
from obskit.schema import LoadReport, Normalizer, cast
from tests.support import otlp_requests as made
from tests.support.examples import examples
from tests.support.loaded import load_files

FRAMINGS = {"bare": made.bare, "fixed": made.fixed, "delimited": made.delimited}


def table(batches, report):
    normalizer = Normalizer(report)
    done = [normalizer.batch(batch) for batch in batches]
    rows = [row for batch in done for row in cast(batch, normalizer.schema).to_pylist()]
    return normalizer.schema, repr(rows), report.to_dict()  # repr: two NaN are the same


def from_json(body):
    """Events of a request by `rowwise`, the reference for the other parsers."""
    report = LoadReport()
    rows = RequestRows(report.file("f"))
    return table([*rows.request(body, ""), *rows.rest()], report)


def from_protobuf(data, *, fast=True):
    report = LoadReport()
    with pytest.MonkeyPatch.context() as patch:
        if not fast:

            def refuse(*_):
                raise Refused("not today")

            patch.setattr(otlp_messages, "decode", refuse)
        batches = list(Messages(report.file("f")).batches([ProtobufMessage(data, 0)]))
    return table(batches, report)


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made.requests(made.VALUES))
def test_json_and_both_protobuf_parsers_give_the_same_events(body):
    data = made.protobuf(body)
    assert from_protobuf(data) == from_json(body)
    assert from_protobuf(data, fast=False) == from_json(body)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made.requests(made.PLAIN))
def test_undamaged_messages_are_decoded_by_arrow(body):
    def refuse(*_):
        raise AssertionError("an undamaged message was read record by record")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(otlp_messages, "requests", refuse)
        list(Messages(LoadReport().file("f")).batches([ProtobufMessage(made.protobuf(body), 0)]))


@pytest.mark.parametrize("framing", FRAMINGS)
def test_messages_in_each_framing_are_read(read, framing):
    messages = [made.protobuf(made.request(*(made.span(10 * m + n) for n in range(10)))) for m in range(5)]
    got = read(FRAMINGS[framing](*messages))
    assert [row["n"] for row in got.rows] == list(range(50))
    assert got.report.rejected_count == 0
    assert got.rows[3]["duration_ms"] == 1.500001
    assert got.rows[3]["span_id"] == "0000000000000004"


@pytest.mark.parametrize("framing", FRAMINGS)
def test_spans_and_logs_in_one_file_keep_their_order(read, framing):
    bodies = [
        made.request(made.span(0)),
        made.logs({"timeUnixNano": "1544712660000000000", "body": {"stringValue": "hi"}}),
        made.request(made.span(1)),
    ]
    got = read(FRAMINGS[framing](*map(made.protobuf, bodies)))
    assert [(row["kind"], row.get("body"), row.get("n")) for row in got.rows] == [
        ("server", None, 0),
        ("event", "hi", None),
        ("server", None, 1),
    ]


@pytest.mark.parametrize("framing", FRAMINGS)
def test_metrics_are_one_rejection_and_spans_are_read(read, framing):
    metric = {"name": "m", "gauge": {"dataPoints": [{"asDouble": 1.0, "timeUnixNano": "1"}]}}
    metrics = made.protobuf({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric, metric]}]}]})
    spans = made.protobuf(made.request(made.span(0)))
    got = read(FRAMINGS[framing](metrics, spans, metrics))
    assert len(got.rows) == 1
    assert got.report.rejected_by_reason == {"metrics are not events": 1}
    assert read(FRAMINGS[framing](metrics)).report.rejected_by_reason == {"metrics are not events": 1}


@pytest.mark.parametrize("framing", FRAMINGS)
def test_profiles_are_one_rejection_and_spans_are_read(read, framing):
    """A profile's period and id have the field numbers of a span's kind and start."""
    profile = made.field(2, b"\x0a\x01\x01") + b"\x19" + bytes(8) + b"\x30\x01" + made.field(7, bytes(16))
    profiles = made.field(1, made.field(2, made.field(2, profile)))
    spans = made.protobuf(made.request(made.span(0)))
    got = read(FRAMINGS[framing](profiles, spans, profiles))
    assert [row["name"] for row in got.rows] == ["GET /0"]
    assert got.report.rejected_by_reason == {"profiles are not events": 1}


def test_the_name_of_a_receivers_segment_says_what_it_holds(read):
    """The only field of this span is a name that is also a valid AnyValue, like the body of a log record."""
    span = made.field(5, b"\x0a\x01x")
    message = made.fixed(made.field(1, made.field(2, made.field(2, span))))
    assert [row["kind"] for row in read(message, "logs-20260504T10Z-0001.otlp").rows] == ["event"]
    assert [row.get("name") for row in read(message, "traces-20260504T10Z-0001.otlp").rows] == ["\n\x01x"]


def test_each_truncated_file_is_rejected_with_the_same_reason(tmp_path):
    """The first is cut within a message, the second after one."""
    message = made.fixed(made.protobuf(made.request(made.span(0))))
    paths = [tmp_path / "a.gz", tmp_path / "b.gz"]
    for path, data in zip(paths, (message + message[:-5], message), strict=True):
        squeeze = zlib.compressobj(wbits=31)
        path.write_bytes(squeeze.compress(data) + squeeze.flush(zlib.Z_FULL_FLUSH))
    got = load_files(*paths)
    assert len(got.rows) == 2
    assert got.report.rejected_by_reason == {"the gzip stream is cut off": 2}


@pytest.mark.parametrize("framing", FRAMINGS)
def test_empty_messages_are_skipped(read, framing):
    spans = made.protobuf(made.request(made.span(0)))
    nothing = made.field(1, b"") if framing == "bare" else b""
    got = read(FRAMINGS[framing](spans, *[nothing] * 1000, spans))
    assert (len(got.rows), got.reasons) == (2, [])


@pytest.mark.parametrize("framing", FRAMINGS)
def test_only_a_torn_last_message_is_rejected_with_its_offset(read, framing):
    messages = [made.protobuf(made.request(made.span(2 * m), made.span(2 * m + 1))) for m in range(3)]
    data = FRAMINGS[framing](*messages)
    start = len(FRAMINGS[framing](*messages[:2]))
    for cut in (1, 50, len(data) - start - 3):
        got = read(data[:-cut])
        assert [row["n"] for row in got.rows] == [0, 1, 2, 3]
        assert got.reasons == [(f"byte {start}", "torn: the file ends within the message")]


@pytest.mark.parametrize("framing", ["fixed", "delimited"])
def test_garbage_between_messages_and_in_a_message_is_rejected(read, framing):
    one, two, three = (made.protobuf(made.request(made.span(n))) for n in range(3))
    frame = FRAMINGS[framing]
    got = read(frame(one) + b"\xff\x00garbage" * 3 + frame(two) + frame(three))
    assert [row["n"] for row in got.rows] == [0, 1, 2]
    assert [position for position, _ in got.reasons] == [f"byte {len(frame(one))}"]
    got = read(frame(one) + frame(b"\xff" * 40) + frame(three))
    assert [row["n"] for row in got.rows] == [0, 2]
    assert [reason for _, reason in got.reasons] == ["a varint that does not end"]


def test_messages_after_a_wrong_length_are_read(read):
    one, two = (made.protobuf(made.request(made.span(n))) for n in range(2))
    for lie in (2**31 - 1, 2**32 - 1, 100_000, len(one) + 7, len(one) - 7):
        got = read(made.fixed(one) + lie.to_bytes(4, "big") + one + made.fixed(two))
        assert [row["n"] for row in got.rows] == [0, 1]
        assert [position for position, _ in got.reasons] == [f"byte {len(one) + 4}"]
    assert read(made.fixed(one) + b"\x7f\xff\xff\xff" + two).reasons[0] == (
        f"byte {len(one) + 4}",
        "a message of more than 256 MiB",
    )


def test_only_a_broken_span_is_rejected(read):
    data = made.protobuf(made.request(*(made.span(n) for n in range(4))))
    place = data.index(b"text 2")
    bad = data[:place] + b"\xff\xfe" + data[place + 2 :]
    got = read(bad)
    assert [row["n"] for row in got.rows] == [0, 1, 3]
    ((position, reason),) = got.reasons
    assert reason == "not UTF-8"
    assert position == f"byte {data.index(b'GET /2') - 2 - 18 - 10}"  # two ids come before the name


def test_a_file_of_one_torn_message_is_an_error(read, tmp_path):
    data = made.fixed(made.protobuf(made.request(made.span(0))))
    with pytest.raises(ReadError) as caught:
        read(data[:-5], name="traces.pb")
    assert str(caught.value) == (
        f"{tmp_path}/traces.pb looks like OTLP in protobuf but cannot be read: "
        "torn: the file ends within the message (byte 0)\n"
        "Hint: the file may be truncated; export it again"
    )


def test_values_nested_too_deep(read):
    value = {"stringValue": "x"}
    for _ in range(80):
        value = {"arrayValue": {"values": [value]}}
    body = made.request(made.span(0), made.span(1))
    data = made.protobuf(body)
    deep = _nested(80)
    span = made.protobuf(made.request(made.span(2)))
    got = read(made.fixed(data, _with_value(span, deep)))
    assert [row["n"] for row in got.rows] == [0, 1]
    assert [reason for _, reason in got.reasons] == ["nested deeper than 64 levels"]


def _field(number, data):
    return made.delimited(bytes([number << 3 | 2]) + b"")[1:] + made.delimited(data)


def _nested(levels):
    """An AnyValue of lists within lists, deeper than the official library reads."""
    value = _field(1, b"x")
    for _ in range(levels):
        value = _field(5, _field(1, value))
    return value


def _with_value(data, value):
    """A request of one span with an attribute more."""
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

    parsed = TracesData.FromString(data)
    span = parsed.resource_spans[0].scope_spans[0].spans[0].SerializeToString()
    span += _field(9, _field(1, b"deep") + _field(2, value))
    return _field(1, _field(2, _field(2, span)))


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_large_message_is_decoded_in_parts(read, monkeypatch, framing):
    monkeypatch.setattr(protobuf_reader, "BLOCK", 1000)
    monkeypatch.setattr(protobuf_reader, "SPLIT_SIZE", 500)
    sizes = []
    decode = otlp_messages.decode

    def watched(signal, messages):
        sizes.append(max(map(len, messages)))
        return decode(signal, messages)

    monkeypatch.setattr(otlp_messages, "decode", watched)
    resource = [made.attribute("service.name", stringValue="shop")]
    body = made.request(*(made.span(n) for n in range(100)), resource=resource, scope={"name": "lib"})
    data = made.protobuf(body)
    got = read(FRAMINGS[framing](data))
    assert max(sizes) < 1000
    assert [row["n"] for row in got.rows] == list(range(100))
    assert {(row["service.name"], row["otel.scope.name"]) for row in got.rows} == {("shop", "lib")}
    bad = data.replace(b"text 50", b"text \xff0")
    got = read(FRAMINGS[framing](bad))
    assert [row["n"] for row in got.rows] == [n for n in range(100) if n != 50]
    frame = len(FRAMINGS[framing](bad)) - len(bad)
    start = bad.index(b"GET /50", bad.index(b"GET /49")) - 2 - 18 - 10
    assert got.reasons == [(f"byte {frame + start}", "not UTF-8")]


GOOD = [made.protobuf(made.request(*(made.span(5 * m + n) for n in range(5)))) for m in range(4)]


@settings(max_examples=examples(200), deadline=None)
@given(
    st.sampled_from(list(FRAMINGS)),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=3),
    st.integers(0, 400),
    st.binary(max_size=20),
)
def test_flipped_bits_and_torn_ends_never_crash(tmp_path_factory, framing, flips, cut, tail):
    data = bytearray(FRAMINGS[framing](*GOOD))
    for place, byte in flips:
        data[place % len(data)] = byte
    path = tmp_path_factory.mktemp("flipped") / "file.pb"
    path.write_bytes(bytes(data[: len(data) - cut]) + tail)
    try:
        got = load_files(path)
    except ReadError:
        return
    whole = {json.dumps(row.get("n")) for row in got.rows}
    if not flips and not cut:
        assert len(whole) == 20


@settings(max_examples=examples(300), deadline=None)
@given(st.one_of(st.binary(max_size=200), st.binary(max_size=100).map(lambda data: b"\x0a" + data)))
def test_any_bytes_as_a_message(data):
    fast, slow = (from_protobuf(data, fast=fast) for fast in (True, False))
    assert len(fast) == len(slow)

"""Arrow and `rowwise` read the same events from OTLP's JSON."""

import json
import re

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obskit.readers.otlp import json_attributes
from obskit.readers.otlp.json_columnar import ColumnarParser
from obskit.readers.otlp.json_reader import RequestRows
from obskit.schema import LoadReport, Normalizer, cast
from tests.support import otlp_requests as made
from tests.support.examples import examples


def table(batches, report):
    normalizer = Normalizer(report)
    done = [normalizer.batch(batch) for batch in batches]
    rows = [row for batch in done for row in cast(batch, normalizer.schema).to_pylist()]
    return normalizer.schema, repr(rows), report.to_dict()


def quickly(data, **options):
    report = LoadReport()
    batches = ColumnarParser(report.file("f")).batches(data, **options)
    return None if batches is None else table(list(batches), report)


def slowly(data):
    report = LoadReport()
    rows = RequestRows(report.file("f"))
    batches = [batch for line in data.splitlines() for batch in rows.request(orjson.loads(line), "")]
    return table([*batches, *rows.rest()], report)


def numbered(data):
    """The same text with 64-bit integers as numbers, as some programs write them."""
    return re.sub(rb'("(?:intValue|\w*[tT]imeUnixNano)": ?)"(-?[0-9]+)"', rb"\1\2", data)


def compact(*bodies):
    """One request per line without spaces or escapes, as programs write them."""
    made_up = (json.dumps(body, separators=(",", ":"), ensure_ascii=False) for body in bodies)
    return b"".join(line.encode() + b"\n" for line in made_up)


@pytest.fixture(autouse=True)
def extract_few_lists(monkeypatch):
    """Extract lists of pairs even if there are few."""
    monkeypatch.setattr(json_attributes, "MIN_LISTS", 1)


SETTINGS = settings(
    max_examples=examples(50),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@SETTINGS
@given(
    st.lists(made.requests(made.VALUES), min_size=1, max_size=2),
    st.booleans(),
    st.sampled_from([made.lines, compact]),
)
def test_blocks_that_arrow_accepts_give_the_same_events(bodies, as_numbers, written):
    data = written(*bodies)
    data = numbered(data) if as_numbers else data
    quick = quickly(data)
    assert quick is None or quick == slowly(data)


@SETTINGS
@given(
    st.lists(made.requests(made.PLAIN), min_size=1, max_size=2),
    st.sampled_from(b'"{}[],:\\.-1en\n x'),
    st.data(),
)
def test_a_changed_byte_gives_the_same_events_or_refuses_the_block(bodies, byte, data):
    text = bytearray(compact(*bodies))
    text[data.draw(st.integers(0, len(text) - 2))] = byte
    changed = bytes(text)
    try:
        changed.decode()
    except UnicodeDecodeError:
        return
    quick = quickly(changed)
    assert quick is None or quick == slowly(changed)


def test_lists_of_pairs_are_extracted():
    attributes = [
        made.attribute("s", stringValue="a text of more than twelve bytes"),
        made.attribute("i", intValue="-12"),
        made.attribute("d", doubleValue=-1.5e-7),
        made.attribute("b", boolValue=False),
    ]
    event = {"name": "e", "attributes": attributes}
    nested = made.attribute("l", arrayValue={"values": [{"intValue": "1"}]})
    body = made.request(
        made.span(
            0,
            attributes=attributes,
            events=[event, {"attributes": attributes[:1]}],
            links=[{"attributes": attributes}],
        ),
        made.span(1, attributes=[*attributes, nested]),
        made.span(2, attributes=[]),
        made.span(3, attributes=attributes[1:]),
        resource=attributes[:1],
        scope={"name": "n", "attributes": attributes[3:]},
    )
    data = compact(body)
    left, lists = json_attributes.extract_pairs(data)
    assert len(lists.starts) - 1 == 6
    assert (
        left.count(b'"key"') == 5 + 3
    )  # a list with another list in it, and the last list, which no quote follows
    assert quickly(data) == slowly(data)
    assert quickly(numbered(data)) == slowly(numbered(data))


@SETTINGS
@given(made.requests(made.PLAIN), st.booleans(), st.booleans())
def test_usual_requests_are_parsed_by_arrow(body, as_numbers, one):
    for resource in body.get("resourceSpans", []):  # times within 63 bits
        for group in resource["scopeSpans"]:
            for item in (i for s in group["spans"] for i in (s, *s.get("events", []))):
                for name in ("startTimeUnixNano", "endTimeUnixNano", "timeUnixNano"):
                    if name in item:
                        item[name] = str(int(item[name]) % 2**63)
    for resource in body.get("resourceLogs", []):
        for group in resource["scopeLogs"]:
            for item in group["logRecords"]:
                for name in ("timeUnixNano", "observedTimeUnixNano"):
                    if name in item:
                        item[name] = str(int(item[name]) % 2**63)
    data = compact(body)
    data = numbered(data) if as_numbers else data
    want = slowly(data)
    data = json.dumps(json.loads(data), indent=1).encode() if one else data
    assert quickly(data, one=one) == want
    assert quickly(made.lines(body)) == slowly(made.lines(body))


@pytest.mark.parametrize(
    "change",
    [
        (b'"kind": 2', b'"kind": "SPAN_KIND_SERVER", "kind": 2'),
        (b'"spanId"', b'"span_id"'),
        (b'{"intValue": "0"}', b'{"intValue": "9223372036854775808"}'),
        (b'{"intValue": "0"}', b'{"intValue": 0.0}'),
        (b'{"intValue": "0"}', b'{"doubleValue": NaN}'),
        (b'{"intValue": "0"}', b'{"kvlistValue": {"values": [{"key": "a", "value": {"arrayValue": {}}}]}}'),
        (b'{"intValue": "0"}', b'{"futureValue": 1}'),
        (b'"attributes": [', b'"attributes": [null, '),
        (b'"startTimeUnixNano": "1', b'"startTimeUnixNano": "soon1'),
        (b'{"resourceSpans"', b'[{"resourceSpans"'),
        (b"text 0", b"text \xff"),
    ],
)
def test_unusual_requests_refuse_the_block(read, change):
    data = made.lines(made.request(made.span(0)), made.request(made.span(1)))
    assert data.replace(*change) != data
    assert quickly(data) is not None
    assert quickly(data.replace(*change, 1)) is None


def test_unknown_fields_and_enum_names_are_read(read):
    data = made.lines(*(made.request(made.span(n)) for n in range(20)))
    data += data.replace(b'"kind": 2', b'"kind": "SPAN_KIND_CLIENT", "color": "red"')
    got = read(data, name="collector.json")
    assert [row["kind"] for row in got.rows] == ["server"] * 20 + ["client"] * 20
    assert [row["n"] for row in got.rows] == [*range(20)] * 2
    assert got.report.rejected_count == 0


def test_lists_and_pairs_in_values_are_read(read):
    attributes = [
        made.attribute("argv", arrayValue={"values": [{"stringValue": "a"}, {"stringValue": "b"}]}),
        made.attribute("empty", arrayValue={"values": []}),
        made.attribute("k8s", kvlistValue={"values": [made.attribute("pod", stringValue="p")]}),
    ]
    data = made.lines(made.request(made.span(0, attributes=attributes), resource=attributes[:1]))
    assert quickly(data) == slowly(data)
    row = read(data).rows[0]
    assert (row["argv"], row["empty"], row["k8s.pod"]) == (["a", "b"], [], "p")


def test_a_torn_block_is_read_line_by_line(read):
    data = made.lines(*(made.request(made.span(n)) for n in range(3)))
    got = read(data[:-20])
    assert [row["n"] for row in got.rows] == [0, 1]
    assert [reason for _, reason in got.reasons] == ["torn: the file ends within the line"]

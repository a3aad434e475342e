"""The cases of spans in `shared/cases/formats`: what is right for each is in FACTS.md next to them."""

import pytest

pytestmark = pytest.mark.shared

TRACE = "0af7651916cd43dd8448eb211c80319c"
NOON = "2026-05-04T10:00:00+00:00"


@pytest.fixture
def case(shared, load):
    return lambda name: load(shared / "cases/formats" / name)


def values(got, name):
    return [row.get(name) for row in got.rows]


def times(got):
    return [row["timestamp"].isoformat() for row in got.rows]


@pytest.mark.parametrize("name", ["traces.json", "swift-double.json"])
def test_ids_in_base64(case, name):
    got = case(f"40-otlp-base64-ids/{name}")
    assert set(values(got, "trace_id")) == {TRACE}
    assert values(got, "span_id")[0] == "b7ad6b7169203331"
    assert values(got, "parent_span_id")[1:] == ["b7ad6b7169203331"] * (len(got.rows) - 1)


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("bare-resource-spans.jsonl", 2),
        ("java-logging-otlp.log", 1),
        ("list-of-requests.json", 1),
        ("log-prefixed.log", 1),
    ],
)
def test_other_wraps(case, name, rows):
    got = case(f"41-otlp-other-wraps/{name}")
    assert times(got) == [NOON] * rows
    assert values(got, "duration_ms") == [100.0] * rows
    assert values(got, "trace_id") == [TRACE] * rows
    assert values(got, "service.name") == ["shop"] * rows
    assert got.report.rejected_count == 0


@pytest.mark.parametrize(("name", "errors"), [("trace.json", [1, 0]), ("grafana-download.json", [0])])
def test_tempos_api(case, name, errors):
    got = case(f"01-tempo-api-batches/{name}")
    assert values(got, "error") == [bool(error) for error in errors]
    assert values(got, "duration_ms") == [100.0, 50.0][: len(errors)]
    assert got.report.rejected_count == 0


def test_version_2_of_tempos_api(case):
    (row,) = case("01-tempo-api-batches/v2.json").rows
    assert (row["name"], row["error"], row["trace_id"]) == ("GET /cart", True, f"{'0' * 16}0123456789abcdef")


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("banner-text.json", [("line 1, byte 0", "not JSON")]),
        ("logs-with-banner.json", [("line 1, byte 0", "not JSON")]),
        ("logs.json", []),
        ("middle-noise.json", [("line 3, byte 572", "not JSON")]),
    ],
)
def test_requests_end_to_end(case, name, reasons):
    got = case(f"51-otlp-concatenated/{name}")
    assert times(got) == [NOON] * 4
    assert got.reasons == reasons


def test_odd_times_are_noted(case):
    got = case("22-otlp-odd-values/traces.json")
    assert len(got.rows) == 7
    assert values(got, "duration_ms")[:3] == [100.0, None, None]
    assert [note for note in got.report.notes if "duration_ms is null" in note] == [
        "1 span ends before the start, so duration_ms is null: the clock was set back, or the program is wrong",
        "1 span has no end time, so duration_ms is null: the export came before the end of the work",
    ]


def test_the_same_span_twice_is_kept(case):
    assert len(case("48-otlp-duplicates/t.jsonl").rows) == 2


def test_kibanas_references(case):
    got = case("23b-jaeger-es/kibana-refs.jsonl")
    assert values(got, "parent_span_id") == ["82a3dd7705c4527d"] * 3


@pytest.mark.parametrize("name", ["hits.json", "dump.jsonl"])
def test_jaeger_from_elasticsearch(case, name):
    got = case(f"23b-jaeger-es/{name}")
    assert values(got, "parent_span_id") == [None, "0000000000000001", "0000000000000002"]
    assert values(got, "error") == [True] * 3


@pytest.mark.parametrize("name", ["segments.jsonl", "batch-get-traces.json", "batch-get-traces-1line.json"])
def test_xray(case, name):
    got = case(f"09-xray/{name}")
    assert values(got, "error") == [False, False, True] * 2
    assert values(got, "http.response.status_code") == [200, 404, 500] * 2
    assert times(got) == [f"2026-05-04T10:00:0{second}+00:00" for second in range(6)]
    assert values(got, "duration_ms") == [400.0] * 6
    assert values(got, "trace_id")[0] == "69f86f606ea9978529a7aed4065a86c0"


@pytest.mark.parametrize("name", ["out.jsonl", "out.log"])
def test_pythons_console_exporter(case, name):
    client, server = case(f"08-python-console-exporter/{name}").rows
    assert (server["kind"], server["status_code"], server["error"]) == ("server", "ERROR", True)
    assert (server["duration_ms"], server["timestamp"].isoformat()) == (250.0, NOON)
    assert client["parent_span_id"] == server["span_id"] == "3014b62ab356f772"
    assert client["trace_id"] == server["trace_id"] == "aba880c3256d04f47bcdecf9bf3ba84e"


@pytest.mark.parametrize("name", ["hits.json", "hits-pretty.json", "elasticdump.json", "source.jsonl"])
def test_elastic_apm(case, name):
    got = case(f"26-elastic-apm/{name}")
    assert values(got, "duration_ms") == [250.123] * 6
    assert values(got, "error") == [True] * 6
    assert values(got, "name") == ["GET /cart"] * 6
    assert set(values(got, "trace_id")) == {TRACE}
    assert values(got, "parent_span_id") == ["00f067aa0ba902b7"] * 6
    assert [time[:19] for time in times(got)] == [f"2026-05-04T10:00:0{second}" for second in range(6)]

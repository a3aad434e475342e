"""Names of columns, aliases, and the nearest name."""

from obskit import names


def test_columns_have_a_fixed_order():
    assert list(names.COLUMNS) == [
        "timestamp",
        "duration_ms",
        "name",
        "kind",
        "trace_id",
        "span_id",
        "parent_span_id",
        "trace_state",
        "status_code",
        "status_message",
        "error",
        "sample_weight",
        "event_count",
        "body",
        "severity_text",
        "severity_number",
    ]
    assert set(names.COLUMNS.values()) == {"timestamp", "float", "string", "bool", "int", "int32"}


def test_fields_that_describe_an_error():
    assert names.describes_error("exception.type")
    assert names.describes_error("error.type")
    assert names.describes_error("http.response.status_code")
    assert not names.describes_error("service.version")


def test_nearest_finds_misspelt_old_and_shortened_names():
    choices = ["http.response.status_code", "http.request.method", "duration_ms", "service.name"]
    assert names.nearest("duration_msec", choices)[0] == "duration_ms"
    assert names.nearest("http.status_code", choices)[0] == "http.response.status_code"
    assert names.nearest("status_code", choices)[0] == "http.response.status_code"
    assert names.nearest("DURATION_MS", choices)[0] == "duration_ms"
    assert names.nearest("zzzzzz", choices) == []
    assert len(names.nearest("service", [f"service.{i}" for i in range(9)])) == 3

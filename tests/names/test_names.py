from obskit import names
from obskit.names import conventions


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


def test_an_old_name_is_replaced_by_a_current_one():
    assert not set(names.RENAMED.values()) & set(names.RENAMED)
    assert names.RENAMED["http.status_code"] == "http.response.status_code"
    assert names.RENAMED["deployment.environment"] == "deployment.environment.name"
    assert names.current("http.method") == "http.request.method"
    assert names.current("my.field") == "my.field"


def test_only_current_names_have_types():
    assert not set(names.CONVENTION_TYPES) & set(names.RENAMED)
    assert not set(names.CONVENTION_TYPES) & set(names.COLUMNS)
    assert names.type_word("http.response.status_code") == "int"
    assert names.type_word("severity_number") == "int32"
    assert names.type_word("mine") is None


def test_no_name_has_two_types():
    listed = [
        name
        for words in (conventions.STRINGS, conventions.INTEGERS, conventions.FLOATS, conventions.FLAGS)
        for name in words.split()
    ]
    assert len(listed) == len(set(listed))


def test_aliases_are_names_of_columns():
    assert set(names.ALIASES.values()) <= set(names.COLUMNS)
    assert not set(names.ALIASES) & set(names.COLUMNS)
    assert "duration" not in names.DURATION_UNITS  # it says no unit


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

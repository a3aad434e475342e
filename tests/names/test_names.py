import pytest

from obskit import names
from obskit.names import conventions, is_safe, safe


def test_our_columns_are_those_of_the_design_in_its_order():
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


def test_old_names_lead_to_names_that_are_not_old_themselves():
    assert not set(names.RENAMED.values()) & set(names.RENAMED)
    assert names.RENAMED["http.status_code"] == "http.response.status_code"
    assert names.RENAMED["deployment.environment"] == "deployment.environment.name"
    assert names.current("http.method") == "http.request.method"
    assert names.current("my.field") == "my.field"


def test_types_are_known_for_todays_names_only():
    assert not set(names.CONVENTION_TYPES) & set(names.RENAMED)
    assert not set(names.CONVENTION_TYPES) & set(names.COLUMNS)
    assert names.type_word("http.response.status_code") == "int"
    assert names.type_word("severity_number") == "int32"
    assert names.type_word("mine") is None


def test_no_name_is_given_two_types():
    listed = [
        name
        for words in (conventions._STRINGS, conventions._INTEGERS, conventions._FLOATS, conventions._FLAGS)
        for name in words.split()
    ]
    assert len(listed) == len(set(listed))


def test_aliases_lead_to_our_columns():
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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zürich\u00a0東京\u2009🚆", "Zürich\u00a0東京\u2009🚆"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("\x1b[31m\x9b", "\\x1b[31m\\x9b"),
        ("a\tb\nc", "a\\tb\\nc"),
        ("a\u202eb\u2066c\u200bd\ufeff", "a\\u202eb\\u2066c\\u200bd\\ufeff"),
        ("\u2028\ud800", "\\u2028\\ud800"),
    ],
)
def test_what_is_shown_of_text_from_anywhere(text: str, shown: str) -> None:
    assert safe(text) == shown
    assert safe(shown) == shown
    assert all(map(is_safe, shown))


def test_lines_may_stay() -> None:
    assert safe("a\tb\nc\r", lines=True) == "a\tb\nc\\r"


def test_one_of_a_thing_is_told_in_the_singular():
    assert [names.many(n, "row") for n in (0, 1, 1.2, 2, 12345, None)] == [
        *("0 rows", "1 row", "1 row", "2 rows", "12,345 rows", "? rows")
    ]
    assert names.many(1, "row was", "rows were") == "1 row was"
    assert names.many(2, "row was", "rows were") == "2 rows were"

"""Addresses of engines and names of tables; no secret in any error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.errors import InvalidArgument
from obskit.remote.address import TableName, parse_address, parse_table

HINT = "\nHint: write clickhouse://host:8123/database, sc://host:15002 or duckdb://FILE"


@pytest.mark.parametrize(
    ("url", "shown", "user", "password"),
    [
        ("clickhouse://u:p%40ss@host:8443/otel?secure=true", "clickhouse://host:8443/otel", "u", "p@ss"),
        ("clickhouse://host", "clickhouse://host", None, None),
        ("CLICKHOUSE://u:p%40ss@host", "clickhouse://host", "u", "p@ss"),
        ("clickhouse://[::1]:8123/a", "clickhouse://[::1]:8123/a", None, None),
        ("sc://host:15002/;token=hidden;user_id=me", "sc://host:15002", None, None),
        ("duckdb:///data/a.duckdb?timeout=5", "duckdb:///data/a.duckdb", None, None),
        ("duckdb://", "duckdb://", None, None),
    ],
)
def test_an_address_is_shown_without_its_secrets(
    url: str, shown: str, user: str | None, password: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLICKHOUSE_USER", raising=False)
    found = parse_address(url)
    assert (found.shown, found.user, found.password) == (shown, user, password)
    assert "p@ss" not in repr(found)
    assert "hidden" not in repr(found)
    assert found.redact("refused: p@ss token=hidden") == "refused: " + (
        "*** token=hidden" if password else "p@ss token=***" if "hidden" in url else "p@ss token=hidden"
    )


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://u:secret@host", "http:// is not an engine" + HINT),
        ("u:secret@host", "this is not an engine" + HINT),
        ("clickhouse://u:secret@", "the clickhouse:// address has no valid host and port" + HINT),
        ("clickhouse://u:secret@host:port", "the clickhouse:// address has no valid host and port" + HINT),
        ("clickhouse://u:secret@host?tmeout=1", "a clickhouse:// address has no option 'tmeout'\nHint: options are timeout"),
        ("sc://u:secret@host", "a Spark Connect address has no user before the host\nHint: write sc://host:15002/;user_id=NAME"),
        (7, "the address of an engine must be text, got int" + HINT),
    ],
)  # fmt: skip
def test_an_address_that_is_not_one(url: str, message: str) -> None:
    with pytest.raises(InvalidArgument) as failed:
        parse_address(url)
    assert str(failed.value) == message
    assert "secret" not in str(failed.value)


def test_options_are_checked() -> None:
    with pytest.raises(InvalidArgument, match="timeout must be a number of seconds above 0, got 'soon'"):
        _ = parse_address("duckdb://?timeout=soon").timeout
    with pytest.raises(InvalidArgument, match="secure must be true or false, got 'maybe'"):
        parse_address("clickhouse://h?secure=maybe").flag("secure", False)
    assert parse_address("clickhouse://h").timeout == 300


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("events", ("events",)),
        ("otel.otel_traces", ("otel", "otel_traces")),
        ("lake.db.`a.b``c`", ("lake", "db", "a.b`c")),
        ('db."x.""y"', ("db", 'x."y')),
        ("we;ird --name", ("we;ird --name",)),
    ],
)
def test_the_name_of_a_table(text: str, parts: tuple[str, ...]) -> None:
    assert parse_table(text) == TableName(parts)


def test_a_path_is_files() -> None:
    assert parse_table("s3a://lake/events/") == TableName(("s3a://lake/events/",), files=True)


@pytest.mark.parametrize("text", ["", " ", "a..b", "a.", ".a", "a.b.c.d", "`open", "a\0b"])
def test_what_is_not_the_name_of_a_table(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_table(text)


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1),
        min_size=1,
        max_size=3,
    )
)
def test_any_quoted_name_is_read_back(parts: list[str]) -> None:
    text = ".".join("`" + part.replace("`", "``") + "`" for part in parts)
    assert parse_table(text).parts == tuple(parts)

"""Names and values that travel in pairs within a list are masked by the rules for fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from obskit.instrument import Handle, Redaction, event
from obskit.instrument.redaction.pairs import masked_strings, pair_of

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]
V = "Zq7Xw2Rv9Lk4Tn8B"
MASKED = "[redacted]"
BEGIN, END = "-----BEGIN EC PRIVATE " + "KEY-----", "-----END EC PRIVATE " + "KEY-----"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ([("accept", "*/*"), ("x-api-key", V)], [["accept", "*/*"], ["x-api-key", MASKED]]),
        ([(b"cookie", b"sid=" + V.encode())], [["cookie", MASKED]]),
        (["Accept", "*/*", "X-Api-Key", V], ["Accept", "*/*", "X-Api-Key", MASKED]),
        ([{"name": "Authorization", "value": V}], [{"name": "Authorization", "value": MASKED}]),
        ([{"key": "password", "value": "summer"}], [{"key": "password", "value": MASKED}]),
        (
            [{"field": "password", "old": "a", "new": "b"}],
            [{"field": "password", "old": MASKED, "new": MASKED}],
        ),
        (
            [{"loc": ["body", "password"], "msg": "too short", "input": "abc"}],
            [{"loc": ["body", "password"], "msg": "too short", "input": MASKED}],
        ),
        (["psql", "--password", "summer"], ["psql", "--password", MASKED]),
        (["curl", "-u", "ann:summer", "https://x"], ["curl", "-u", f"ann:{MASKED}", "https://x"]),
        (["AUTH", "default", "summer"], ["AUTH", "default", MASKED]),
        (["before", BEGIN, V, END, "after"], ["before", MASKED, MASKED, MASKED, "after"]),
        ([{"users": [{"name": "ann", "pass": V}]}], [{"users": [{"name": "ann", "pass": MASKED}]}]),
        # Harmless twins.
        (
            [("accept", "text/html"), ("host", "a.example.com")],
            [["accept", "text/html"], ["host", "a.example.com"]],
        ),
        ([{"name": "Accept", "value": "*/*"}], [{"name": "Accept", "value": "*/*"}]),
        (["email", "password"], ["email", "password"]),
        (["ssh", "-p", "2222", "host"], ["ssh", "-p", "2222", "host"]),
        (["docker", "run", "-p", "8080:80"], ["docker", "run", "-p", "8080:80"]),
        (["auth", "basic"], ["auth", "basic"]),
    ],
)
def test_pairs_in_a_list(service: Service, rows: Rows, value: Any, written: Any) -> None:
    handle = service()
    with event("work") as e:
        e["app.list"] = value
    assert rows()[0]["app.list"] == written
    assert handle.counters["redacted"] == (value != written and MASKED in str(written))


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"query_params": {"code": V, "state": V, "page": "2"}}, ["query_params.code", "query_params.state"]),
        ({"cookies": {"remember": V, "theme": "dark"}}, ["cookies.remember"]),
        ({"credentials": {"username": "ann", "value": V}}, ["credentials.value"]),
        ({"token": {"value": V, "type": "Bearer"}}, ["token.value"]),
    ],
)
def test_maps_of_parameters_and_cookies(
    service: Service, rows: Rows, fields: dict[str, Any], names: list[str]
) -> None:
    service()
    with event("work") as e:
        e.add(fields)
    (row,) = rows()
    assert [name for name, value in row.items() if value == MASKED] == names


def test_own_names_and_allowed_names_count_in_pairs_too(service: Service, rows: Rows) -> None:
    service(redaction=Redaction(fields=("iban",), allow=("x-public-token",)))
    with event("work") as e:
        e["app.list"] = [["iban", "CH93"], ["x-public-token", V]]
    assert rows()[0]["app.list"] == [["iban", MASKED], ["x-public-token", V]]


def test_what_is_no_pair() -> None:
    assert pair_of(["a", "b", "c"]) is None
    assert pair_of([1, "b"]) is None
    assert pair_of({"name": "x"}) is None
    assert pair_of("text") is None
    assert pair_of(["--password", "x"]) == ("password", [1])
    items = ["x", "y"]
    assert masked_strings(items, lambda name, value: value, str) is items

"""`lookup`: fields of a small table, by value, by network and by time."""

from __future__ import annotations

import gzip
import ipaddress
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.errors import InvalidArgument, LimitExceeded, NoSuchPath, ObskitError, ReadError, UnknownField
from obskit.query import lookup, query
from obskit.query.reference import match, table
from obskit.query.reference.match import NONE, build_matcher, parse_address
from tests.support.examples import examples

T = datetime(2026, 5, 4, 10, tzinfo=UTC)
ADDRESSES = ["10.1.2.3", "10.9.9.9", "192.168.0.1", "2001:db8::1", "::ffff:10.1.0.1", "proxy", None]


def scope(**columns: Any) -> Scope:
    """One event a minute."""
    columns = columns or {"client.address": ADDRESSES}
    rows = len(next(iter(columns.values())))
    times = pa.array([T + timedelta(minutes=m) for m in range(rows)], pa.timestamp("us", "UTC"))
    return Scope.of(from_arrow(pa.table({"timestamp": times, **columns})))


def column(found: Scope, name: str) -> list[Any]:
    values: list[Any] = found.run(lambda events: events.select(name)).table.column(0).to_pylist()
    return values


NETWORKS = pa.table(
    {
        "network": ["10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32", "192.168.0.1"],
        "zone": ["a", "b", "six", "one"],
        "weight": [1, 2, 3, 4],
    }
)


def test_the_longest_prefix_wins_and_the_rest_is_null() -> None:
    found = lookup(scope(), NETWORKS, "client.address", key="network")
    assert column(found, "zone") == ["b", "a", "one", "six", "b", None, None]
    assert column(found, "weight") == [2, 1, 4, 3, 2, None, None]
    assert found.notes == (
        "lookup in the table by client.address = network: 5 events have a match; "
        "2 have none, and null in the new fields",
    )
    assert found.schema.names[-2:] == ["weight", "zone"] or found.schema.names[-2:] == ["zone", "weight"]


def test_values_are_compared_as_text() -> None:
    events = scope(
        **{
            "http.response.status_code": [200, 404, None],
            "ratio": [1.0, 2.5, 3.0],
            "error": [True, False, None],
        }
    )
    names = pa.table({"http.response.status_code": ["200", "404"], "meaning": ["fine", "missing"]})
    assert column(lookup(events, names, "HTTP.response.status_code"), "meaning") == ["fine", "missing", None]
    by_number = pa.table({"ratio": [1, 3], "word": ["one", "three"]})
    assert column(lookup(events, by_number, "ratio"), "word") == ["one", None, "three"]
    by_flag = pa.table({"error": [True, False], "word": ["bad", "good"]})
    assert column(lookup(events, by_flag, "error"), "word")[:2] == ["bad", "good"]


def test_rows_are_valid_for_a_time_and_its_end_is_not_part_of_it() -> None:
    events = scope(machine=["h", "h", "h", "h", "other"])
    owners = pa.table(
        {
            "machine": ["h", "h", "h"],
            "owner": ["late", "early", "middle"],
            "valid_from": ["2026-05-04T10:02Z", None, "2026-05-04 12:01 Europe/Berlin"],
            "valid_to": ["2026-05-04T10:03Z", "2026-05-04T10:01Z", "2026-05-04T10:02Z"],
        }
    )
    found = lookup(events, owners, "machine")
    assert column(found, "owner") == ["early", "middle", "late", None, None]
    since = owners.rename_columns(["machine", "owner", "since", "until"])
    named = lookup(events, since, "machine", ["owner"], valid_from="since", valid_to="until")
    assert column(named, "owner") == ["early", "middle", "late", None, None]
    with pytest.raises(InvalidArgument) as caught:
        lookup(events, since, "machine")
    assert str(caught.value) == (
        "rows 1 and 2 of the table have the same machine: h\n"
        "Hint: keep one row per value, or add the columns valid_from and valid_to with the times of each"
    )


def test_a_shorter_prefix_is_used_when_the_longer_one_is_not_valid() -> None:
    networks = pa.table(
        {
            "network": ["10.0.0.0/8", "10.1.0.0/16"],
            "zone": ["a", "b"],
            "valid_from": pa.array([None, T + timedelta(minutes=1)], pa.timestamp("us", "UTC")),
        }
    )
    found = lookup(scope(**{"client.address": ["10.1.0.1"] * 3}), networks, "client.address", key="network")
    assert column(found, "zone") == ["a", "b", "b"]


def test_the_new_fields_are_fields_like_others() -> None:
    whole = scope().narrow('"client.address" is not null').derive("second", "10")
    found = lookup(whole, NETWORKS, "client.address", {"zone": "cloud.zone"}, key="network")
    assert found.where is not None
    assert found.notes[0].startswith("lookup in the table by client.address = network: 5 events have a match")
    answer = query(found.narrow("cloud.zone = 'b'"), "count()", by="cloud.zone")
    assert answer.to_arrow().to_pylist() == [{"cloud.zone": "b", "count()": 2}]
    assert answer.query == (
        "events.derive(**{'second': '10'}).lookup(table, on='client.address', fields={'zone': 'cloud.zone'}, "
        "key='network').where(\"(client.address is not null) and cloud.zone = 'b'\").query('count()', by='cloud.zone')"
    )
    assert column(found, "second") == [10] * 6
    again = lookup(found, pa.table({"cloud.zone": ["b"], "team": ["payments"]}), "cloud.zone")
    assert column(again.narrow("team is not null"), "team") == ["payments"] * 2


def test_a_derived_field_can_be_looked_up() -> None:
    whole = scope(path=["/A", "/B"]).derive("area", "lower(path)")
    found = lookup(whole, pa.table({"area": ["/b"], "team": ["x"]}), "area")
    assert column(found, "team") == [None, "x"]


def test_the_same_lookup_comes_from_the_cache() -> None:
    events = scope()
    first = lookup(events, NETWORKS, "client.address", key="network")
    second = lookup(events, NETWORKS, "client.address", key="network")
    other = lookup(events, NETWORKS, "client.address", ["zone"], key="network")
    assert first.dataset.path == second.dataset.path != other.dataset.path
    assert first.notes == second.notes


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.tsv", "t.parquet", "t.arrow", "t.jsonl", "t.json"])
def test_files_of_a_table(name: str, tmp_path: Path) -> None:
    rows = [
        {"network": "10.0.0.0/8", "id": "007", "n": 5, "on": True},
        {"network": "10.1.0.0/16", "id": "8", "n": 6, "on": False},
    ]
    path = tmp_path / name
    made = pa.Table.from_pylist(rows)
    mark = "\t" if "tsv" in name else ";"
    text = (
        mark.join(rows[0])
        + "\r\n"
        + "".join(
            mark.join(str(v) if not isinstance(v, bool) else str(v).lower() for v in row.values()) + "\r\n"
            for row in rows
        )
    )
    if name.endswith(".parquet"):
        pq.write_table(made, path)
    elif name.endswith(".arrow"):
        with pa.ipc.new_file(path, made.schema) as writer:
            writer.write_table(made)
    elif name.endswith(".jsonl"):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif name.endswith(".json"):
        path.write_text(json.dumps(rows))
    else:
        with pa.output_stream(str(path)) as stream:
            stream.write(b"\xef\xbb\xbf" + text.encode())
    found = lookup(scope(), str(path), "client.address", key="network")
    assert column(found, "id")[:2] == ["8", "007"], "an id with zeros stays text"
    assert column(found, "n")[:2] == [6, 5]
    assert column(found, "on")[:2] == [False, True]
    assert found.notes[0].startswith(f"lookup in {name} by")


def test_a_data_frame() -> None:
    frame = pd.DataFrame({"client.address": ["10.1.2.3"], "zone": ["z"]})
    assert column(lookup(scope(), frame, "client.address"), "zone")[0] == "z"


def test_the_only_column_left_is_the_key() -> None:
    found = lookup(scope(), NETWORKS, "client.address", ["zone", "weight"])
    assert column(found, "zone")[0] == "b"


def test_keys_that_are_null_are_left_out_and_counted() -> None:
    names = pa.table({"client.address": ["proxy", None, "nobody"], "kind of": ["p", "q", "r"]})
    found = lookup(scope(), names, "client.address")
    assert found.notes == (
        "lookup in the table by client.address: 1 event has a match; 6 have none, and null in the new fields; "
        "1 of 2 rows of the table matches no event; 1 row without a key was left out",
    )


def error_of(error: type[ObskitError], *given: Any, **named: Any) -> str:
    with pytest.raises(error) as caught:
        lookup(scope(), *given, **named)
    return str(caught.value)


def test_what_is_refused() -> None:
    assert error_of(InvalidArgument, NETWORKS, "client.address") == (
        "the table has no column 'client.address', the field of the events; name the table's column with key=\n"
        "Hint: it has 'network', 'zone', 'weight'"
    )
    assert error_of(InvalidArgument, NETWORKS, "client.address", ["zon"], key="network") == (
        "the table has no column 'zon'\nHint: it has 'zone'"
    )
    assert error_of(InvalidArgument, NETWORKS, "client.address", {"zone": "Timestamp"}, key="network") == (
        "a field called 'timestamp' already exists, and the table has it too\n"
        "Hint: rename it: fields={'zone': 'lookup.zone'}"
    )
    assert error_of(InvalidArgument, NETWORKS.select(["network"]), "client.address", key="network") == (
        "no fields to add from the table\nHint: give fields=, or a table with more columns than the key"
    )
    twice = pa.table({"n": ["10.0.0.0/8", "10.0.0.5/8"], "zone": ["a", "b"]})
    assert error_of(InvalidArgument, twice, "client.address", key="n") == (
        "rows 1 and 2 of the table have the same n: 10.0.0.0/8\n"
        "Hint: keep one row per value, or add the columns valid_from and valid_to with the times of each"
    )
    wrong = pa.table({"n": ["10.0.0.0/8", "10.0.0.0/33"], "zone": ["a", "b"]})
    assert error_of(InvalidArgument, wrong, "client.address", key="n") == (
        "'10.0.0.0/33' in n of the table is not a network or an address, as others are\n"
        "Hint: write it as 10.0.0.0/8 or 2001:db8::/32, or remove the row"
    )
    late = pa.table({"client.address": ["a"], "zone": ["b"], "valid_from": ["soon"]})
    assert error_of(InvalidArgument, late, "client.address") == (
        "row 1 of the table: 'soon' in valid_from is not a time\n"
        "Hint: write times in ISO 8601, such as 2026-05-04T10:00Z"
    )
    empty = pa.table(
        {"client.address": ["a"], "zone": ["b"], "valid_from": ["2026-01-02"], "valid_to": ["2026-01-02"]}
    )
    assert error_of(InvalidArgument, empty, "client.address") == (
        "row 1 of the table is valid for no time: it ends before it begins, or at once\n"
        "Hint: correct the two times of this row; the end is not part of the period"
    )
    same = pa.table({"A": ["x"], "a": ["y"]})
    assert error_of(InvalidArgument, same, "client.address", key="A") == (
        "the table has two columns called 'a'\nHint: rename one of them in the table"
    )
    assert error_of(InvalidArgument, 5, "client.address") == (
        "a lookup needs a table, got int\n"
        "Hint: pass the path of a CSV, Parquet or JSON file, a pyarrow Table or a pandas DataFrame"
    )
    assert error_of(UnknownField, NETWORKS, "client.addres").startswith("no field is called 'client.addres'")


def test_files_that_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert error_of(NoSuchPath, tmp_path / "no.csv", "client.address") == (
        f"no such file: {tmp_path / 'no.csv'}\nHint: a lookup takes one CSV, Parquet, Arrow or JSON file"
    )
    for name, text in (
        ("a.csv", "a,b\n1\n"),
        ("b.csv", " \n"),
        ("c.parquet", "PAR1"),
        ("d.json", "[{"),
        ("e.jsonl", "x"),
    ):
        (tmp_path / name).write_text(text)
        assert error_of(ReadError, tmp_path / name, "client.address").startswith(
            f"{tmp_path / name} cannot be read as a table: "
        )
    (tmp_path / "f.xlsx").write_text("PK")
    assert error_of(ReadError, tmp_path / "f.xlsx", "client.address") == (
        f"{tmp_path / 'f.xlsx'} cannot be read as a table: the suffix .xlsx is not known\n"
        "Hint: name the file .csv, .tsv, .parquet, .arrow or .jsonl"
    )
    monkeypatch.setattr(table, "MOST_ROWS", 3)
    assert error_of(LimitExceeded, NETWORKS, "client.address", key="network") == (
        "the table has 4 rows, but a lookup takes at most 3\nHint: keep only the rows that are needed"
    )


@settings(deadline=None, max_examples=examples(60))
@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)), min_size=1, max_size=12),
    st.lists(st.integers(0, 2**32 - 1), max_size=12),
)
def test_networks_agree_with_a_search_of_all(made: list[tuple[int, int]], asked: list[int]) -> None:
    networks = list(dict.fromkeys(ipaddress.ip_network((n, length), strict=False) for n, length in made))
    asked += [int(network.network_address) for network in networks]
    matcher = build_matcher([str(n) for n in networks], None, range(len(networks)), "t", "n")
    addresses = [ipaddress.ip_address(n) for n in asked]
    for address, row in zip(
        addresses, matcher.rows(pa.array(map(str, addresses), pa.string()), None), strict=True
    ):
        holding = [at for at, network in enumerate(networks) if address in network]
        assert row == max(holding, key=lambda at: networks[at].prefixlen, default=NONE)


@settings(deadline=None, max_examples=examples(60))
@given(
    st.lists(st.integers(0, 50), min_size=2, max_size=10, unique=True),
    st.lists(st.integers(-5, 60) | st.none(), max_size=20),
)
def test_periods_agree_with_a_search_of_all(edges: list[int], times: list[int | None]) -> None:
    edges.sort()
    spans = list(zip(edges[::2], edges[1::2], strict=False))
    periods = [start for start, _ in spans], [end for _, end in spans]
    matcher = build_matcher(["k"] * len(spans), periods, range(len(spans)), "t", "n")
    moments = pa.array(times, pa.int64()).cast(pa.timestamp("us", "UTC"))
    found = matcher.rows(pa.array(["k"] * len(times), pa.string()), moments).tolist()
    assert found == [
        next((at for at, (start, end) in enumerate(spans) if t is not None and start <= t < end), NONE)
        for t in times
    ]


def test_few_values_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(match, "_REMEMBERED", 2)
    matcher = build_matcher(["a", "b", "c"], None, range(3), "t", "n")
    assert matcher.rows(pa.array(["a", "b", "c", "a", None, "d"]), None).tolist() == [0, 1, 2, 0, NONE, NONE]
    assert parse_address("[2001:db8::1]") == ipaddress.ip_address("2001:db8::1")


FAR = pa.array([2**62], pa.timestamp("s"))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"name": [["a"]], "v": [1]}, "name of the table cannot be compared as text"),
        (
            {"name": ["a"], "v": pa.array([2**64 - 1], pa.uint64())},
            "v of the table has values that events cannot",
        ),
        ({"name": ["a"], "v": pa.array([b"\xff"])}, "v of the table has values that events cannot hold"),
        (
            {"name": ["a"], "v": [1], "valid_from": FAR},
            "valid_from of the table has a time that is out of range",
        ),
    ],
)
def test_values_that_events_cannot_hold_are_refused_by_column(columns: Any, said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        lookup(scope(), pa.table(columns), "client.address", key="name")


def test_a_packed_file_is_limited_by_its_unpacked_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "MOST_BYTES", 1 << 20)
    path = tmp_path / "targets.csv.gz"
    path.write_bytes(gzip.compress(b"name,v\n" + b"a,b\n" * 500_000))
    with pytest.raises(LimitExceeded, match="more than 1 MiB"):
        lookup(scope(), path, "client.address", key="name")


def test_values_of_different_types_in_json_are_named(tmp_path: Path) -> None:
    path = tmp_path / "targets.json"
    path.write_text('[{"name": "a", "v": 18446744073709551615}, {"name": "b", "v": -1}]')
    with pytest.raises(ReadError, match="the values of 'v' are of different types, or too large"):
        lookup(scope(), path, "client.address", key="name")

"""Traces are complete and nested in time, have one weight each, and their fields are consistent."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest

from obskit.demo.stream import batches


@pytest.fixture(scope="module")
def db(day: pa.Table) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.register("arrow_day", day)
        connection.execute("set enable_progress_bar = false; create table e as select * from arrow_day")
        yield connection


def _one(db: duckdb.DuckDBPyConnection, text: str) -> object:
    row = db.execute(text).fetchone()
    assert row is not None
    return row[0]


def test_every_parent_exists_in_the_same_trace(db: duckdb.DuckDBPyConnection) -> None:
    lost = """select count(*) from e c left join e p
        on p.span_id = c.parent_span_id and p.duration_ms is not null
        where c.parent_span_id is not null and (p.span_id is null or p.trace_id <> c.trace_id)"""
    assert _one(db, lost) == 0


def test_each_trace_has_one_root(db: duckdb.DuckDBPyConnection) -> None:
    several = """select count(*) from (select count(*) n from e where duration_ms is not null
        and parent_span_id is null group by trace_id having n <> 1)"""
    assert _one(db, several) == 0


def test_children_are_within_their_parents_and_consumers_follow_them(db: duckdb.DuckDBPyConnection) -> None:
    outside = """select count(*) from e c join e p on p.span_id = c.parent_span_id and p.duration_ms is not null
        where c.timestamp < p.timestamp or (c.kind <> 'consumer' and
        epoch_us(c.timestamp) + c.duration_ms * 1000 > epoch_us(p.timestamp) + p.duration_ms * 1000 + 0.5)"""
    early = """select count(*) from e c join e p on p.span_id = c.parent_span_id
        where c.kind = 'consumer' and (p.kind <> 'producer' or
        epoch_us(c.timestamp) < epoch_us(p.timestamp) + p.duration_ms * 1000 - 0.5)"""
    assert _one(db, outside) == 0
    assert _one(db, early) == 0
    assert _one(db, "select count(*) from e where kind = 'consumer'") > 1_000  # type: ignore[operator]


def test_siblings_do_not_overlap(db: duckdb.DuckDBPyConnection) -> None:
    overlap = """select count(*) from (select epoch_us(timestamp) as t, lag(epoch_us(timestamp) +
        duration_ms * 1000) over (partition by parent_span_id order by timestamp, duration_ms) as before from e
        where duration_ms is not null and parent_span_id is not null and kind <> 'consumer') where t < before - 0.5"""
    assert _one(db, overlap) == 0


def test_log_records_belong_to_the_span_that_wrote_them(db: duckdb.DuckDBPyConnection) -> None:
    logs = "from e l left join e s on s.span_id = l.span_id and s.duration_ms is not null where l.trace_id is not null"
    logs += " and l.duration_ms is null"
    assert _one(db, f"select count(*) {logs} and (s.span_id is null or l.timestamp < s.timestamp)") == 0
    assert _one(db, f'select count(*) {logs} and l."k8s.pod.name" <> s."k8s.pod.name"') == 0
    assert _one(db, f"select count(*) {logs} and (l.body is null or l.severity_number is null)") == 0


def test_a_trace_has_one_weight_and_its_id_reaches_the_threshold(db: duckdb.DuckDBPyConnection) -> None:
    mixed = (
        "select count(*) from (select count(distinct sample_weight) n from e group by trace_id having n <> 1)"
    )
    assert _one(db, mixed) == 0
    spans = db.execute(
        "select trace_id, trace_state, sample_weight from e where trace_id is not null"
    ).fetchall()
    for trace, state, weight in spans:
        threshold = int(state.removeprefix("ot=th:").ljust(14, "0"), 16)
        assert (1 << 56) / ((1 << 56) - threshold) == weight
        assert int(trace[-14:], 16) >= threshold


def test_weights_restore_the_traffic(db: duckdb.DuckDBPyConnection) -> None:
    """The flows are sampled at very different rates; weighted, they have the shares they were drawn with.

    Health checks only fill chunks and do not count.
    """
    weigh = "select sum(sample_weight) from e where kind = 'server' and"
    searches = _one(db, f"{weigh} \"http.route\" = '/connections'")
    bookings = _one(db, f"{weigh} \"http.route\" = '/book'")
    trips = _one(db, f"{weigh} \"http.route\" = '/customers/{{customer_id}}/bookings'")
    assert searches / bookings == pytest.approx(0.46 / 0.12, rel=0.12)  # type: ignore[operator]
    assert trips / bookings == pytest.approx(0.11 / 0.12, rel=0.12)  # type: ignore[operator]


def test_fields_are_consistent(db: duckdb.DuckDBPyConnection) -> None:
    depends = [
        ('"k8s.pod.name"', '"k8s.node.name"'),
        ('"k8s.pod.name"', '"service.version"'),
        ('"k8s.node.name"', '"cloud.availability_zone"'),
        ('"cloud.availability_zone"', '"cloud.region"'),
        ('"container.image.tag"', '"vcs.ref.head.revision"'),
        ('"service.name" || "service.version"', "coalesce(\"container.image.tag\", '')"),
        ('"train.number"', '"train.line"'),
        ('"user.id"', '"customer.tariff"'),
        ('"device.model.identifier"', '"app.platform"'),
        ('"error.type"', "error"),
    ]
    for field, other in depends:
        where = "name <> 'deployment'"
        several = f"select count(*) from (select count(distinct {other}) n from e where {where} group by {field} having {field} is not null and n > 1)"
        assert _one(db, several) == 0, (field, other)


def test_error_follows_the_rule_for_errors(db: duckdb.DuckDBPyConnection) -> None:
    rule = """coalesce(status_code = 'ERROR', false) or "error.type" is not null or
        coalesce("http.response.status_code" >= 500 or "http.response.status_code" in (408, 429), false)"""
    assert _one(db, f"select count(*) from e where error <> ({rule})") == 0
    assert (
        _one(db, 'select count(*) from e where "http.response.status_code" in (402, 404, 409) and error') == 0
    )


def test_queries_carry_no_secrets(db: duckdb.DuckDBPyConnection) -> None:
    texts = db.execute('select distinct "url.query" from e where "url.query" is not null').fetchall()
    assert all(
        [part.split("=")[0] for part in text.split("&")] == ["from", "to", "date", "passengers"]
        for (text,) in texts
    )


def test_a_larger_day_is_consistent_too() -> None:
    table = pa.Table.from_batches(list(batches(200_000, 9)))
    with duckdb.connect() as connection:
        connection.register("e", table)
        test_every_parent_exists_in_the_same_trace(connection)
        test_each_trace_has_one_root(connection)

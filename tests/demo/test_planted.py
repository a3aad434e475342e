"""Everything planted is visible at the committed size, in plain counts, and nothing else explains it better."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest

from obskit.demo.fleet import SERVICES
from obskit.demo.planted import planted

BOOK = "\"http.route\" = '/book'"
EARLY = "timestamp >= '2026-05-04T10:00Z' and timestamp < '2026-05-04T10:30Z'"
BEFORE = "timestamp < '2026-05-04T10:00Z'"
NEW = "coalesce(\"service.version\" = '2.4.0', false)"
ANDROID = "coalesce(\"app.platform\" = 'android', false)"
CENTRAL = "coalesce(\"cloud.region\" = 'eu-central-1', false)"
KIOSK = "coalesce(\"app.platform\" = 'kiosk', false)"


class Day:
    """Counts and rates over the table of events."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def rows(self, where: str) -> int:
        return int(self.value(f"select count(*) from e where {where}"))

    def rate(self, outcome: str, where: str) -> float:
        """Return the weighted share of events with the outcome, among those that match `where`."""
        text = f"select sum(sample_weight * ({outcome})::int) / sum(sample_weight) from e where {where}"
        return self.value(text)

    def value(self, text: str) -> float:
        row = self._connection.execute(text).fetchone()
        assert row is not None
        return float(row[0])


@pytest.fixture(scope="module")
def e(day: pa.Table) -> Iterator[Day]:
    with duckdb.connect() as connection:
        connection.register("arrow_day", day)
        connection.execute("set enable_progress_bar = false; set timezone = 'UTC'")
        connection.execute("create table e as select * from arrow_day")
        yield Day(connection)


def test_slow_bookings_need_all_three_conditions(e: Day) -> None:
    """Share of bookings over 500 ms from 10:00 to 10:30, kiosks aside::

    2.4.0, android, eu-central-1   ###############  3/4
    any two of the three           .
    """
    slow = "duration_ms > 500"
    cell = f"{BOOK} and {EARLY} and {NEW} and {ANDROID} and {CENTRAL}"
    assert e.rows(cell) >= 40
    assert e.rate(slow, cell) > 0.6
    conditions = (NEW, ANDROID, CENTRAL)
    for left_out in range(3):
        signs = [c if i != left_out else f"not {c}" for i, c in enumerate(conditions)]
        assert e.rate(slow, f"{BOOK} and {EARLY} and not {KIOSK} and {' and '.join(signs)}") < 0.08
    assert e.rows(f"{BOOK} and {EARLY} and {slow} and {' and '.join(conditions)}") > 0.6 * e.rows(
        f"{BOOK} and {EARLY} and {slow}"
    )


def test_no_pair_of_conditions_separates_slow_bookings_better_than_the_three(day: pa.Table) -> None:
    """No pair of field values has a higher rate with as many slow rows."""
    with duckdb.connect() as connection:
        connection.register("e", day)
        connection.execute("set timezone = 'UTC'")
        table = connection.sql(f"select * from e where {BOOK} and {EARLY}").to_arrow_table()
    slow = [d is not None and d > 500 for d in table["duration_ms"].to_pylist()]
    own = {
        "timestamp",
        "duration_ms",
        "trace_id",
        "span_id",
        "parent_span_id",
        "sample_weight",
        "trace_state",
    }
    sets: dict[tuple[str, object], set[int]] = {}
    for name in set(table.column_names) - own:
        for i, value in enumerate(table[name].to_pylist()):
            sets.setdefault((name, value), set()).add(i)
    bad = {i for i, is_slow in enumerate(slow) if is_slow}
    cell = (
        sets["service.version", "2.4.0"]
        & sets["app.platform", "android"]
        & sets["cloud.region", "eu-central-1"]
    )
    best = len(cell & bad) / len(cell)
    large = [rows for rows in sets.values() if len(rows & bad) >= 0.6 * len(cell & bad)]
    pairs = [a & b for i, a in enumerate(large) for b in large[i:]]
    rates = [len(p & bad) / len(p) for p in pairs if len(p & bad) >= 0.6 * len(cell & bad)]
    assert best > 0.7
    assert max(rates) < 0.75 * best


def test_the_error_began_with_the_deployment_for_one_payment_method(e: Day) -> None:
    sepa, mandate = (
        "\"payment.method\" = 'sepa_debit'",
        "coalesce(\"error.type\" = 'MandateSignatureMismatch', false)",
    )
    pay = "\"http.route\" = '/pay'"
    assert e.rows(f"{pay} and {mandate} and {BEFORE}") == 0
    assert e.rows(f"{pay} and {mandate} and not {sepa}") == 0
    assert e.rate(mandate, f"{pay} and {sepa} and \"user_agent.original\" = 'booking/2.4.0'") > 0.45
    assert e.rows(f"{pay} and {mandate} and \"user_agent.original\" = 'booking/2.3.7'") == 0
    assert e.rate("error", f"{BOOK} and {EARLY} and {NEW} and {sepa}") > 0.4
    assert e.rate("error", f"{BOOK} and {EARLY} and not ({NEW} and {sepa})") < 0.01
    assert e.rows(f"{BOOK} and {EARLY} and error") >= 15


def test_kiosks_are_slow_before_and_after_the_deployment(e: Day) -> None:
    early, late = (
        e.rate("duration_ms > 500", f"{BOOK} and {KIOSK} and timestamp {sign} '2026-05-04T10:00Z'")
        for sign in ("<", ">=")
    )
    others = e.rate("duration_ms > 500", f"{BOOK} and not {KIOSK} and {BEFORE}")
    assert min(early, late) > 0.5
    assert abs(early - late) < 0.35  # few rows, of weight 32
    assert others < 0.03
    assert e.rows(f"{BOOK} and {KIOSK} and {BEFORE}") >= 30


def test_image_revision_and_replica_set_match_the_same_rows_as_the_version(e: Day) -> None:
    aliases = next(entry["expected"] for entry in planted() if entry["id"] == "alias")
    assert [a["field"] for a in aliases] == ["container.image.tag", "vcs.ref.head.revision"]
    for alias in aliases:
        same = f"coalesce(\"{alias['field']}\" = '{alias['value']}', false)"
        assert e.rows(f"({same}) <> ({NEW}) and name <> 'deployment'") == 0
    sets = 'count(distinct "k8s.replicaset.name")'
    assert e.value(f"select {sets} from e where {NEW} and {BOOK}") == 1
    assert e.value(f'select count(distinct "k8s.pod.name") from e where {NEW} and {BOOK}') >= 12


def test_seat_maps_fail_where_the_composition_is_missing(e: Day) -> None:
    seats = "\"http.route\" = '/trains/{train_number}/seats'"
    hour = "timestamp >= '2026-05-04T16:00Z' and timestamp < '2026-05-04T17:00Z'"
    assert e.rows(f'{seats} and {hour} and error and "train.composition_id" is null') >= 30
    assert e.rows(f'{seats} and error and "train.composition_id" is not null') == 0
    assert e.rate("error", f"{seats} and {hour}") > 0.04
    assert e.rate("error", f"{seats} and not ({hour})") < 0.003


def test_errors_of_a_dependency_are_masked_by_retries(e: Day) -> None:
    hour = "timestamp >= '2026-05-04T13:00Z' and timestamp < '2026-05-04T14:00Z'"
    first = '"server.address" = \'api.psp-north.example\' and "http.request.resend_count" is null'
    assert e.rate("error", f"{first} and {hour}") > 0.15
    assert e.rate("error", f"{first} and not ({hour})") < 0.02
    assert e.rows(f"{first} and {hour} and error") >= 20
    parents = f"""select avg(p.error::int) from e c join e p on p.span_id = c.parent_span_id
        where c.{first} and c.error and c.timestamp >= '2026-05-04T13:00Z' and c.timestamp < '2026-05-04T14:00Z'"""
    assert e.value(parents.replace('and "http.request', 'and c."http.request')) < 0.15


def test_two_hundred_customers_are_slow_and_none_stands_out(e: Day) -> None:
    trips = "\"http.route\" = '/customers/{customer_id}/bookings'"
    framework = "coalesce(\"customer.tariff\" = 'framework-2019', false)"
    slow = "duration_ms > 450"
    assert e.rate(slow, f"{trips} and {framework}") > 0.3
    assert e.rate(slow, f"{trips} and not {framework}") < 0.01
    hit = f"from e where {trips} and {framework} and {slow}"
    assert e.value(f'select count(distinct "user.id") {hit}') > 70
    most = e.value(f'select max(n) from (select count(*) n {hit} group by "user.id")')
    assert most / e.rows(f"{trips} and {slow}") < 0.05
    assert e.value(f'select count(distinct "user.id") from e where {framework}') <= 200


def test_planted_conditions_use_fields_and_values_of_the_events(day: pa.Table) -> None:
    entries = planted()
    assert len({entry["id"] for entry in entries}) == len(entries) == 7
    for entry in entries:
        for item in entry["expected"] + entry["aliases"]:
            column = day[item["field"]]
            if item["op"] == "=":
                assert item["value"] in column.unique().to_pylist(), item


def test_each_deployment_has_a_marker(e: Day) -> None:
    assert e.rows("name = 'deployment' and kind = 'event' and duration_ms is null") == 6
    versions = {service.name: service.versions[1] for service in SERVICES}
    for service in ("booking", "search", "notification"):
        found = f"name = 'deployment' and \"service.name\" = '{service}' and \"deployment.weight\" = 100"
        assert e.rows(f"{found} and \"service.version\" = '{versions[service]}'") == 1

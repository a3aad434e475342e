"""`clickhouse://` over HTTP: a stub of the server's interface in front of an embedded ClickHouse."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

import obskit as ok
from obskit.explain import Cancelled
from tests.support.chdb_client import create_table
from tests.support.clickhouse_stub import PASSWORD, ClickHouseStub

pytest.importorskip("chdb")
pytest.importorskip("clickhouse_connect")


@pytest.fixture(scope="module")
def stub(chdb_session: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseStub]:
    rows = (
        ok.load("sample_events")
        .where("service.name = 'booking'")
        .to_arrow(
            [
                "timestamp",
                "duration_ms",
                "name",
                "kind",
                "trace_id",
                "span_id",
                "parent_span_id",
                "error",
                "service.version",
            ]
        )
    )
    create_table(chdb_session, "prod.booking", rows, tmp_path_factory.mktemp("stub") / "rows.parquet")
    with ClickHouseStub(chdb_session) as running:
        yield running


def test_verbs_over_http(stub: ClickHouseStub) -> None:
    there = ok.connect(stub.url, "booking", trace_url="https://t.example/{trace_id}")
    home = ok.load("sample_events").where("service.name = 'booking'")
    asked = ("rows()", "p99(duration_ms)", "share(error)")
    wanted = ok.load(home.to_arrow(there.schema.names)).query(*asked, by="service.version").table
    assert there.query(*asked, by="service.version").table.equals(wanted)
    assert there.explain("error").findings
    _, _, settings = stub.seen[-1]
    assert settings["aggregate_functions_null_for_empty"] == "1"


def test_the_password_is_nowhere(stub: ClickHouseStub) -> None:
    there = ok.connect(stub.url, "booking")
    found = there.query("count()")
    shown = [
        repr(there),
        str(found),
        found.sql,
        str(found.to_dict()),
        repr(there.scope),
        repr(there.dataset.client.address),
    ]
    for text in shown:
        assert PASSWORD not in text
        assert "s3cret" not in text
    assert there.dataset.described.startswith("booking at clickhouse://127.0.0.1:")


def test_a_wrong_password_says_so_and_does_not_quote_it(stub: ClickHouseStub) -> None:
    url = stub.url.replace("s3cret", "wr0ng")
    with pytest.raises(ok.RemoteError) as failed:
        ok.connect(url, "booking")
    port = stub.url.rpartition(":")[2].partition("/")[0]
    assert str(failed.value) == (
        f"ClickHouse refuses the user at clickhouse://127.0.0.1:{port}/prod\nHint: check user and password: "
        "clickhouse://user:password@host, or CLICKHOUSE_USER and CLICKHOUSE_PASSWORD"
    )


def test_user_and_password_from_the_environment(
    stub: ClickHouseStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLICKHOUSE_USER", "reader")
    monkeypatch.setenv("CLICKHOUSE_PASSWORD", PASSWORD)
    bare = "clickhouse://" + stub.url.partition("@")[2]
    assert ok.connect(bare, "booking").dataset.rows > 0


def test_a_table_that_is_not_there(stub: ClickHouseStub) -> None:
    with pytest.raises(
        ok.RemoteError, match=r"(?s)no_such_table.*Hint: check the names of the database and the table"
    ):
        ok.connect(stub.url, "no_such_table")


def test_nobody_listens() -> None:
    with pytest.raises(ok.RemoteError, match=r"ClickHouse at clickhouse://127\.0\.0\.1:9/prod failed: "):
        ok.connect("clickhouse://127.0.0.1:9/prod", "booking")


def test_a_statement_that_takes_too_long_is_cancelled_there(stub: ClickHouseStub) -> None:
    there = ok.connect(stub.url + "?timeout=1", "booking")
    stub.holding.set()
    try:
        with pytest.raises(ok.RemoteError) as failed:
            there.query("count()")
        last = stub.seen[-1][0]
        _wait_for(lambda: last in stub.killed)
    finally:
        stub.holding.clear()
    assert str(failed.value) == (
        "ClickHouse did not answer within 1 s, so the statement was cancelled\n"
        "Hint: narrow the question with events.between(...), or allow more: ?timeout=600"
    )
    assert there.query("rows()").table.num_rows == 1


def test_a_newer_question_cancels_the_statement_there(stub: ClickHouseStub) -> None:
    there = ok.connect(stub.url, "booking")
    newer = threading.Event()
    stub.holding.set()
    threading.Timer(0.3, newer.set).start()
    try:
        with pytest.raises(Cancelled):
            there.explain("error", cancelled=newer.is_set)
        last = stub.seen[-1][0]
        _wait_for(lambda: last in stub.killed)
    finally:
        stub.holding.clear()


def test_many_threads_share_a_connection(stub: ClickHouseStub) -> None:
    there = ok.connect(stub.url, "booking")
    found: list[pa.Table] = []
    threads = [threading.Thread(target=lambda: found.append(there.query("rows()").table)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert all(table.equals(found[0]) for table in found)


def _wait_for(holds: Any) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)

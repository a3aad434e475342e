"""Tables of markers, with and without a header."""

from datetime import UTC, datetime

import pytest

from obskit.readers import REGISTRY
from obskit.readers.io.source import Source
from tests.support.markers import BOOK, PRODUCTION

TABLE = """time,kind,text
2026-05-04T12:00:00Z,deployment,"book 2.4.0, at noon"
2026-05-04T12:30:00Z,Outage,payments fail
2026-05-04T13:00:00Z,rollback,
2026-05-04 13:10:00,resolved,payments work
2026-05-04T14:00:00Z,maintenance,new disks
not a time,deployment,x
2026-05-04T15:00:00Z,deployment
2026-05-04T15:00:00Z,deployment,"torn
"""


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_plain_table(read, header, delimiter):
    data = TABLE if header else TABLE.partition("\n")[2]
    data = data.replace('"book 2.4.0, at noon"', "book 2.4.0").replace(",", delimiter)
    got = read(data.encode(), name="what.csv")
    shown = ("name", "deployment.status", "obskit.incident.status", "body")
    assert [tuple(row.get(name) for name in shown) for row in got.rows] == [
        ("deployment", "succeeded", None, "book 2.4.0"),
        ("incident", None, "open", "payments fail"),
        ("deployment", "rolled_back", None, None),
        ("incident", None, "resolved", "payments work"),
        ("maintenance", None, None, "new disks"),
        ("deployment", "succeeded", None, "torn\n"[:4]),
    ]
    assert got.rows[3]["timestamp"] == datetime(2026, 5, 4, 13, 10, tzinfo=UTC)
    assert [reason for _, reason in got.reasons] == [
        "marker has no time or no kind",
        "row does not have 3 fields",
    ]


def test_a_table_with_more_columns(read):
    got = read(
        b"when,type,title,service,version,env,status,id,commit,user,url\r\n"
        b"1777896000,deploy,again,book,2.4.0,production,failure,d-1,5f1c,ann,https://x.example\r\n"
    )
    assert got.rows == [
        BOOK
        | PRODUCTION
        | {
            "deployment.status": "failed",
            "deployment.id": "d-1",
            "vcs.ref.head.revision": "5f1c",
            "user.name": "ann",
            "body": "again",
            "url.full": "https://x.example",
        }
    ]


@pytest.mark.parametrize(
    "data",
    [
        "time,kind,duration_ms\n2026-05-04T12:00:00Z,deployment,3\n",
        "time,kind,text\n2026-05-04T12:00:00Z,server,x\n",
        "time,kind,text,price\n2026-05-04T12:00:00Z,deployment,x,3\n",
        "time,kind,text\nx,deployment,x\n",
    ],
)
def test_a_table_of_other_rows_is_csv(tmp_path, data):
    path = tmp_path / "x.csv"
    path.write_text(data)
    assert REGISTRY.choose(Source(path)).name == "CSV"

"""The cases 28, 28b and 47 of the collection of small files, with their right values."""

from datetime import UTC, datetime

import pytest

pytestmark = pytest.mark.shared

START = datetime(2026, 5, 4, 10, tzinfo=UTC)
POD = {"k8s.pod.name": "shop-6d4cf56db6-x7zq2", "k8s.container.name": "app"}


@pytest.fixture
def case(shared, load):
    def load_case(name):
        return load(shared / "cases/formats" / name)

    return load_case


def seconds(rows, name="timestamp"):
    return [round((row[name] - START).total_seconds(), 6) for row in rows]


@pytest.mark.parametrize(
    ("name", "wanted", "observed"),
    [
        ("28-docker-json-file/c-json.log", {"log.iostream": "stdout"}, 0.501234),
        ("28b-kubectl-prefix/prefix.log", POD, None),
        ("28b-kubectl-prefix/timestamps.log", {}, 0.501234),
        ("28b-kubectl-prefix/cri.log", {"log.iostream": "stdout"}, 0.501234 - 7_200),
        ("28b-kubectl-prefix/compose.log", {"container.name": "shop-1"}, None),
        ("28b-kubectl-prefix/startup-then-json.log", {}, None),
    ],
)
def test_json_lines(case, name, wanted, observed):
    got = case(name)
    assert seconds(got.rows) == [n + 0.5 for n in range(6)]
    assert [row["duration_ms"] for row in got.rows] == [10, 11, 12, 13, 14, 15]
    assert [row["http.response.status_code"] for row in got.rows] == [200, 500] * 3
    assert [row["error"] for row in got.rows] == [False, True] * 3
    assert [row["severity_text"] for row in got.rows] == ["INFO", "ERROR"] * 3
    assert all(row["body"] == "served" and wanted.items() <= row.items() for row in got.rows)
    if observed is not None:
        assert seconds(got.rows, "observed_timestamp") == [round(n + observed, 6) for n in range(6)]
    banner = 3 if "startup" in name else 0
    assert [position.split(",")[0] for position, _ in got.reasons] == [f"line {n + 1}" for n in range(banner)]


@pytest.mark.parametrize(
    ("name", "wanted", "observed"),
    [
        ("compose.log", {"container.name": "web-1"}, None),
        ("cri-combined.log", {"log.iostream": "stdout"}, 0.413656),
        ("cri.log", {"log.iostream": "stdout", "duration_ms": 250.0}, 0.413656),
        ("kubectl-prefix.log", {"k8s.pod.name": "shop-1", "k8s.container.name": "app"}, None),
        ("kubectl-timestamps.log", {}, 0.413656),
        ("syslog.log", {"host.name": "web-1", "service.name": "nginx"}, 0.0),
    ],
)
def test_access_lines(case, name, wanted, observed):
    got = case(f"47-cri-ingress/{name}")
    rows = got.rows
    assert rows[0].get("duration_ms") == wanted.get("duration_ms")
    begun = 0.25 if "duration_ms" in wanted else 0  # a request begins its duration before it is logged
    count = len(rows)
    assert count + len(got.reasons) == 6  # the last line of cri.log is cut
    assert count >= 5
    assert seconds(rows) == [n - begun for n in range(count)]
    assert [row["client.address"] for row in rows] == [f"10.0.0.{n}" for n in range(count)]
    assert all(row["http.response.status_code"] == 502 and row["error"] for row in rows)
    assert all(wanted.items() <= row.items() for row in rows)
    if observed is not None:
        assert seconds(rows, "observed_timestamp") == [round(n + observed, 6) for n in range(count)]


def test_access_lines_in_dockers_json(case):
    got = case("28-docker-json-file/combined-in-docker-json.log")
    assert seconds(got.rows) == list(range(6))
    assert all(row["client.address"] == "10.0.0.1" and row["error"] for row in got.rows)
    assert got.reasons == []

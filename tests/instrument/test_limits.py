"""Values that are not JSON, too long, too deep or too many become plain JSON within the limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from obskit.instrument import Handle, Limits, event

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]


class Hostile:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __hash__(self) -> int:
        return 7


def test_odd_values_become_plain_json(service: Service, rows: Rows) -> None:
    handle = service()
    circle: list[Any] = []
    circle.append(circle)
    with event("odd") as e:
        e.add({"hostile": Hostile(), "circle": circle, "bytes": b"\xff", "huge": 2**70, "nan": float("nan")})
        e.add({"surrogate": "\ud800", "set": {1}, 5: "number", "none": None, "complex": 1j})  # type: ignore[dict-item]
        e.add(7)  # type: ignore[arg-type]
    (row,) = rows()
    assert row["hostile"] == "<Hostile>"
    assert row["surrogate"] == "?"
    assert row["huge"] == str(2**70)
    assert row["nan"] is None
    assert row["5"] == "number"
    assert row["set"] == [1]
    assert handle.counters["failed"] == 2  # add(7), and the text of `hostile`


def test_limits_cut_and_count(service: Service, rows: Rows) -> None:
    handle = service(limits=Limits(fields=50, length=200, depth=2, items=10, line=4000))
    with event("big") as e:
        e["text"] = "x" * 1000
        e["list"] = list(range(100))
        e["deep"] = {"a": {"b": {"c": {"d": 1}}}}
        for n in range(100):
            e[f"f{n}"] = n
    (row,) = rows()
    assert len(row["text"]) == 200
    assert len(row["list"]) == 10
    assert row["deep.a.b"] == "{'c': {'d': 1}}"
    assert "f40" in row
    assert "f90" not in row
    assert handle.counters["cut"] >= 50 + 90 + 1
    with event("bigger") as e:
        for n in range(40):
            e[f"long{n}"] = "y" * 190
    assert len(str(rows()[1])) < 4600

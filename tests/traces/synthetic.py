"""Traces of a small shop, from a seed: gateway -> orders -> payment, and stock; what is wrong is planted.

gateway GET /buy
  gateway call orders          a client span around each call
    orders POST /order
      orders SELECT            `queries` times
      orders call payment
        payment POST /pay
      orders call stock
        stock GET /stock
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.traces import Traces, traces

START = datetime(2026, 5, 4, 10, tzinfo=UTC)
OWN_MS = {"gateway": 2.0, "orders": 5.0, "payment": 20.0, "stock": 4.0, "SELECT": 1.0}
NETWORK_MS = 1.0


class Shop:
    """Makes rows of traces.

    Args:
        seed: of the random times.
        skew_ms: service -> how much its clock is ahead.
    """

    def __init__(self, seed: int, skew_ms: dict[str, float] | None = None) -> None:
        self.random = np.random.default_rng(seed)
        self.skew_ms = skew_ms or {}
        self.rows: list[dict[str, Any]] = []
        self.made = 0

    def time(self, mean: float) -> float:
        return float(mean * np.exp(self.random.normal(0, 0.3)))

    def trace(
        self,
        *,
        slow: bool = False,
        own: dict[str, float] | None = None,
        network: dict[str, float] | None = None,
        queries: int = 2,
        says: str = "paid",
    ) -> str:
        """Add a trace; `own` and `network` (by callee) multiply times."""
        own, network = own or {}, network or {}
        self.made += 1
        trace_id = f"{self.made:032x}"
        at = START + timedelta(seconds=self.made)
        number = 0

        def add(service: str, name: str, kind: str, parent: str | None, begin: float) -> dict[str, Any]:
            nonlocal number
            number += 1
            moment = at + timedelta(milliseconds=begin + self.skew_ms.get(service, 0.0))
            row = {
                "trace_id": trace_id, "span_id": f"{self.made:08x}{number:08x}", "parent_span_id": parent,
                "service.name": service, "name": name, "kind": kind, "timestamp": moment,
                "duration_ms": 0.0, "error": False, "slow": slow, "body": None,
            }  # fmt: skip
            self.rows.append(row)
            return row

        def server(service: str, name: str, parent: str | None, begin: float) -> float:
            row = add(service, name, "server", parent, begin)
            end = begin + self.time(OWN_MS[service] * own.get(service, 1.0))
            if service == "orders":
                for _ in range(queries):
                    query = add(service, "SELECT", "internal", row["span_id"], end)
                    query["duration_ms"] = self.time(OWN_MS["SELECT"] * own.get("SELECT", 1.0))
                    end += query["duration_ms"]
            below = {"gateway": ["orders"], "orders": ["payment", "stock"]}
            for callee in below.get(service, []):
                end = call(service, callee, row["span_id"], end)
            row["duration_ms"] = end - begin
            if service == "payment":
                record = add(service, "", "event", None, begin)
                record |= {"span_id": row["span_id"], "duration_ms": None, "body": says}
            return end

        def call(caller: str, callee: str, parent: str, begin: float) -> float:
            row = add(caller, f"call {callee}", "client", parent, begin)
            there = self.time(NETWORK_MS * network.get(callee, 1.0)) / 2
            names = {"orders": "POST /order", "payment": "POST /pay", "stock": "GET /stock"}
            end = server(callee, names[callee], row["span_id"], begin + there) + there
            row["duration_ms"] = end - begin
            return end

        server("gateway", "GET /buy", None, 0.0)
        return trace_id

    def table(self) -> pa.Table:
        kinds = {"timestamp": pa.timestamp("us", "UTC"), "duration_ms": pa.float64()}
        kinds |= {name: pa.string() for name in ("parent_span_id", "body")}
        columns = {name: [row[name] for row in self.rows] for name in self.rows[0]}
        return pa.table({name: pa.array(values, kinds.get(name)) for name, values in columns.items()})

    def traces(self) -> Traces:
        return traces(Scope.of(from_arrow(self.table())))


def first_service(found: Traces, **options: Any) -> str:
    """Return the service with most evidence."""
    name: str = found.compare(slow="slow", normal="not slow", **options).services["service"][0].as_py()
    return name

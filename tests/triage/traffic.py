"""A made-up day of traces: daily traffic, bursts, sampling by route, retries, a rollout; nothing is planted.

    edge GET /home            --> web GET /home (server)
    edge POST /orders         --> web POST /orders --> store POST --> store INSERT (client)
                                                   --> web publish orders (producer) --> mail process orders

Tenants come in bursts of their own, regions have their rush hours at other times, one operation runs at night
only, requests are sampled by route, calls are retried, a version is rolled out, and a pod is taken away.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]
Rows = dict[str, npt.NDArray[Any]]

DAY = 86_400
START = 1_777_852_800  # 2026-05-04, in seconds
ROUTES = ("GET /home", "GET /search", "POST /orders", "GET /orders", "GET /health", "POST /batch")
_SHARES = (0.4, 0.25, 0.15, 0.15, 0.03, 0.02)
_SAMPLED = {"GET /home": 20.0, "GET /health": 50.0}  # the other routes are kept completely


@lru_cache(4)
def traffic(seed: int, traces: int = 6_000, *, sampled: bool = True) -> pa.Table:
    """Return the events of a day without trouble.

    Args:
        seed: of the random numbers.
        traces: the number of requests.
        sampled: whether two routes are sampled.
    """
    rng = np.random.default_rng(seed)
    region = rng.choice(["eu", "us", "ap"], traces, p=[0.5, 0.35, 0.15])
    seconds = np.concatenate([_arrivals(rng, int((region == name).sum()), at) for name, at in _RUSH.items()])
    region = np.concatenate([np.full((region == name).sum(), name) for name in _RUSH])
    tenant = rng.choice(60, traces, p=_zipf(60))
    _bursts(rng, seconds, tenant)
    order = np.argsort(seconds)
    seconds, region, tenant = seconds[order], region[order], tenant[order]
    route = rng.choice(ROUTES, traces, p=_SHARES)
    night = route == "POST /batch"
    seconds[night] = rng.uniform(2 * 3600, 4 * 3600, night.sum())
    return _spans(rng, seconds, region, tenant, route, sampled)


_RUSH = {"eu": 9.0, "us": 15.0, "ap": 3.0}


def _arrivals(rng: np.random.Generator, count: int, rush: float) -> npt.NDArray[np.float64]:
    """Return seconds of the day; traffic is three times as dense at the rush hour as twelve hours from it."""
    out = np.empty(0)
    while len(out) < count:
        some = rng.uniform(0, DAY, 2 * count)
        density = 0.5 + 0.25 * (1 + np.cos((some / 3600 - rush) * 2 * np.pi / 24))
        out = np.concatenate([out, some[rng.random(len(some)) < density]])
    return out[:count]


def _zipf(size: int) -> npt.NDArray[np.float64]:
    weight = 1 / np.arange(1, size + 1)
    shares: npt.NDArray[np.float64] = weight / weight.sum()
    return shares


def _bursts(rng: np.random.Generator, seconds: npt.NDArray[np.float64], tenant: Ints) -> None:
    """Move the requests of every third tenant into bursts of about 20 within a few minutes."""
    for one in range(0, 60, 3):
        mine = np.flatnonzero(tenant == one)
        if not len(mine):
            continue
        bursts = rng.choice(seconds[mine], max(1, len(mine) // 20))
        seconds[mine] = np.clip(rng.choice(bursts, len(mine)) + rng.exponential(120, len(mine)), 0, DAY - 1)


def _spans(
    rng: np.random.Generator,
    seconds: npt.NDArray[np.float64],
    region: npt.NDArray[Any],
    tenant: Ints,
    route: npt.NDArray[Any],
    sampled: bool,
) -> pa.Table:
    count = len(seconds)
    parts: list[Rows] = []
    trace = np.array([f"{seed:032x}" for seed in rng.integers(1, 2**62, count)])
    error = rng.random(count) < 0.01
    # A rollout at eleven, at once or gradual, replaces the version and its pods.
    new = rng.random(count) < np.clip((seconds - 11 * 3600) / rng.choice([1, 1800, 7200]), 0, 1)
    # At eight in the evening one pod of three is taken away, and the others take over.
    other = np.where(seconds < 20 * 3600, rng.integers(0, 3, count), rng.integers(0, 2, count))
    pod = np.where(new, rng.integers(3, 6, count), rng.integers(0, 3, count))

    def span(of: Ints, service: str, name: Any, kind: str, parent: Any, late: float, took: float) -> Any:
        ids = np.array([f"{number:016x}" for number in rng.integers(1, 2**62, len(of))])
        web = service == "web"
        parts.append(
            {
                "timestamp": (START + seconds[of]) * 1e6 + late * 1e6,
                "duration_ms": rng.lognormal(np.log(took), 0.5, len(of)),
                "trace_id": trace[of],
                "span_id": ids,
                "parent_span_id": parent,
                "service.name": np.full(len(of), service),
                "name": name if not isinstance(name, str) else np.full(len(of), name),
                "kind": np.full(len(of), kind),
                "http.route": np.where(kind == "server", route[of], None),
                "cloud.region": region[of],
                "tenant.id": np.array([f"t{number}" for number in tenant[of]]),
                "service.version": np.where(new[of], "2", "1") if web else np.full(len(of), "7"),
                "k8s.pod.name": np.array([f"{service}-{number}" for number in (pod if web else other)[of]]),
                "error": error[of] & (kind == "server"),
                "route": route[of],
            }
        )
        return ids

    everything = np.arange(count)
    none = np.full(count, None, object)
    edge = span(everything, "edge", "ingress", "server", none, 0.0, 60)
    web = span(everything, "web", route, "server", edge, 0.002, 50)
    orders = np.flatnonzero((route == "POST /orders") & ~error)
    call = span(orders, "web", "POST", "client", web[orders], 0.004, 20)
    store = span(orders, "store", "POST /store", "server", call, 0.005, 15)
    # Retries: some requests call the database up to five times.
    again = np.repeat(np.arange(len(orders)), np.where(rng.random(len(orders)) < 0.1, 5, 1))
    span(orders[again], "store", "INSERT orders", "client", store[again], 0.006, 5)
    sent = span(orders, "web", "publish orders", "producer", web[orders], 0.02, 2)
    span(orders, "mail", "process orders", "consumer", sent, 1.0 + rng.exponential(20), 80)
    searches = np.flatnonzero((route == "GET /search") & (rng.random(count) < 0.7))  # the others are cached
    span(searches, "store", "SELECT products", "client", web[searches], 0.003, 8)
    return _table(rng, parts, sampled, trace, route)


def _table(
    rng: np.random.Generator,
    parts: list[Rows],
    sampled: bool,
    trace: npt.NDArray[Any],
    route: npt.NDArray[Any],
) -> pa.Table:
    columns: Mapping[str, Any] = {
        name: np.concatenate([np.asarray(part[name], object) for part in parts]) for name in parts[0]
    }
    keep = np.ones(len(columns["route"]), bool)
    weight = np.ones(len(keep))
    if sampled:
        weight = np.array([_SAMPLED.get(name, 1.0) for name in columns["route"]])
        kept = {
            one: rng.random() * _SAMPLED.get(name, 1.0) < 1 for one, name in zip(trace, route, strict=True)
        }
        keep = np.array([kept[one] for one in columns["trace_id"]])
    out = {}
    for name, values in columns.items():
        if name == "route":
            continue
        if name == "timestamp":
            out[name] = pa.array(values[keep].astype(np.int64), pa.timestamp("us", "UTC"))
        elif name == "duration_ms":
            out[name] = pa.array(values[keep].astype(float))
        elif name == "error":
            out[name] = pa.array(values[keep].astype(bool))
        else:
            out[name] = pa.array(values[keep].tolist(), pa.string())
    if sampled:
        out["sample_weight"] = pa.array(weight[keep])
    return pa.table(out)

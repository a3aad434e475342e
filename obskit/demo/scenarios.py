"""Further causes that `obskit demo --scenario NAME` plants: subtle, rare, masked by other fields, or missing.

Each scenario changes the events of the day after they are made, and records what it planted. None of them is
in the demo's own story.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from obskit.demo.edits import Rows
from obskit.demo.fields import SCHEMA
from obskit.demo.scenario_records import (
    BESIDE,
    BUILD,
    RAMP,
    RAMP_END,
    RAMP_TENANT,
    RAMPED,
    REGION,
    SINCE,
    message_pod,
    scenario_record,
)
from obskit.demo.traffic import DAY_US
from obskit.errors import InvalidArgument
from obskit.names import nearest

_SUBTLE_RATE, _SUBTLE_SHARE = 0.08, 0.8
_TENANTS, _LOST_TENANT = 20, 6
_RESTATING_FIELDS = {
    "search.cache_node": pa.string(),
    "search.backend_ms": pa.float64(),
    "search.log_position": pa.int64(),
}


@dataclass(frozen=True)
class Scenario:
    """One thing to plant.

    Attributes:
        name: the NAME of `--scenario`.
        edit: changes the rows of a batch.
        record: what is planted, in the form of `planted()`.
        fields: fields that it adds, with their types.
        markers: (time of day in µs, service, old version, new version, percentage of the traffic) of the
            steps of the deployments that it adds.
    """

    name: str
    edit: Callable[[Rows], None]
    record: dict[str, Any]
    fields: dict[str, pa.DataType] = field(default_factory=dict)
    markers: tuple[tuple[int, str, str, str, int], ...] = ()


def _subtle(rows: Rows) -> None:
    search = rows.is_("name", "GET /connections")
    index = rows.pick("subtle/index", [_SUBTLE_SHARE, 1 - _SUBTLE_SHARE])
    rows.put("search.index", search, pa.array(["blue", "green"]).take(pa.array(index)))
    rate = np.where(rows.since(SINCE["subtle"]) & (index == 0), 1.5 * _SUBTLE_RATE, _SUBTLE_RATE)
    rows.fail(rows.flow("search") & (rows.uniform("subtle/error") < rate), 503)


def _rare(rows: Rows) -> None:
    trips = rows.is_("name", "GET /api/me/bookings", "GET /customers/{customer_id}/bookings")
    rare = rows.chance("rare/build", 0.008)
    others = pa.array([f"77{n}" for n in range(10, 40)])
    build = others.take(pa.array(rows.pick("rare/other", [1 / 30] * 30)))
    rows.put("client.build", trips, build)
    rows.put("client.build", trips & rare, BUILD)
    late = rows.since(SINCE["rare"])
    rows.fail(rows.flow("trips") & rare & late & rows.chance("rare/error", 0.7), 500, "UnsupportedLocale")


def _restating(rows: Rows) -> None:
    search = rows.is_("name", "GET /connections")
    node = rows.pick("restating/node", [0.2] * 5)
    hit = (node == 2) & rows.since(SINCE["restating"]) & rows.chance("restating/slow", 0.6)
    rows.slow_down(rows.flow("search") & hit, 400 + 400 * rows.uniform("restating/ms"))
    names = pa.array([f"cache-{n + 1}" for n in range(5)])
    rows.put("search.cache_node", search, names.take(pa.array(node)))
    took = np.nan_to_num(rows.values("duration_ms"))
    rows.put("search.backend_ms", search, took * (0.96 + 0.02 * rows.uniform("restating/part")))
    rows.put("search.log_position", search, rows.times() // 37)


def _message(rows: Rows) -> None:
    pod = message_pod()
    at = rows.is_("k8s.pod.name", pod) & rows.is_("kind", "client") & rows.since(SINCE["message"])
    lines = rows.table.filter(pa.array(at & rows.chance("message", 0.5)))
    if not lines.num_rows:
        return
    line = Rows(lines, 0)
    every = np.ones(lines.num_rows, bool)
    waited = 200 + line.times() % 700
    text = [f"pool exhausted: waited {ms} ms for a connection, {8 + ms % 5} in use" for ms in waited.tolist()]
    for name, value in (
        ("name", "pool_wait"),
        ("kind", "event"),
        ("severity_text", "WARN"),
        ("severity_number", 13),
        ("status_code", None),
        ("duration_ms", None),
        ("parent_span_id", None),
        ("http.response.status_code", None),
    ):
        line.put(name, every, value)
    line.put("body", every, pa.array(text))
    line.put("error", every, False)
    rows.add(line.table)


def _region(rows: Rows) -> None:
    rows.drop(
        rows.is_("cloud.region", REGION) & rows.since(SINCE["region"]) & ~rows.is_("name", "deployment")
    )


def _consumer(rows: Rows) -> None:
    tenants = pa.array([f"tenant-{n + 1:02d}" for n in range(_TENANTS)])
    tenant = rows.pick("consumer/tenant", [1 / _TENANTS] * _TENANTS)
    message = rows.is_("name", "POST /book", "publish booking.confirmed", "process booking.confirmed")
    rows.put("tenant.id", message, tenants.take(pa.array(tenant)))
    lost = (tenant == _LOST_TENANT) & rows.since(SINCE["consumer"]) & (rows.uniform("consumer/tenant") < 1)
    rows.drop(lost & rows.is_("service.name", "notification") & ~rows.is_("name", "deployment"))


def _deployments(rows: Rows) -> None:
    for start, service, _, version in BESIDE:
        new = rows.is_("service.name", service) & rows.since(start)
        rows.put("service.version", new, version)
        rows.put("container.image.tag", new, version)
    late = rows.since(SINCE["deployments"])
    rows.fail(rows.flow("search") & late & rows.chance("deployments/error", 0.12), 500, "IndexMismatch")


def _ramp(rows: Rows) -> None:
    search = rows.is_("name", "GET /connections", "GET /api/search")
    tenants = pa.array([f"tenant-{n + 1:02d}" for n in range(10)])
    tenant = rows.pick("ramp/tenant", [0.3, 0.05, 0.2, *[0.45 / 7] * 7])
    rows.put("tenant.id", search, tenants.take(pa.array(tenant)))
    share = np.zeros(len(search))
    for start, percent in (*RAMP, (RAMP_END, 0)):
        share[rows.since(start)] = percent / 100
    new = rows.is_("service.name", "search") & (rows.uniform("ramp/version") < share)
    rows.put("service.version", new, RAMPED)
    rows.put("container.image.tag", new, RAMPED)
    pods = pa.array([f"search-7d9c4b6f5-{name}" for name in ("2xk7p", "c9wqz", "hm4tt", "v6d8n")])
    rows.put("k8s.pod.name", new, pods.take(pa.array(rows.pick("ramp/pod", [0.25] * 4))))
    # Whether the trace was answered by the new version is the same for its callers.
    bad = (rows.uniform("ramp/version") < share) & (tenants.to_pylist().index(RAMP_TENANT) == tenant)
    rows.fail(rows.flow("search") & bad & rows.chance("ramp/error", 0.8), 500, "UnknownTariff")


_MARKERS = {
    "deployments": tuple((*step, 100) for step in BESIDE),
    "ramp": (
        *((at, "search", "6.1.4", RAMPED, percent) for at, percent in RAMP),
        (RAMP_END, "search", RAMPED, "6.1.4", 100),
    ),
}
SCENARIOS: dict[str, Scenario] = {
    name: Scenario(name, edit, scenario_record(name), fields, _MARKERS.get(name, ()))
    for name, edit, fields in (
        ("subtle", _subtle, {"search.index": pa.string()}),
        ("rare", _rare, {"client.build": pa.string()}),
        ("restating", _restating, _RESTATING_FIELDS),
        ("message", _message, {}),
        ("region", _region, {}),
        ("consumer", _consumer, {"tenant.id": pa.string()}),
        ("deployments", _deployments, {}),
        ("ramp", _ramp, {"tenant.id": pa.string()}),
    )
}
"""The scenarios by name, in the order of the documentation."""


def chosen_scenarios(names: Iterable[str]) -> list[Scenario]:
    """Return scenarios by name, in the order of the documentation and each once.

    Args:
        names: names in `SCENARIOS`.

    Returns:
        The scenarios.

    Raises:
        InvalidArgument: a name is not that of a scenario; the hint has the nearest.
    """
    wanted = list(names)
    for name in wanted:
        if name not in SCENARIOS:
            near = nearest(name, SCENARIOS)
            hint = f"the nearest is {near[0]}; " if near else ""
            raise InvalidArgument(
                f"scenario {name!r} does not exist", hint=f"{hint}all scenarios: {', '.join(SCENARIOS)}"
            )
    return [scenario for name, scenario in SCENARIOS.items() if name in wanted]


def schema_of(scenarios: Sequence[Scenario]) -> pa.Schema:
    """Return the schema of the demo with the fields that scenarios add, at its end."""
    added = {name: kind for scenario in scenarios for name, kind in scenario.fields.items()}
    return pa.schema([*SCHEMA, *(pa.field(name, kind) for name, kind in added.items())])


def plant(
    batches: Iterable[pa.RecordBatch], scenarios: Sequence[Scenario], seed: int
) -> Iterator[pa.RecordBatch]:
    """Change the events of the day, batch by batch.

    Args:
        batches: the events, ordered by time.
        scenarios: what to plant.
        seed: seed of the events.

    Yields:
        Batches with the schema of `schema_of`, ordered by time.
    """
    schema = schema_of(scenarios)
    markers = sorted(marker for scenario in scenarios for marker in scenario.markers)
    for batch in batches:
        table = pa.Table.from_batches([batch])
        for extra in schema.names[table.num_columns :]:
            kind = schema.field(extra).type
            table = table.append_column(schema.field(extra), pa.nulls(table.num_rows, kind))
        rows = Rows(table, seed)
        for scenario in scenarios:
            scenario.edit(rows)
        times = rows.times()
        while markers and len(times) and markers[0][0] <= times[-1]:
            rows.add(_marker(*markers.pop(0), schema))
        yield from rows.table.combine_chunks().to_batches()


def _marker(start: int, service: str, before: str, version: str, percent: int, schema: pa.Schema) -> pa.Table:
    row = {
        "timestamp": DAY_US + start,
        "name": "deployment",
        "kind": "event",
        "error": False,
        "sample_weight": 1.0,
        "body": f"{service} {before} -> {version}: {percent}% of traffic",
        "severity_text": "INFO",
        "service.name": service,
        "service.version": version,
        "deployment.environment.name": "production",
        "deployment.id": f"rollout-{service}-{version}",
        "deployment.name": f"{service}-{version}",
        "deployment.status": "succeeded",
        "deployment.weight": percent,
    }
    return pa.Table.from_arrays(
        [
            pa.array([row.get(f.name)], pa.int64() if f.name == "timestamp" else f.type).cast(f.type)
            for f in schema
        ],
        schema=schema,
    )

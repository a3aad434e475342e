"""The record of what each scenario plants, in the form of the entries of `planted.json`."""

from __future__ import annotations

from typing import Any

import numpy as np

from obskit.demo.fleet import OLD, Fleet
from obskit.demo.scenario_titles import SCENARIO_TITLES
from obskit.demo.traffic import DAY, DAY_US, time_of_day

Record = dict[str, Any]

# From these times of day on (µs), until midnight.
SINCE = {
    "subtle": time_of_day(12),
    "rare": time_of_day(13),
    "restating": time_of_day(11),
    "message": time_of_day(14),
    "region": time_of_day(18),
    "consumer": time_of_day(15),
    "deployments": time_of_day(17, 32),
    "ramp": time_of_day(9),
}
HARMLESS = time_of_day(17, 30)
BESIDE = (
    (HARMLESS, "seatmap", "4.0.11", "4.0.12"),
    (SINCE["deployments"], "search", "6.1.4", "6.2.0"),
)
"""Deployments of the scenario `deployments`: time of day, service, old and new version."""

RAMPED = "6.3.0"
RAMP = ((SINCE["ramp"], 5), (time_of_day(10), 10), (time_of_day(12), 25), (time_of_day(14), 50))
"""Steps of the scenario `ramp`: from when on which percentage of the searches goes to the new version."""

RAMP_END = time_of_day(17)
"""From then on the old version answers all searches again."""

RAMP_TENANT = "tenant-03"
BUILD = "7741"
REGION = "eu-north-1"
TENANT = "tenant-07"
SEARCHES = "http.route = '/connections'"


def message_pod() -> str:
    """Return the pod that logs the new message: the first of seatmap in the busiest region."""
    fleet = Fleet()
    (at,) = fleet.pods("seatmap", OLD, np.zeros(1, np.int64), np.zeros(1, np.uint16))
    return str(fleet.fields["k8s.pod.name"][int(at)].as_py())


def scenario_record(name: str) -> Record:
    """Return what a scenario plants: a JSON-safe dict with the keys of `planted()`, and `scenario`.

    Args:
        name: the scenario.

    Returns:
        Keys as in `planted()`. `selection` is null where what is planted is work that is missing.
    """
    usual: Record = {
        "kind": "cause",
        "selection": "error",
        "where": None,
        "population": "units",
        "aliases": [],
    }
    own = _records()[name]
    field, value = own.pop("cause")
    start, stop = (
        type(DAY).fromtimestamp((DAY_US + at) / 1e6, DAY.tzinfo).strftime("%Y-%m-%dT%H:%MZ")
        for at in (SINCE[name], time_of_day(24))
    )
    return {
        "id": name,
        "scenario": name,
        "title": SCENARIO_TITLES[name],
        "during": f"{start}/{stop}",
        "expected": [{"field": field, "op": "=", "value": value}],
        **usual,
        **own,
    }


def _records() -> dict[str, Record]:
    return {
        "subtle": {
            "where": SEARCHES,
            "cause": ("search.index", "blue"),
            "note": "All day, 8% of the searches fail with status 503. From noon on it is 12% of those that "
            "the index blue answers, which are 80%. Nothing was deployed then.",
        },
        "rare": {
            "where": "http.route = '/customers/{customer_id}/bookings'",
            "cause": ("client.build", BUILD),
            "note": "From 13:00 on 70% of its requests fail. The other 30 builds are fine.",
        },
        "restating": {
            "selection": "duration_ms > 400",
            "where": SEARCHES,
            "cause": ("search.cache_node", "cache-3"),
            "note": "From 11:00 on 60% of the searches on cache-3 take 0.4 to 0.8 s longer. "
            "search.backend_ms is 96 to 98% of the duration, and search.log_position grows with time: "
            "neither is a cause.",
        },
        "message": {
            "kind": "new message",
            "selection": "name = 'pool_wait'",
            "population": "all",
            "cause": ("k8s.pod.name", message_pod()),
            "note": 'From 14:00 on the pod logs "pool exhausted: waited ... ms for a connection, ... in use" '
            "for half of its calls. Nothing fails, and nothing is slower.",
        },
        "region": {
            "kind": "missing work",
            "selection": None,
            "cause": ("cloud.region", REGION),
            "note": "From 18:00 on the region has no events: neither requests nor telemetry of any "
            "process in it.",
        },
        "consumer": {
            "kind": "missing work",
            "selection": None,
            "where": "name = 'publish booking.confirmed'",
            "population": "all",
            "cause": ("tenant.id", TENANT),
            "note": "From 15:00 on notification has no span for the messages of this tenant, which are 5% of "
            "all. Their producers, and the consumers of the other tenants, are as before.",
        },
        "deployments": {
            "where": SEARCHES,
            "cause": ("service.version", BESIDE[1][3]),
            "note": "From 17:32 on 12% of the searches fail. seatmap was deployed at 17:30, and nothing "
            "about it changed.",
        },
        "ramp": {
            "where": SEARCHES,
            "cause": ("service.version", RAMPED),
            "expected": [
                {"field": "service.version", "op": "=", "value": RAMPED},
                {"field": "tenant.id", "op": "=", "value": RAMP_TENANT},
            ],
            "note": "search 6.3.0 answers 5% of the searches from 9:00, 10% from 10:00, 25% from 12:00 and "
            "50% from 14:00 until it is taken back at 17:00. It fails on 80% of those of tenant-03, which "
            "are a fifth of all; for the nine other tenants it is like 6.1.4, next to which it runs.",
        },
    }

"""What is planted in the demo's events: as `planted.json` for programs and as `README.md` for people."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from obskit.demo.fleet import SERVICES, Service, commit, image_tag
from obskit.demo.people import FRAMEWORK_TARIFF
from obskit.demo.scenarios import Scenario
from obskit.demo.traffic import (
    DAY,
    IMPORT_TROUBLE,
    NOTIFICATION_DEPLOY,
    PROVIDER_TROUBLE,
    ROLLOUT,
    SEARCH_DEPLOY,
    WATCHED,
)
from obskit.text import pluralize

_BOOKING = next(service for service in SERVICES if service.name == "booking")
_OLD, _NEW = _BOOKING.versions
_HARMFUL = {("booking", _NEW), ("search", "6.2.0")}
_EARLY = (ROLLOUT[0][0], ROLLOUT[-1][0])


def _time_range(window: tuple[int, int]) -> str:
    start, stop = (DAY.timestamp() + us / 1_000_000 for us in window)
    return "/".join(type(DAY).fromtimestamp(t, DAY.tzinfo).strftime("%Y-%m-%dT%H:%MZ") for t in (start, stop))


def _equals(field: str, value: Any) -> dict[str, Any]:
    return {"field": field, "op": "=", "value": value}


def _version_aliases(service: Service) -> list[dict[str, Any]]:
    version = service.versions[1]
    return [
        _equals("container.image.tag", image_tag(service.name, version)),
        _equals("vcs.ref.head.revision", commit(service.name, version)),
    ]


def planted() -> list[dict[str, Any]]:
    """Return one JSON-safe dict per planted cause.

    Keys: `id`, `kind` and `title`; `selection`, `where`, `during` and `population` as `explain` takes them
    (null where not needed); `expected`, the conditions that together are the cause, in the form of findings;
    `aliases`, conditions that match the same rows; and `note`.

    Returns:
        The planted causes, in the order of the README.
    """
    version, sepa = _equals("service.version", _NEW), _equals("payment.method", "sepa_debit")
    return [
        {
            "id": "lock",
            "kind": "cause",
            "title": f"booking {_NEW} is slow for the Android app in eu-central-1",
            "selection": "duration_ms > 500",
            "where": "http.route = '/book'",
            "during": _time_range(_EARLY),
            "population": "units",
            "expected": [
                version,
                _equals("app.platform", "android"),
                _equals("cloud.region", "eu-central-1"),
            ],
            "aliases": _version_aliases(_BOOKING),
            "note": "Only the three conditions together have an effect; any two have none. INSERT bookings "
            "waits about 0.7 s for a lock, and a slow_query record reports it. This lasts until midnight.",
        },
        {
            "id": "mandate",
            "kind": "cause",
            "title": f"booking {_NEW} sends SEPA mandates that the provider rejects",
            "selection": "error",
            "where": "http.route = '/book'",
            "during": _time_range(_EARLY),
            "population": "units",
            "expected": [version, sepa],
            "aliases": [*_version_aliases(_BOOKING), _equals("payment.provider", "bankpay")],
            "note": "About 80% of these payments fail. The spans POST /pay of payment have the error.type "
            "MandateSignatureMismatch, which is new with the deployment. payment itself was not deployed; on "
            f"its spans, only the caller's user agent booking/{_NEW} separates these requests.",
        },
        {
            "id": "kiosk",
            "kind": "red herring",
            "title": "bookings at kiosks are slow, both before and after the deployment",
            "selection": "duration_ms > 500",
            "where": "http.route = '/book'",
            "during": _time_range((0, _EARLY[0])),
            "population": "units",
            "expected": [_equals("app.platform", "kiosk")],
            "aliases": [_equals("device.manufacturer", "Railmatic"), _equals("booking.channel", "station")],
            "note": "A kiosk signs each booking for the tax office (the internal span fiscal.sign, about "
            "0.4 s). The rate was the same before the deployment, so kiosks are not what changed.",
        },
        {
            "id": "alias",
            "kind": "alias",
            "title": f"image, revision and replica set of booking {_NEW}",
            "selection": f"service.version = '{_NEW}'",
            "where": "http.route = '/book'",
            "during": _time_range(_EARLY),
            "population": "units",
            "expected": _version_aliases(_BOOKING),
            "aliases": [],
            "note": "Each of these conditions matches the same rows as the version. Each pod of the replica "
            "set matches some of them.",
        },
        {
            "id": "composition",
            "kind": "missing field",
            "title": "seat maps fail for trains without a composition",
            "selection": "error",
            "where": "http.route = '/trains/{train_number}/seats'",
            "during": _time_range(IMPORT_TROUBLE),
            "population": "units",
            "expected": [{"field": "train.composition_id", "op": "missing"}],
            "aliases": [],
            "note": "A timetable import left out the composition of 9% of the requested trains; 92% of their "
            "seat maps fail.",
        },
        {
            "id": "masked",
            "kind": "masked errors",
            "title": "first calls to the payment provider psp-north fail, the retries succeed",
            "selection": "error",
            "where": "name = 'POST' and service.name = 'payment' and payment.method <> 'sepa_debit'",
            "during": _time_range(PROVIDER_TROUBLE),
            "population": "all",
            "expected": [_equals("payment.provider", "psp-north")],
            "aliases": [_equals("server.address", "api.psp-north.example")],
            "note": "45% of the first calls fail. Their parents, POST /pay, nearly always return 200, so "
            "units of work show slower bookings but hardly any more errors. On the retries, "
            "http.request.resend_count is 1.",
        },
        {
            "id": "framework",
            "kind": "many customers",
            "title": f"200 customers with the tariff {FRAMEWORK_TARIFF} wait long for their list of bookings",
            "selection": "duration_ms > 450",
            "where": "http.route = '/customers/{customer_id}/bookings'",
            "during": None,
            "population": "units",
            "expected": [_equals("customer.tariff", FRAMEWORK_TARIFF)],
            "aliases": [{"field": "user.id", "op": "in", "values": "the customers with the tariff"}],
            "note": "45% of their requests are slow, all day. Each customer sends few requests, so no single "
            "user.id stands out. Without the field customer.tariff, the set of user.id is the only cause to "
            "find.",
        },
    ]


def _deployments(scenarios: Sequence[Scenario] = ()) -> list[dict[str, Any]]:
    stages = [(start, "booking", percent) for start, percent in ROLLOUT]
    stages += [(SEARCH_DEPLOY, "search", 100), (NOTIFICATION_DEPLOY, "notification", 100)]
    versions = {service.name: service.versions for service in SERVICES}
    steps = [(start, service, *versions[service], percent) for start, service, percent in stages]
    steps += [marker for scenario in scenarios for marker in scenario.markers]
    return [
        {
            "at": _time_range((start, start)).split("/")[0],
            "service": service,
            "from": before,
            "to": version,
            "percent": percent,
            "harmless": (service, version) not in _HARMFUL,
        }
        for start, service, before, version, percent in sorted(steps)
    ]


def write_planted(out: Path, events: int, seed: int, format: str, scenarios: Sequence[Scenario] = ()) -> None:
    """Write planted.json and README.md, which describe what is planted and how the folder was made.

    Args:
        out: folder of the events.
        events: number of events in it.
        seed: seed of the events.
        format: "jsonl.gz" or "parquet".
        scenarios: what is planted besides.
    """
    command = f"obskit demo --out {out.name} --events {events} --seed {seed} --format {format}"
    command += "".join(f" --scenario {scenario.name}" for scenario in scenarios)
    more = [scenario.record for scenario in scenarios]
    record = {"made_by": command, "deployments": _deployments(scenarios), "planted": planted() + more}
    (out / "planted.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    (out / "README.md").write_text(_readme(out.name, events, command, format, more), encoding="utf-8")


def _readme(name: str, events: int, command: str, format: str, more: list[dict[str, Any]]) -> str:
    layout = (
        "There is one file per service, with one JSON object per line."
        if format == "jsonl.gz"
        else "They are a Dataset of Parquet files."
    )
    steps = [f"{d['percent']}% at {d['at'][11:16]}" for d in _deployments() if d["service"] == "booking"]
    watched = [moment[11:16] for moment in _time_range(WATCHED).split("/")]
    parts = [
        f"# {name}",
        f"{pluralize(events, 'event')} of a made-up train-ticket booking platform on {DAY:%Y-%m-%d} (UTC). "
        "They were made with",
        f"    {command}",
        "The same command makes the same events on every machine. They are traces of an edge load balancer, "
        "a gateway and the services search, seatmap, booking, payment and notification, with OpenTelemetry's "
        "names. " + layout,
        f"- `booking` is rolled out from {_OLD} to {_NEW}: {', '.join(steps)}. Events named `deployment` "
        "mark this rollout and two harmless deployments of other services.",
        "- The sampler decides on complete traces (tail sampling). `trace_state` contains the threshold "
        "(`ot=th:...`), and `sample_weight` the number of events that a row represents: 2 for traces with a "
        "retry, 4 for failed and slow ones, 32 to 128 for ordinary ones. Around the rollout, from "
        f"{watched[0]} to {watched[1]}, every booking is kept, with weight 1.",
        "- Each span is within its parent in time, except the consumer, which begins after the message was "
        "sent.",
    ]
    if format == "jsonl.gz":
        parts.append("- `error` is not in the files; obskit derives it on loading.")
    parts += [
        "## What is planted",
        "`planted.json` has the same list for programs: `selection`, `where` and `during` as `obskit "
        "explain` takes them, the conditions that are `expected`, and their `aliases`.",
    ]
    for number, entry in enumerate(planted() + more, 1):
        when = f"during {entry['during']}" if entry["during"] else "all day"
        named = " where ".join(f"`{entry[key]}`" for key in ("selection", "where") if entry[key])
        asked = f"{named}, {when}" if named else when
        parts.append(f"{number}. **{entry['title']}** ({entry['kind']}): {asked}. {entry['note']}")
    return "\n\n".join(_wrapped(part) for part in parts) + "\n"


def _wrapped(part: str) -> str:
    if part.startswith(("#", "    ")):
        return part
    mark, _, _ = part.partition(" ")
    indent = " " * (len(mark) + 1) if mark == "-" or mark.rstrip(".").isdigit() else ""
    return textwrap.fill(part, 110, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)

"""What is planted in the demo's events: to read, and for machines to check answers against."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

from obskit.demo.fleet import OLD, SERVICES, Service, commit, image_tag
from obskit.demo.people import FRAMEWORK_TARIFF
from obskit.demo.traffic import (
    DAY,
    IMPORT_TROUBLE,
    NOTIFICATION_DEPLOY,
    PROVIDER_TROUBLE,
    ROLLOUT,
    SEARCH_DEPLOY,
    WATCHED,
    time_of_day,
)
from obskit.text import pluralize

_BOOKING = next(service for service in SERVICES if service.name == "booking")
_OLD, _NEW = _BOOKING.versions
_EARLY = (ROLLOUT[0][0], ROLLOUT[-1][0])
_AFTER = (ROLLOUT[0][0], time_of_day(24))


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
    """Return what is planted, an entry each; JSON-safe.

    Keys: `id`, `kind`, `title`; `selection`, `where`, `during`, `population` as `explain` takes them (null
    where there is none); `expected`, conditions that together are the cause, in the form of findings;
    `aliases`, conditions that hold of the same rows; `note`.
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
            "note": "All three are needed; two of them do nothing. The time goes into INSERT bookings, which "
            "waits about 0.7 s for a lock, and a slow_query record says so. It lasts until midnight.",
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
            "note": "About 80% of those payments. On payment's POST /pay the error.type is "
            "MandateSignatureMismatch, new with the deployment; payment itself was not deployed, and only "
            f"the user agent booking/{_NEW} of its callers tells them apart there.",
        },
        {
            "id": "kiosk",
            "kind": "red herring",
            "title": "bookings at kiosks are slow, before the deployment as after it",
            "selection": "duration_ms > 500",
            "where": "http.route = '/book'",
            "during": _time_range((0, _EARLY[0])),
            "population": "units",
            "expected": [_equals("app.platform", "kiosk")],
            "aliases": [_equals("device.manufacturer", "Railmatic"), _equals("booking.channel", "station")],
            "note": "A kiosk signs each booking for the tax office (the internal span fiscal.sign, about "
            "0.4 s). Earlier time shows the same rate: not what changed.",
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
            "note": "Each names the same rows as the version; the pods of its replica set are parts of them.",
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
            "note": "A timetable import left out the compositions of 9% of the trains asked for; 92% of "
            "those fail.",
        },
        {
            "id": "masked",
            "kind": "masked errors",
            "title": "first calls to the payment provider psp-north fail, the second ones succeed",
            "selection": "error",
            "where": "name = 'POST' and service.name = 'payment' and payment.method <> 'sepa_debit'",
            "during": _time_range(PROVIDER_TROUBLE),
            "population": "all",
            "expected": [_equals("payment.provider", "psp-north")],
            "aliases": [_equals("server.address", "api.psp-north.example")],
            "note": "45% of the first calls. The parents, POST /pay, answer 200 nearly always: units of work "
            "show slower bookings and no more errors. http.request.resend_count is 1 on the second calls.",
        },
        {
            "id": "framework",
            "kind": "many customers",
            "title": f"200 customers of the tariff {FRAMEWORK_TARIFF} wait for their list of bookings",
            "selection": "duration_ms > 450",
            "where": "http.route = '/customers/{customer_id}/bookings'",
            "during": None,
            "population": "units",
            "expected": [_equals("customer.tariff", FRAMEWORK_TARIFF)],
            "aliases": [{"field": "user.id", "op": "in", "values": "the customers of the tariff"}],
            "note": "45% of their requests, all day, each customer now and then: no single user.id stands "
            "out. Leave customer.tariff out of the fields and the set of user.id is what there is to find.",
        },
    ]


def _deployments() -> list[dict[str, Any]]:
    stages = [(start, "booking", percent) for start, percent in ROLLOUT]
    stages += [(SEARCH_DEPLOY, "search", 100), (NOTIFICATION_DEPLOY, "notification", 100)]
    versions = {service.name: service.versions for service in SERVICES}
    return [
        {
            "at": _time_range((start, start)).split("/")[0],
            "service": service,
            "from": versions[service][OLD],
            "to": versions[service][1],
            "percent": percent,
            "harmless": service != "booking",
        }
        for start, service, percent in sorted(stages)
    ]


def write_planted(out: Path, events: int, seed: int, format: str) -> None:
    """Write planted.json, and README.md that says the same to people and how the folder was made."""
    command = f"obskit demo --out {out.name} --events {events} --seed {seed} --format {format}"
    record = {"made_by": command, "deployments": _deployments(), "planted": planted()}
    (out / "planted.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    (out / "README.md").write_text(_readme(out.name, events, command, format), encoding="utf-8")


def _readme(name: str, events: int, command: str, format: str) -> str:
    layout = (
        "One file a service, a JSON object a line." if format == "jsonl.gz" else "A Dataset of Parquet files."
    )
    steps = [f"{d['percent']}% at {d['at'][11:16]}" for d in _deployments() if d["service"] == "booking"]
    watched = [moment[11:16] for moment in _time_range(WATCHED).split("/")]
    parts = [
        f"# {name}",
        f"{pluralize(events, 'event')} of a made-up train-ticket booking platform on {DAY:%Y-%m-%d} (UTC), "
        "made by",
        f"    {command}",
        "and nothing else: the same command gives the same events anywhere. An edge load balancer, a "
        "gateway and the services search, seatmap, booking, payment and notification, as traces with "
        "OpenTelemetry's names. " + layout,
        f"- `booking` goes from {_OLD} to {_NEW}: {', '.join(steps)}. Events named `deployment` mark it, and "
        "two harmless deployments of other services.",
        "- Traces are sampled whole, when they are complete. `trace_state` carries the threshold "
        "(`ot=th:...`), `sample_weight` what a row stands for: retried traces 2, failed and slow "
        f"ones 4, ordinary ones 32 to 128. Between {watched[0]} and {watched[1]} every booking is kept (1): "
        "the sampler watches rollouts.",
        "- Spans lie within their parents, but for the consumer, which begins after the message was sent.",
    ]
    if format == "jsonl.gz":
        parts.append("- `error` is not in the files: it is worked out on loading.")
    parts += [
        "## What is planted",
        "`planted.json` says it for machines: `selection`, `where`, `during` as `obskit explain` takes "
        "them, the conditions to be `expected`, and their `aliases`.",
    ]
    for number, entry in enumerate(planted(), 1):
        when = f"during {entry['during']}" if entry["during"] else "all day"
        asked = f"`{entry['selection']}` where `{entry['where']}`, {when}"
        parts.append(f"{number}. **{entry['title']}** ({entry['kind']}): {asked}. {entry['note']}")
    return "\n\n".join(_wrapped(part) for part in parts) + "\n"


def _wrapped(part: str) -> str:
    if part.startswith(("#", "    ")):
        return part
    indent = "  " if part.startswith("- ") else "   " if part[0].isdigit() and part[1] == "." else ""
    return textwrap.fill(part, 110, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)

"""Instrument a service: one wide event per unit of work, on disk when its block ends, as plain OpenTelemetry.

::

    from obskit.instrument import configure, event, add

    configure("booking", version="2.4.0", sink="/var/log/events")

    with event("book") as e:
        e.add({"cart.items": 3}, customer="c-17")

This package runs inside other people's production. It imports OpenTelemetry, orjson and the standard library
only. It never raises into its host, counts what it loses, and logs each kind of failure once.
"""

from __future__ import annotations

from obskit.instrument.api import add, carry, deployment, event, flag, incident, part
from obskit.instrument.asgi.middleware import EventMiddleware
from obskit.instrument.configuration import Handle, configure
from obskit.instrument.limits import Limits
from obskit.instrument.redaction.options import Redaction, pseudonym
from obskit.instrument.sampling import Sampling
from obskit.instrument.sinks.jsonl import Files

__all__ = [
    "EventMiddleware",
    "Files",
    "Handle",
    "Limits",
    "Redaction",
    "Sampling",
    "add",
    "carry",
    "configure",
    "deployment",
    "event",
    "flag",
    "incident",
    "part",
    "pseudonym",
]

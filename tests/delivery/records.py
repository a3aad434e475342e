"""Deployments and incidents for tests: times in minutes after 10:00."""

from datetime import UTC, datetime, timedelta

from obskit.delivery.records import Deployment, Incident

T = datetime(2026, 5, 4, 10, tzinfo=UTC)


def at(minutes):
    return T + timedelta(minutes=minutes)


def deployed(minutes, version=None, service="book", **more):
    start = more.pop("start", None)
    begun = None if start is None else at(start)
    return Deployment(
        service, more.pop("environment", None), at(minutes), version=version, start=begun, **more
    )


def incident(opened, resolved=None, service="book", **more):
    return Incident(at(opened), None if resolved is None else at(resolved), service=service, **more)

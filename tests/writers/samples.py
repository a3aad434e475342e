"""The moment at which the events of these tests begin."""

MOMENT = 1_777_888_800_000_000
"""Microseconds since 1970."""

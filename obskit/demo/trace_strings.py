"""Strings that differ from trace to trace: booking references, session ids, paths and queries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obskit.demo.draw import Array, Dice
from obskit.demo.people import People
from obskit.demo.row_builder import hex_strings
from obskit.demo.traffic import DAY

_SYMBOLS = np.frombuffer(b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789", dtype=np.uint8)
_REFERENCE = 7
_STATIC = ("/api/search", "/api/bookings", "/api/me/bookings", "/login.php", "/.env", "/wp-content/plugins/")
_FIRST_SEATS = len(_STATIC)

DATES = pa.array([(DAY + timedelta(days=i)).strftime("%Y-%m-%d") for i in range(91)])
_PASSENGERS = pa.array([str(i) for i in range(8)])


def booking_references(dice: Dice, n: int) -> pa.Array:
    """Return n booking references such as 'K7Q2MXD'."""
    symbols = _SYMBOLS[dice.below(len(_SYMBOLS), n * _REFERENCE)]
    offsets = np.arange(n + 1, dtype=np.int32) * _REFERENCE
    return pa.StringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(symbols))


def session_ids(dice: Dice, n: int) -> pa.Array:
    """Return n session ids, as hex strings."""
    return hex_strings([dice.u64(n)])


def path_groups(
    people: People, fact: Callable[[str], Array], flow: Array, names: tuple[str, ...], reference: pa.Array
) -> list[tuple[str, Array, dict[str, pa.Array]]]:
    """Return the groups that give rows their `url.path`, in front of and behind the gateway.

    Args:
        people: trains and customers.
        fact: returns a column of the traces by name.
        flow: number of each trace's flow.
        names: names of the flows.
        reference: reference of each trace's booking.

    Returns:
        Groups as in `TraceFields.groups`.
    """
    train, n = fact("train"), len(flow)
    index = np.full(n, -1, dtype=np.int64)
    for i, name in enumerate(("search", "book", "trips")):
        index[flow == names.index(name)] = i
    only = flow == names.index("only")
    index[only] = fact("path")[only]
    seats = flow == names.index("seats")
    index[seats] = train[seats] + _FIRST_SEATS
    pieces = [pa.array(_STATIC), _prefixed("/api", people.seat_paths)]
    inside = np.full(n, -1, dtype=np.int64)
    inner: list[pa.Array] = [pa.array([], pa.string())]
    for name, stem in (("ticket", "/tickets/"), ("cancel", "/bookings/")):
        at = np.flatnonzero(flow == names.index(name))
        own = _prefixed(stem, reference.take(pa.array(at)))
        index[at] = sum(map(len, pieces)) + np.arange(len(at))
        inside[at] = sum(map(len, inner)) + np.arange(len(at))
        pieces.append(_prefixed("/api", own))
        inner.append(own)
    return [
        ("path", index, {"url.path": pa.concat_arrays(pieces)}),
        ("seats", train, {"url.path": people.seat_paths}),
        ("mine", fact("known"), {"url.path": people.customers.trips}),
        ("bookingid", inside, {"url.path": pa.concat_arrays(inner)}),
        ("bookingid", np.where(inside >= 0, np.arange(n), -1), {"booking.id": reference}),
    ]


def url_queries(people: People, fact: Callable[[str], Array], searches: Array) -> pa.Array:
    """Return `url.query` of each trace that is a search."""

    def of(values: pa.Array, name: str) -> pa.Array:
        return values.take(pa.array(fact(name)[searches]))

    parts = ["from=", of(people.stations, "origin"), "&to=", of(people.stations, "destination"), "&date="]
    parts += [of(DATES, "lead"), "&passengers=", of(_PASSENGERS, "passengers"), ""]
    return pc.binary_join_element_wise(*parts)


def _prefixed(stem: str, values: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(stem, values, "")

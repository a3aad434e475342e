"""Find the row of a small table that belongs to a value: by equality or by network, valid at a time.

Example: with the networks 10.0.0.0/8 and 10.1.0.0/16, the address 10.1.2.3 belongs to the second one, the
longest prefix.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.errors import InvalidArgument

NONE = -1
"""The row of a value that belongs to no row."""

_LEAST, _MOST = np.iinfo(np.int64).min, np.iinfo(np.int64).max
_REMEMBERED = 1 << 20  # values whose rows are kept; addresses may be many
Rows = npt.NDArray[np.int64]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Periods:
    """The rows of one key, by the time at which they begin to be valid: [start, end) in microseconds."""

    starts: Rows
    ends: Rows
    rows: Rows

    def at(self, times: Rows) -> Rows:
        """Return the row that is valid at each time, or `NONE`."""
        index = np.searchsorted(self.starts, times, side="right") - 1
        inside = (index >= 0) & (times < self.ends[np.maximum(index, 0)])
        found: Rows = np.where(inside, self.rows[np.maximum(index, 0)], NONE)
        return found


@dataclass
class Matcher:
    """Finds rows of a table.

    Attributes:
        keys: value as text -> its rows; of a table of values.
        networks: (version, prefix length), the longest first -> network as a number -> its rows; of a table
            of networks, else empty.
        timed: whether rows are valid for a period only.
    """

    keys: dict[str, Periods]
    networks: dict[tuple[int, int], dict[int, Periods]]
    timed: bool
    _known: dict[str, tuple[Periods, ...]] = field(default_factory=dict)

    def rows(self, values: pa.Array, times: pa.Array | None) -> Rows:
        """Return the row of each value, or `NONE`.

        Args:
            values: text, or null.
            times: when each value was seen, in microseconds; required if `timed`.

        Returns:
            One number per value.
        """
        encoded = values.dictionary_encode()
        codes = encoded.indices.fill_null(NONE).to_numpy(zero_copy_only=False).astype(np.int64)
        candidates = [self._candidates(text) for text in encoded.dictionary.to_pylist()]
        if not self.timed or times is None:
            first = [int(found[0].rows[0]) if found else NONE for found in candidates]
            always: Rows = np.array([*first, NONE], np.int64)[codes]
            return always
        found = np.full(len(codes), NONE, np.int64)
        micros = times.cast(pa.int64())
        known = micros.is_valid().to_numpy(zero_copy_only=False)
        moments = micros.fill_null(0).to_numpy(zero_copy_only=False)
        order = np.argsort(codes, kind="stable")
        edges = np.searchsorted(codes[order], np.arange(len(candidates) + 1))
        for code, periods in enumerate(candidates):
            at = order[edges[code] : edges[code + 1]]
            at = at[known[at]]
            for one in periods:  # the longest prefix first
                open_ = at[found[at] == NONE]
                found[open_] = one.at(moments[open_])
        return found

    def _candidates(self, text: str) -> tuple[Periods, ...]:
        known = self._known.get(text)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[text] = tuple(self._find(text))
        return known

    def _find(self, text: str) -> Iterable[Periods]:
        if not self.networks:
            return [self.keys[text]] if text in self.keys else []
        address = parse_address(text)
        if address is None:
            return []
        bits = address.max_prefixlen
        return [
            periods
            for (version, length), networks in self.networks.items()
            if version == address.version
            and (periods := networks.get(int(address) >> (bits - length) << (bits - length))) is not None
        ]


def parse_address(text: str) -> Address | None:
    """Return an IP address, or None; an IPv4 address written as IPv6 (`::ffff:10.0.0.1`) as IPv4."""
    try:
        address = ipaddress.ip_address(text.strip().removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def parse_networks(keys: Sequence[str], name: str, column: str) -> list[Network] | None:
    """Return the networks of a table.

    Args:
        keys: the values of the table's column.
        name: the table, for messages.
        column: the column, for messages.

    Returns:
        One network per key, an address as a network of its own; None if the keys are not networks.

    Raises:
        InvalidArgument: some keys are networks and others are neither networks nor addresses.
    """
    found = [_parse_network(key) for key in keys]
    wrong = next((row for row, network in enumerate(found) if network is None), None)
    if wrong is None:
        return [network for network in found if network is not None]
    # Only a network is written with a slash and parses as one, so the column holds networks.
    if any("/" in key for key, network in zip(keys, found, strict=True) if network is not None):
        raise InvalidArgument(
            f"{keys[wrong]!r} in {column} of {name} is not a network or an address, as others are",
            hint="write it as 10.0.0.0/8 or 2001:db8::/32, or remove the row",
        )
    return None


def _parse_network(key: str) -> Network | None:
    address = parse_address(key)
    try:
        return ipaddress.ip_network(address if address is not None else key.strip(), strict=False)
    except ValueError:
        return None


def build_matcher(
    keys: Sequence[str],
    periods: tuple[Sequence[Any], Sequence[Any]] | None,
    rows: Sequence[int],
    name: str,
    column: str,
) -> Matcher:
    """Return the matcher of a table.

    Args:
        keys: the key of each row, as text.
        periods: when each row begins and ends to be valid, in microseconds, None is open; None if all rows
            are always valid.
        rows: the number of each row in the table.
        name: the table, for messages.
        column: the key's column, for messages.

    Returns:
        The matcher.

    Raises:
        InvalidArgument: two rows have the same key at the same time, or a period ends before it begins.
    """
    networks = parse_networks(keys, name, column)
    grouped: dict[Any, list[int]] = {}
    for at, key in enumerate(keys):
        grouped.setdefault(key if networks is None else networks[at], []).append(at)
    made = {}
    for key, members in grouped.items():
        spans = sorted(
            (
                _LEAST if periods is None or periods[0][at] is None else int(periods[0][at]),
                _MOST if periods is None or periods[1][at] is None else int(periods[1][at]),
                rows[at],
            )
            for at in members
        )
        _check_periods(str(key), spans, name, column, timed=periods is not None)
        starts, ends, numbers = zip(*spans, strict=True)
        made[key] = Periods(*(np.array(part, np.int64) for part in (starts, ends, numbers)))
    if networks is None:
        return Matcher(made, {}, periods is not None)
    lengths: dict[tuple[int, int], dict[int, Periods]] = {}
    for network in sorted(made, key=lambda network: -network.prefixlen):
        group = lengths.setdefault((network.version, network.prefixlen), {})
        group[int(network.network_address)] = made[network]
    return Matcher({}, lengths, periods is not None)


def _check_periods(
    key: str, spans: list[tuple[int, int, int]], name: str, column: str, *, timed: bool
) -> None:
    for start, end, row in spans:
        if start >= end:
            raise InvalidArgument(
                f"row {row + 1} of {name} is valid for no time: it ends before it begins, or at once",
                hint="correct the two times of this row; the end is not part of the period",
            )
    for (_, end, row), (start, _, other) in pairwise(spans):
        if start < end:
            first, second = sorted((row + 1, other + 1))
            when = " at the same time" if timed else ""
            raise InvalidArgument(
                f"rows {first} and {second} of {name} have the same {column}{when}: {key}",
                hint="keep one row per value"
                + ("" if timed else ", or add the columns valid_from and valid_to with the times of each"),
            )

"""Which rows meet a condition, kept for the next question, which names many of the same conditions."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from obskit.dataset import FieldCodes
from obskit.explain.weights import Bits

# Bit sets of so many bytes are kept; of a dataset of which fewer than `LEAST` would fit, none is.
MOST_BYTES = 64 * 1024 * 1024
LEAST = 32


class KeptBits:
    """Bit sets over all rows of a dataset, the last ones that were asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # fields that were derived for one question only are let go with it
        self._numbers: WeakKeyDictionary[FieldCodes, int] = WeakKeyDictionary()
        self._next = 0
        self._bits: OrderedDict[tuple[int | None, Sequence[int]], Bits] = OrderedDict()

    def get(self, codes: FieldCodes, values: Sequence[int]) -> Bits | None:
        """Return the rows in which a field has one of some codes; None if they are not known."""
        with self._lock:
            key = self._numbers.get(codes), values
            if key not in self._bits:
                return None
            self._bits.move_to_end(key)
            return self._bits[key]

    def add(self, codes: FieldCodes, values: Sequence[int], bits: Bits) -> None:
        """Keep rows, which may not be changed any more, in place of those not asked for the longest."""
        if LEAST * bits.nbytes > MOST_BYTES:
            return
        bits.flags.writeable = False
        with self._lock:
            number = self._numbers.setdefault(codes, self._next)
            self._next += 1
            self._bits[number, values] = bits
            while len(self._bits) * bits.nbytes > MOST_BYTES:  # all are of one length
                self._bits.popitem(last=False)

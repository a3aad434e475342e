"""Which rows meet a condition, kept for the next question, which names many of the same conditions."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from weakref import ref

from obskit.dataset import FieldCodes
from obskit.explain.weights import Bits

# Bit sets of so many bytes are kept; of a dataset of which fewer than `LEAST` would fit, none is.
MOST_BYTES = 64 * 1024 * 1024
LEAST = 32
# What an entry takes besides its bits.
OVERHEAD = 500


class KeptBits:
    """Bit sets over all rows of a dataset, the last ones that were asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # a field that was derived for one question only goes with it
        self._bits: OrderedDict[tuple[ref[FieldCodes], Sequence[int]], Bits] = OrderedDict()

    def get(self, codes: FieldCodes, values: Sequence[int]) -> Bits | None:
        """Return the rows in which a field has one of some codes; None if they are not known."""
        key = ref(codes), values
        with self._lock:
            if key not in self._bits:
                return None
            self._bits.move_to_end(key)
            return self._bits[key]

    def add(self, codes: FieldCodes, values: Sequence[int], bits: Bits) -> None:
        """Keep rows, which may not be changed any more, in place of those not asked for the longest."""
        size = bits.nbytes + OVERHEAD  # all are of one length
        if LEAST * size > MOST_BYTES:
            return
        bits.flags.writeable = False
        with self._lock:
            for key in [key for key in self._bits if key[0]() is None]:
                del self._bits[key]
            self._bits[ref(codes), values] = bits
            while len(self._bits) * size > MOST_BYTES:
                self._bits.popitem(last=False)

"""Count spans that a format allows but that hardly anybody means, to note them in the load report.

{"startTimeUnixNano": "2000", "endTimeUnixNano": "1000"}    ends before it starts: no duration
{"startTimeUnixNano": "2000", "endTimeUnixNano": "0"}       was exported before it ended: no duration
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.schema import FileReport


@dataclass
class Oddities:
    """What is odd about the spans of one file.

    Attributes:
        backwards: spans that end before they start.
        unfinished: spans with a start and without an end.
        base64: records with an id in base64.
    """

    backwards: int = 0
    unfinished: int = 0
    base64: int = 0

    def count_times(self, start: npt.NDArray[Any], end: npt.NDArray[Any]) -> None:
        """Count spans by their times in nanoseconds; 0 is a missing time."""
        started = start != 0
        self.unfinished += int(np.count_nonzero(started & (end == 0)))
        self.backwards += int(np.count_nonzero(started & (end != 0) & (end < start)))

    def times(self, start: int | None, end: int | None) -> dict[str, Any]:
        """Return a span's `timestamp` and `duration_ms`, and count a span without a duration.

        Args:
            start: in nanoseconds since 1970; None for a missing one.
            end: likewise.

        Returns:
            Microseconds since 1970, and milliseconds; either may be None.
        """
        took = None
        if start is not None and end is None:
            self.unfinished += 1
        elif start is not None and end is not None:
            took = (end - start) / 1e6 if end >= start else None
            self.backwards += took is None
        return {"timestamp": None if start is None else start // 1000, "duration_ms": took}

    def add(self, other: Oddities) -> None:
        """Add the counts of other spans."""
        self.backwards += other.backwards
        self.unfinished += other.unfinished
        self.base64 += other.base64

    def note(self, report: FileReport) -> None:
        """Add a note for each kind that was found."""
        why = "before the start, so duration_ms is null: the clock was set back, or the program is wrong"
        report.tally(self.backwards, f"span ends {why}", f"spans end {why}")
        why = "no end time, so duration_ms is null: the export came before the end of the work"
        report.tally(self.unfinished, f"span has {why}", f"spans have {why}")
        why = "had trace or span ids in base64; they are shown in hex, as OTLP's JSON should have them"
        report.tally(self.base64, f"record {why}", f"records {why}")

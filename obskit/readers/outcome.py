"""What follows from all files of a load: whether any can be read, and which hold no events.

Files may be read in groups, at different times. Each group has an `Outcome` of its own, and the one that
absorbs them concludes: a load fails if no file can be read, and one remark names all skipped files.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from obskit.errors import ReadError
from obskit.readers.path_fields import MatchedPaths
from obskit.readers.skipped_files import SkippedFiles
from obskit.schema import LoadReport


@dataclass
class Outcome:
    """Counts about the files of a load, or of a group of them.

    Attributes:
        failed: files that cannot be read, or that hold no events.
        first: message and hint of the first of them.
        skipped: those that hold no events.
        matched: files whose path gives fields.

    Example:
        from obskit.errors import ReadError

        outcome = Outcome()
        outcome.fail(ReadError("a.jsonl cannot be read"))
        print(outcome.failed)
    """

    failed: int = 0
    first: tuple[str, str | None] | None = None
    skipped: SkippedFiles = field(default_factory=SkippedFiles)
    matched: MatchedPaths = field(default_factory=MatchedPaths)

    def fail(self, error: ReadError) -> None:
        """Count a file that cannot be read.

        Args:
            error: why.
        """
        self.failed += 1
        self.first = self.first or (error.message, error.hint)

    def absorb(self, other: Outcome) -> None:
        """Add the files of a group that comes after these.

        Args:
            other: the outcome of the group.
        """
        self.failed += other.failed
        self.first = self.first or other.first
        self.skipped.absorb(other.skipped)
        self.matched.absorb(other.matched)

    def conclude(self, report: LoadReport, files: int | None = None) -> None:
        """Note what is true of all files.

        Args:
            report: of the load.
            files: the number of files, if there are several; None for one, whose errors are raised at once.

        Raises:
            ReadError: none of several files can be read.
        """
        if self.first is not None and self.failed == files:
            message, hint = self.first
            more = f" (none of the {files:,} files can be read; this is the first)"
            raise ReadError(message + more, hint=hint)
        self.skipped.note(report)
        self.matched.note(report)

    def to_state(self) -> dict[str, Any]:
        """Return the counts as JSON-safe values; `from_state` reads them back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Outcome:
        """Return the counts that `to_state` returned.

        Args:
            state: the counts.

        Returns:
            The same outcome.
        """
        first = state["first"]
        return cls(
            state["failed"],
            None if first is None else (first[0], first[1]),
            SkippedFiles(**state["skipped"]),
            MatchedPaths(**state["matched"]),
        )

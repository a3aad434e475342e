"""What a span needs from its runtime, as a protocol, so that spans do not import the runtime."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from opentelemetry.trace import SpanContext

from obskit.instrument.sampling import Verdict


class Pipeline(Protocol):
    """What a span needs from its runtime."""

    recording: bool
    random_bits: Callable[[int], int]

    def begin_unit(self, span: Any, parent: SpanContext | None) -> Verdict:
        """Register a local root that begins, and decide whether to keep it."""

    def notify_started(self, span: Any, context: Any) -> None:
        """Notify the processors that a span began."""

    def finish(self, span: Any, clock: int) -> None:
        """Write a span that has ended."""

    def count(self, name: str, number: int = 1) -> None:
        """Add to a counter."""

    def record_failure(self, where: str, error: BaseException) -> None:
        """Count a failure and log the first of its kind."""

    @property
    def processors(self) -> Sequence[Any]:
        """The processors to notify."""

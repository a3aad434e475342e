"""Which units of work are kept, and their sample weights.

The head decides when a unit begins, by OpenTelemetry's consistent sampling: it keeps a unit whose randomness
(the low 56 bits of the trace id, or of a key's hash) is at or above a threshold T. In `tracestate`, `ot=th:`
tells T to services downstream, and `rv:` the randomness if it is not the trace id's. The sample weight is
2^56 / (2^56 - T).

The tail decides when the unit ends: a unit that failed or was slow is kept for certain, so it weighs 1.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.trace import SpanContext, TraceState

from obskit.errors import InvalidArgument
from obskit.instrument.given import text_of

_ALL = 1 << 56
_TH = re.compile(r"(?:^|;)th:([0-9a-f]{1,14})(?=;|$)")
_RV = re.compile(r"(?:^|;)rv:([0-9a-f]{14})(?=;|$)")


@dataclass(frozen=True)
class Sampling:
    """Sampling rules. They apply to a unit of work: the outermost span of a trace in this process.

    Args:
        ratio: share of units that the head keeps, in (0, 1].
        by: a field that is known when a unit begins (one of its attributes, or `name`); its value selects
            the ratio.
        ratios: value of `by` -> ratio; other values use `ratio`.
        key: a field that is known when a unit begins; units with the same value are kept or dropped together.
            Do not use an identity that must stay secret: part of a hash of the value goes downstream in
            `tracestate` (`rv:`), and whoever hashes all candidate values can find it.
        errors: keep every unit that failed.
        slow_ms: keep every unit that took at least this many milliseconds.
        follow_parent: follow the caller's decision if there is one.

    Raises:
        InvalidArgument: a ratio is outside (0, 1].

    Example:
        # One unit in ten, each login, and every unit that failed or took a second.
        Sampling(ratio=0.1, by="name", ratios={"login": 1.0}, errors=True, slow_ms=1000)
    """

    ratio: float = 1.0
    by: str | None = None
    ratios: Mapping[str, float] = field(default_factory=dict)
    key: str | None = None
    errors: bool = False
    slow_ms: float | None = None
    follow_parent: bool = True

    def __post_init__(self) -> None:
        for ratio in (self.ratio, *self.ratios.values()):
            if not 0 < ratio <= 1:
                raise InvalidArgument(
                    f"sampling ratio must be above 0 and at most 1, got {ratio}",
                    hint="ratio=0.1 keeps a tenth of the units",
                )

    @property
    def has_tail(self) -> bool:
        """Whether some units are kept because of how they ended."""
        return self.errors or self.slow_ms is not None


class Verdict:
    """The head's decision for a unit, shared by all its spans.

    `sampled` is the trace flag. `weight` is the sample weight; None if a caller sampled without saying how.
    """

    __slots__ = ("sampled", "state", "state_text", "weight")

    def __init__(self, sampled: bool, weight: float | None, state: TraceState | None) -> None:
        self.sampled = sampled
        self.weight = weight
        self.state = state
        self.state_text = state.to_header() if state else ""


KEEP = Verdict(True, 1.0, None)
"""The decision if nothing is sampled and no caller has decided."""


def weight_of(state: TraceState | None) -> float | None:
    """Return the sample weight from a trace state's threshold; None without one."""
    found = _TH.search(state.get("ot", "") if state else "")
    return _ALL / (_ALL - int(found[1].ljust(14, "0"), 16)) if found else None


def follow_flag(parent: SpanContext) -> Verdict:
    """Return the decision of a process that keeps everything: the caller's flag and state are passed on."""
    if parent.trace_flags.sampled and not parent.trace_state:
        return KEEP
    return Verdict(parent.trace_flags.sampled, 1.0, parent.trace_state or None)


def decide_head(
    rules: Sampling, trace_hex: str, parent: SpanContext | None, name: str, fields: Mapping[str, Any]
) -> Verdict:
    """Decide whether to keep a unit that begins.

    Args:
        rules: the configured rules.
        trace_hex: the unit's trace id, 32 hex digits.
        parent: the caller's context, None for the root of a trace.
        name: the unit's name.
        fields: the fields that are known so far.

    Returns:
        The decision, with the trace state to pass on.
    """
    state = parent.trace_state if parent is not None and parent.trace_state else None
    if parent is not None and rules.follow_parent:
        if not parent.trace_flags.sampled:
            return Verdict(False, None, state)
        return Verdict(True, weight_of(state), state)
    ratio = rules.ratio
    if rules.by is not None:
        value = name if rules.by == "name" else fields.get(rules.by)
        ratio = rules.ratios.get(value if type(value) is str else text_of(value), ratio)
    threshold = min(round((1 - ratio) * _ALL), _ALL - 1)
    known = _RV.search(state.get("ot", "")) if state else None
    explicit = ""
    if known:
        explicit = known[1]
    elif rules.key is not None and (keyed := fields.get(rules.key)) is not None:
        explicit = hashlib.sha256(f"{rules.key}={text_of(keyed)}".encode("utf-8", "replace")).hexdigest()[:14]
    randomness = int(explicit or trace_hex[18:], 16)
    sampled = randomness >= threshold
    members = [f"th:{f'{threshold:014x}'.rstrip('0') or '0'}"] if sampled else []
    if explicit:
        members.append(f"rv:{explicit}")
    state = _with_ot(state, ";".join(members))
    return Verdict(sampled, _ALL / (_ALL - threshold) if sampled else None, state)


def _with_ot(state: TraceState | None, value: str) -> TraceState | None:
    rest = [(key, text) for key, text in state.items() if key != "ot"] if state else []
    return TraceState([("ot", value), *rest][:32]) if value else (TraceState(rest) if rest else None)

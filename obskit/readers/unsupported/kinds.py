"""What is said about a file in a format that obskit does not read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Unsupported:
    """A format that obskit does not read.

    Attributes:
        what: what the file is, such as "a PNG image".
        hint: what to do instead.
        may_hold_events: False for kinds that never hold events, such as pictures. In a folder such files are
            skipped; others are rejections, because somebody may miss their events.
        detail: what is particular about this file, such as the line that broke a rule.

    Example:
        print(Unsupported("a PNG image", "name a file of logs or traces", may_hold_events=False).what)
    """

    what: str
    hint: str
    may_hold_events: bool = True
    detail: str = ""


NAME_EVENTS = "name a file of logs, traces or requests"
"""The hint for files that never hold events."""


def without_events(what: str, hint: str = NAME_EVENTS) -> Unsupported:
    """Return a format that never holds events.

    Args:
        what: what the file is.
        hint: what to do instead.

    Returns:
        The format.

    Example:
        print(without_events("YAML").hint)
    """
    return Unsupported(what, hint, may_hold_events=False)

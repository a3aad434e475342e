"""The events room: `load` and `Events`, the verbs that a user meets, and triage, which puts two of them together."""

from obskit.events.events import Events
from obskit.events.loading import Source, load
from obskit.events.triage import Triage

__all__ = ["Events", "Source", "Triage", "load"]

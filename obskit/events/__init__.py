"""The events room: `load`, `Events` with the verbs that a user meets.

It is the only room that people meet by name; the verbs are each one call into a room below.
"""

from obskit.events.events import Events
from obskit.events.loader import Source, load
from obskit.events.previews import labelled, preview
from obskit.triage import Triage

__all__ = ["Events", "Source", "Triage", "labelled", "load", "preview"]

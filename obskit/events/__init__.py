"""What users work with: `load`, and `Events` with its verbs.

Each verb is one call into a package below.
"""

from obskit.events.event_set import SHOWN_FIELDS
from obskit.events.events import Events
from obskit.events.loader import Source, load
from obskit.events.previews import labelled, preview
from obskit.triage import Messages, Triage

__all__ = ["SHOWN_FIELDS", "Events", "Messages", "Source", "Triage", "labelled", "load", "preview"]

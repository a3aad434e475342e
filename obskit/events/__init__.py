"""What users work with: `load`, and `Events` with its verbs.

Each verb is one call into a package below.
"""

from obskit.events.event_set import SHOWN_FIELDS
from obskit.events.events import Events
from obskit.events.loader import Source, load
from obskit.events.pinning import pin
from obskit.events.pins import Pin, is_pin
from obskit.events.previews import labelled, preview
from obskit.events.remote_events import RemoteEvents, connect
from obskit.judge import Comparison, Verdict
from obskit.triage import Messages, Triage

__all__ = [
    "SHOWN_FIELDS",
    "Comparison",
    "Events",
    "Messages",
    "Pin",
    "RemoteEvents",
    "Source",
    "Triage",
    "Verdict",
    "connect",
    "is_pin",
    "labelled",
    "load",
    "pin",
    "preview",
]

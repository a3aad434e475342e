"""What users work with: `load`, and `Events` with its verbs.

Each verb is one call into a package below.
"""

from obskit.events.events import Events
from obskit.events.loader import Source, load
from obskit.events.previews import labelled, preview
from obskit.triage import Triage

__all__ = ["Events", "Source", "Triage", "labelled", "load", "preview"]

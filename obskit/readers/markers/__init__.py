"""Markers: deployments, incidents and events of a cluster, as other tools record them."""

from obskit.readers.markers.reader import READERS
from obskit.readers.markers.table import READER as TABLE

MARKERS = (*READERS, TABLE)

__all__ = ["MARKERS"]

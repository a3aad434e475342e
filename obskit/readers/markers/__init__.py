"""Markers: deployments, incidents, other changes and events of a cluster, as other tools record them."""

from obskit.readers.markers.changes.migration_tables import READERS as MIGRATION_TABLES
from obskit.readers.markers.git.tags import READER as GIT_TAGS
from obskit.readers.markers.reader import READERS
from obskit.readers.markers.table import READER as TABLE

MARKERS = (*READERS, TABLE, *MIGRATION_TABLES, GIT_TAGS)

__all__ = ["MARKERS"]

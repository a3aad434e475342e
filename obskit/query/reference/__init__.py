"""`lookup`: add fields to events from a small table, such as the zone of each target's address.

`table` reads and checks the table, `match` finds the row of each event, `join` makes the new Dataset.
"""

from obskit.query.reference.join import lookup
from obskit.query.reference.table import TableSource

__all__ = ["TableSource", "lookup"]

"""Write the rows of a scope to one file that other tools can read, completely or not at all.

The counterpart of `readers`: reading a file back gives the same table. Columns that a format has no field for
are written as attributes (`names.CARRIED`); what it cannot hold at all is reported in the notes of the
result.
"""

from obskit.writers.formats import FORMATS, Format, format_of
from obskit.writers.notes import WriteNotes
from obskit.writers.save import STDOUT, Written, chosen_fields, write, write_stream

__all__ = [
    "FORMATS",
    "STDOUT",
    "Format",
    "WriteNotes",
    "Written",
    "chosen_fields",
    "format_of",
    "write",
    "write_stream",
]

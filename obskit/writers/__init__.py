"""Events out: the rows of a scope as one file of a format that others read too, whole or not at all.

The mirror of `readers`: what is written here is read back as the same table. What a format has no place for
goes under a documented name (`names.CARRIED`), and what it cannot hold is said in the notes of what was
written. This room decides nothing about which rows those are.
"""

from obskit.writers.formats import FORMATS, Format, format_of
from obskit.writers.notes import Told
from obskit.writers.save import Written, write

__all__ = ["FORMATS", "Format", "Told", "Written", "format_of", "write"]

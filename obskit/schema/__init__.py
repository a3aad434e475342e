"""The Arrow types of an event, and the conversion of any input to them.

`Normalizer` flattens, renames, converts types, computes weights and applies the error rule. `LoadReport`
counts what it and the readers changed or left out. `cast` converts early batches to the final schema. Nothing
here opens a file.
"""

from obskit.schema.derive import error_flags
from obskit.schema.flatten import MAX_FIELDS
from obskit.schema.mapping import check_sources, read_mapping
from obskit.schema.normalize import FALLBACK, MIXED, NAMED, Normalizer
from obskit.schema.options import READ_AS_IS, ReadOptions
from obskit.schema.points import POINTS
from obskit.schema.report import GROWING, FileReport, LoadReport, Rejection
from obskit.schema.time_format import format_hint
from obskit.schema.types import EVENTS_TYPE, LINKS_TYPE, TIMESTAMP, TYPES, cast, to_text, unify

__all__ = [
    "EVENTS_TYPE",
    "FALLBACK",
    "GROWING",
    "LINKS_TYPE",
    "MAX_FIELDS",
    "MIXED",
    "NAMED",
    "POINTS",
    "READ_AS_IS",
    "TIMESTAMP",
    "TYPES",
    "FileReport",
    "LoadReport",
    "Normalizer",
    "ReadOptions",
    "Rejection",
    "cast",
    "check_sources",
    "error_flags",
    "format_hint",
    "read_mapping",
    "to_text",
    "unify",
]

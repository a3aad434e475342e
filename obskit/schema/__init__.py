"""Arrow types of an event, and the way of any input into them.

`Normalizer` does all renaming, typing, flattening, weighting and the error rule; `LoadReport` counts what
it and the readers changed or left out; `cast` brings early batches to the final schema. No file is opened
here.
"""

from obskit.schema.derive import errors
from obskit.schema.flatten import MAX_FIELDS
from obskit.schema.mapping import check_sources, read_mapping
from obskit.schema.normalize import MIXED, NAMED, Normalizer
from obskit.schema.options import READ_AS_IS, ReadOptions
from obskit.schema.points import POINTS
from obskit.schema.report import GROWING, FileReport, LoadReport, Rejection
from obskit.schema.types import EVENTS_TYPE, LINKS_TYPE, TIMESTAMP, TYPES, cast, to_text, unify

__all__ = [
    "EVENTS_TYPE",
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
    "errors",
    "read_mapping",
    "to_text",
    "unify",
]

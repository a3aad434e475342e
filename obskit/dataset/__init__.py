"""Events at rest: Parquet files with a manifest, the cache of converted input, dictionary codes.

This room owns how a Dataset lies on disk and how its columns become small integers. It refuses to know
what a field means (`schema`), what a file's format is (`readers`) and what is asked of it (`engine`).
"""

from obskit.dataset.atomic_write import fresh_file
from obskit.dataset.cache import drop_entry
from obskit.dataset.codes import Codes, Progress
from obskit.dataset.conversion import convert, from_arrow
from obskit.dataset.dataset import Dataset, is_dataset, open_dataset
from obskit.dataset.encoder import RARE, Encoded, encode
from obskit.dataset.inputs import Given, is_stream, is_url, placed, shown
from obskit.dataset.manifest import DataFile
from obskit.dataset.merge import FieldCodes, merge
from obskit.dataset.parts import write_part
from obskit.dataset.population import NO_TIME, Totals, Weights, weight_note
from obskit.dataset.preview import skimmed, thinned
from obskit.dataset.writer import write

__all__ = [
    "NO_TIME",
    "RARE",
    "Codes",
    "DataFile",
    "Dataset",
    "Encoded",
    "FieldCodes",
    "Given",
    "Progress",
    "Totals",
    "Weights",
    "convert",
    "drop_entry",
    "encode",
    "fresh_file",
    "from_arrow",
    "is_dataset",
    "is_stream",
    "is_url",
    "merge",
    "open_dataset",
    "placed",
    "shown",
    "skimmed",
    "thinned",
    "weight_note",
    "write",
    "write_part",
]

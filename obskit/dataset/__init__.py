"""Datasets: Parquet files with a manifest, the cache of converted input, and dictionary codes.

This package decides how a Dataset is stored and how its columns become small integers. It does not know
what a field means (`schema`), how input formats are read (`readers`) or which questions are asked (`engine`).
"""

from obskit.dataset.atomic_write import write_atomically
from obskit.dataset.cache import cache_path
from obskit.dataset.codes import Codes, Progress
from obskit.dataset.common_values import find_common
from obskit.dataset.conversion import convert, from_arrow, list_inputs
from obskit.dataset.dataset import Dataset, is_dataset, open_dataset
from obskit.dataset.encoder import RARE, Encoded, encode
from obskit.dataset.eviction import drop_entry
from obskit.dataset.file_memo import FileMemo
from obskit.dataset.inputs import Given, is_stream, is_url, local_paths, redact_url
from obskit.dataset.joint_codes import JointCodes, JointGroup
from obskit.dataset.manifest import RULES, DataFile
from obskit.dataset.merge import FieldCodes, among, merge
from obskit.dataset.newest import newest_time
from obskit.dataset.parts import write_part
from obskit.dataset.population import NO_TIME, Totals, Weights, weight_note
from obskit.dataset.preview import preview_dataset, preview_files
from obskit.dataset.pruning import Period
from obskit.dataset.span_forest import SpanForest
from obskit.dataset.span_keys import mix_bits
from obskit.dataset.span_links import SpanLinks, connected
from obskit.dataset.span_parents import MISSING, ROOT
from obskit.dataset.traces import trace_columns
from obskit.dataset.widen import widen
from obskit.dataset.writer import write

__all__ = [
    "MISSING",
    "NO_TIME",
    "RARE",
    "ROOT",
    "RULES",
    "Codes",
    "DataFile",
    "Dataset",
    "Encoded",
    "FieldCodes",
    "FileMemo",
    "Given",
    "JointCodes",
    "JointGroup",
    "Period",
    "Progress",
    "SpanForest",
    "SpanLinks",
    "Totals",
    "Weights",
    "among",
    "cache_path",
    "connected",
    "convert",
    "drop_entry",
    "encode",
    "find_common",
    "from_arrow",
    "is_dataset",
    "is_stream",
    "is_url",
    "list_inputs",
    "local_paths",
    "merge",
    "mix_bits",
    "newest_time",
    "open_dataset",
    "preview_dataset",
    "preview_files",
    "redact_url",
    "trace_columns",
    "weight_note",
    "widen",
    "write",
    "write_atomically",
    "write_part",
]

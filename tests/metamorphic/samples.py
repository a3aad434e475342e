"""The one table of samples: a file of every format that obskit reads, written for any `World`.

A new reader adds its files here, and all mutations are tried on them; a test fails while a registered reader
has no sample.
"""

from __future__ import annotations

import functools

from tests.metamorphic import (
    access_samples,
    app_samples,
    line_samples,
    marker_samples,
    proxy_samples,
    span_samples,
    table_samples,
    vendor_samples,
)
from tests.metamorphic.sample import Sample

EXEMPT = {
    "Delta Lake": "a folder with a log of its own: its files are Parquet, and the log is not changed by hand",
    "lines with a prefix": "the mutations that put a prefix before the lines of all other samples try it",
}
"""Readers without a sample, and why."""


@functools.cache
def samples() -> tuple[Sample, ...]:
    """Return all samples; the name of each is its own."""
    found = (
        *line_samples.SAMPLES,
        *access_samples.SAMPLES,
        *proxy_samples.SAMPLES,
        *span_samples.SAMPLES,
        *marker_samples.SAMPLES,
        *table_samples.SAMPLES,
        *app_samples.SAMPLES,
        *vendor_samples.SAMPLES,
    )
    assert len({str(one) for one in found}) == len(found), "two samples have the same name"
    return found

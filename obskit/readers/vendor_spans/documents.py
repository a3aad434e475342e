"""What the readers of vendors' spans share: a document is unwrapped into records, a record becomes rows.

    {"Traces": [{"Segments": [A, B]}]}    ->    records A and B    ->    a row for A and each of its parts

A record that is not of the format, and a record of metrics, is rejected with its position.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, ClassVar

import pyarrow as pa

from obskit.readers.batches.row_batcher import MalformedRecord, TooDeep
from obskit.readers.faults import NOT_FAULTS, fault_reason
from obskit.readers.io.source import Source
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import UTF8_BOM
from obskit.readers.spans.json_documents import SpanFormat, read_documents
from obskit.readers.spans.oddities import Oddities
from obskit.schema import FileReport, ReadOptions

METRICS = "metrics are not events"
_JSON_ON_A_LINE = re.compile(rb"^[ \t]*[\[{]", re.MULTILINE)


class VendorFormat(SpanFormat):
    """The records of one vendor's files.

    Args:
        report: counts the records that cannot be read.

    Attributes:
        odd: counts odd spans.
        noun: what a record is called in positions.
        place: position of the record that is being read.
    """

    noun: ClassVar[str] = "span"
    end_to_end = True

    def __init__(self, report: FileReport) -> None:
        super().__init__(report)
        self.odd = Oddities()
        self.place = ""

    @classmethod
    def matches(cls, head: bytes) -> bool:
        """Return whether the first bytes of a file can be nothing but this format."""
        raise NotImplementedError

    def unwrap(self, document: Any) -> Iterator[Any]:
        """Yield the records of a document, or whatever is in their place.

        Args:
            document: as parsed from JSON.

        Yields:
            Any value; one that is not an object is rejected.

        Raises:
            MalformedRecord: a wrap is damaged.
        """
        yield from document if type(document) is list else [document]

    def rows(self, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the flat rows of a record.

        Args:
            record: an object.

        Returns:
            Iterator of name -> value.

        Raises:
            MalformedRecord: it is not a record of this format.
        """
        raise NotImplementedError

    def parse_rows(self, document: Any, where: str) -> Iterator[dict[str, Any]]:
        """Yield the rows of a document; what is not of the format is rejected."""
        try:
            for record in self.unwrap(document):
                position = self.place = self.next_position(where, self.noun)
                try:
                    if type(record) is not dict:
                        raise MalformedRecord("not an object")
                    made = list(self.rows(record))
                except (MalformedRecord, TooDeep) as error:
                    self.reject(position, str(error))
                except NOT_FAULTS:
                    raise
                except Exception as error:
                    self.reject(position, fault_reason(error))
                else:
                    yield from made
        except MalformedRecord as error:
            self.reject(where, str(error))


@lru_cache(maxsize=1)  # every vendor's reader asks
def _has_json(text: bytes) -> bool:
    return _JSON_ON_A_LINE.search(text) is not None


def reader_of(format: type[VendorFormat]) -> Reader:
    """Return the reader of a vendor's format.

    Args:
        format: the class of its records; a new one is made for each file.

    Returns:
        The reader, named after the format.
    """

    def sniff(head: bytes) -> Match:
        """Return whether the head of a file is of this format, which is a dialect of JSON."""
        text = head.removeprefix(UTF8_BOM).lstrip()
        return Match.DIALECT if _has_json(text) and format.matches(text) else Match.NO

    def read(source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
        """Yield the spans of a file as batches."""
        records = format(report)
        try:
            yield from read_documents(source, records)
        finally:
            records.odd.note(report)

    return Reader(format.name, (".json", ".jsonl", ".ndjson"), sniff, read)

"""The tags of a file so far, as an exact schema by which Arrow parses the file's spans into columns.

Arrow refuses a document with a field that its schema lacks. The rows that are read one by one teach the
schema its first tags; later documents add what is new in their own bytes, after Arrow has refused them.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import orjson
import pyarrow as pa
import pyarrow.json as pj

from obskit.readers.spans.tags import keys_in

MAX_TAGS = 2_000
"""Distinct tags up to which Arrow parses: it makes a cell for each tag in every span."""


class TagSchema(ABC):
    """The tags seen in one file, by name, with their Arrow types.

    Attributes:
        key_pattern: a key that may be a tag's, in JSON bytes; its group is the key without its quotes.
        value_start: the byte with which a tag's value begins; empty for any.
    """

    key_pattern: ClassVar[re.Pattern[bytes]]
    value_start: ClassVar[bytes] = b""

    def __init__(self) -> None:
        self.tags: dict[str, pa.DataType] = {}

    @property
    def usable(self) -> bool:
        """Whether Arrow can parse by this schema: there are tags, and not too many."""
        return 0 < len(self.tags) <= MAX_TAGS

    @property
    def full(self) -> bool:
        """Whether there are too many tags; more of them change nothing."""
        return len(self.tags) > MAX_TAGS

    @abstractmethod
    def add(self, name: str) -> None:
        """Add a tag by its key in the bytes that Arrow parses, if it can be one."""

    @abstractmethod
    def learn(self, tags: Any) -> None:
        """Add the tags of one span, as parsed from JSON."""

    @abstractmethod
    def document_schema(self, listed: bool) -> pa.Schema:
        """Return the schema of a document.

        Args:
            listed: whether the document is a list of records in an object, rather than records one by one.

        Returns:
            Every field that a record can have.
        """

    def discover(self, data: bytes) -> bool:
        """Add all keys of a document that may be tags.

        Args:
            data: JSON in UTF-8.

        Returns:
            Whether there were new ones, and Arrow can parse by the schema now.
        """
        before = len(self.tags)
        for name in keys_in(data, self.value_start):
            self.add(name)
        if len(self.tags) == before:  # keys_in misses keys next to escapes and spaces
            for key in {*self.key_pattern.findall(data)}:
                try:
                    self.add(orjson.loads(b'"' + key + b'"'))
                except orjson.JSONDecodeError:
                    continue
        return len(self.tags) > before and self.usable

    def parse(self, data: bytes, *, listed: bool) -> pa.Table:
        """Parse a document with Arrow, exactly by the schema.

        Args:
            data: JSON in UTF-8.
            listed: see `document_schema`.

        Returns:
            A table with one chunk per column.

        Raises:
            ArrowException: something in the document does not fit the schema.
        """
        try:
            return _parse_exactly(data, self.document_schema(listed))
        except pa.ArrowException:
            # New tags are looked for only now, because that takes about half as long as parsing.
            if not self.discover(data):
                raise
        return _parse_exactly(data, self.document_schema(listed))


def _parse_exactly(data: bytes, schema: pa.Schema) -> pa.Table:
    return pj.read_json(
        pa.BufferReader(data),
        read_options=pj.ReadOptions(use_threads=False, block_size=len(data) + 1),
        parse_options=pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
    ).combine_chunks()

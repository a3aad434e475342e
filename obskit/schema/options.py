"""What a caller says about how files are read, in one value that every layer passes on whole."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from obskit.schema.mapping import read_mapping

AFTER_CONVERSION = {"after_conversion": True}
"""Metadata of an option that is applied to the converted Dataset: it is not part of the cache key."""


@dataclass(frozen=True)
class ReadOptions:
    """How to read files; the defaults read them as they are.

    Attributes:
        mapping: column of the event -> source column, or {"from", "unit", "null"} (see `read_mapping`).
        error: condition, as text or an Ibis expression, that says which events are errors.

    Raises:
        InvalidArgument: the mapping is not valid.

    Example:
        ReadOptions(mapping={"duration_ms": {"from": "elapsed", "unit": "s"}}, error="status >= 500")
    """

    mapping: Mapping[str, Any] | None = None
    error: Any = field(default=None, metadata=AFTER_CONVERSION)

    def __post_init__(self) -> None:
        read_mapping(self.mapping)

    def cache_key(self) -> str:
        """Return text that differs when the same files, read with these options, make a different Dataset."""
        options = {
            option.name: getattr(self, option.name)
            for option in dataclasses.fields(self)
            if not option.metadata.get("after_conversion")
        }
        return json.dumps(options, sort_keys=True, default=str)


READ_AS_IS = ReadOptions()
"""The default options."""

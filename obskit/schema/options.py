"""What a caller says about how files are read, in one value that every layer passes on whole."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from obskit.errors import InvalidArgument
from obskit.schema.mapping import read_mapping

AFTER_CONVERSION = {"after_conversion": True}
"""Metadata of an option that is applied to the converted Dataset: it is not part of the cache key."""


@dataclass(frozen=True)
class ReadOptions:
    """How to read files; the defaults read them as they are.

    Attributes:
        mapping: column of the event -> source column, or {"from", "unit", "format", "null"}; see
            `read_mapping`.
        log_format: layout of access logs, in nginx's syntax (`$remote_addr ... $request_time`) or Apache's
            (`%h ... %D`); None to detect the known layouts.
        tz: IANA name of the time zone of times that have no zone, such as "Europe/Berlin"; None is UTC.
        path_fields: regular expression that is searched in the path of each file; its named groups become
            fields, with `__` in a name for a dot: `r"az=(?P<cloud__availability_zone>[^/]+)"`.
        error: condition, as text or an Ibis expression, that says which events are errors.

    Raises:
        InvalidArgument: the mapping, the time zone or the regular expression is not valid.

    Example:
        ReadOptions(mapping={"duration_ms": {"from": "elapsed", "unit": "s"}}, error="status >= 500")
    """

    mapping: Mapping[str, Any] | None = None
    log_format: str | None = None
    tz: str | None = None
    path_fields: str | None = None
    error: Any = field(default=None, metadata=AFTER_CONVERSION)

    def __post_init__(self) -> None:
        read_mapping(self.mapping)
        _check_zone(self.tz)
        _check_path_fields(self.path_fields)

    def cache_key(self) -> str:
        """Return text that differs when the same files, read with these options, make a different Dataset."""
        options = {
            option.name: getattr(self, option.name)
            for option in dataclasses.fields(self)
            if not option.metadata.get("after_conversion")
        }
        return json.dumps(options, sort_keys=True, default=str)


def _check_zone(name: str | None) -> None:
    if name is None:
        return
    try:
        ZoneInfo(name)
    except (ValueError, OSError, TypeError, KeyError) as error:
        raise InvalidArgument(
            f"tz must be the name of a time zone, got {name!r}", hint="for example Europe/Berlin or UTC"
        ) from error


def _check_path_fields(pattern: str | None) -> None:
    if pattern is None:
        return
    try:
        names = re.compile(pattern).groupindex
    except (re.error, TypeError) as error:
        raise InvalidArgument(
            f"path_fields must be a regular expression, got {pattern!r}: {error}",
            hint=r"for example az=(?P<zone>[^/]+)",
        ) from error
    if not names:
        raise InvalidArgument(
            f"path_fields has no named group: {pattern!r}", hint=r"for example az=(?P<zone>[^/]+)"
        )


READ_AS_IS = ReadOptions()
"""The default options."""

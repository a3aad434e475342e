"""Byte patterns that readers of several formats look for in the head of a file."""

from __future__ import annotations

import re

OTLP_REQUEST = re.compile(rb'"resource_?(?:[Ss]pans|[Ll]ogs|[Mm]etrics|[Pp]rofiles)"\s*:')
"""The top-level key of an OTLP export request in JSON."""

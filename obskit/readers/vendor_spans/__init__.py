"""Spans and logs in the JSON of vendors and of SDKs' console exporters, which is neither OTLP nor flat."""

from obskit.readers.vendor_spans.console import READER as CONSOLE
from obskit.readers.vendor_spans.xray import READER as XRAY

VENDORS = (CONSOLE, XRAY)

__all__ = ["CONSOLE", "VENDORS", "XRAY"]

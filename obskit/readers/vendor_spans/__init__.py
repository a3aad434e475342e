"""Spans and logs in the JSON of vendors and of SDKs' console exporters, which is neither OTLP nor flat."""

from obskit.readers.vendor_spans.app_insights import READER as APP_INSIGHTS
from obskit.readers.vendor_spans.console import READER as CONSOLE
from obskit.readers.vendor_spans.datadog import READER as DATADOG
from obskit.readers.vendor_spans.elastic_apm import READER as ELASTIC_APM
from obskit.readers.vendor_spans.google_logging import READER as CLOUD_LOGGING
from obskit.readers.vendor_spans.google_trace import READER as CLOUD_TRACE
from obskit.readers.vendor_spans.xray import READER as XRAY

VENDORS = (CONSOLE, XRAY, DATADOG, ELASTIC_APM, CLOUD_LOGGING, CLOUD_TRACE, APP_INSIGHTS)
"""The readers of this package."""

__all__ = [
    "APP_INSIGHTS",
    "CLOUD_LOGGING",
    "CLOUD_TRACE",
    "CONSOLE",
    "DATADOG",
    "ELASTIC_APM",
    "VENDORS",
    "XRAY",
]

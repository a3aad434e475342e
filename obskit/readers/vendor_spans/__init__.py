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

DECISIVE = (
    *(
        b'"SpanContext"',
        b'"SpanKind.',
        b'"KIND_',
        b'"traceId"',
        b'"root_id"',
        b'"severity_number"',
        b'"1-',
        b'"span_id"',
        b'"spans"',
        b'"log"',
    ),
    *(b'"processor', b'"transaction"', b'{"us"', b'"logName"', b'"spanId"', b'"App', b'"baseType"'),
    *(b'"itemType"', b'"internal"'),
)
"""Bytes of which each file of these formats has one: which of them it is depends on values, not on names."""

__all__ = [
    "APP_INSIGHTS",
    "CLOUD_LOGGING",
    "CLOUD_TRACE",
    "CONSOLE",
    "DATADOG",
    "DECISIVE",
    "ELASTIC_APM",
    "VENDORS",
    "XRAY",
]

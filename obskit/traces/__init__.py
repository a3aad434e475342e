"""Many traces: listed, compared, mapped, and their structures.

Spans of a dataset become arrays once (`spans`). A comparison gives one value per component and trace
(`tables`), scores each (`scores`), and puts the result into words (`findings`).
"""

from obskit.traces.comparison import TraceComparison
from obskit.traces.service_map import ServiceMap
from obskit.traces.value import Traces, traces

__all__ = ["ServiceMap", "TraceComparison", "Traces", "traces"]

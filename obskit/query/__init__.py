"""The query room: verbs that count, list and look up.

Each takes a `Scope` and returns a `Result`; none knows of `Events`. `query` counts all rows of its scope:
only the Explorer, triage and explain look at units of work by themselves.
"""

from obskit.query.catalogue import Fields, fields, type_word
from obskit.query.deployments import Deployment, deployments
from obskit.query.groups import QueryResult, query
from obskit.query.heat import Heatmap, heatmap
from obskit.query.lookup import Impact, impact, sample, traces
from obskit.query.points import links, points
from obskit.query.trace_tree import Trace, trace

__all__ = [
    "Deployment",
    "Fields",
    "Heatmap",
    "Impact",
    "QueryResult",
    "Trace",
    "deployments",
    "fields",
    "heatmap",
    "impact",
    "links",
    "points",
    "query",
    "sample",
    "trace",
    "traces",
    "type_word",
]

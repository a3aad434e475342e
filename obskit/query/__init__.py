"""Verbs that count, list and look up events.

Each verb takes a `Scope` and returns a `Result`; none knows of `Events`. `query` counts all rows of its
scope, `impact` only units of work, as triage, explain and the Explorer do.
"""

from obskit.query.affected import Impact, impact
from obskit.query.catalogue import Fields, fields, type_word
from obskit.query.deployments import Deployment, deployments
from obskit.query.groups import QueryResult, query
from obskit.query.heat import Heatmap, heatmap
from obskit.query.lookup import sample, traces
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

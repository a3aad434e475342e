"""Verbs that count, list and look up events.

Each verb takes a `Scope` and returns a `Result`; none knows of `Events`. `query` counts all rows of its
scope, `impact` only units of work, as triage, explain and the Explorer do.
"""

from obskit.query.affected import Impact, impact
from obskit.query.catalogue import Fields, fields, type_word
from obskit.query.deployments import Deployment, deployments
from obskit.query.groups import QueryResult, query
from obskit.query.heat import Heatmap, heatmap
from obskit.query.listing import rows, sample
from obskit.query.points import links, points
from obskit.query.reference import TableSource, lookup
from obskit.query.scans import scans
from obskit.query.trace_tree import Trace, trace
from obskit.query.usefulness import by_usefulness

__all__ = [
    "Deployment",
    "Fields",
    "Heatmap",
    "Impact",
    "QueryResult",
    "TableSource",
    "Trace",
    "by_usefulness",
    "deployments",
    "fields",
    "heatmap",
    "impact",
    "links",
    "lookup",
    "points",
    "query",
    "rows",
    "sample",
    "scans",
    "trace",
    "type_word",
]

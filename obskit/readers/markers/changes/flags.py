"""Changes of feature flags from LaunchDarkly's audit log, listed by its API or sent by its webhook.

Entries may arrive out of order; their `date` is the time. Who made the change is not kept.
Source: LaunchDarkly's API documentation ("Audit log").
"""

from __future__ import annotations

import re
from typing import Any

from obskit.names.markers import FLAG_CHANGE
from obskit.readers.markers.rows import Row, iso_time, number, text

_PART = re.compile(r"(proj|env|flag|segment|experiment)/([^:;]+)")


def launchdarkly(item: dict[str, Any]) -> list[Row] | None:
    """Return the marker of an audit log's entry; None for anything else."""
    accesses = item.get("accesses")
    if number(item, "date") is None or not text(item, "kind") or not text(item, "_id"):
        return None
    if type(accesses) is not list or not any(text(one, "resource") for one in accesses):
        return None
    resource = next(found for one in accesses if (found := text(one, "resource")))
    parts = dict(_PART.findall(resource))
    key = parts.get("flag") or parts.get("segment") or parts.get("experiment")
    row = {
        "timestamp": iso_time(item["date"]),
        "name": FLAG_CHANGE,
        "kind": "event",
        "body": text(item, "title") or text(item, "shortDescription") or text(item, "description"),
        "feature_flag.key": (key or "").partition(";")[0] or None,
        "feature_flag.provider.name": "LaunchDarkly",
        "deployment.environment.name": (parts.get("env") or "").partition(";")[0] or None,
        "launchdarkly.id": text(item, "_id"),
        "launchdarkly.kind": text(item, "kind"),
        "launchdarkly.name": text(item, "name"),
        "launchdarkly.project": (parts.get("proj") or "").partition(";")[0] or None,
        "launchdarkly.actions": [found for one in accesses if (found := text(one, "action"))] or None,
        "launchdarkly.comment": text(item, "comment"),
    }
    return [{name: value for name, value in row.items() if value is not None}]

"""Names of markers: events that say when something else than a request happened."""

from __future__ import annotations

DEPLOYMENT = "deployment"
INCIDENT = "incident"
TAG = "git.tag"
PIPELINE_RUN = "cicd.pipeline.run"
ANALYSIS = "rollout.analysis"
FLAG_CHANGE = "feature_flag.change"
MIGRATION = "database.migration"
SCAN = "vulnerability.scan"
EXPERIMENT = "chaos.experiment"
NOTE = "obskit.note"

CHANGES = {
    DEPLOYMENT: "deployment",
    TAG: "tag",
    FLAG_CHANGE: "flag",
    MIGRATION: "migration",
    EXPERIMENT: "experiment",
}
"""Markers after which requests may behave differently -> what a label calls them."""

NOTICES = {INCIDENT: "incident", ANALYSIS: "analysis", SCAN: "scan", NOTE: "note"}
"""Markers that change nothing themselves, but are shown next to the requests -> what a label calls them."""

MARKERS = (*CHANGES, *NOTICES, PIPELINE_RUN)

NOTE_PHASE = "obskit.note.phase"
"""What a note says about an incident: "began", "detected", "mitigated" or "recovered"."""

ROLLOUT_SPLIT = "obskit.rollout.split_percent"
"""Percentage of the traffic that the new version is declared to get at this moment."""

ROLLOUT_RAMP = "obskit.rollout.ramp_percent"
"""Percentages of the traffic that the new version is declared to get, step by step."""

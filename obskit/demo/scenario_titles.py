"""What each `--scenario` of `obskit demo` plants, in one line. Standard library only: the help prints it."""

from __future__ import annotations

SCENARIO_TITLES: dict[str, str] = {
    "subtle": "the search index blue fails half as often again (12% instead of 8%)",
    "rare": "build 7741 of the client, 0.8% of the requests, cannot list bookings",
    "restating": "cache-3 is slow; a field that restates the duration and a clock outrank it",
    "message": "one pod of seatmap logs a message that was never logged before",
    "region": "the region eu-north-1 vanishes",
    "consumer": "messages of tenant-07 are published, but nothing consumes them",
    "deployments": "search 6.2.0 breaks searches two minutes after the harmless seatmap 4.0.12",
    "ramp": "search 6.3.0 is ramped up from 5 to 50% of the searches, and fails for tenant-03 only",
}
"""Name -> title, in the order of the documentation."""

"""Made-up telemetry of a train-ticket booking platform, with causes planted in it and written down.

This room owns what the demo's day looks like. It refuses to be a general generator: one platform, one day,
any number of events, the same seed the same rows.
"""

from obskit.demo.generate import generate

__all__ = ["generate"]

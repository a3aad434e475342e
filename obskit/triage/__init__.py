"""The triage room: which operations got worse, since when, and what sets the worse requests apart.

It counts every operation before and after moments in time, holds the change against chance, and hands what
is left to `explain`. It owns what an operation, a deployment and an outcome worth asking about are.
"""

from obskit.triage.outcomes import outcomes
from obskit.triage.result import Cause, Repeat, Triage
from obskit.triage.run import triage

__all__ = ["Cause", "Repeat", "Triage", "outcomes", "triage"]

"""The triage room: which operations got worse, since when, and what sets the worse requests apart.

It counts every operation before and after moments in time, holds the change against chance, and hands what
is left to `explain`. It owns what an operation and a deployment are.
"""

from obskit.triage.run import Cause, Triage, triage

__all__ = ["Cause", "Triage", "triage"]

"""Checks as code: objectives, costs and bounds in a file that is versioned with the service."""

from obskit.callable_package import make_callable
from obskit.checks.file import KINDS, CheckFile, read_checks
from obskit.checks.outcome import Check, Outcome
from obskit.checks.result import Checks
from obskit.checks.run import checks

__all__ = ["KINDS", "Check", "CheckFile", "Checks", "Outcome", "checks", "read_checks"]

make_callable(__name__, checks)

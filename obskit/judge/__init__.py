"""Judge a deployment: pass, regress, inconclusive, no data or error, valid at any number of looks.

The candidate's requests are compared with those that the baseline answered at the same time, within the same
minute and operation. The statistics are in `obskit.stats`; this package finds the arms, counts, decides and
says why.
"""

from obskit.judge.arm_choice import find_arms
from obskit.judge.arms import NotJudged
from obskit.judge.code_changes import ChangedFile, CodeChanges
from obskit.judge.compare import Comparison, compare
from obskit.judge.criterion import ArmCounts, Criterion
from obskit.judge.options import JudgeArguments, parse_options
from obskit.judge.pods import PodShare
from obskit.judge.recovery import Recovery
from obskit.judge.run import judge
from obskit.judge.slice_tests import SliceFinding
from obskit.judge.verdict import ArmSummary, Verdict
from obskit.judge.words import WORDS, Word

__all__ = [
    "WORDS",
    "ArmCounts",
    "ArmSummary",
    "ChangedFile",
    "CodeChanges",
    "Comparison",
    "Criterion",
    "JudgeArguments",
    "NotJudged",
    "PodShare",
    "Recovery",
    "SliceFinding",
    "Verdict",
    "Word",
    "compare",
    "find_arms",
    "judge",
    "parse_options",
]

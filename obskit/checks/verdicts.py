"""A verdict on a deployment as a check: anything but a pass is not ok.

[[verdict]]
name = "the newest booking"
service = "booking"
candidate = "2.4.0"                # the newest deployment by default
errors = "larger of x1.5, +0.1pp"  # the margins, as in judge
latency = "+20%"
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from obskit.checks.options import Options
from obskit.checks.outcome import Outcome, Word
from obskit.engine import Scope
from obskit.judge import JudgeArguments, Verdict, judge

_TEXTS = (
    *("candidate", "baseline", "by", "service", "environment", "where", "errors", "latency"),
    *("least_slowdown", "floor", "cluster", "mode", "looks", "warmup", "settle"),
)
KEYS = (*_TEXTS, "slices", "alpha")
_NONE = ("errors", "latency", "cluster")
"""Keys that the text "none" turns off."""


@dataclass(frozen=True)
class VerdictCheck:
    """A deployment to judge.

    Attributes:
        name: its name.
        arguments: what to judge, and how.
    """

    name: str
    arguments: JudgeArguments

    def run(self, scope: Scope) -> Sequence[Outcome]:
        """Return the verdict as an outcome.

        Args:
            scope: the events.

        Returns:
            One outcome: ok for a pass, violated for a regression, else without data.

        Raises:
            InvalidArgument: an argument is not valid, or two services have the candidate.
            ConditionError, UnknownField, UnknownFunction: a condition is not valid.
        """
        verdict = judge(scope, self.arguments)
        words: dict[str, Word] = {"pass": "ok", "regress": "violated"}
        word = words.get(verdict.word, "no data")
        shown = verdict.word.replace("_", " ")
        sentence = verdict.sentence if word != "no data" else f"The verdict is {shown}: {verdict.sentence}"
        value = "" if verdict.word in ("no_data", "error") else shown
        return [
            Outcome(
                self.name,
                "verdict",
                verdict.service or "",
                word,
                value,
                "pass",
                sentence,
                _numbers(verdict),
                verdict.notes,
            )
        ]


def _numbers(verdict: Verdict) -> dict[str, object]:
    """Return the word, the versions and each criterion's ratio, by name."""
    numbers: dict[str, object] = {"verdict": verdict.word, "needed": verdict.needed}
    for arm in ("baseline", "candidate"):
        summary = getattr(verdict, arm)
        numbers[arm] = None if summary is None else summary.label
        numbers[f"{arm}_rows"] = None if summary is None else summary.rows
    for one in verdict.criteria:
        numbers |= {f"{one.name}_{name}": getattr(one, name) for name in ("word", "ratio", "low", "high")}
    return numbers


def parse(options: Options) -> VerdictCheck:
    """Return a verdict to check from its entry in the file; raises InvalidArgument."""
    options.only(KEYS)
    given: dict[str, object] = {}
    for name in _TEXTS:
        text = options.text(name)
        if text is not None:
            given[name] = None if name in _NONE and text.lower() == "none" else text
    alpha = options.number("alpha")
    if alpha is not None:
        given["alpha"] = alpha
    if "slices" in options.given:
        given["slices"] = options.names("slices")
    return VerdictCheck(options.name, JudgeArguments(**given))  # type: ignore[arg-type]

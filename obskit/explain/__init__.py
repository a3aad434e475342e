"""What is different about the selected events: ranked, counted exactly, weighted, corrected for chance.

The package takes a `Scope` and returns an `Explanation`; it knows nothing of `Events`, files or widgets.
`run` calls the steps. Each one takes the value of the one before and returns a frozen value:

    options, question, field_choice   what is asked: conditions parsed, fields chosen
    counted                           every field counted in both groups
    candidates                        slices worth an exact count, found on a sample of whole traces
    judge, rank, causes               their evidence by exact counts, their order, which are causes
    report, explanation               findings with examples and arithmetic; the answer around them

`explain_sample` ranks a sample of a table elsewhere; `recounted` holds what was counted exactly there.

`distributions` takes the first two steps, and shows each field as it is instead of ranking conditions.

Below the steps: `grouped_rows`, `group_masks`, `kept_bits`, `weights` and `sample` hold and count rows;
`singles`, `sets` and `search` find conditions; `aliases` and `clusters` find what counts once; `whatif` does
the arithmetic.
"""

from obskit.explain.distributions import Distributions, FieldDistribution, distributions
from obskit.explain.field_choice import choose_fields
from obskit.explain.grouped_rows import FieldCondition
from obskit.explain.options import Cancelled, ExplainOptions
from obskit.explain.question import Question, resolve
from obskit.explain.recounted import Combinations, Elsewhere
from obskit.explain.result import Explanation, Finding
from obskit.explain.run import explain, explain_first, explain_sample
from obskit.explain.wide_numbers import Histogram

__all__ = [
    "Cancelled",
    "Combinations",
    "Distributions",
    "Elsewhere",
    "ExplainOptions",
    "Explanation",
    "FieldCondition",
    "FieldDistribution",
    "Finding",
    "Histogram",
    "Question",
    "choose_fields",
    "distributions",
    "explain",
    "explain_first",
    "explain_sample",
    "resolve",
]

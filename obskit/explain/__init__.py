"""What is different about the selected events: ranked, counted exactly, weighted, corrected for chance.

The package takes a `Scope` and returns an `Explanation`; it knows nothing of `Events`, files or widgets.
`run` calls the steps. Each one takes the value of the one before and returns a frozen value:

    options, question, field_choice   what is asked: conditions parsed, fields chosen
    counted                           every field counted in both groups
    candidates                        slices worth an exact count, found on a sample of whole traces
    judge, rank, causes               their evidence by exact counts, their order, which are causes
    report, explanation               findings with examples and arithmetic; the answer around them

Below the steps: `grouped_rows`, `group_masks`, `weights` and `sample` hold and count rows; `singles`, `sets`
and `search` find conditions; `aliases` and `clusters` find what counts once; `whatif` does the arithmetic.
"""

from obskit.explain.options import Cancelled, ExplainOptions
from obskit.explain.result import Explanation, Finding
from obskit.explain.run import explain

__all__ = ["Cancelled", "ExplainOptions", "Explanation", "Finding", "explain"]

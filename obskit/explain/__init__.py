"""What is different about the selected events: ranked, exact, weighted, honest about chance.

The room takes a `Scope` and returns an `Explanation`; it knows nothing of `Events`, files or widgets. In order:
`rows` says who is compared, `singles` and `sets` count conditions on one field, `search` finds conjunctions on a
sample, `rank` judges them by exact counts and orders them, `whatif` does the arithmetic, `report` says it.
"""

from obskit.explain.question import Cancelled, explain
from obskit.explain.result import Explanation, Finding

__all__ = ["Cancelled", "Explanation", "Finding", "explain"]

"""What is different about the selected events: ranked, exact, weighted, honest about chance.

The room takes a `Scope` and returns an `Explanation`; it knows nothing of `Events`, files or widgets.
In order: `question` reads what is asked, `rows` says who is compared, `singles` and `sets` count conditions
on one field, `search` finds conjunctions on a sample, `rank` judges them by exact counts and orders them,
`whatif` does the arithmetic, `report` says it; `run` calls them one after the other.
"""

from obskit.explain.options import ExplainOptions
from obskit.explain.result import Explanation, Finding
from obskit.explain.run import Cancelled, explain

__all__ = ["Cancelled", "ExplainOptions", "Explanation", "Finding", "explain"]

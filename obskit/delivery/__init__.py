"""The five delivery metrics, from markers of any tool and a git repository.

markers ─> deployments ─> which replaced which ─┐
markers ─> incidents ──> attributed to ─────────┼─> failed, recovered, rework ─> metrics with intervals
git ────> commits that a deployment brought ────┘
"""

from obskit.callable_package import make_callable
from obskit.delivery.bands import Bands
from obskit.delivery.comparison import DeliveryComparison
from obskit.delivery.metrics import Metric, Ratio, Sample
from obskit.delivery.result import Delivery
from obskit.delivery.run import delivery

__all__ = ["Bands", "Delivery", "DeliveryComparison", "Metric", "Ratio", "Sample", "delivery"]

make_callable(__name__, delivery)

"""Which deployment an incident is attributed to, and the order of the methods.

minutes   0       60       120            1700
book      2.3     2.4      2.3 (back)
seats          30: 7.0
"""

import pytest

from obskit.delivery.attribution import Candidates, attribute
from obskit.delivery.sequence import previous_ones, rollbacks
from tests.delivery.records import deployed, incident

DEPLOYMENTS = [
    deployed(0, "2.3", id="a"),
    deployed(30, "7.0", "seats", id="b"),
    deployed(60, "2.4", id="c", start=50),
    deployed(120, "2.3", id="d"),
]


def among(deployments):
    previous = previous_ones(deployments)
    return Candidates(deployments, previous, rollbacks(deployments, previous))


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (incident(200, deployment_id="b", service="seats"), ("b", "explicit", "certain")),
        (incident(200, deployment_id="a"), ("a", "explicit", "certain")),
        (incident(130, version="2.4"), ("c", "explicit", "certain")),
        (incident(70, 125), ("c", "rollback", "high")),
        (incident(70), ("c", "rollback", "high")),
        (incident(55, 58), ("c", "same service", "medium")),  # while it was being rolled out
        (incident(40, 45), ("a", "same service", "medium")),
        (incident(130), ("d", "same service", "medium")),
        (incident(120 + 24 * 60), ("d", "same service", "medium")),
        (incident(121 + 24 * 60), ("d", "last deployment", "low")),
        (incident(70, service=None), ("c", "last deployment", "low")),
        (incident(35, service=None), ("b", "last deployment", "low")),
        (incident(-5, service=None), (None, "none", "none")),
        (incident(70, service="fares"), (None, "none", "none")),
        (incident(200, deployment_id="nope"), ("d", "same service", "medium")),
    ],
)
def test_methods_in_their_order(found, wanted):
    answer = attribute(found, among(DEPLOYMENTS))
    name = None if answer.deployment is None else DEPLOYMENTS[answer.deployment].id
    assert (name, answer.method, answer.confidence) == wanted


def test_an_id_of_several_services_is_that_of_the_incidents_service():
    both = [deployed(0, service="book", id="a"), deployed(1, service="seats", id="a")]
    assert attribute(incident(5, deployment_id="a", service="book"), among(both)).deployment == 0
    assert attribute(incident(5, deployment_id="a", service=None), among(both)).deployment == 1


def test_without_deployments_nothing_is_attributed():
    assert attribute(incident(5), among([])).method == "none"

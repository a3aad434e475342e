"""What a deployment replaced, and which deployments went back."""

from obskit.delivery.sequence import previous_ones, rollbacks
from tests.delivery.records import deployed


def back(*deployments):
    return rollbacks(deployments, previous_ones(deployments))


def test_the_previous_one_is_of_the_same_service_and_environment():
    several = [
        deployed(0, environment="production"),
        deployed(1, service="seats", environment="production"),
        deployed(2, environment="staging"),
        deployed(3, environment="production"),
    ]
    assert previous_ones(several) == [None, None, None, 0]


def test_an_older_version_is_a_rollback_and_its_return_is_not():
    """2.3, 2.4, 2.3, 2.4, 2.5: only the third went back."""
    versions = [deployed(n, version) for n, version in enumerate(["2.3", "2.4", "2.3", "2.4", "2.5"])]
    assert back(*versions) == [False, False, True, False, False]


def test_the_same_version_again_is_not_a_rollback():
    assert back(deployed(0, "2.3"), deployed(1, "2.3")) == [False, False]


def test_a_recorded_rollback_needs_no_version():
    assert back(deployed(0), deployed(1, outcome="rolled_back")) == [False, True]
    assert back(deployed(0, outcome="rolled_back")) == [False]


def test_a_version_of_another_service_does_not_matter():
    assert back(deployed(0, "2.3", "seats"), deployed(1, "2.4"), deployed(2, "2.3")) == [False, False, False]

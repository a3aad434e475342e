"""Failures, recovery and rework of deployments."""

from obskit.delivery.judged import judge_deployments
from tests.delivery.records import at, deployed, incident


def judged(deployments, *incidents):
    return judge_deployments(deployments, list(incidents))[0]


def test_an_incident_makes_a_deployment_fail_until_it_is_resolved():
    first, second = judged([deployed(0, "1"), deployed(60, "2")], incident(70, 100))
    assert (first.failed, second.failed, second.failed_by) == (False, True, "same service")
    assert (second.recovered, second.recovery, second.is_open) == (at(100), 40 * 60.0, False)


def test_the_last_of_several_incidents_ends_the_failure():
    (one,) = judged([deployed(0, "1")], incident(10, 20), incident(15, 90))
    assert one.recovery == 90 * 60.0
    (one,) = judged([deployed(0, "1")], incident(10, 20), incident(15))
    assert (one.recovered, one.recovery, one.is_open) == (None, None, True)


def test_a_rollback_without_an_incident_is_a_failure():
    _, bad, back = judged([deployed(0, "1"), deployed(60, "2"), deployed(90, "1")])
    assert (bad.failed_by, bad.recovery, back.failed, back.rework) == (
        "rolled back",
        1800.0,
        False,
        "rollback",
    )


def test_a_deployment_whose_own_id_says_that_it_was_rolled_back():
    (one,) = judged([deployed(0, "1", taken_back=at(7))])
    assert (one.failed_by, one.recovery) == ("rolled back", 420.0)


def test_an_incident_during_the_rollout_is_over_before_it_is_complete():
    (one,) = judged([deployed(60, "1", start=0)], incident(10, 20))
    assert (one.failed, one.recovery) == (True, 0.0)


def test_a_deployment_while_the_incident_is_open_is_a_hotfix():
    one = [deployed(0, "1"), deployed(60, "2")]
    assert [d.rework for d in judged([*one, deployed(80, "3")], incident(70, 90))] == [None, None, "hotfix"]
    assert [d.rework for d in judged([*one, deployed(95, "3")], incident(70, 90))] == [None, None, None]


def test_names_of_unplanned_deployments():
    one = [deployed(0, "1"), deployed(9, "2", label="hotfix/seats"), deployed(10, "3", unplanned=True)]
    assert [d.rework for d in judged([*one, deployed(11, "4", label="reverted")])] == [
        *[None, "unplanned", "unplanned", None]
    ]


def test_doubt_is_told_apart():
    (one,) = judged([deployed(0, "1")], incident(3000))
    assert (one.failed, one.doubtful) == (True, True)
    (one,) = judged([deployed(0, "1")], incident(3000), incident(10))
    assert (one.failed_by, one.doubtful) == ("same service", False)

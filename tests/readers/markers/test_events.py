"""CDEvents and CloudEvents as markers."""

import copy
import json

import pytest

from tests.support.markers import CLOUD, SERVICE


def test_a_cdevent_in_its_envelope_and_a_batch(read):
    envelope = CLOUD | {"type": SERVICE["context"]["type"], "data": SERVICE}
    got = read(json.dumps([envelope, CLOUD, CLOUD | {"data": "text"}]).encode())
    assert [row["name"] for row in got.rows] == ["deployment", CLOUD["type"], CLOUD["type"]]
    assert got.rows[0]["service.version"] == "2.4.0"
    assert got.rows[0]["cloudevents.event_id"] == "a-1"
    assert got.rows[2]["body"] == "text"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("deployed", "succeeded"),
        ("rolledback", "rolled_back"),
        ("removed", "removed"),
        ("published", "succeeded"),
    ],
)
def test_a_cdevents_predicate_gives_the_status(read, kind, status):
    item = copy.deepcopy(SERVICE)
    item["context"]["type"] = f"dev.cdevents.service.{kind}.0.3.0"
    assert [row["deployment.status"] for row in read(json.dumps(item).encode()).rows] == [status]


def test_other_cdevents_have_their_type_as_name(read):
    item = copy.deepcopy(SERVICE)
    item["context"]["type"] = "dev.cdevents.pipelinerun.finished.0.3.0"
    item["subject"]["content"] = {"outcome": "failure"}
    (row,) = read(json.dumps(item).encode()).rows
    assert row["name"] == "dev.cdevents.pipelinerun.finished"
    assert row["cdevents.content.outcome"] == "failure"

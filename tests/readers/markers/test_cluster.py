"""Argo CD applications as markers."""

import json

from tests.support.markers import ARGO


def test_an_application_that_is_rolled_back_and_one_that_fails(read):
    history = [
        {"id": at, "revision": revision, "deployedAt": f"2026-05-04T1{at}:00:00Z"}
        for at, revision in enumerate(["a" * 40, "b" * 40, "b" * 40, "a" * 40])
    ]
    history[1]["deployStartedAt"] = "2026-05-04T10:59:00Z"
    state = {
        "phase": "Failed",
        "message": "one or more objects failed to apply",
        "startedAt": "2026-05-04T15:00:00Z",
        "finishedAt": "2026-05-04T15:01:00Z",
        "syncResult": {"revision": "c" * 40},
    }
    never = ARGO | {"status": {"sync": {}}}
    app = ARGO | {"status": {"history": history, "operationState": state}}
    del app["kind"], app["apiVersion"]  # as its own command line prints it
    got = read(json.dumps([app, never]).encode())
    assert [row["deployment.status"] for row in got.rows] == [
        *["succeeded", "started", "succeeded", "succeeded", "rolled_back", "started", "failed"]
    ]
    assert got.rows[-1]["body"] == "one or more objects failed to apply"
    assert got.reasons == [("line 1, byte 0, item 2", "it has not been deployed, run or started")]

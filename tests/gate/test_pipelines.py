"""The examples of docs/pipelines.md, run against a gate and against events, and read as their tools read them.

`Argo` and `flagger_hook` follow the sources of Argo Rollouts (metricproviders/webmetric, utils/evaluate and
analysis/analysis.go at 9f8d111d) and Flagger (pkg/controller/webhook.go and scheduler.go at 15bd6ad5): which
request they send, and what they make of the status and of the body.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import yaml

from obskit.gate.reply import ROUTES
from tests.gate.test_verdicts import decided
from tests.judge.rollouts import NEW, OLD, Columns, T, rollout
from tests.judge.test_redeployed import marked
from tests.support.gate_harness import Answered, Gate, go_request, write_rollout

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")
DOCUMENTS = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.M | re.S)]
WORDS = {"same": "pass", "worse": "regress", "small": "inconclusive"}
EXIT = {"pass": 0, "regress": 10, "inconclusive": 11}
ASK = "service=booking&candidate=2.4.0"
Start = Callable[..., Gate]


def the(*path: Any, among: Iterable[Any] = DOCUMENTS) -> Any:
    """Return what is at a path of keys in the one document that has it."""
    found = []
    for document in among:
        try:
            for key in path:
                document = document[key]
        except (KeyError, IndexError, TypeError):
            continue
        found.append(document)
    assert len(found) == 1, (path, len(found))
    return found[0]


def of_kind(kind: str) -> Any:
    (found,) = [document for document in DOCUMENTS if document.get("kind") == kind]
    return found


METRIC = of_kind("AnalysisTemplate")["spec"]["metrics"][0]
HOOKS = {hook["type"]: hook["url"] for hook in of_kind("Canary")["spec"]["analysis"]["webhooks"]}


def test_every_tool_has_one_document() -> None:
    assert len(DOCUMENTS) == 6
    assert the("pipelines", "booking")
    assert the("jobs", "judge")
    assert the("judge", "script")
    assert {document["kind"] for document in DOCUMENTS if "kind" in document} == {
        "AnalysisTemplate",
        "Rollout",
        "Canary",
    }


def argo_measure(gate: Gate, metric: Any, token: str) -> str:
    """Measure as the web provider does: a non-2xx status or no JSON is an error, then the two conditions."""
    args = {"service": "booking", "candidate": "2.4.0", "token": token}

    def resolved(text: str) -> str:
        return re.sub(r"\{\{\s*args\.(\w+)\s*\}\}", lambda found: args[found[1]], text)

    web = metric["provider"]["web"]
    assert web.get("method", "GET") == "GET"
    assert "body" not in web
    assert "jsonPath" not in web
    url = urlsplit(resolved(web["url"]))
    headers = [f"{one['key']}: {resolved(one['value'])}" for one in web["headers"]]
    found = gate.get(f"{url.path}?{url.query}", *headers)
    if not 200 <= found.status < 300:
        return "Error"
    if condition(metric["failureCondition"], found.document):
        return "Failed"
    return "Successful" if condition(metric["successCondition"], found.document) else "Inconclusive"


def condition(text: str, result: dict[str, Any]) -> bool:
    found = re.fullmatch(r'result\.(\w+) == "(\w+)"', text)
    assert found, text
    return bool(result[found[1]] == found[2])


def argo_assess(metric: Any, phases: list[str]) -> str:
    """Assess the measurements of a metric as `assessMetricStatus` does, after each of them."""
    counts = dict.fromkeys(("Successful", "Failed", "Inconclusive", "Error"), 0)
    errors = successes = 0
    for phase in phases:
        counts[phase] += 1
        errors = errors + 1 if phase == "Error" else 0
        successes = successes + 1 if phase == "Successful" else 0
        ended = ""
        if counts["Failed"] > metric.get("failureLimit", 0):
            ended = "Failed"
        if counts["Inconclusive"] > metric.get("inconclusiveLimit", 0):
            ended = "Inconclusive"
        if errors > metric.get("consecutiveErrorLimit", 4):
            ended = "Error"
        if ended:
            return ended
        limit = metric.get("consecutiveSuccessLimit", 0)
        if limit and successes >= limit:
            return "Successful"
        if sum(counts.values()) - counts["Error"] >= metric["count"]:
            return "Inconclusive" if limit else "Successful"
    return "Running"


@pytest.mark.parametrize("folder", WORDS)
def test_argo_rollouts_reads_the_verdict(rollouts: Path, start: Start, folder: str) -> None:
    gate = start(rollouts / folder, token="t0ken")
    decided(gate, f"/judge?{ASK}", "Authorization: Bearer t0ken")
    phase = argo_measure(gate, METRIC, "t0ken")
    assert phase == {"pass": "Successful", "regress": "Failed"}.get(WORDS[folder], "Inconclusive")
    assert argo_measure(gate, METRIC, "wrong") == "Error"


def test_argo_rollouts_promotes_only_after_a_pass() -> None:
    count = METRIC["count"]
    undecided = ["Inconclusive"]
    assert argo_assess(METRIC, undecided * count) == "Inconclusive"
    assert argo_assess(METRIC, [*undecided * 5, "Successful"]) == "Successful"
    assert argo_assess(METRIC, [*undecided * 5, "Failed"]) == "Failed"
    assert argo_assess(METRIC, ["Error"] * 5) == "Error"
    assert argo_assess(METRIC, undecided * (count - 1)) == "Running"
    older = {name: value for name, value in METRIC.items() if name != "consecutiveSuccessLimit"}
    assert argo_assess(older, undecided * count) == "Inconclusive"
    # What the page warns of: as many inconclusive measurements as are allowed would be a success.
    assert argo_assess({**older, "inconclusiveLimit": count}, undecided * count) == "Successful"


def test_the_rollout_gives_the_arguments_that_the_template_needs() -> None:
    template, rollout = of_kind("AnalysisTemplate"), of_kind("Rollout")
    needed = {one["name"] for one in template["spec"]["args"] if "valueFrom" not in one}
    analyses = [
        step["analysis"] for step in rollout["spec"]["strategy"]["canary"]["steps"] if "analysis" in step
    ]
    assert len(analyses) == 2
    for analysis in analyses:
        assert {one["name"] for one in analysis["args"]} == needed
        assert analysis["templates"] == [{"templateName": template["metadata"]["name"]}]
    pods = rollout["spec"]["template"]
    version = pods["metadata"]["labels"]["version"]
    container = pods["spec"]["containers"][0]
    assert container["image"].endswith(f":{version}")
    assert f"service.version={version}" in container["env"][0]["value"]


def flagger_hook(gate: Gate, url: str, token: str) -> Answered:
    """Send what `CallWebhook` sends; Go makes Basic of the user and password of a URL."""
    parts = urlsplit(url)
    payload = {
        "name": "booking",
        "namespace": "default",
        "phase": "Progressing",
        "checksum": "85d557f47b",
    }
    basic = base64.b64encode(f"{parts.username}:{token}".encode()).decode()
    headers = ("Content-Type: application/json", f"Authorization: Basic {basic}")
    body = json.dumps(payload, separators=(",", ":")).encode()
    return gate.send(go_request("POST", f"{parts.path}?{parts.query}", gate.port, headers, body))


@pytest.mark.parametrize("folder", WORDS)
def test_flagger_promotes_for_pass_and_rolls_back_for_regress(
    rollouts: Path, start: Start, folder: str
) -> None:
    gate = start(rollouts / folder, token="t0ken")
    decided(gate, f"/judge?{ASK}", "Authorization: Bearer t0ken")
    went = {kind: flagger_hook(gate, url, "t0ken").status <= 202 for kind, url in HOOKS.items()}
    word = WORDS[folder]
    assert went == {"rollback": word == "regress", "confirm-promotion": word == "pass"}
    assert {kind: flagger_hook(gate, url, "wrong").status for kind, url in HOOKS.items()} == {
        "rollback": 401,
        "confirm-promotion": 401,
    }


def test_before_the_first_request_flagger_neither_promotes_nor_rolls_back(
    rollouts: Path, start: Start
) -> None:
    gate = start(rollouts / "same", token="t0ken")
    for url in HOOKS.values():
        other = url.replace("2.4.0", "2.5.0")
        assert flagger_hook(gate, other, "t0ken").status == 409


def test_flagger_takes_one_step_before_the_first_request(tmp_path: Path, start: Start) -> None:
    """Flagger asks `confirm-traffic-increase` at a weight of 0, where no request reaches the candidate."""
    write_rollout(tmp_path / "events", rollout(minutes=5, before=20, share=0.0))
    gate = start(tmp_path / "events", token="t0ken", every=timedelta(seconds=0.5))
    url = f"{HOOKS['confirm-promotion']}&first_step=allow"
    assert flagger_hook(gate, HOOKS["confirm-promotion"], "t0ken").status == 409
    taken = [flagger_hook(gate, url, "t0ken").status for _ in range(30)]
    assert (taken.count(200), set(taken)) == (1, {200, 409})
    assert flagger_hook(gate, HOOKS["rollback"], "t0ken").status == 409
    write_rollout(tmp_path / "events", rollout(minutes=30, before=5, rpm=1200, errors=0.03))
    deadline = time.monotonic() + 60
    while flagger_hook(gate, url, "t0ken").status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert flagger_hook(gate, HOOKS["confirm-promotion"], "t0ken").status == 200


def test_a_version_that_is_deployed_again_gets_its_first_step_again(tmp_path: Path, start: Start) -> None:
    """2.4.0 answered requests for ten minutes and was taken back; it is deployed again, and once more."""

    def taken_back(columns: Columns, rng: np.random.Generator) -> None:
        gone = columns["timestamp"] >= (T + timedelta(minutes=10)).timestamp() * 1e6
        columns["service.version"] = np.where(gone, OLD, columns["service.version"])

    before = rollout(minutes=20, before=5, rpm=300, change=taken_back)
    steps = [(0, NEW, "d1"), (10, OLD, "d2"), (23, NEW, "d3")]
    write_rollout(tmp_path / "events", marked(before, *steps[:2]))
    gate = start(tmp_path / "events", token="t0ken", every=timedelta(seconds=0.5))
    url = f"{HOOKS['confirm-promotion']}&first_step=allow"
    decided(gate, f"/judge?{ASK}", "Authorization: Bearer t0ken")
    assert flagger_hook(gate, url, "t0ken").status == 409  # nothing says that it is deployed again

    def allowed_within(seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if flagger_hook(gate, url, "t0ken").status == 200:
                return True
            time.sleep(0.1)
        return False

    write_rollout(tmp_path / "events", marked(before, *steps))
    assert allowed_within(60)
    assert not allowed_within(2)
    steps += [(23.1, OLD, "d4"), (23.2, NEW, "d5")]
    write_rollout(tmp_path / "events", marked(before, *steps), ago=timedelta(seconds=-1))
    assert allowed_within(60)
    assert not allowed_within(2)


def test_a_few_requests_of_the_candidate_allow_no_step(tmp_path: Path, start: Start) -> None:
    write_rollout(tmp_path / "events", rollout(minutes=2, before=20, rpm=60, share=0.1))
    gate = start(tmp_path / "events", token="t0ken")
    found = decided(gate, f"/judge?{ASK}", "Authorization: Bearer t0ken")
    assert found.document["verdict"] == "no_data"
    url = f"{HOOKS['confirm-promotion']}&first_step=allow"
    assert flagger_hook(gate, url, "t0ken").status == 409


def test_all_routes_of_the_page_exist() -> None:
    named = set(re.findall(r"/(?:judge|flagger/\w+)(?=[?`\"])", PAGE))
    assert named == set(ROUTES)
    urls = [*HOOKS.values(), METRIC["provider"]["web"]["url"]]
    assert all(urlsplit(url).path in ROUTES for url in urls)


def shell(script: str, tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script as runners do, with `obskit` as installed and without waiting."""
    tools = tmp_path / "bin"
    tools.mkdir(exist_ok=True)
    for name, line in {"obskit": f'exec "{sys.executable}" -m obskit "$@"', "sleep": "exit 0"}.items():
        (tools / name).write_text(f"#!/bin/sh\n{line}\n")
        (tools / name).chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        **variables,
    }
    return subprocess.run(
        ["bash", "-e", "-c", script],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("folder", ["same", "worse"])
def test_the_task_of_gocd_ends_with_the_verdict(rollouts: Path, tmp_path: Path, folder: str) -> None:
    stages = the("pipelines", "booking", "stages")
    assert [name for stage in stages for name in stage] == ["canary", "judge", "everywhere"]
    task = stages[1]["judge"]["jobs"]["judge"]["tasks"][0]["exec"]
    assert (task["command"], task["arguments"][0]) == ("bash", "-c")
    run = shell(task["arguments"][1], tmp_path, EVENTS=str(rollouts / folder), GO_PIPELINE_LABEL="2.4.0")
    assert run.returncode == EXIT[WORDS[folder]], run.stderr
    assert run.stdout.startswith(f"{WORDS[folder]}: booking 2.4.0 ")


@pytest.mark.parametrize("folder", ["same", "worse"])
def test_the_step_of_github_ends_with_the_verdict(rollouts: Path, tmp_path: Path, folder: str) -> None:
    step = the("jobs", "judge", "steps", 0)
    assert step["env"]["VERSION"] == "${{ inputs.version }}"
    assert "${{" not in step["run"]
    assert the("jobs", "everywhere", "needs") == "judge"
    summary = tmp_path / "summary.md"
    variables = {"EVENTS": str(rollouts / folder), "VERSION": "2.4.0", "GITHUB_STEP_SUMMARY": str(summary)}
    run = shell(step["run"], tmp_path, **variables)
    assert run.returncode == EXIT[WORDS[folder]], run.stderr
    assert summary.read_text().startswith(f"**{WORDS[folder]}: booking 2.4.0 ")


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="needs curl and jq")
@pytest.mark.parametrize("folder", WORDS)
def test_the_script_of_gitlab_ends_with_the_verdict(
    rollouts: Path, tmp_path: Path, start: Start, folder: str
) -> None:
    gate = start(rollouts / folder, token="t0ken")
    decided(gate, f"/judge?{ASK}", "Authorization: Bearer t0ken")
    variables = {"OBSKIT_GATE": f"http://127.0.0.1:{gate.port}", "CI_COMMIT_TAG": "2.4.0"}
    (script,) = the("judge", "script")
    run = shell(script, tmp_path, **variables, OBSKIT_GATE_TOKEN="t0ken")
    word = WORDS[folder]
    assert run.returncode == EXIT[word], run.stderr
    lines = run.stdout.splitlines()
    assert len(lines) == (30 if word == "inconclusive" else 1)
    assert all(line.startswith(f"{word}: booking 2.4.0 ") for line in lines)


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="needs curl and jq")
def test_the_script_of_gitlab_does_not_pass_without_a_token_or_a_server(
    rollouts: Path, tmp_path: Path, start: Start
) -> None:
    gate = start(rollouts / "same", token="t0ken")
    (script,) = the("judge", "script")
    for port, token in ((gate.port, "wrong"), (1, "t0ken")):
        address = f"http://127.0.0.1:{port}"
        run = shell(script, tmp_path, OBSKIT_GATE=address, CI_COMMIT_TAG="2.4.0", OBSKIT_GATE_TOKEN=token)
        assert run.returncode == 11
        assert "t0ken" not in run.stdout + run.stderr

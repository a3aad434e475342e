"""Verdicts as evidence that a deployment failed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import obskit as ok
from obskit.cli import main
from obskit.delivery.judged import judge_deployments
from obskit.delivery.verdicts import Regression, match, read_verdicts
from obskit.errors import InvalidArgument, NoSuchPath, ReadError
from tests.delivery.records import at, deployed, incident
from tests.judge.rollouts import rollout


def document(**changed: Any) -> dict[str, Any]:
    found = {
        "kind": "verdict",
        "schema": 1,
        "verdict": "regress",
        "service": "book",
        "environment": None,
        "candidate": {"value": "2"},
        "window": [at(60).isoformat(), at(90).isoformat()],
    }
    return {**found, **changed}


def written(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "verdict.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_a_deployment_with_a_verdict_failed_until_the_next_one() -> None:
    deployments = [deployed(0, "1"), deployed(60, "2"), deployed(100, "3")]
    _, bad, newest = judge_deployments(deployments, [], [1])[0]
    assert (bad.failed_by, bad.recovery, bad.is_open, bad.doubtful) == ("verdict", 40 * 60.0, False, False)
    assert not newest.failed
    newest = judge_deployments(deployments, [], [2])[0][2]
    assert (newest.failed_by, newest.recovery, newest.is_open) == ("verdict", None, True)


def test_incidents_and_rollbacks_say_when_it_was_over() -> None:
    deployments = [deployed(0, "1"), deployed(60, "2"), deployed(100, "1")]
    bad = judge_deployments(deployments, [], [1])[0][1]
    assert (bad.failed_by, bad.recovery) == ("rolled back", 40 * 60.0)
    deployments = [deployed(0, "1"), deployed(60, "2"), deployed(100, "3")]
    bad = judge_deployments(deployments, [incident(70, 80)], [1])[0][1]
    assert (bad.failed_by, bad.recovery) == ("verdict", 20 * 60.0)  # surer than "same service"
    bad = judge_deployments(deployments, [incident(70, 80, version="2")], [1])[0][1]
    assert (bad.failed_by, bad.recovery) == ("explicit", 20 * 60.0)


def test_a_verdict_is_about_the_newest_deployment_of_its_version_before_the_end() -> None:
    deployments = [deployed(0, "2"), deployed(30, "1"), deployed(60, "2"), deployed(99, "2")]
    assert match([Regression("2", at(90), "book")], deployments) == [2]
    assert match([Regression("9", at(90), "book"), Regression("2", at(90), "other")], deployments) == [
        None,
        None,
    ]
    assert match([Regression("2", at(-1), "book")], deployments) == [None]


def test_a_verdict_without_a_service_must_not_be_ambiguous() -> None:
    both = [deployed(0, "2"), deployed(1, "2", service="seats")]
    assert match([Regression("2", at(90))], both) == [None]
    assert match([Regression("2", at(90))], both[:1]) == [0]


def test_the_environment_of_a_verdict_must_be_that_of_the_deployment() -> None:
    deployments = [deployed(0, "2", environment="prod")]
    found = match([Regression("2", at(90), "book", name) for name in ("prod", "test", None)], deployments)
    assert found == [0, None, 0]


def test_only_regressions_are_read(tmp_path: Path) -> None:
    assert read_verdicts(None) == []
    regressed = Regression("2", at(90), "book")
    assert read_verdicts(written(tmp_path, document())) == [regressed]
    assert read_verdicts([str(written(tmp_path, document(verdict="pass", window=None)))]) == []


def test_a_verdict_of_judge_and_its_json_say_the_same(tmp_path: Path) -> None:
    verdict = rollout(minutes=20, before=5, ratio=2.5, errors=0.03).judge(candidate="2.4.0", slices=())
    (one,) = read_verdicts(verdict)
    assert (one.candidate, one.service) == ("2.4.0", "booking")
    assert read_verdicts([written(tmp_path, verdict.to_dict())]) == [one]
    assert verdict.window is not None
    assert one.end == verdict.window[1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "{path} is not JSON"),
        ("[" * 100_000, "{path} is not JSON"),
        ([], "{path} is not a verdict of schema 1"),
        (document(schema=2), "{path} is not a verdict of schema 1"),
        (document(window=None), "{path} names no candidate, or no time that was judged"),
        (document(window=["a", "b"]), "{path} names no candidate, or no time that was judged"),
        (document(candidate=None), "{path} names no candidate, or no time that was judged"),
        (document(candidate={"value": 2}), "{path} has a name that is not text"),
        (document(service=["a"]), "{path} has a name that is not text"),
    ],
)
def test_a_file_that_is_not_a_verdict_is_an_error(tmp_path: Path, content: Any, message: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(ReadError) as found:
        read_verdicts(path)
    assert found.value.message == message.format(path=path)
    assert found.value.hint == "obskit judge events/ --candidate 2.4.0 --json > verdict.json"


def test_what_is_not_there_or_not_a_verdict_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NoSuchPath, match="cannot be read: No such file or directory"):
        read_verdicts(tmp_path / "no")
    with pytest.raises(InvalidArgument, match="verdicts must be verdicts or paths, got int"):
        read_verdicts([3])


def test_delivery_counts_a_deployment_with_a_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "cache"))
    markers = tmp_path / "deployments.csv"
    rows = ["timestamp,name,service.name,service.version,deployment.status"]
    rows += [f"{at(n * 60).isoformat()},deployment,book,{n},succeeded" for n in range(4)]
    markers.write_text("\n".join(rows) + "\n")
    path = written(tmp_path, document(window=[at(120).isoformat(), at(150).isoformat()]))
    without = ok.delivery(str(markers), during=None)
    found = ok.delivery(str(markers), during=None, verdicts=[path, written_other(tmp_path)])
    assert [row["failed_by"] for row in without.deployments.to_pylist()] == [None] * 4
    assert [row["failed_by"] for row in found.deployments.to_pylist()] == [None, None, "verdict", None]
    assert "warning: 1 verdict left out: no deployment is of the same version and service" in found.notes
    assert main(["delivery", str(markers), "--during", "all", "--verdicts", str(path), "--json"]) == 0
    assert '"change_fail_rate"' in capsys.readouterr().out


def written_other(tmp_path: Path) -> Path:
    (tmp_path / "other").mkdir()
    return written(tmp_path / "other", document(service="seats"))


def test_the_call_names_all_that_the_figures_rest_on(tmp_path: Path) -> None:
    markers = tmp_path / "deployments.csv"
    rows = ["timestamp,name,service.name,service.version,deployment.status"]
    rows += [f"{at(n * 60).isoformat()},deployment,book,{n},succeeded" for n in range(4)]
    markers.write_text("\n".join(rows) + "\n")
    path = written(tmp_path, document())
    found = ok.delivery(str(markers), during=None, per=None, verdicts=path)
    assert found.query == f"ok.delivery(markers, during=None, per=None, verdicts={str(path)!r})"
    verdict = rollout(ratio=6.0, errors=0.02, share=0.5).judge(candidate="2.4.0")
    found = ok.delivery(str(markers), incidents=ok.load(str(markers)), verdicts=[verdict])
    assert found.query == "ok.delivery(markers, incidents=incidents, verdicts=verdicts)"

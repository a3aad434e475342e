"""The live demo end to end: services as real processes, a load, events on disk, and the explanations.

::

    client ──> gateway ──> booking 2.3.4, and 2.4.0 for 10, 25, then 50% of the users ──> payment
                             2.4.0: slow for android in DE-BY, fails for c-03        girocard fails for a while
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from obskit.cli import main
from obskit.demo.live.client import Client
from obskit.demo.live.run_report import analyze_run
from obskit.demo.live.scenario import judged, pace, requests
from obskit.demo.live.watching import Watcher
from obskit.events import load

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 8
COMMAND = [
    sys.executable,
    "-c",
    "import sys; from obskit.cli import main; sys.exit(main(sys.argv[1:]))",
    "demo",
    "--live",
]
Row = dict[str, Any]


def start(into: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "--into", str(into), *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # The services must not see variables that send the events elsewhere or turn them off.
        env={
            **os.environ,
            "OTEL_SDK_DISABLED": "true",
            "OTEL_SERVICE_NAME": "else",
            "http_proxy": "http://x:1",
        },
    )


def children(pid: int) -> list[int]:
    """Return the ids of the child processes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            stat = path.read_text()
        except OSError:
            continue
        if int(stat.rpartition(")")[2].split()[1]) == pid:
            found.append(int(path.parent.name))
    return found


def is_running(pid: int) -> bool:
    """Return whether a process is running; a zombie is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(true: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < end, "timed out"
        time.sleep(0.05)
    return value


class Run:
    """A run that has ended: its output and its events."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.out, self.err = process.communicate(timeout=180)
        self.status = process.returncode
        self.folder = folder
        self.lines = [
            line for path in sorted(folder.glob("*.jsonl")) for line in path.read_bytes().splitlines()
        ]
        self.rows: list[Row] = [orjson.loads(line) for line in self.lines]

    def kind(self, service: str, kind: str) -> list[Row]:
        return [row for row in self.rows if row["service.name"] == service and row["kind"] == kind]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """One run with JSON output and one with text output, at the same time."""
    folders = [tmp_path_factory.mktemp("live") / name for name in ("json", "words")]
    words = [["--json"], []]
    started = [start(f, "--seconds", str(SECONDS), *w) for f, w in zip(folders, words, strict=True)]
    made = [Run(process, folder) for process, folder in zip(started, folders, strict=True)]
    return made[0], made[1]


@pytest.fixture(scope="module")
def answer(runs: tuple[Run, Run]) -> dict[str, Any]:
    assert runs[0].status == 0, runs[0].err
    return dict(json.loads(runs[0].out))


def test_it_succeeds_without_output_on_stderr(runs: tuple[Run, Run], answer: dict[str, Any]) -> None:
    assert [(run.status, run.err) for run in runs] == [(0, ""), (0, "")]
    assert answer["kind"] == "live demo"
    assert answer["path"] == str(runs[0].folder)


def test_every_service_writes_one_row_per_request_it_served(
    runs: tuple[Run, Run], answer: dict[str, Any]
) -> None:
    asked = answer["requests"]
    assert asked["sent"] == asked["wanted"] == SECONDS * 50
    assert set(asked["statuses"]) == {"200", "502"}
    assert sum(asked["statuses"].values()) == asked["sent"]

    run = runs[0]
    switches = ("PUT /canary", "PUT /faults/{scheme}")
    switched = [*[switches[0]] * 3, *[switches[1]] * 2]
    served = {
        service: [row for row in run.kind(service, "server") if row["name"] not in switches]
        for service in ("gateway", "booking", "payment")
    }
    assert len(served["gateway"]) == asked["sent"]
    assert Counter(str(row["http.response.status_code"]) for row in served["gateway"]) == asked["statuses"]
    # Each client span of the caller has exactly one server span of the service it called.
    for caller, called in (("gateway", "booking"), ("booking", "payment")):
        calls = {row["span_id"] for row in run.kind(caller, "client")}
        assert {row["parent_span_id"] for row in served[called]} == calls
        assert len(served[called]) == len(calls)
    assert len(served["booking"]) == asked["sent"]
    bookings = [row for row in served["gateway"] if row["http.route"] == "/bookings"]
    assert len(served["payment"]) == len(bookings) == len([r for r in run.rows if r["name"] == "hold seats"])
    assert sorted(row["name"] for row in run.rows if row["name"] in switches) == switched


def test_every_row_written_is_loaded(runs: tuple[Run, Run], answer: dict[str, Any]) -> None:
    report = load(runs[0].folder).load_report
    assert answer["events"] == len(runs[0].rows) == report.rows_read
    assert report.rejected_count == 0
    assert {dataset["dataset"]["rows"] for dataset in answer["explanations"]} == {answer["events"]}


def test_a_trace_crosses_all_three_services(runs: tuple[Run, Run]) -> None:
    run = runs[0]
    payments = [row for row in run.kind("payment", "server") if row["name"] == "POST /pay"]
    assert len(payments) > SECONDS * 25
    for payment in payments:
        trace = {row["span_id"]: row for row in run.rows if row["trace_id"] == payment["trace_id"]}
        way, row = [], payment
        while row is not None:
            way.append((row["service.name"], row["kind"]))
            row = trace.get(row.get("parent_span_id", ""))
        assert way == [
            ("payment", "server"),
            ("booking", "client"),
            ("booking", "server"),
            ("gateway", "client"),
            ("gateway", "server"),
        ]
        assert len(trace) == 6  # plus the span that holds the seats


def test_a_handler_adds_its_fields_to_the_event(runs: tuple[Run, Run]) -> None:
    booked = [row for row in runs[0].kind("booking", "server") if row["name"] == "POST /book"]
    known = (
        "user.id",
        "app.platform",
        "geo.region.iso_code",
        "train",
        "cart.seats",
        "fare.total",
        "seats.free",
    )
    for row in booked:
        assert set(known) <= row.keys()
        assert row["part.seat_lookup.count"] == 1
        assert row["feature_flag.new-seat-map"] in ("on", "off")
    assert {row["seat_map.cache.hit"] for row in booked} == {True, False}
    failed = [row for row in runs[0].kind("payment", "server") if row["http.response.status_code"] == 503]
    assert {row["exception.type"] for row in failed} == {"obskit.demo.live.services.SchemeUnavailable"}


def test_the_canary_writes_a_marker_and_serves_its_share(runs: tuple[Run, Run]) -> None:
    (marker,) = [row for row in runs[0].rows if row["name"] == "deployment"]
    assert (marker["service.name"], marker["service.version"]) == ("booking", "2.4.0")
    assert (marker["deployment.id"], marker["deployment.status"]) == ("booking-2.4.0", "started")
    tracks = Counter(row["obskit.deployment.track"] for row in runs[0].kind("booking", "server"))
    assert 0.1 < tracks["canary"] / tracks.total() < 0.4
    first = min(
        row["timestamp"] for row in runs[0].kind("booking", "server") if row["service.version"] == "2.4.0"
    )
    assert first > marker["timestamp"]


def test_no_token_reaches_the_disk(runs: tuple[Run, Run]) -> None:
    """Each request has a token in its URL and in a header."""
    written = b"\n".join(runs[0].lines)
    assert b"session_token=" in written
    secrets = [request.secret.encode() for request in requests(SECONDS * 50, seed=1)]
    assert [secret for secret in secrets if secret in written] == []


def conditions(finding: dict[str, Any]) -> set[tuple[str, str, Any]]:
    return {(item["field"], item["op"], item.get("value")) for item in finding["conditions"]}


def test_the_first_finding_is_what_was_planted(answer: dict[str, Any]) -> None:
    canary, fault = answer["explanations"]
    assert conditions(canary["findings"][0]) == {
        ("service.version", "=", "2.4.0"),
        ("app.platform", "=", "android"),
        ("geo.region.iso_code", "=", "DE-BY"),
    }
    assert conditions(fault["findings"][0]) == {("payment.scheme", "=", "girocard")}
    for planted, explanation in zip(answer["planted"], answer["explanations"], strict=True):
        first = explanation["findings"][0]
        assert conditions(first) == conditions({"conditions": planted["expected"]})
        assert first["selected_share"] > 0.95
        assert first["baseline_share"] < 0.05


def test_the_verdict_is_taken_while_the_services_run(answer: dict[str, Any], runs: tuple[Run, Run]) -> None:
    found = answer["verdict"]
    assert answer["judged"] >= 1
    assert (found["service"], found["candidate"]["value"]) == ("booking", "2.4.0")
    assert found["verdict"] == "regress", found["sentence"]
    assert found["looks"] >= 3
    last = max(row["timestamp"] for row in runs[0].rows)
    assert found["window"][1].replace("+00:00", "Z") < last
    assert found["reproduce"] == (
        "events.judge(candidate='2.4.0', service='booking', looks='1s', settle='1s')"
    )


def test_the_text_has_the_verdict_and_the_command_that_repeats_it(
    runs: tuple[Run, Run], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = runs[1].out.splitlines()
    begin = next(
        at for at, li in enumerate(lines) if li.startswith("The verdict on the canary while it ran, ")
    )
    assert lines[begin + 1].startswith("    regress: booking 2.4.0 ")
    assert " of 1 s until " in lines[begin + 2]
    (typed,) = [line for line in lines if line.startswith("    obskit judge ")]
    assert main([*shlex.split(typed)[1:], "--json"]) == 10
    assert json.loads(capsys.readouterr().out)["verdict"] == "regress"


def test_the_traffic_changes_and_takes_as_long_as_at_a_steady_rate() -> None:
    steps = [pace(at / 1000) for at in range(1000)]
    assert sum(steps) / len(steps) == pytest.approx(1)
    assert max(steps) > 2 * min(steps) > 0.5


def test_planted_json_describes_what_was_planted(runs: tuple[Run, Run], answer: dict[str, Any]) -> None:
    record = json.loads((runs[0].folder / "planted.json").read_text())
    assert record == {
        "made_by": f"obskit demo --live --seconds {SECONDS} --seed 1",
        "planted": answer["planted"],
        "judged": judged(),
    }


def test_the_text_output_shows_progress_findings_and_the_next_command(
    runs: tuple[Run, Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = runs[1]
    lines = run.out.splitlines()
    assert lines[:7] == [
        f"starting gateway, booking 2.3.4 and payment on 127.0.0.1; events go to {run.folder}",
        f"{SECONDS * 50} requests to the gateway, about 50 per second for {SECONDS} s",
        *(f"booking 2.4.0 gets {percent}% of the users, next to 2.3.4" for percent in (10, 25, 50)),
        "payments with girocard begin to fail",
        "payments work again",
    ]
    assert f") made {len(run.rows):,} events" in lines[7]
    slow, fail = (
        lines.index(next(li for li in lines if li.startswith(t))) for t in ("Slow", "Payments that")
    )
    assert {"service.version = '2.4.0'", "app.platform = 'android'", "geo.region.iso_code = 'DE-BY'"} == set(
        lines[slow + 1].removeprefix(" 1. ").split(" and ")
    )
    assert lines[fail + 1] == " 1. payment.scheme = 'girocard'"
    assert lines[-1] == f"next: obskit triage {run.folder}"
    # The command it prints gives the same answer.
    (typed,) = [line for line in lines[fail:] if line.startswith("    obskit explain ")]
    assert main(shlex.split(typed)[1:]) == 0
    assert " 1. payment.scheme = 'girocard'" in capsys.readouterr().out


def test_no_process_is_left_after_a_run(runs: tuple[Run, Run]) -> None:
    for run in runs:
        pids = {row["process.pid"] for row in run.rows}
        assert len(pids) == 4
        assert [pid for pid in pids if is_running(pid)] == []


@pytest.mark.once
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
def test_no_process_is_left_after_an_early_end(tmp_path: Path) -> None:
    """Three runs at the same time: Ctrl-C, kill -9, and a service that dies."""
    endings = ("interrupted", "killed", "a service dies")
    started = {how: start(tmp_path / how, "--seconds", "60") for how in endings}
    services: list[int] = []
    try:
        for how, process in started.items():
            folder = tmp_path / how
            # Three services serve; the canary waits.
            wait_until(
                lambda at=folder: len({path.name.partition("-")[0] for path in at.glob("*.jsonl")}) == 3
            )
            services += children(process.pid)
        assert len(services) == 12
        started["interrupted"].send_signal(signal.SIGINT)
        started["killed"].kill()
        (payment,) = (tmp_path / "a service dies").glob("payment-*")
        os.kill(int(payment.name.split("-")[-2]), signal.SIGKILL)
        said = {how: process.communicate(timeout=60) for how, process in started.items()}
    finally:
        for process in started.values():
            process.kill()
            process.wait()
    wait_until(lambda: not any(map(is_running, services)), 15)
    assert [started[how].returncode for how in endings] == [130, -9, 1]
    assert said["interrupted"][1] == "obskit: interrupted\n"
    assert said["a service dies"][1] == (
        "obskit: the service payment 5.1.0 exited with status -9\nHint: run obskit demo --live again\n"
    )
    assert not any("next:" in out for out, _ in said.values())


def test_a_service_does_not_import_the_extra_data() -> None:
    code = "import sys, obskit.demo.live.service_process; print(sorted({'duckdb', 'numpy', 'pyarrow'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"


def test_a_load_that_ended_early_is_reported(runs: tuple[Run, Run], answer: dict[str, Any]) -> None:
    """As on a machine so slow that the time is up before any card fails."""
    client = Client(httpx.AsyncClient(), "", 1, lambda: False)
    asyncio.run(client.send(requests(7, 1)))
    nothing = answer["planted"][1] | {
        "where": "service.name = 'gateway' and http.route = '/trains/{train}/seats'"
    }
    seen = analyze_run(runs[0].folder, client, [nothing], Watcher(runs[0].folder, SECONDS))
    assert seen.to_dict()["explanations"] == [None]
    assert (seen.to_dict()["verdict"], seen.to_dict()["judged"]) == (None, 0)
    assert "The canary was not judged: it answered too few requests" in str(seen)
    assert str(seen).splitlines()[:4] == [
        f"0 requests (none) made {len(runs[0].rows):,} events",
        "7 requests were not sent: this machine could not keep up",
        "",
        "Payments that fail: none in the events",
    ]


def test_invalid_arguments_are_rejected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("precious")
    for words, status, said in (
        (
            ("--live", "--seconds", "7"),
            2,
            "obskit: seconds must be from 8 to 600, got 7\nHint: obskit demo --live --seconds 60\n",
        ),
        (
            ("--live", "--into", str(tmp_path)),
            1,
            f"obskit: {tmp_path} is not an empty folder\nHint: name an empty folder or a new one\n",
        ),
        (
            ("--live", "--events", "5"),
            2,
            "obskit: --events only works with --out\nHint: obskit demo --help\n",
        ),
        (
            ("--out", "x", "--into", "y"),
            2,
            "obskit: --into only works with --live\nHint: obskit demo --help\n",
        ),
    ):
        assert main(["demo", *words]) == status
        assert capsys.readouterr().err == said
    assert (tmp_path / "mine").read_text() == "precious"

"""Real requests to a server on loopback: the phases of each, and every way to fail."""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path

import pycurl
import pytest

from obskit.names.curl import ERRORS, error_name
from obskit.probe import Limits, probe

PHASES = ["namelookup", "connect", "starttransfer", "total"]


def test_a_request_is_one_event_with_its_phases(web) -> None:
    event = probe(f"{web.url}/slow")
    times = [event[f"time_{phase}_seconds"] for phase in PHASES]
    assert times == sorted(times)
    assert times[2] >= 0.3, "the answer is what was waited for"
    assert event["time_appconnect_seconds"] == 0, "no TLS"
    assert event["duration_ms"] == pytest.approx(event["time_total_seconds"] * 1000)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", event["timestamp"])
    assert {
        "name": "probe",
        "kind": "client",
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "url.full": f"{web.url}/slow",
        "url_effective": f"{web.url}/slow",
        "url.scheme": "http",
        "server.address": "127.0.0.1",
        "server.port": web.port,
        "network.peer.address": "127.0.0.1",
        "network.peer.port": web.port,
        "network.protocol.version": "1.1",
        "content_type": "text/plain",
        "size_download": 10,
        "num_redirects": 0,
        "exitcode": 0,
        "host.name": socket.gethostname(),
    }.items() <= event.items()
    assert event["speed_download"] > 0
    assert "error.type" not in event
    assert "tls.protocol.version" not in event


def test_the_server_is_told_the_trace(web) -> None:
    event = probe(web.url)
    ((path, headers),) = web.asked
    assert path == "/"
    assert headers["traceparent"] == f"00-{event['trace_id']}-{event['span_id']}-01"
    assert headers["user-agent"] == "obskit-probe"


def test_redirects_are_counted_and_end_where_they_end(web) -> None:
    event = probe(f"{web.url}/redirect")
    assert event["num_redirects"] == 1
    assert event["url.full"] == f"{web.url}/redirect"
    assert event["url_effective"] == f"{web.url}/slow?access_token=[redacted]"
    assert event["http.response.status_code"] == 200
    assert event["time_total_seconds"] >= 0.3


@pytest.mark.parametrize("status", [404, 503])
def test_an_answer_is_an_answer_whatever_it_says(web, status: int) -> None:
    event = probe(f"{web.url}/{status}")
    assert event["http.response.status_code"] == status
    assert "error.type" not in event


def test_a_refused_connection(web) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        event = probe(f"http://127.0.0.1:{port}/")
    assert event["error.type"] == "CouldNotConnect"
    assert event["exitcode"] == 7
    assert str(port) in event["error.message"]
    assert event["duration_ms"] >= 0
    assert "http.response.status_code" not in event
    assert "network.peer.port" not in event


def test_a_name_that_nobody_has() -> None:
    """`.invalid` is promised never to be there; whoever asks a server for it is given a second."""
    event = probe("http://name.invalid/", Limits(seconds=1.0))
    assert event["error.type"] in ("CouldNotResolveHost", "OperationTimedout")
    assert event["server.address"] == "name.invalid"
    assert event["duration_ms"] < 3_000


def test_a_slow_answer_is_given_up(web) -> None:
    begun = time.monotonic()
    event = probe(f"{web.url}/stuck", Limits(seconds=0.2))
    assert time.monotonic() - begun < 2
    assert event["error.type"] == "OperationTimedout"
    assert event["time_connect_seconds"] > 0
    assert event["network.peer.address"] == "127.0.0.1"


def test_a_connection_that_says_nothing() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        event = probe(f"https://127.0.0.1:{silent.getsockname()[1]}/", Limits(connect_seconds=0.2))
    assert event["error.type"] == "OperationTimedout"


def test_of_a_large_body_no_more_is_read_than_the_limit(web) -> None:
    event = probe(f"{web.url}/large", Limits(body_bytes=50_000))
    assert event["obskit.body_cut"] is True
    assert event["size_download"] < 200_000
    assert "error.type" not in event
    assert event["exitcode"] == 0
    whole = probe(f"{web.url}/large")
    assert whole["size_download"] == 300_000
    assert "obskit.body_cut" not in whole


def test_redirects_lead_to_no_files(web) -> None:
    event = probe(f"{web.url}/redirect-to-file")
    assert event["error.type"] == "UnsupportedProtocol"


def test_redirects_have_an_end(web) -> None:
    event = probe(f"{web.url}/redirect-loop", Limits(redirects=3))
    assert event["error.type"] == "TooManyRedirects"
    assert len(web.asked) == 4


def test_tls_says_its_version(secure, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    event = probe(f"{secure.url}/")
    assert "error.message" not in event
    assert event["tls.protocol.version"] == "1.3"
    assert event["url.scheme"] == "https"
    assert event["time_appconnect_seconds"] > event["time_connect_seconds"]


def test_a_certificate_that_nobody_vouches_for_is_a_failure(secure, monkeypatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    event = probe(f"{secure.url}/")
    assert event["error.type"] == "PeerFailedVerification"
    assert "http.response.status_code" not in event
    assert secure.asked == []


def test_nothing_is_printed_by_curl(web, capfd: pytest.CaptureFixture[str]) -> None:
    probe(f"{web.url}/")
    assert capfd.readouterr() == ("", "")


def test_names_of_failures_are_curls() -> None:
    """As libcurl has them: CURLE_OPERATION_TIMEDOUT is OperationTimedout."""
    theirs: dict[int, set[str]] = {}
    for name in dir(pycurl):
        if name.startswith("E_") and not name.startswith("E_MULTI_"):
            words = name[2:].replace("COULDNT", "COULD_NOT").split("_")
            theirs.setdefault(getattr(pycurl, name), set()).add("".join(w.capitalize() for w in words))
    known = {code: name for code, name in ERRORS.items() if code in theirs}
    assert len(known) > 40
    # 8 was renamed in libcurl once it was no more of FTP alone
    assert {code: name for code, name in known.items() if name not in theirs[code]} == {8: "WeirdServerReply"}
    assert error_name(4711) == "Curl4711"

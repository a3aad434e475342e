"""What a request asks for: whether its sender may send, the signal, and the encodings of the body."""

from __future__ import annotations

from dataclasses import dataclass

from obskit.receive.framing import RequestHead
from obskit.receive.hosts import HostRule
from obskit.receive.refusal import Refused, too_large
from obskit.receive.responses import JSON, PROTOBUF, authorized

PATHS = {"/v1/traces": "traces", "/v1/logs": "logs", "/v1/metrics": "metrics"}


@dataclass(frozen=True)
class Route:
    """A request that may be read: its signal, and the encodings of its body."""

    signal: str
    json: bool
    gzip: bool


class Router:
    """Validate the heads of requests.

    Args:
        hosts: the names that requests may have as `Host`.
        token: senders must send it; None requires no token.
        largest: most bytes of a body.
    """

    def __init__(self, hosts: HostRule, token: str | None, largest: int) -> None:
        self._hosts = hosts
        self._token = token
        self._largest = largest

    def route(self, head: RequestHead) -> Route:
        """Return what a request asks for.

        Args:
            head: parsed.

        Returns:
            The signal and the encodings.

        Raises:
            Refused: the sender may not send, or the path, method or encoding is not supported.
        """
        headers = head.headers
        self._check_sender(headers)
        if not head.target.startswith("/"):
            raise Refused(400, "the request target must be a path, as a server and not a proxy gets it")
        signal = PATHS.get(head.target.partition("?")[0])
        if signal is None:
            raise Refused(404, f"unknown path; send to {', '.join(PATHS)}")
        if head.method != "POST":
            raise Refused(405, "use POST")
        kind, coding = content_type(headers), headers.get("content-encoding", "identity").strip().lower()
        if kind not in (PROTOBUF, JSON):
            raise Refused(415, f"the content type must be {PROTOBUF} or {JSON}")
        if coding not in ("", "identity", "gzip", "x-gzip"):
            raise Refused(415, "the content encoding must be gzip or identity")
        if head.length > self._largest:
            raise too_large(self._largest)
        return Route(signal, kind == JSON, coding.endswith("gzip"))

    def _check_sender(self, headers: dict[str, str]) -> None:
        self._hosts.check(headers["host"])
        # Services send no Origin. Browsers do, with every POST of a page and whatever that page is.
        if "origin" in headers:
            raise Refused(403, "web pages cannot send to obskit receive; let them send to a Collector")
        if not authorized(headers.get("authorization"), self._token):
            raise Refused(401, "missing or wrong token; send Authorization: Bearer TOKEN")


def content_type(headers: dict[str, str]) -> str:
    """Return the media type of a body in lower case, without parameters; empty if it is not given."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()

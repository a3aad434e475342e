"""Refusals of requests, with the status codes of HTTP and gRPC."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

# HTTP status -> gRPC's number of the same.
_CODES = {400: 3, 401: 16, 404: 5, 405: 12, 408: 4, 413: 8, 415: 3, 429: 8, 500: 13, 503: 14}
_CODES |= {403: 7, 431: 8, 501: 12}


@dataclass
class Refused(Exception):
    """A request was refused. The text never contains data of the request.

    Attributes:
        status: HTTP status. 429 and 503 ask the sender to try again later.
        text: the reason, for the sender.
        retry: seconds until the sender should try again; None if it should not.
    """

    status: int
    text: str
    retry: int | None = None

    def __post_init__(self) -> None:
        super().__init__(self.text)

    @property
    def code(self) -> int:
        """The gRPC status code."""
        return _CODES[self.status]

    def message(self) -> Status:
        """Return the message that both protocols send: code, text, and when to try again."""
        status = Status(code=self.code, message=self.text)
        if self.retry is not None:
            status.details.add().Pack(RetryInfo(retry_delay=Duration(seconds=self.retry)))
        return status


def too_large(limit: int) -> Refused:
    """Return the refusal of a request that is larger than the limit in bytes."""
    return Refused(413, f"the request is larger than {limit // 1024**2} MiB; send smaller batches")


def busy() -> Refused:
    """Return the refusal of a request that would exceed the memory or connection limits now."""
    return Refused(429, "too many requests in progress; try again later", retry=1)

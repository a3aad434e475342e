"""Why a request was not taken, in the words and numbers of both protocols."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

# HTTP status -> gRPC's number of the same.
_CODES = {400: 3, 401: 16, 404: 5, 405: 12, 408: 4, 413: 8, 415: 3, 429: 8, 500: 13, 503: 14}


@dataclass
class Refused(Exception):
    """A request that was not taken; what it said is never repeated here.

    Attributes:
        status: of HTTP. 429 and 503 mean: the same again, later.
        text: why, for the sender.
        retry: seconds after which to come again, where that may help.
    """

    status: int
    text: str
    retry: int | None = None

    def __post_init__(self) -> None:
        super().__init__(self.text)

    @property
    def code(self) -> int:
        """gRPC's number of the status."""
        return _CODES[self.status]

    def message(self) -> Status:
        """Return what both protocols send: the code, the text, and when to come again."""
        status = Status(code=self.code, message=self.text)
        if self.retry is not None:
            status.details.add().Pack(RetryInfo(retry_delay=Duration(seconds=self.retry)))
        return status


def too_large(limit: int) -> Refused:
    """Return the refusal of a request beyond the limit."""
    return Refused(413, f"a request of more than {limit // 1024**2} MiB; send smaller batches")


def busy() -> Refused:
    """Return the refusal of what cannot be held now."""
    return Refused(429, "too much in flight; the same again, later", retry=1)

"""`obskit receive`: OTLP over HTTP and gRPC into a folder that `load` reads, while it grows.

In order: `serve` runs it all; `web` (HTTP) and `rpc` (gRPC) speak the protocols; `intake` bounds what is in
flight and hands each request to `protobuf` or `jsonbody`, which say whether it is OTLP, and to `segments`,
which has written it when the answer goes out; `packing` turns closed segments into Parquet in a process of
its own (`child`).

It keeps spans and log records and refuses metrics; it knows nothing of rows, fields or queries.
It needs the extra `receive`, for gRPC `receive-grpc`.
"""

from obskit.receive.serve import run
from obskit.receive.settings import Limits, Settings

__all__ = ["Limits", "Settings", "run"]

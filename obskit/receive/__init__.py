"""`obskit receive`: write OTLP from HTTP and gRPC into a folder that `load` can read while it grows.

`serve` runs everything. `web` (HTTP) and `rpc` (gRPC) implement the protocols. For HTTP, `framing` finds the
end of a request, `route` and `hosts` decide who may send, and `crowd` decides who gives way when all places
are taken; for gRPC, `turns` decides that. `intake` limits the requests in progress and passes each one to
`protobuf` or `json_body`, which validate it, and then to `segments`, which writes it to disk before the
sender gets its response. `packer` converts closed segments to Parquet in a separate process (`child`).

It stores spans and log records, and rejects metrics. It needs the extra `receive`, for gRPC `receive-grpc`.
"""

from obskit.receive.serve import run
from obskit.receive.settings import Limits, Settings

__all__ = ["Limits", "Settings", "run"]

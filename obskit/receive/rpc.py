"""OTLP over gRPC. It needs the extra `receive-grpc`; without it `grpc` is None and only HTTP is available.

For a unary call gRPC reads and decompresses the message before we can check the limits. So a call is handled
as a stream of one message, which is read when it is its turn, and decompressed here within limits.
"""

from __future__ import annotations

import socket
from typing import Any

from obskit.errors import MissingDependency
from obskit.receive.intake import Intake
from obskit.receive.refusal import Refused
from obskit.receive.responses import authorized, encoded, response
from obskit.receive.settings import Settings
from obskit.receive.turns import Turns

try:
    import grpc
except ImportError:
    grpc = None

AVAILABLE = grpc is not None
SERVICES = {
    "opentelemetry.proto.collector.trace.v1.TraceService": "traces",
    "opentelemetry.proto.collector.logs.v1.LogsService": "logs",
    "opentelemetry.proto.collector.metrics.v1.MetricsService": "metrics",
}
# No protobuf message begins with this byte: its wire type does not exist.
_GZIP = b"\x1f"
_STREAMS = 16  # calls at once over one connection
_IDENTITY_AND_GZIP = 1 << 0 | 1 << 2


class Rpc:
    """A gRPC server; `stop` lets calls in progress finish.

    Args:
        intake: accepts the requests.
        settings: address, token and limits.

    Raises:
        MissingDependency: the extra is not installed.
    """

    def __init__(self, intake: Intake, settings: Settings) -> None:
        if grpc is None:
            raise MissingDependency.of("receive-grpc", "obskit receive --grpc")
        self._intake = intake
        self._settings = settings
        self._limits = settings.limits
        self._turns = Turns(self._limits)
        self._server: Any = None

    async def start(self) -> str:
        """Listen on the address and port of the settings.

        Returns:
            The address, as host:port.

        Raises:
            OSError: the port is in use, or the address is not one of this machine's.
        """
        limit = self._limits.request
        self._server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", limit),
                ("grpc.per_message_decompression", 0),
                ("grpc.compression_enabled_algorithms_bitset", _IDENTITY_AND_GZIP),
                ("grpc.max_metadata_size", 16 * 1024),
                ("grpc.max_concurrent_streams", _STREAMS),
                ("grpc.max_connection_idle_ms", int(self._limits.idle * 4000)),
                ("grpc.http2.bdp_probe", 0),  # the window of a stream stays at 64 KiB
                ("grpc.so_reuseport", 0),  # a port that is taken is an error
            ]
        )
        handlers = {
            name: grpc.method_handlers_generic_handler(
                name, {"Export": grpc.stream_unary_rpc_method_handler(self._export(signal))}
            )
            for name, signal in SERVICES.items()
        }
        self._server.add_generic_rpc_handlers(tuple(handlers.values()))
        host = self._settings.host
        shown = f"[{host}]" if ":" in host else host
        if self._settings.grpc:
            # gRPC says on stderr, in words of its own, that a port is taken, and raises no OSError.
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            socket.create_server((host, self._settings.grpc), family=family).close()
        port = self._server.add_insecure_port(f"{shown}:{self._settings.grpc}")
        await self._server.start()
        return f"{shown}:{port}"

    async def stop(self) -> None:
        """Accept no more calls, and wait up to `grace` seconds for those in progress."""
        if self._server is not None:
            await self._server.stop(self._limits.grace)

    def _export(self, signal: str) -> Any:
        async def export(_: Any, context: Any) -> bytes:
            try:
                return await self._take(signal, context)
            except Refused as error:
                refused = Refused(error.status, error.text, error.retry)
            # Not in the block above: the frames of that error hold the message, and what `abort` raises there
            # would hold them until the garbage is collected.
            self._intake.refuse(refused)
            details = (("grpc-status-details-bin", refused.message().SerializeToString()),)
            await context.abort(_code(refused), refused.text, details)
            raise refused

        return export

    async def _take(self, signal: str, context: Any) -> bytes:
        shown = dict(context.invocation_metadata() or ()).get("authorization")
        if not authorized(shown if isinstance(shown, str) else None, self._settings.token):
            raise Refused(401, "missing or wrong token; send authorization: Bearer TOKEN")
        async with self._turns.take(context.peer()):
            async with self._intake.reserve_largest_request():
                message = await self._message(context)
            with self._intake.body(gzip=message[:1] == _GZIP) as body:
                body.add_message(message)
                del message
                answer = await self._intake.take(signal, body.end(), json=False)
        return encoded(response(signal, answer), json=False)

    async def _message(self, context: Any) -> bytes:
        # Not by the iterator of messages, which would hold this one long after the call.
        async with self._turns.reading(context.peer()):
            message = await context.read()
        if message is grpc.aio.EOF:
            raise Refused(400, "the call has no message")
        return bytes(message)


def _code(refused: Refused) -> Any:
    return next(code for code in grpc.StatusCode if code.value[0] == refused.code)

"""A network between a page and a server on this machine that can be cut and mended."""

from __future__ import annotations

import contextlib
import socket
import threading
from urllib.parse import urlsplit


class Network:
    """Forwards connections to a server until it is cut; while it is cut, connections end at once.

    Args:
        url: the address of the server.

    Attributes:
        url: the address at which the server is reached through this network.
    """

    def __init__(self, url: str) -> None:
        target = urlsplit(url)
        self._target = (target.hostname, target.port)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._is_cut = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, name="network", daemon=True).start()

    def cut(self) -> None:
        """End all connections and refuse new ones."""
        with self._lock:
            self._is_cut = True
            ended, self._open = self._open, set()
        for one in ended:
            _close(one)

    def mend(self) -> None:
        """Forward new connections again."""
        self._is_cut = False

    def stop(self) -> None:
        """End all connections and listen no more."""
        self.cut()
        _close(self._listener)

    def _accept(self) -> None:
        while True:
            try:
                page = self._listener.accept()[0]
            except OSError:
                return
            server = None if self._is_cut else self._connect()
            with self._lock:
                if server is None or self._is_cut:
                    pair = ()
                else:
                    pair = ((page, server), (server, page))
                    self._open |= {page, server}
            if not pair:
                _close(page)
            for one, other in pair:
                threading.Thread(target=self._forward, args=(one, other), name="network", daemon=True).start()

    def _connect(self) -> socket.socket | None:
        try:
            return socket.create_connection(self._target, timeout=5)
        except OSError:
            return None

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        source.settimeout(None)
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for one in (source, sink):
            _close(one)
            with self._lock:
                self._open.discard(one)


def _close(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()

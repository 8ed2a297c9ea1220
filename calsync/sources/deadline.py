"""A limit on the whole time of an exchange over HTTP, however slowly the other side drips.

A read timeout starts anew with every byte, so a server that sends a byte now and then could hold a
night for days. When a deadline passes, the connections opened under it are shut down, which wakes
whoever waits on them.
"""

import socket
import threading
import time
from types import TracebackType
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_current = threading.local()


class Deadline:
    """A context in which this thread's connections live no longer than `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.passed = False
        self._ends = 0.0
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True

    @property
    def left(self) -> float:
        """The seconds that remain."""
        return 0.0 if self.passed else max(0.0, self._ends - time.monotonic())

    def watch(self, connection: socket.socket | None) -> None:
        """Shut this connection down, too, when the time is over."""
        if connection is not None and connection not in self._sockets:
            self._sockets.append(connection)

    def __enter__(self) -> "Deadline":
        self._ends = time.monotonic() + self.seconds
        self._outer: Deadline | None = getattr(_current, "deadline", None)
        _current.deadline = self
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        _current.deadline = self._outer

    def _pass(self) -> None:
        self.passed = True
        for connection in list(self._sockets):
            try:
                # The plain socket's way: SSLSocket.shutdown would pull its session from under a reader.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            except OSError:
                continue  # it is closed already


def _watch(connection: Any) -> None:
    deadline: Deadline | None = getattr(_current, "deadline", None)
    if deadline is not None:
        deadline.watch(connection.sock)


class _WatchedHTTP(HTTPConnection):
    def getresponse(self) -> Any:
        _watch(self)
        return super().getresponse()


class _WatchedHTTPS(HTTPSConnection):
    def getresponse(self) -> Any:
        _watch(self)
        return super().getresponse()


class _PoolHTTP(HTTPConnectionPool):
    ConnectionCls = _WatchedHTTP


class _PoolHTTPS(HTTPSConnectionPool):
    ConnectionCls = _WatchedHTTPS


_POOLS = {"http": _PoolHTTP, "https": _PoolHTTPS}


class DeadlineAdapter(HTTPAdapter):
    """Connects as requests does, and puts every connection under the thread's deadline."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Make the pools of connections by a proxy."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = _POOLS
        return manager

"""A limit on the whole time of an exchange over HTTP, however slowly the other side drips.

A read timeout starts anew with every byte, so a server that sends a byte now and then could hold a
night for days. When a deadline passes, the connections opened under it are shut down, which wakes
whoever waits on them.
"""

import socket
import threading
import time
from collections.abc import Mapping
from functools import lru_cache
from types import TracebackType
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

from calsync.sources.addresses import AddressGuard

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


class _Guarded(HTTPConnection):
    """Connects to no address that the guard refuses.

    The name is resolved once and the connection goes to an address that was checked: a second look-up
    could give another answer (DNS rebinding).
    """

    guard: AddressGuard

    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        try:
            found = socket.getaddrinfo(name.strip("[]"), self.port, allowed_gai_family(), socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise NameResolutionError(self.host, self, socket.gaierror(str(error))) from error
        failed: Exception | None = None
        for address in self.guard.allowed_addresses(name, [str(entry[4][0]) for entry in found]):
            self._dns_host = address
            try:
                return super()._new_conn()
            except (NewConnectionError, ConnectTimeoutError) as error:
                failed = error
            finally:
                self._dns_host = name  # TLS checks the certificate against the name
        raise failed or NewConnectionError(self, "the name has no address")


@lru_cache(maxsize=64)  # a session for each thread, and one guard for all of a source
def _guarded_pools(guard: AddressGuard) -> Mapping[str, type[HTTPConnectionPool]]:
    # Classes of their own for each guard: urllib3 hands no further argument on to its connections.
    http = type("_GuardedHTTP", (_WatchedHTTP, _Guarded), {"guard": guard})
    https = type("_GuardedHTTPS", (_WatchedHTTPS, _Guarded), {"guard": guard})
    return {
        "http": type("_GuardedPoolHTTP", (HTTPConnectionPool,), {"ConnectionCls": http}),
        "https": type("_GuardedPoolHTTPS", (HTTPSConnectionPool,), {"ConnectionCls": https}),
    }


class DeadlineAdapter(HTTPAdapter):
    """Connects as requests does, to allowed addresses only, every connection under the thread's deadline.

    A proxy of the environment is the operator's own, so it may be private; it resolves names itself.
    """

    def __init__(self, guard: AddressGuard, **options: Any) -> None:
        self._guard = guard
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _guarded_pools(self._guard)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Make the pools of connections by a proxy."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = _POOLS
        return manager

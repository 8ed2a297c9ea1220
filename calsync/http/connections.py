"""Opens sessions of requests for every source: allowed servers only, with the settings' trust and timeouts.

The client uses them, and so do O365 and msal (`sources.m365`).
"""

import logging
import socket
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

from calsync.http.address_guard import AddressGuard
from calsync.http.credentials import NoAuth
from calsync.http.deadline import current_deadline
from calsync.http.options import HttpOptions
from calsync.version import __version__

USER_AGENT = f"calsync/{__version__}"


def open_session(
    options: HttpOptions, *, user_agent: str = USER_AGENT, connections: int = 10
) -> requests.Session:
    """Open a session for one thread.

    Args:
        options: trust, timeouts and the servers that may be contacted.
        user_agent: the name of the client.
        connections: how many connections to one server stay open.
    """
    # At DEBUG urllib3 logs every path, and the path of a published calendar is secret.
    logging.getLogger("urllib3.connectionpool").addFilter(_is_above_debug)
    session = _Session(options)
    session.headers["User-Agent"] = user_agent
    session.headers["Accept-Encoding"] = "gzip, deflate"
    # One session reads the calendars of many users: a cookie of one login must not be sent for another.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, _GuardedAdapter(options.address_guard, pool_maxsize=connections))
    return session


def _is_above_debug(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG


class ThreadSessions:
    """One session for each thread: `requests.Session` is not thread-safe."""

    def __init__(self, open_session: Callable[[], requests.Session]) -> None:
        self._open_session = open_session
        self._local = threading.local()
        self._lock = threading.Lock()
        self._all: list[requests.Session] = []

    @property
    def current(self) -> requests.Session:
        """This thread's session."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = self._open_session()
            with self._lock:
                self._all.append(session)
        return session

    def close(self) -> None:
        """Close every connection; a later use opens a new session."""
        with self._lock:
            for session in self._all:
                session.close()
            self._all.clear()
        self._local = threading.local()


class _Session(requests.Session):
    """Sends each request with the settings' trust and timeouts, and follows no redirect.

    `Client` follows redirects: it checks each target first.
    """

    def __init__(self, options: HttpOptions) -> None:
        super().__init__()
        self._timeout = (options.connect_seconds, options.read_seconds)
        self._trust: str | bool = str(options.ca_file) if options.ca_file else True

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs |= {"timeout": self._timeout, "verify": self._trust, "allow_redirects": False}
        # To a request without auth requests adds the credentials of ~/.netrc.
        return super().request(method, url, *args, **{"auth": NoAuth(), **kwargs})

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002
        # Where there is a target, requests reads the whole body, however large, even without following it.
        return None


class _GuardedAdapter(HTTPAdapter):
    """Connects to allowed addresses only, each connection under the thread's deadline.

    A proxy of the environment is set by the operator, so it may be private; it resolves names itself.
    """

    def __init__(self, guard: AddressGuard, **options: Any) -> None:
        self._guard = guard
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _guarded_pools(self._guard)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = _WATCHED_POOLS
        return manager


class _WatchedConnection(HTTPConnection):
    """A connection that is shut down when the thread's deadline passes."""

    def getresponse(self) -> Any:
        deadline = current_deadline()
        if deadline is not None and self.sock is not None:
            deadline.watch(self.sock)
        return super().getresponse()


class _GuardedConnection(_WatchedConnection):
    """A connection to addresses that the guard allows.

    The name is resolved once and the connection goes to an address that was checked: a second look-up
    could return another address (DNS rebinding).
    """

    guard: AddressGuard

    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        try:
            entries = socket.getaddrinfo(
                name.strip("[]"), self.port, allowed_gai_family(), socket.SOCK_STREAM
            )
        except (socket.gaierror, UnicodeError) as error:
            raise NameResolutionError(self.host, self, socket.gaierror(str(error))) from error
        last_error: Exception | None = None
        resolved = [str(socket_address[0]) for *_, socket_address in entries]
        for address in self.guard.allowed_addresses(name, resolved):
            self._dns_host = address
            try:
                return super()._new_conn()
            except (NewConnectionError, ConnectTimeoutError) as error:
                last_error = error
            finally:
                self._dns_host = name  # the certificate is checked against it
        raise last_error or NewConnectionError(self, "the name has no address")


class _WatchedHttpsConnection(_WatchedConnection, HTTPSConnection):
    pass


class _WatchedPool(HTTPConnectionPool):
    ConnectionCls = _WatchedConnection


class _WatchedHttpsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedHttpsConnection


_WATCHED_POOLS = {"http": _WatchedPool, "https": _WatchedHttpsPool}


@lru_cache(maxsize=64)  # every thread of a source opens a session with the same guard
def _guarded_pools(guard: AddressGuard) -> Mapping[str, type[HTTPConnectionPool]]:
    # One set of classes for each guard: urllib3 passes no further argument to its connections.
    plain = type("_ThisGuardedConnection", (_GuardedConnection,), {"guard": guard})
    https = type("_ThisGuardedHttpsConnection", (_GuardedConnection, HTTPSConnection), {"guard": guard})
    return {
        "http": type("_GuardedPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("_GuardedHttpsPool", (HTTPSConnectionPool,), {"ConnectionCls": https}),
    }

"""Sends the requests for one calendar, with retries, redirects and credentials; used by ics and caldav.

Errors are raised without their cause: the text of requests' errors repeats the address, and the address
of a published calendar is secret.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests
from requests.structures import CaseInsensitiveDict
from requests.utils import requote_uri

from calsync.errors import SourceAuthError, SourceContentError, SourceError, SourceUnavailableError
from calsync.http.address_guard import AddressRefusedError
from calsync.http.connections import ThreadSessions, open_session
from calsync.http.credentials import Auth, NoAuth, Origin, auth_for
from calsync.http.deadline import Deadline
from calsync.http.errors import (
    REQUEST_ERRORS,
    OtherServerError,
    TransientError,
    UnreachableError,
    error_for_status,
    invalid_address_error,
    transient_error_for_status,
)
from calsync.http.limits import RequestLimits
from calsync.http.options import WebOptions
from calsync.model.address_redaction import redact_address

MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A complete response. url: the address that sent it, after redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    headers: Mapping[str, str]
    body: bytes
    same_server: bool


class ClientPool:
    """The connections of one source, from which each of its calendars gets a client; thread-safe."""

    def __init__(self, options: WebOptions) -> None:
        self._options = options
        self._sessions = ThreadSessions(lambda: open_session(options))
        # Servers that did not respond. Further requests to them are not repeated: otherwise a server that is
        # down would take the time of all retries for each of its calendars.
        self._silent_servers: set[str] = set()

    @contextmanager
    def client_for(self, where: str) -> Iterator["Client"]:
        """A client for all requests of one calendar, which share one limit of time and one of size.

        Args:
            where: the calendar's name in errors.
        """
        with Deadline(self._options.total_seconds) as deadline:
            limits = RequestLimits(where, self._options, deadline)
            yield Client(self._sessions.current, self._options, limits, self._silent_servers)

    def close(self) -> None:
        """Close every connection."""
        self._sessions.close()


class Client:
    """Requests for one calendar; every error names that calendar and hides its address."""

    def __init__(
        self, session: requests.Session, options: WebOptions, limits: RequestLimits, silent_servers: set[str]
    ) -> None:
        self.where = limits.where
        self._session = session
        self._options = options
        self._limits = limits
        self._silent_servers = silent_servers
        self._auths: dict[str, Auth] = {}  # reused: digest needs the nonce of the first response

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        same_server: bool = False,
        attempts: int = 0,
    ) -> HttpResponse:
        """Send a request and return the response, whatever its status.

        Redirects are followed. A request to a busy or broken server is repeated.

        Args:
            method: GET, PROPFIND, REPORT.
            url: http or https; a user and password in it are sent as credentials.
            headers: in addition to the session's.
            body: the content; b"" for none.
            same_server: whether a redirect to another server is an error.
            attempts: how often to try; 0 for the number in the settings.

        Raises:
            SourceError: there is no response at all, or the settings do not allow the server.
            OtherServerError: `same_server`, and the server redirects to another one.
        """
        request = _Request(method, headers or {}, body, same_server)
        try:
            server = urlsplit(url).netloc.rpartition("@")[2]
            if server in self._silent_servers:
                attempts = 1
            response = self._limits.retry(
                lambda: self._follow_redirects(request, url), attempts=attempts or self._options.attempts
            )
        except TransientError as error:
            if not error.server_answered:
                self._silent_servers.add(server)
            raise error.error from None
        except ValueError:  # of urlsplit, urljoin and Origin.of
            raise invalid_address_error(self.where) from None
        self._silent_servers.discard(server)
        return response

    def require_status(self, response: HttpResponse, *statuses: int) -> HttpResponse:
        """The response, if it has one of these statuses.

        Raises:
            SourceError: the error of any other status.
        """
        if response.status in statuses:
            return response
        raise self.error_for_status(response.status, response.headers)

    def error_for_status(self, status: int, headers: Mapping[str, str] | None = None) -> SourceError:
        """The error, to be raised, of a status that is no success."""
        with_credentials = bool(self._options.secret)
        return error_for_status(self.where, status, headers or {}, with_credentials=with_credentials)

    def _follow_redirects(self, request: _Request, url: str) -> HttpResponse:
        auth = self._auths.setdefault(urlsplit(url).netloc, auth_for(self._options, url))
        url = first_url = _remove_user(url)
        origin = first_origin = Origin.of(url)
        for _ in range(MAX_REDIRECTS + 1):
            self._check_clear_text(origin, auth)
            response = self._send_allowed(request, url, auth, redirected=url != first_url)
            location = response.headers.get("Location", "")
            if response.status not in _REDIRECTS or not location:
                return response
            url = _remove_user(requote_uri(urljoin(url, location)))
            previous, origin = origin, Origin.of(url)
            self._check_redirect(previous, origin, request)
            if not first_origin.is_same_server(origin):
                auth = NoAuth()
        what = f"redirects from one address to the next, more than {MAX_REDIRECTS} times"
        raise SourceContentError(
            self.where, what, "open the address in a browser and use the address that it ends at"
        )

    def _send_allowed(self, request: _Request, url: str, auth: Auth, *, redirected: bool) -> HttpResponse:
        """Send one request, if the settings allow its server. redirected: whether it follows a redirect."""
        try:
            self._options.address_guard.check_host(Origin.of(url).host)
            return self._send(request, url, auth)
        except AddressRefusedError as error:
            what = f"redirects to another address: {error.what}" if redirected else error.what
            raise SourceAuthError(self.where, what, error.hint) from None
        except TransientError as error:
            if redirected and isinstance(error.error, UnreachableError):
                # At an UnreachableError the ics source repeats a webcal request over plain http. Here the
                # first server uses TLS, and only the one that it redirects to is unreachable: no such case.
                unavailable = SourceUnavailableError(self.where, error.error.what, error.error.hint)
                raise TransientError(unavailable, error.wait, server_answered=error.server_answered) from None
            raise

    def _send(self, request: _Request, url: str, auth: Auth) -> HttpResponse:
        self._limits.check_time()
        try:
            with self._session.request(
                request.method,
                url,
                headers=dict(request.headers),
                data=request.body or None,
                auth=auth,
                stream=True,
            ) as response:
                status, headers = response.status_code, CaseInsensitiveDict(response.headers)
                body = b"" if status in _REDIRECTS else self._limits.read_body(response)
        except (*REQUEST_ERRORS, ValueError) as error:
            raise self._limits.translate(error) from None
        if busy := transient_error_for_status(self.where, status, headers):
            raise busy
        return HttpResponse(status, headers, body, response.url)

    def _check_clear_text(self, origin: Origin, auth: Auth) -> None:
        if isinstance(auth, NoAuth) or origin.is_secure or self._options.allow_clear_text:
            return
        what = "would send the password in clear text over http"
        hint = "use https, or set allow_clear_text = true for this source"
        raise SourceAuthError(self.where, what, hint)

    def _check_redirect(self, previous: Origin, target: Origin, request: _Request) -> None:
        if previous.scheme == "https" and target.scheme == "http":
            what = "redirects from https to http, where others on the network could read the calendar"
            raise SourceContentError(self.where, what, "ask whoever runs the server to redirect to https")
        if request.same_server and not previous.is_same_server(target):
            shown = redact_address(f"{target.scheme}://{target.host}:{target.port}")
            hint = "if that server is right, give it as `url` in the settings"
            raise OtherServerError(self.where, f"redirects to another server, {shown}", hint)


def _remove_user(url: str) -> str:
    """The address without user and password, which are sent as credentials only."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

"""The credentials of a request, and the server that they may be sent to."""

import base64
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from requests import PreparedRequest
from requests.auth import AuthBase, HTTPDigestAuth
from urllib3.util import parse_url

from calsync.http.options import WebOptions

Auth = Callable[[PreparedRequest], PreparedRequest]


class NoAuth(AuthBase):
    """Sends no credentials; without it requests adds those of ~/.netrc or of the address."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Return the request as it is."""
        return request


class _AuthorizationHeader(AuthBase):
    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = self._value
        return request


def basic_auth(username: str, password: str) -> Auth:
    """HTTP Basic (RFC 7617) in UTF-8; requests encodes in Latin-1, which lacks letters such as "ŵ"."""
    pair = f"{username}:{password}".encode()
    return _AuthorizationHeader(f"Basic {base64.b64encode(pair).decode()}")


def bearer_auth(token: str) -> Auth:
    """A bearer token (RFC 6750) for one request; not in the headers of a session, because O365 logs those."""
    return _AuthorizationHeader(f"Bearer {token}")


def auth_for(options: WebOptions, url: str) -> Auth:
    """The credentials in the settings, else the user and password in the address, else none."""
    if options.token_env:
        return bearer_auth(options.secret)
    if options.username and options.auth == "digest":
        return HTTPDigestAuth(options.username, options.secret)
    if options.username:
        return basic_auth(options.username, options.secret)
    parts = urlsplit(url)
    if parts.username is not None:
        return basic_auth(unquote(parts.username), unquote(parts.password or ""))
    return NoAuth()


_DEFAULT_PORTS = {"http": 80, "https": 443}
_ILLEGAL_IN_HOST = re.compile(r"[\\@\s<>\"'|^`{}\x00-\x1f]")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of the server that credentials are meant for."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Origin":
        r"""The origin of an address.

        The address is parsed by the parser that requests uses: another one may find another host in it
        (`https://a\@b`), and credentials would be sent to the wrong server.

        Raises:
            ValueError: no http or https address, or one without a host.
        """
        parts = parse_url(url)
        if parts.scheme not in _DEFAULT_PORTS or not parts.host or urlsplit(url).hostname is None:
            raise ValueError("an address starts with https:// and a host")
        host = parts.host.lower().strip("[]")
        if _ILLEGAL_IN_HOST.search(host):
            raise ValueError("an address starts with https:// and a host")
        return cls(parts.scheme, host, parts.port or _DEFAULT_PORTS[parts.scheme])

    def is_same_server(self, other: "Origin") -> bool:
        """Whether the other is this server, or this one over TLS: https on port 443 instead of http on 80."""
        upgraded = Origin("https", self.host, _DEFAULT_PORTS["https"])
        is_plain = (self.scheme, self.port) == ("http", _DEFAULT_PORTS["http"])
        return other == self or (is_plain and other == upgraded)

    @property
    def is_secure(self) -> bool:
        """Whether nobody else on the network can read the connection: it uses TLS, or is on this machine."""
        return self.scheme == "https" or _is_loopback(self.host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")

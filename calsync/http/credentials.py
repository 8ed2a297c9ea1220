"""Credentials of a request, and the one server that receives them."""

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
    """Sends no credentials; without it requests takes a password from ~/.netrc or from the address."""

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
    """HTTP Basic (RFC 7617) in UTF-8; requests encodes in Latin-1, which has no letter such as "ŵ"."""
    pair = f"{username}:{password}".encode()
    return _AuthorizationHeader(f"Basic {base64.b64encode(pair).decode()}")


def bearer_auth(token: str) -> Auth:
    """A bearer token (RFC 6750) for one request; never in a session's headers, which O365 logs."""
    return _AuthorizationHeader(f"Bearer {token}")


def auth_for(options: WebOptions, url: str) -> Auth:
    """The credentials of the settings, else the user and password in the address itself, else none."""
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
_NEVER_IN_A_HOST = re.compile(r"[\\@\s<>\"'|^`{}\x00-\x1f]")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: the one server that credentials are meant for."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Origin":
        r"""The origin of an address; raises ValueError where it has none.

        It is split as requests splits it: another parser may find another host in one address
        (`https://a\@b`), and credentials would go to the wrong one.
        """
        parts = parse_url(url)
        if parts.scheme not in _DEFAULT_PORTS or not parts.host or urlsplit(url).hostname is None:
            raise ValueError("an address starts with https:// and a host")
        host = parts.host.lower().strip("[]")
        if _NEVER_IN_A_HOST.search(host):
            raise ValueError("an address starts with https:// and a host")
        return cls(parts.scheme, host, parts.port or _DEFAULT_PORTS[parts.scheme])

    def is_same_server(self, other: "Origin") -> bool:
        """Whether the other is this server, or this one made safe: http on port 80 to https on 443."""
        upgraded = Origin("https", self.host, _DEFAULT_PORTS["https"])
        is_plain = (self.scheme, self.port) == ("http", _DEFAULT_PORTS["http"])
        return other == self or (is_plain and other == upgraded)

    @property
    def is_secure(self) -> bool:
        """Whether nobody on the way can read along: the connection uses TLS, or stays on this machine."""
        return self.scheme == "https" or _is_loopback(self.host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")

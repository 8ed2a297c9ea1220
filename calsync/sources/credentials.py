"""How we say who we are to a server, and to which server we say it."""

import base64
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from requests import PreparedRequest
from requests.auth import AuthBase, HTTPDigestAuth
from urllib3.util import parse_url

from calsync.sources.web_options import WebOptions

Auth = Callable[[PreparedRequest], PreparedRequest]


class Anonymous(AuthBase):
    """Says nothing; without it requests would look into ~/.netrc and into the address."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Leave the request as it is."""
        return request


class _Header(AuthBase):
    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = self._value
        return request


def basic(username: str, password: str) -> Auth:
    """HTTP Basic (RFC 7617) in UTF-8, so that a password may hold any letter."""
    pair = f"{username}:{password}".encode()
    return _Header(f"Basic {base64.b64encode(pair).decode()}")


def auth_of(options: WebOptions, address: str) -> Auth:
    """What the settings say, else the user and password in the address itself, else nothing."""
    if options.token_env:
        return _Header(f"Bearer {options.secret}")
    if options.username and options.auth == "digest":
        return HTTPDigestAuth(options.username, options.secret)
    if options.username:
        return basic(options.username, options.secret)
    parts = urlsplit(address)
    if parts.username is not None:
        return basic(unquote(parts.username), unquote(parts.password or ""))
    return Anonymous()


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: the one server that credentials are meant for."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Origin":
        """The origin of an address; raises ValueError where it has none.

        It is split as requests splits it: another parser may find another host in one address
        (`https://a\\@b`), and credentials would go to the wrong one.
        """
        parts = parse_url(url)
        if parts.scheme not in ("http", "https") or not parts.host or urlsplit(url).hostname is None:
            raise ValueError("an address starts with https:// and a host")
        host = parts.host.lower().strip("[]")
        if _OF_NO_HOST.search(host):
            raise ValueError("an address starts with https:// and a host")
        return cls(parts.scheme, host, parts.port or _PORTS[parts.scheme])

    def leads_to(self, other: "Origin") -> bool:
        """Whether the other is the same server, or the same one made safe (http:80 to https:443)."""
        safer = self.port == _PORTS["http"] and other.scheme == "https" and other.port == _PORTS["https"]
        return self == other or (self.host == other.host and self.scheme == "http" and safer)

    @property
    def private(self) -> bool:
        """Whether nobody on the way can read along: TLS, or this very machine."""
        return self.scheme == "https" or _loopback(self.host)


_OF_NO_HOST = re.compile(r"[\\@\s<>\"'|^`{}\x00-\x1f]")
_PORTS = {"http": 80, "https": 443}


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")

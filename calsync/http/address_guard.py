"""Checks whether a server may be contacted: by the listed hosts, and by the private ones that are allowed.

A calendar's address comes from the list of managers, and a redirect from any server: neither may lead
calsync to a server inside the network (server-side request forgery). Decision 0027.
"""

import ipaddress
import re
import socket
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_HOST_NAME = re.compile(r"(?!-)[\w-]{1,63}(\.[\w-]{1,63})*")
# What inet_aton accepts besides four decimal numbers: 2130706433, 0x7f.1, 0177.0.0.1.
_INET_ATON_FORM = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Special-purpose blocks for which Python 3.11's `is_global` is True (RFC 6890, 7526, 8215).
_SPECIAL_PURPOSE = tuple(
    map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "fec0::/10"))
)


class AddressRefusedError(Exception):
    """The settings do not allow a server; nothing was sent to it.

    Args:
        what: what is wrong, for the user.
        hint: what to do about it.
    """

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


def _validate_host_or_network(text: str) -> str:
    entry = normalise_host(text.strip())
    if "/" in entry:
        return str(ipaddress.ip_network(entry, strict=False))
    address = _parse_address(entry)
    if address is None and not _HOST_NAME.fullmatch(entry):
        raise ValueError("is no host name, address or network (without scheme, port and path)")
    return str(address or entry)


PrivateHost = Annotated[str, AfterValidator(_validate_host_or_network)]
"""A host name, an IP address or a network in CIDR form, in canonical form."""


def normalise_host(host: str) -> str:
    """The host in lower case, without brackets and final dot, with ASCII digits and dots (RFC 3490, 3.1)."""
    ascii_dots = unicodedata.normalize("NFKC", host).replace("\u3002", ".")
    return ascii_dots.lower().strip("[]").rstrip(".")


def canonical_host(host: str) -> str:
    """The host as `normalise_host` returns it; an IP address, in whatever form, in its standard form."""
    host = normalise_host(host)
    return str(_parse_address(host) or host)


@dataclass(frozen=True)
class AddressGuard:
    """Decides which servers a source may contact.

    Args:
        hosts: the only hosts that may be contacted; empty for any.
        private: hosts, addresses and networks that are allowed although they are private, in the form of
            `PrivateHost`.
    """

    hosts: frozenset[str] = frozenset()
    private: frozenset[str] = frozenset()

    @classmethod
    def of(cls, *, hosts: Iterable[str] = (), private: Iterable[str] = ()) -> "AddressGuard":
        """Build a guard from settings.

        A private IP address among `hosts` is allowed, because it can mean nothing else. A private server
        behind a name among them is not: whoever runs the name's DNS can let it resolve to any address.
        """
        listed = frozenset(map(canonical_host, hosts))
        addresses = {host for host in listed if _parse_address(host) is not None or _is_localhost(host)}
        return cls(listed, frozenset(map(canonical_host, private)) | addresses)

    def check_host(self, host: str) -> None:
        """Check the host of a URL before a request is sent, also through a proxy.

        Raises:
            AddressRefusedError: the host is not among `hosts`, or is itself a private address. What a name
                resolves to is checked by `allowed_addresses`, when a connection is opened.
        """
        host = normalise_host(host)
        address = _parse_address(host)
        if self.hosts and canonical_host(host) not in self.hosts:
            what = f"{host} is none of the hosts of this source"
            raise AddressRefusedError(what, "add it to `hosts`, or correct the address")
        if address is not None and not self._allows(host, address):
            raise _private_address_error(host, [address])
        if _is_localhost(host) and not any(self._allows(host, loopback) for loopback in _LOOPBACKS):
            raise _private_address_error(host, [])

    def allowed_addresses(self, host: str, resolved: Iterable[str]) -> list[str]:
        """Filter the addresses that a host resolved to: those that are allowed, each once, in their order.

        Raises:
            AddressRefusedError: none of them is allowed.
        """
        host = normalise_host(host)
        addresses = list(dict.fromkeys(resolved))
        allowed = [text for text in addresses if self._allows(host, ipaddress.ip_address(text))]
        if not allowed:
            raise _private_address_error(host, map(ipaddress.ip_address, addresses))
        return allowed

    def _allows(self, host: str, address: Address) -> bool:
        address = getattr(address, "ipv4_mapped", None) or address
        if _is_public(address) or host in self.private or str(address) in self.private:
            return True
        return any(address in network for network in _networks(self.private))


_LOOPBACKS: tuple[Address, ...] = (ipaddress.IPv4Address("127.0.0.1"), ipaddress.IPv6Address("::1"))


def _is_localhost(host: str) -> bool:
    return host in ("localhost", "localhost.localdomain") or host.endswith(".localhost")


@lru_cache(maxsize=64)
def _networks(entries: frozenset[str]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(entry) for entry in entries if "/" in entry)


def _parse_address(host: str) -> Address | None:
    """The IP address, in any form that a system's resolver accepts; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    if not _INET_ATON_FORM.fullmatch(host):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _is_public(address: Address) -> bool:
    """Whether an address is outside every private network; an IPv4 address embedded in it must be, too."""
    if isinstance(address, ipaddress.IPv6Address):
        embedded = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64:
            return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if not all(_is_public(part) for part in embedded if part is not None):
            return False
    special = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_link_local
    return address.is_global and not special and not any(address in block for block in _SPECIAL_PURPOSE)


def _private_address_error(host: str, addresses: Iterable[Address]) -> AddressRefusedError:
    resolved = ", ".join(str(address) for address in addresses if str(address) != host)
    detail = f" ({resolved})" if resolved else ""
    what = f"{host} is on this machine or in a private network{detail}; nothing was sent to it"
    hint = "if that server is meant, add it to private_hosts of this source in the settings"
    return AddressRefusedError(what, hint)

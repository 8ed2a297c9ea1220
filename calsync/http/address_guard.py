"""Which servers may be asked: the hosts that the settings list, and no private address they do not name.

A calendar's address comes from the list of managers, and a redirect from whoever answers: neither may lead
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
# What inet_aton takes besides four decimal numbers: 2130706433, 0x7f.1, 0177.0.0.1.
_OLD_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Special-purpose blocks that Python 3.11's `is_global` takes for public (RFC 6890, 7526, 8215).
_ALSO_SPECIAL = tuple(
    map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "fec0::/10"))
)


class AddressRefusedError(Exception):
    """A server that the settings do not allow; nothing was sent to it."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


def _host_or_network(text: str) -> str:
    entry = normalise_host(text.strip())
    if "/" in entry:
        return str(ipaddress.ip_network(entry, strict=False))
    literal = _literal_address(entry)
    if literal is None and not _HOST_NAME.fullmatch(entry):
        raise ValueError("is no host name, address or network (without scheme, port and path)")
    return str(literal or entry)


PrivateHost = Annotated[str, AfterValidator(_host_or_network)]
"""A host name, an IP address or a network in CIDR form, in one spelling."""


def normalise_host(host: str) -> str:
    """The host in one spelling: lower case, no brackets, no final dot, plain digits and dots (RFC 3490)."""
    plain = unicodedata.normalize("NFKC", host).replace("\u3002", ".")
    return plain.lower().strip("[]").rstrip(".")


def canonical_host(host: str) -> str:
    """The host as `normalise_host` spells it; an address, whatever its form, as its standard text."""
    host = normalise_host(host)
    return str(_literal_address(host) or host)


@dataclass(frozen=True)
class AddressGuard:
    """Decides which servers a source may ask.

    Args:
        hosts: the only hosts that may be asked; empty for any.
        private: hosts, addresses and networks that may be private, as `PrivateHost` spells them.
    """

    hosts: frozenset[str] = frozenset()
    private: frozenset[str] = frozenset()

    @classmethod
    def of(cls, *, hosts: Iterable[str] = (), private: Iterable[str] = ()) -> "AddressGuard":
        """A guard from settings.

        A literal private address among `hosts` is allowed, for it can mean nothing else. A name among them
        is not: whoever runs its DNS can let it resolve to any address.
        """
        listed = frozenset(map(canonical_host, hosts))
        literal = {host for host in listed if _literal_address(host) is not None or _is_localhost(host)}
        return cls(listed, frozenset(map(canonical_host, private)) | literal)

    def check_host(self, host: str) -> None:
        """Check the host of an address before it is asked, or a proxy is asked for it.

        Raises:
            AddressRefusedError: not among `hosts`, or private as it stands. What a name resolves to is
                checked by `allowed_addresses`, when a connection is opened.
        """
        host = normalise_host(host)
        literal = _literal_address(host)
        if self.hosts and canonical_host(host) not in self.hosts:
            what = f"{host} is none of the hosts of this source"
            raise AddressRefusedError(what, "add it to `hosts`, or correct the address")
        if literal is not None and not self._allows(host, literal):
            raise _private_address_error(host, [literal])
        if _is_localhost(host) and not any(self._allows(host, loopback) for loopback in _LOOPBACKS):
            raise _private_address_error(host, [])

    def allowed_addresses(self, host: str, found: Iterable[str]) -> list[str]:
        """Those of the addresses that a host resolved to which may be connected to, in their order.

        Raises:
            AddressRefusedError: none of them may.
        """
        host = normalise_host(host)
        addresses = list(dict.fromkeys(found))
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


def _literal_address(host: str) -> Address | None:
    """The address that a host is, in any form that a system's resolver takes for one; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    if not _OLD_NUMBER.fullmatch(host):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _is_public(address: Address) -> bool:
    """Whether an address can be reached from anywhere, and so is no way into this network."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64:
            return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if not all(_is_public(part) for part in inner if part is not None):
            return False
    special = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_link_local
    return address.is_global and not special and not any(address in block for block in _ALSO_SPECIAL)


def _private_address_error(host: str, addresses: Iterable[Address]) -> AddressRefusedError:
    found = ", ".join(str(address) for address in addresses if str(address) != host)
    what = (
        f"{host} is on this machine or in a private network{f' ({found})' if found else ''}; it was not asked"
    )
    hint = "if that server is meant, add it to private_hosts of this source in the settings"
    return AddressRefusedError(what, hint)

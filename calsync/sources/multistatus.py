"""What a WebDAV server answers (207 Multi-Status): resources, their properties, and what changed.

Servers quote paths differently (`%40` or `@`), so resources are told apart by their unquoted path;
what is sent back to a server is its own spelling.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree.ElementTree import Element

D = "{DAV:}"
C = "{urn:ietf:params:xml:ns:caldav}"


class StaleTokenError(Exception):
    """The server does not continue from this sync token: everything must be listed again."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One response of a multistatus. href: as the server spells it; path: unquoted, for comparison.

    status: of the resource itself, 200 where only its properties have one.
    """

    href: str
    path: str
    status: int
    properties: Mapping[str, Element]

    def text(self, name: str) -> str:
        """The text of a property, "" where it is absent."""
        found = self.properties.get(name)
        return (found.text or "").strip() if found is not None else ""

    def hrefs(self, name: str) -> tuple[str, ...]:
        """The addresses inside a property, such as a principal's calendar homes."""
        found = self.properties.get(name)
        inside = found.iter(f"{D}href") if found is not None else ()
        return tuple(href.text.strip() for href in inside if href.text and href.text.strip())

    def holds(self, name: str, tag: str) -> bool:
        """Whether a property has this element inside: a resource type, a component."""
        found = self.properties.get(name)
        return found is not None and found.find(f".//{tag}") is not None


@dataclass(frozen=True, slots=True)
class Listing:
    """What a collection holds, or what changed in it: by path the ETags and the server's own spelling."""

    etags: Mapping[str, str] = field(default_factory=dict)
    hrefs: Mapping[str, str] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    token: str = ""

    @property
    def nothing(self) -> bool:
        """Whether it names no resource at all."""
        return not self.etags and not self.gone

    @property
    def digest(self) -> str:
        """The same for two listings of an unchanged collection; "" where a resource has no ETag."""
        if not all(self.etags.values()):
            return ""
        content = "\x1f".join(f"{path}\x1e{etag}" for path, etag in sorted(self.etags.items()))
        return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def resources(tree: Element, url: str) -> list[Resource]:
    """The responses in a multistatus that this address gave."""
    return [_resource(response, url) for response in tree.iter(f"{D}response")]


def path_of(href: str) -> str:
    """The unquoted path of an address, without a slash at its end."""
    return unquote(urlsplit(href).path).rstrip("/")


def _status(line: str | None) -> int:
    """The number in `HTTP/1.1 404 Not Found`; 200 where a line is absent or odd."""
    parts = (line or "").split()
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 200


def take_page(
    found: Sequence[Resource], own: str, etags: dict[str, str], hrefs: dict[str, str], gone: set[str]
) -> bool:
    """Note what a page of a sync report says; True if another page follows (RFC 6578, 3.6)."""
    more = False
    for resource in found:
        if resource.path == own and resource.status >= 400 and resource.status != 507:
            raise StaleTokenError
        if resource.path == own:
            more = more or resource.status == 507
        elif resource.href.endswith("/"):
            continue  # a collection inside this one
        elif resource.status in (404, 410):
            etags.pop(resource.path, None)
            hrefs.pop(resource.path, None)
            gone.add(resource.path)
        else:
            gone.discard(resource.path)
            etags[resource.path] = resource.text(f"{D}getetag")
            hrefs[resource.path] = resource.href
    return more


def _resource(response: Element, url: str) -> Resource:
    href = (response.findtext(f"{D}href") or "").strip()
    status = _status(response.findtext(f"{D}status"))
    properties = {}
    for propstat in response.iter(f"{D}propstat"):
        if 200 <= _status(propstat.findtext(f"{D}status")) < 300:
            properties.update({part.tag: part for part in propstat.findall(f"{D}prop/*")})
    return Resource(href, path_of(urljoin(url, href)), status, properties)

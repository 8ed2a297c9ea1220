"""What a WebDAV server answers (207 Multi-Status): resources, their properties, and what changed.

Servers quote paths differently (`%40` or `@`), so resources are told apart by the bytes of their unquoted
path; what is sent back to a server is its own spelling.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, unquote_to_bytes, urljoin, urlsplit
from xml.etree.ElementTree import Element

from calsync.sources.caldav.xml import DAV_NS, MultistatusXml, ResponsePart

__all__ = ["CALDAV_NS", "DAV_NS"]

CALDAV_NS = "{urn:ietf:params:xml:ns:caldav}"
_SAFE_CHARACTERS = "/:@!$&'()*+,;=~"


# A path from the root without anything to resolve.
_PLAIN_PATH = re.compile(r"(?:/[A-Za-z0-9_%@~+=-][A-Za-z0-9_%@~+=.-]*)+/?")
# Some servers leave the version out.
_STATUS_LINE = re.compile(r"\s*(?:HTTP/[0-9.]+\s+)?([0-9]{3})(?![0-9])", re.I)


class StaleTokenError(Exception):
    """The server does not continue from this sync token: everything must be listed again."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One response of a multistatus.

    href: as the server spells it. path: unquoted, for comparison; bytes that are no UTF-8 are surrogates.
    status: of the resource itself, 200 where only its properties have one. refused: the status of each
    property that was not given. broken, repaired: whether its XML could not be read, or only in part.
    """

    href: str
    path: str
    status: int
    properties: Mapping[str, Element] = field(default_factory=dict)
    property_errors: Mapping[str, int] = field(default_factory=dict)
    is_broken: bool = False
    is_repaired: bool = False

    def text(self, name: str) -> str:
        """The text of a property, "" where it is absent."""
        found = self.properties.get(name)
        return (found.text or "").strip() if found is not None else ""

    def hrefs(self, name: str) -> tuple[str, ...]:
        """The addresses inside a property, such as a principal's calendar homes."""
        found = self.properties.get(name)
        inside = found.iter(f"{DAV_NS}href") if found is not None else ()
        return tuple(href.text.strip() for href in inside if href.text and href.text.strip())

    def has_element(self, name: str, tag: str) -> bool:
        """Whether a property has this element inside: a resource type, a component."""
        found = self.properties.get(name)
        return found is not None and found.find(f".//{tag}") is not None

    def status_of(self, name: str) -> int:
        """The status of a property, or of the resource where that is an error."""
        return self.status if self.status >= 400 else self.property_errors.get(name, 200)

    @property
    def is_collection(self) -> bool:
        """Whether it is a collection inside another; by its final slash, where its type was not given.

        Some servers write a slash after the name of a meeting, too.
        """
        if f"{DAV_NS}resourcetype" in self.properties:
            return self.has_element(f"{DAV_NS}resourcetype", f"{DAV_NS}collection")
        return self.href.endswith("/") and not self.path.lower().endswith(".ics")


@dataclass(frozen=True, slots=True)
class Listing:
    """What a collection holds, or what changed in it: by path the ETags and the server's own spelling.

    unnamed: how many entries could not be read, not even their address.
    """

    etags: Mapping[str, str] = field(default_factory=dict)
    hrefs: Mapping[str, str] = field(default_factory=dict)
    deleted: frozenset[str] = frozenset()
    token: str = ""
    unnamed: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether it names no resource at all."""
        return not self.etags and not self.deleted and not self.unnamed

    @property
    def digest(self) -> str:
        """The same for two listings of an unchanged collection; "" where a resource has no ETag."""
        if self.unnamed or not all(self.etags.values()):
            return ""
        content = "\x1f".join(f"{path}\x1e{etag}" for path, etag in sorted(self.etags.items()))
        return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def without(self, paths: frozenset[str]) -> "Listing":
        """The same without some resources."""
        etags = {path: etag for path, etag in self.etags.items() if path not in paths}
        hrefs = {path: href for path, href in self.hrefs.items() if path not in paths}
        return Listing(etags, hrefs, self.deleted, self.token, self.unnamed)


def parse_resources(answer: MultistatusXml, url: str) -> list[Resource]:
    """The responses in a multistatus that this address gave."""
    return [_to_resource(response, url) for response in answer.responses]


def unquoted_path(href: str) -> str:
    """The unquoted path of an address, without a slash at its end."""
    path = href if _PLAIN_PATH.fullmatch(href) else urlsplit(href).path
    return unquote_to_bytes(path).decode("utf-8", "surrogateescape").rstrip("/")


def quote_path(path: str) -> str:
    """An unquoted path as it is sent and printed: whatever is not plain is percent-encoded."""
    return quote(path.encode("utf-8", "surrogateescape"), safe=_SAFE_CHARACTERS)


def comparable_path(path: str) -> str:
    """What spellings of one path have in common that servers mix up.

    Quoted twice, Latin-1 or UTF-8 (`%E9`, `%C3%A9`), composed or not, slashes doubled.
    """
    for _ in range(3):
        path = unquote(path, errors="surrogateescape")
    content = path.encode("utf-8", "surrogateescape")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return re.sub("/+", "/", unicodedata.normalize("NFC", text)).rstrip("/")


def match_responses(
    requested_paths: Sequence[str], responses: Sequence[Resource], preferred_property: str
) -> dict[str, Resource]:
    """The response to each path that was asked for, where there is one.

    A response under another spelling is taken where only one path and one response are left that can be
    meant: two resources are never confused. wanted: the property by which the better of two is known.
    """
    best: dict[str, Resource] = {}
    for resource in responses:
        if resource.path not in best or resource.text(preferred_property):
            best[resource.path] = resource
    matched = {path: best.pop(path) for path in requested_paths if path in best}
    by_comparable_path: dict[str, tuple[list[str], list[Resource]]] = {}
    for path in requested_paths:
        if path not in matched:
            by_comparable_path.setdefault(comparable_path(path), ([], []))[0].append(path)
    for resource in best.values():
        by_comparable_path.setdefault(comparable_path(resource.path), ([], []))[1].append(resource)
    pairs = [
        (paths[0], left[0]) for paths, left in by_comparable_path.values() if len(paths) == len(left) == 1
    ]
    return matched | dict(pairs)


def _parse_status(line: str | None) -> int:
    """The number in `HTTP/1.1 404 Not Found`; 200 where a line is absent or odd."""
    found = _STATUS_LINE.match(line or "")
    return int(found[1]) if found else 200


def collect_sync_page(
    responses: Sequence[Resource],
    collection_path: str,
    etags: dict[str, str],
    hrefs: dict[str, str],
    deleted: set[str],
) -> bool:
    """Note what a page of a sync report says; True if another page follows (RFC 6578, 3.6).

    A 404 is a deletion, also where all resources were asked for: Radicale names there what it has deleted.
    """
    more = False
    for resource in responses:
        if resource.path == collection_path and resource.status >= 400 and resource.status != 507:
            raise StaleTokenError
        if resource.path == collection_path:
            more = more or resource.status == 507
        elif resource.is_collection:
            continue  # a collection inside this one
        elif resource.status in (404, 410):
            etags.pop(resource.path, None)
            hrefs.pop(resource.path, None)
            deleted.add(resource.path)
        else:
            deleted.discard(resource.path)
            etags[resource.path] = resource.text(f"{DAV_NS}getetag")
            hrefs[resource.path] = resource.href
    return more


def _to_resource(part: ResponsePart, url: str) -> Resource:
    if part.element is None:
        return Resource(part.href, _response_path(url, part.href), 200, is_broken=True)
    href = (part.element.findtext(f"{DAV_NS}href") or "").strip()
    status = _parse_status(part.element.findtext(f"{DAV_NS}status"))
    properties: dict[str, Element] = {}
    refused: dict[str, int] = {}
    for propstat in part.element.findall(f"{DAV_NS}propstat"):
        said = _parse_status(propstat.findtext(f"{DAV_NS}status"))
        for inside in propstat.findall(f"{DAV_NS}prop/*"):
            if 200 <= said < 300:
                properties[inside.tag] = inside
            else:
                refused[inside.tag] = said
    return Resource(
        href, _response_path(url, href), status, properties, refused, is_repaired=part.is_repaired
    )


def _response_path(url: str, href: str) -> str:
    """The unquoted path of what the answer of an address names."""
    # As nearly always; to join the two takes several times as long.
    return unquoted_path(href if _PLAIN_PATH.fullmatch(href) else _join_url(url, href))


def _join_url(url: str, href: str) -> str:
    try:
        return urljoin(url, href)
    except ValueError:  # `http://[`: an address of nothing
        return href if "//" not in href else "/"

"""The resources in a WebDAV response (207 Multi-Status), their properties, and what changed.

Servers quote paths differently (`%40` or `@`), so resources are compared by the bytes of their unquoted path.
Requests repeat the href as the server wrote it.
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
    """The server does not continue from a sync token: everything must be listed again."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One response of a multistatus.

    Attributes:
        href: as the server wrote it.
        path: unquoted, for comparison; bytes that are no UTF-8 are surrogates.
        status: of the resource itself; 200 where only its properties have one.
        properties: by name with namespace.
        property_errors: the status of each property that the server did not send.
        is_broken: whether its XML cannot be read.
        is_repaired: whether its XML was read without illegal characters.
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
        element = self.properties.get(name)
        return (element.text or "").strip() if element is not None else ""

    def hrefs(self, name: str) -> tuple[str, ...]:
        """The addresses inside a property, such as a principal's calendar homes."""
        element = self.properties.get(name)
        hrefs = element.iter(f"{DAV_NS}href") if element is not None else ()
        return tuple(href.text.strip() for href in hrefs if href.text and href.text.strip())

    def has_element(self, name: str, tag: str) -> bool:
        """Whether a property contains this element, such as a resource type."""
        element = self.properties.get(name)
        return element is not None and element.find(f".//{tag}") is not None

    def status_of(self, name: str) -> int:
        """The status of a property, or of the resource where that is an error."""
        return self.status if self.status >= 400 else self.property_errors.get(name, 200)

    @property
    def is_collection(self) -> bool:
        """Whether it is a collection; by the slash at its end where the server did not send its type.

        Some servers write a slash after the name of a meeting, too.
        """
        if f"{DAV_NS}resourcetype" in self.properties:
            return self.has_element(f"{DAV_NS}resourcetype", f"{DAV_NS}collection")
        return self.href.endswith("/") and not self.path.lower().endswith(".ics")


@dataclass(frozen=True, slots=True)
class Listing:
    """The resources of a collection, or what changed in it.

    Attributes:
        etags: by path.
        hrefs: by path the address as the server wrote it.
        deleted: paths.
        token: the sync token; "" for none.
        unnamed: how many entries have no readable address.
    """

    etags: Mapping[str, str] = field(default_factory=dict)
    hrefs: Mapping[str, str] = field(default_factory=dict)
    deleted: frozenset[str] = frozenset()
    token: str = ""
    unnamed: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether it has no entries."""
        return not self.etags and not self.deleted and not self.unnamed

    @property
    def digest(self) -> str:
        """A digest that is equal for two listings of an unchanged collection; "" if an ETag is missing."""
        if self.unnamed or not all(self.etags.values()):
            return ""
        content = "\x1f".join(f"{path}\x1e{etag}" for path, etag in sorted(self.etags.items()))
        return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def parse_resources(multistatus: MultistatusXml, url: str) -> list[Resource]:
    """The resources in a multistatus that this address sent."""
    return [_to_resource(response, url) for response in multistatus.responses]


def unquoted_path(href: str) -> str:
    """The unquoted path of an address, without a slash at its end."""
    path = href if _PLAIN_PATH.fullmatch(href) else urlsplit(href).path
    return unquote_to_bytes(path).decode("utf-8", "surrogateescape").rstrip("/")


def quote_path(path: str) -> str:
    """An unquoted path, percent-encoded again for requests and messages."""
    return quote(path.encode("utf-8", "surrogateescape"), safe=_SAFE_CHARACTERS)


def comparable_path(path: str) -> str:
    """A form that is equal for the spellings of one path that servers use interchangeably.

    They quote twice, quote Latin-1 or UTF-8 (`%E9`, `%C3%A9`), compose characters or not, and double slashes.
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
    """Match responses to the requested paths.

    A response with another spelling of a path is matched where exactly one path and one response have the
    same comparable path, so that two resources are never confused.

    Args:
        requested_paths: unquoted.
        responses: in any order.
        preferred_property: of two responses with one path, the one with this property is used.

    Returns:
        By path its response; paths without one are missing.
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
        (paths[0], resources[0])
        for paths, resources in by_comparable_path.values()
        if len(paths) == len(resources) == 1
    ]
    return matched | dict(pairs)


def _parse_status(line: str | None) -> int:
    """The number in `HTTP/1.1 404 Not Found`; 200 where a line is absent or has no number."""
    match = _STATUS_LINE.match(line or "")
    return int(match[1]) if match else 200


def collect_sync_page(
    responses: Sequence[Resource],
    collection_path: str,
    etags: dict[str, str],
    hrefs: dict[str, str],
    deleted: set[str],
) -> bool:
    """Add a page of a sync report to `etags`, `hrefs` and `deleted`.

    A 404 is a deletion, also where all resources were requested: there Radicale lists what was deleted.

    Returns:
        Whether another page follows (RFC 6578, 3.6).

    Raises:
        StaleTokenError: the page reports an error of the collection itself.
    """
    has_next_page = False
    for resource in responses:
        if resource.path == collection_path and resource.status >= 400 and resource.status != 507:
            raise StaleTokenError
        if resource.path == collection_path:
            has_next_page = has_next_page or resource.status == 507
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
    return has_next_page


def _to_resource(part: ResponsePart, url: str) -> Resource:
    if part.element is None:
        return Resource(part.href, _response_path(url, part.href), 200, is_broken=True)
    href = (part.element.findtext(f"{DAV_NS}href") or "").strip()
    status = _parse_status(part.element.findtext(f"{DAV_NS}status"))
    properties: dict[str, Element] = {}
    property_errors: dict[str, int] = {}
    for propstat in part.element.findall(f"{DAV_NS}propstat"):
        property_status = _parse_status(propstat.findtext(f"{DAV_NS}status"))
        for element in propstat.findall(f"{DAV_NS}prop/*"):
            if 200 <= property_status < 300:
                properties[element.tag] = element
            else:
                property_errors[element.tag] = property_status
    return Resource(
        href, _response_path(url, href), status, properties, property_errors, is_repaired=part.is_repaired
    )


def _response_path(url: str, href: str) -> str:
    """The unquoted path of a href in the response of an address."""
    # Nearly every href is a plain path; urljoin takes several times as long.
    return unquoted_path(href if _PLAIN_PATH.fullmatch(href) else _join_url(url, href))


def _join_url(url: str, href: str) -> str:
    try:
        return urljoin(url, href)
    except ValueError:  # such as `http://[`
        return href if "//" not in href else "/"

"""The part of WebDAV and CalDAV that reads calendars: PROPFIND, sync-collection, multiget.

RFC 4918 (WebDAV), 4791 (CalDAV), 6578 (sync).
"""

from collections.abc import Iterator, Sequence
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from calsync.errors import SourceContentError
from calsync.sources.base import shown_address
from calsync.sources.credentials import Origin
from calsync.sources.errand import Answer, Errand
from calsync.sources.multistatus import D, Listing, Resource, StaleTokenError, path_of, resources, take_page
from calsync.sources.refusals import named
from calsync.text import count_of

CHUNK = 100
"""Resources asked for in one multiget."""
_ROUNDS = 1000
_OPEN = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"'


class Dav:
    """Speaks WebDAV in the name of one errand, and with one server only."""

    def __init__(self, errand: Errand) -> None:
        self._errand = errand

    def propfind(self, url: str, *names: str, depth: int = 0) -> list[Resource]:
        """The resource at an address, and with depth 1 those right inside it, with these properties."""
        wanted = "".join(f"<{name}/>" for name in names)
        body = f"<d:propfind {_OPEN}><d:prop>{wanted}</d:prop></d:propfind>"
        found = resources(self._ask("PROPFIND", url, body, depth), url)
        for resource in found:
            if resource.path == path_of(url) and resource.status >= 400:
                raise self._errand.refused(resource.status)  # some say so inside a 207
        return found

    def listing(self, url: str) -> Listing:
        """Everything in a collection, by sync-collection or, where the server has none, by PROPFIND."""
        try:
            return self.changes(url, "")
        except StaleTokenError:
            found = self.propfind(url, "d:getetag", "d:resourcetype", depth=1)
            own = path_of(url)
            kept = [r for r in found if r.path != own and not r.holds(f"{D}resourcetype", f"{D}collection")]
            return Listing({r.path: r.text(f"{D}getetag") for r in kept}, {r.path: r.href for r in kept})

    def changes(self, url: str, token: str) -> Listing:
        """What changed in a collection since the token ("" for all of it), continued to its end.

        Raises StaleTokenError where the server refuses the token or knows no sync-collection.
        """
        etags: dict[str, str] = {}
        hrefs: dict[str, str] = {}
        gone: set[str] = set()
        seen = {token}
        while True:
            tree = self._sync(url, token)
            more = take_page(resources(tree, url), path_of(url), etags, hrefs, gone)
            token = (tree.findtext(f"{D}sync-token") or "").strip()
            if not more:
                return Listing(etags, hrefs, frozenset(gone), token)
            if token in seen or len(seen) > _ROUNDS:
                what = "never comes to the end of its list of meetings (sync-collection)"
                raise SourceContentError(self._errand.where, what, "report it to whoever runs the server")
            seen.add(token)

    def multiget(self, url: str, hrefs: Sequence[str]) -> Iterator[Resource]:
        """Each resource with its calendar-data, in the order asked; none is left out.

        A resource that was deleted meanwhile has status 404.
        """
        for start in range(0, len(hrefs), CHUNK):
            chunk = hrefs[start : start + CHUNK]
            wanted = "".join(f"<d:href>{escape(href)}</d:href>" for href in chunk)
            props = "<d:prop><d:getetag/><c:calendar-data/></d:prop>"
            body = f"<c:calendar-multiget {_OPEN}>{props}{wanted}</c:calendar-multiget>"
            found = {r.path: r for r in resources(self._ask("REPORT", url, body, 1), url)}
            asked = [path_of(urljoin(url, href)) for href in chunk]
            missing = [path for path in asked if path not in found]
            if missing:
                what = f"left {len(missing)} of {count_of(len(chunk), 'meeting')} out of its answer"
                raise SourceContentError(self._errand.where, what, "report it to whoever runs the server")
            yield from (found[path] for path in asked)

    def resolve(self, url: str, href: str) -> str:
        """The full address of what a server names; raises SourceContentError if it is on another server."""
        try:
            full = urljoin(url, href)
            if Origin.of(url).leads_to(Origin.of(full)):
                return full
        except ValueError:
            raise self._odd("names an address that cannot be read") from None
        what = f"keeps this user's calendars on another server, {shown_address(full)}"
        hint = "name that server as `url` of a source of its own"
        raise SourceContentError(self._errand.where, what, hint)

    def _sync(self, url: str, token: str) -> Element:
        body = (
            f"<d:sync-collection {_OPEN}><d:sync-token>{escape(token)}</d:sync-token>"
            "<d:sync-level>1</d:sync-level><d:prop><d:getetag/></d:prop></d:sync-collection>"
        )
        answer = self._send("REPORT", url, body, 0)
        if answer.status not in (207, 401):
            raise StaleTokenError
        return self._parse(self._errand.require(answer, 207))

    def _ask(self, method: str, url: str, body: str, depth: int) -> Element:
        answer = self._send(method, url, body, depth)
        if answer.status not in (207, 401, 403, 404, 410):
            raise self._odd(f"does not speak CalDAV: {named(answer.status)}")
        return self._parse(self._errand.require(answer, 207))

    def _send(self, method: str, url: str, body: str, depth: int) -> Answer:
        headers = {"Depth": str(depth), "Content-Type": "application/xml; charset=utf-8"}
        content = f'<?xml version="1.0" encoding="utf-8"?>{body}'.encode()
        return self._errand.ask(method, url, headers=headers, body=content, stay=True)

    def _parse(self, answer: Answer) -> Element:
        try:
            tree: Element = fromstring(answer.body, forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError):
            raise self._odd("answered with something that is no WebDAV") from None
        if tree.tag != f"{D}multistatus":  # an XHTML page would read as an empty calendar
            raise self._odd("answered with something that is no WebDAV")
        return tree

    def _odd(self, what: str) -> SourceContentError:
        hint = "is it the CalDAV address? see docs/caldav.md"
        return SourceContentError(self._errand.where, what, hint)

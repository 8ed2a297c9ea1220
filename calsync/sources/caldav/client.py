"""The part of WebDAV and CalDAV that reads calendars: PROPFIND, sync-collection, multiget.

RFC 4918 (WebDAV), 4791 (CalDAV), 6578 (sync).
"""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from calsync.errors import SourceContentError, SourceError
from calsync.http.client import Client, HttpResponse
from calsync.http.credentials import Origin
from calsync.http.errors import OtherServerError, ServerBusyError, status_text
from calsync.model.address_redaction import redact_address
from calsync.sources.caldav.multistatus import (
    CALDAV_NS,
    Listing,
    Resource,
    StaleTokenError,
    collect_sync_page,
    match_responses,
    parse_resources,
    unquoted_path,
)
from calsync.sources.caldav.xml import (
    DAV_NS,
    MultistatusXml,
    NotMultistatusError,
    parse_multistatus,
    strip_illegal_characters,
)

MULTIGET_SIZE = 100
"""Resources asked for in one multiget."""
STATUS_MISSING = 0
"""The status of a resource that an answer leaves out."""
_CALENDAR_DATA = f"{CALDAV_NS}calendar-data"
# So many resources are asked for one by one in vain; the rest of a broken calendar is not worth the requests.
_MAX_FAILED_GETS = 50
# A multiget that is refused for one of few resources; one refused for many is the server's own trouble.
_FEW_RESOURCES = 10
_MAX_SYNC_PAGES = 1000
_XML_NAMESPACES = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"'


class CaldavClient:
    """Reads one calendar or user by WebDAV, from one server only."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def propfind(self, url: str, *names: str, depth: int = 0) -> list[Resource]:
        """The resource at an address, and with depth 1 those right inside it, with these properties."""
        wanted = "".join(f"<{name}/>" for name in names)
        body = f"<d:propfind {_XML_NAMESPACES}><d:prop>{wanted}</d:prop></d:propfind>"
        found = parse_resources(self._request_multistatus("PROPFIND", url, body, depth), url)
        for resource in found:
            if resource.path == unquoted_path(url) and resource.status >= 400:
                raise self._client.error_for_status(resource.status)  # some say so inside a 207
        return found

    def list_resources(self, url: str) -> Listing:
        """Everything in a collection, by sync-collection or, where the server has none, by PROPFIND."""
        try:
            return self.fetch_changes(url, "")
        except StaleTokenError:
            found = self.propfind(url, "d:getetag", "d:resourcetype", depth=1)
            own = unquoted_path(url)
            kept = [r for r in found if r.path != own and not r.is_collection]
            etags = {r.path: r.text(f"{DAV_NS}getetag") for r in kept}
            return Listing(etags, {r.path: r.href for r in kept}, unnamed=_count_unnamed(found, own))

    def fetch_changes(self, url: str, token: str) -> Listing:
        """What changed in a collection since the token ("" for all of it), continued to its end.

        Raises StaleTokenError where the server refuses the token or knows no sync-collection.
        """
        etags: dict[str, str] = {}
        hrefs: dict[str, str] = {}
        gone: set[str] = set()
        seen_tokens = {token}
        unnamed = 0
        while True:
            answer = self._sync_collection(url, token)
            found = parse_resources(answer, url)
            more = collect_sync_page(found, unquoted_path(url), etags, hrefs, gone)
            unnamed += _count_unnamed(found, unquoted_path(url))
            token = answer.token
            if not more:
                return Listing(etags, hrefs, frozenset(gone), token, unnamed)
            if token in seen_tokens or len(seen_tokens) > _MAX_SYNC_PAGES:
                what = "never comes to the end of its list of meetings (sync-collection)"
                raise SourceContentError(self._client.where, what, "report it to whoever runs the server")
            seen_tokens.add(token)

    def read_resources(self, url: str, hrefs: Mapping[str, str]) -> Iterator[tuple[str, Resource]]:
        """Each resource by its path, in order, with its calendar-data where the server gives it.

        A hundred are asked for at once, and what is not among the answer once more by itself, so that one
        broken resource costs only itself.

        Args:
            url: the collection.
            hrefs: by path the server's own spelling.

        Raises:
            SourceError: the server refuses the whole question, and none of the resources either.
        """
        paths = sorted(hrefs)
        delivered = failed = 0
        for start in range(0, len(paths), MULTIGET_SIZE):
            chunk = paths[start : start + MULTIGET_SIZE]
            found, refusal = self._multiget(url, [hrefs[path] for path in chunk])
            matched = match_responses(chunk, found, _CALENDAR_DATA)
            before = delivered
            for path in chunk:
                resource = matched.get(path) or Resource(hrefs[path], path, STATUS_MISSING)
                if not resource.text(_CALENDAR_DATA) and failed < _MAX_FAILED_GETS:
                    resource = self._get_resource(url, hrefs[path], resource)
                    failed += not resource.text(_CALENDAR_DATA)
                delivered += bool(resource.text(_CALENDAR_DATA))
                yield path, resource
            if refusal and delivered == before and (not delivered or len(chunk) > _FEW_RESOURCES):
                raise refusal

    def resolve_href(self, url: str, href: str) -> str:
        """The full address of what a server names; raises SourceContentError if it is on another server."""
        try:
            full_url = urljoin(url, href)
            if Origin.of(url).is_same_server(Origin.of(full_url)):
                return full_url
        except ValueError:
            raise self._content_error("names an address that cannot be read") from None
        what = f"keeps this user's calendars on another server, {redact_address(full_url)}"
        hint = "name that server as `url` of a source of its own"
        raise SourceContentError(self._client.where, what, hint)

    def _multiget(self, url: str, hrefs: Sequence[str]) -> tuple[list[Resource], SourceError | None]:
        """What a server gives of these resources, or nothing and why it refuses the question as a whole."""
        wanted = "".join(f"<d:href>{escape(href)}</d:href>" for href in hrefs)
        props = "<d:prop><d:getetag/><c:calendar-data/></d:prop>"
        body = f"<c:calendar-multiget {_XML_NAMESPACES}>{props}{wanted}</c:calendar-multiget>"
        try:
            response = self._send_request("REPORT", url, body, 1)
        except ServerBusyError as error:  # one resource may be what breaks it
            return [], error
        if response.status == 401:
            raise self._client.error_for_status(401, response.headers)
        if response.status != 207:
            return [], self._client.error_for_status(response.status, response.headers)
        try:
            return parse_resources(self._parse_multistatus(response), url), None
        except SourceContentError as error:
            return [], error

    def _get_resource(self, url: str, href: str, fallback: Resource) -> Resource:
        """A resource asked for by itself; `known`, which has no content, where that does not help."""
        full_url = urlsplit(urljoin(url, href))
        here = urlsplit(url)
        # Behind a proxy a server may name a host of its own; ours is the only one that is asked.
        address = full_url._replace(scheme=here.scheme, netloc=here.netloc, fragment="").geturl()
        try:
            response = self._client.request("GET", address, same_server=True, attempts=1)
        except (ServerBusyError, OtherServerError):
            return fallback
        if response.status != 200:
            return (
                fallback
                if fallback.status or fallback.is_broken
                else Resource(href, fallback.path, response.status)
            )
        content = Element(_CALENDAR_DATA)
        content.text, repaired = strip_illegal_characters(response.body)
        return Resource(href, fallback.path, 200, {_CALENDAR_DATA: content}, is_repaired=repaired)

    def _sync_collection(self, url: str, token: str) -> MultistatusXml:
        body = (
            f"<d:sync-collection {_XML_NAMESPACES}><d:sync-token>{escape(token)}</d:sync-token>"
            "<d:sync-level>1</d:sync-level><d:prop><d:getetag/><d:resourcetype/></d:prop></d:sync-collection>"
        )
        response = self._send_request("REPORT", url, body, 0)
        if response.status not in (207, 401):
            raise StaleTokenError
        return self._parse_multistatus(self._client.require_status(response, 207))

    def _request_multistatus(self, method: str, url: str, body: str, depth: int) -> MultistatusXml:
        response = self._send_request(method, url, body, depth)
        if response.status not in (207, 401, 403, 404, 410):
            raise self._content_error(f"does not speak CalDAV: {status_text(response.status)}")
        return self._parse_multistatus(self._client.require_status(response, 207))

    def _send_request(self, method: str, url: str, body: str, depth: int) -> HttpResponse:
        headers = {"Depth": str(depth), "Content-Type": "application/xml; charset=utf-8"}
        content = f'<?xml version="1.0" encoding="utf-8"?>{body}'.encode()
        return self._client.request(method, url, headers=headers, body=content, same_server=True)

    def _parse_multistatus(self, response: HttpResponse) -> MultistatusXml:
        try:
            return parse_multistatus(response.body)
        except NotMultistatusError:
            raise self._content_error("answered with something that is no WebDAV") from None

    def unreadable_list_error(self) -> SourceContentError:
        """What a list of calendars is called in which an entry hides its address, to be raised."""
        return self._content_error("answered with a list of calendars that cannot be read whole")

    def _content_error(self, what: str) -> SourceContentError:
        hint = "is it the CalDAV address? see docs/operators/caldav.md"
        return SourceContentError(self._client.where, what, hint)


def _count_unnamed(found: Sequence[Resource], own: str) -> int:
    """How many entries of a listing name no resource: no address, or the collection's own, unreadable."""
    return sum(not resource.href or (resource.is_broken and resource.path == own) for resource in found)

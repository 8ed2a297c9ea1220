"""The requests of CalDAV that read calendars: PROPFIND, sync-collection, calendar-multiget.

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
"""Resources requested in one multiget."""
STATUS_MISSING = 0
"""The status of a resource that a response leaves out."""
_CALENDAR_DATA = f"{CALDAV_NS}calendar-data"
# After so many failed requests for single resources the rest of a broken calendar is not requested.
_MAX_FAILED_GETS = 50
# One broken resource may let a multiget of up to so many fail; a failed larger one is a fault of the server.
_FEW_RESOURCES = 10
_MAX_SYNC_PAGES = 1000
_XML_NAMESPACES = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"'


class CaldavClient:
    """Reads one calendar, or the calendars of one user, from one server."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def propfind(self, url: str, *names: str, depth: int = 0) -> list[Resource]:
        """Request properties of the resource at an address.

        Args:
            url: the address.
            names: of the properties, with the prefix `d:` or `c:`.
            depth: 0 for the resource only, 1 also for those directly inside it.

        Raises:
            SourceError: the server reports an error of the resource itself.
        """
        properties = "".join(f"<{name}/>" for name in names)
        body = f"<d:propfind {_XML_NAMESPACES}><d:prop>{properties}</d:prop></d:propfind>"
        resources = parse_resources(self._request_multistatus("PROPFIND", url, body, depth), url)
        for resource in resources:
            if resource.path == unquoted_path(url) and resource.status >= 400:
                raise self._client.error_for_status(resource.status)  # of servers that report it inside a 207
        return resources

    def list_resources(self, url: str) -> Listing:
        """List a collection, by sync-collection or, where the server does not support it, by PROPFIND."""
        try:
            return self.fetch_changes(url, "")
        except StaleTokenError:
            entries = self.propfind(url, "d:getetag", "d:resourcetype", depth=1)
            collection_path = unquoted_path(url)
            resources = [r for r in entries if r.path != collection_path and not r.is_collection]
            etags = {r.path: r.text(f"{DAV_NS}getetag") for r in resources}
            hrefs = {r.path: r.href for r in resources}
            return Listing(etags, hrefs, unnamed=_count_unnamed(entries, collection_path))

    def fetch_changes(self, url: str, token: str) -> Listing:
        """List what changed in a collection since a sync token; "" for everything. Reads all pages.

        Raises:
            StaleTokenError: the server rejects the token or does not support sync-collection.
        """
        etags: dict[str, str] = {}
        hrefs: dict[str, str] = {}
        deleted: set[str] = set()
        seen_tokens = {token}
        unnamed = 0
        while True:
            page = self._sync_collection(url, token)
            responses = parse_resources(page, url)
            has_next_page = collect_sync_page(responses, unquoted_path(url), etags, hrefs, deleted)
            unnamed += _count_unnamed(responses, unquoted_path(url))
            token = page.token
            if not has_next_page:
                return Listing(etags, hrefs, frozenset(deleted), token, unnamed)
            if token in seen_tokens or len(seen_tokens) > _MAX_SYNC_PAGES:
                what = "its list of meetings never ends (sync-collection)"
                raise SourceContentError(self._client.where, what, "report it to whoever runs the server")
            seen_tokens.add(token)

    def read_resources(self, url: str, hrefs: Mapping[str, str]) -> Iterator[tuple[str, Resource]]:
        """Read resources, with their calendar-data where the server sends it.

        A hundred are requested at once. One that is missing from the response is requested again by itself,
        so that a broken resource does not affect others.

        Args:
            url: the collection.
            hrefs: by path the address as the server writes it.

        Yields:
            Each path, sorted, with its resource.

        Raises:
            SourceError: the server rejects a request as a whole, and each of its resources, too.
        """
        paths = sorted(hrefs)
        delivered = failed = 0
        for start in range(0, len(paths), MULTIGET_SIZE):
            chunk = paths[start : start + MULTIGET_SIZE]
            responses, multiget_error = self._multiget(url, [hrefs[path] for path in chunk])
            matched = match_responses(chunk, responses, _CALENDAR_DATA)
            delivered_before = delivered
            for path in chunk:
                resource = matched.get(path) or Resource(hrefs[path], path, STATUS_MISSING)
                if not resource.text(_CALENDAR_DATA) and failed < _MAX_FAILED_GETS:
                    resource = self._get_resource(url, hrefs[path], resource)
                    failed += not resource.text(_CALENDAR_DATA)
                delivered += bool(resource.text(_CALENDAR_DATA))
                yield path, resource
            nothing_delivered = delivered == delivered_before
            if multiget_error and nothing_delivered and (not delivered or len(chunk) > _FEW_RESOURCES):
                raise multiget_error

    def resolve_href(self, url: str, href: str) -> str:
        """The full address of a href in a response.

        Raises:
            SourceContentError: it is on another server.
        """
        try:
            full_url = urljoin(url, href)
            if Origin.of(url).is_same_server(Origin.of(full_url)):
                return full_url
        except ValueError:
            raise self._content_error("names an invalid address") from None
        what = f"this user's calendars are on another server, {redact_address(full_url)}"
        hint = "add a source with that server as `url`"
        raise SourceContentError(self._client.where, what, hint)

    def _multiget(self, url: str, hrefs: Sequence[str]) -> tuple[list[Resource], SourceError | None]:
        """Request resources at once; returns no responses and an error if the request fails as a whole."""
        elements = "".join(f"<d:href>{escape(href)}</d:href>" for href in hrefs)
        props = "<d:prop><d:getetag/><c:calendar-data/></d:prop>"
        body = f"<c:calendar-multiget {_XML_NAMESPACES}>{props}{elements}</c:calendar-multiget>"
        try:
            response = self._send_request("REPORT", url, body, 1)
        except ServerBusyError as error:  # a single resource may cause it
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
        """Request a resource by itself; returns `fallback`, which has no content, where that fails, too."""
        resource_url, collection_url = urlsplit(urljoin(url, href)), urlsplit(url)
        # A server behind a proxy may name an internal host; the request goes to the collection's host only.
        address = resource_url._replace(
            scheme=collection_url.scheme, netloc=collection_url.netloc, fragment=""
        ).geturl()
        try:
            response = self._client.request("GET", address, same_server=True, attempts=1)
        except (ServerBusyError, OtherServerError):
            return fallback
        if response.status != 200:
            if fallback.status == STATUS_MISSING and not fallback.is_broken:
                return Resource(href, fallback.path, response.status)
            return fallback
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
            raise self._content_error(f"the server does not support CalDAV: {status_text(response.status)}")
        return self._parse_multistatus(self._client.require_status(response, 207))

    def _send_request(self, method: str, url: str, body: str, depth: int) -> HttpResponse:
        headers = {"Depth": str(depth), "Content-Type": "application/xml; charset=utf-8"}
        content = f'<?xml version="1.0" encoding="utf-8"?>{body}'.encode()
        return self._client.request(method, url, headers=headers, body=content, same_server=True)

    def _parse_multistatus(self, response: HttpResponse) -> MultistatusXml:
        try:
            return parse_multistatus(response.body)
        except NotMultistatusError:
            raise self._content_error("the server sent something that is no WebDAV response") from None

    def unreadable_list_error(self) -> SourceContentError:
        """The error of a list of calendars with an entry whose address cannot be read, to be raised."""
        return self._content_error("the server sent a list of calendars that cannot be read completely")

    def _content_error(self, what: str) -> SourceContentError:
        hint = "is it the CalDAV address? see docs/operators/caldav.md"
        return SourceContentError(self._client.where, what, hint)


def _count_unnamed(entries: Sequence[Resource], collection_path: str) -> int:
    """How many entries name no resource: those without address, and a broken one of the collection itself."""
    return sum(not entry.href or (entry.is_broken and entry.path == collection_path) for entry in entries)

"""Finds a user's calendars on a CalDAV server, and nobody else's.

A service account that reads many users must never fall back on its own calendars: only an empty
address stands for whoever logs in.
"""

from collections.abc import Iterator, Sequence
from urllib.parse import quote, urljoin, urlsplit

from calsync.errors import SourceAuthError
from calsync.http.credentials import Origin
from calsync.http.errors import invalid_address_error
from calsync.sources.base import Calendar
from calsync.sources.caldav.client import CaldavClient
from calsync.sources.caldav.multistatus import CALDAV_NS, DAV_NS, Resource, quote_path, unquoted_path

_SAFE_CHARACTERS = "/%:@!$&'()*+,;=~"
_PROPERTIES = (
    "d:resourcetype",
    "d:displayname",
    "d:owner",
    "d:current-user-principal",
    "c:calendar-home-set",
    "c:supported-calendar-component-set",
)


def resolve_address(root: str, calendar: Calendar) -> str:
    """The full address of a calendar or user; one without a host lies under `root`.

    Raises SourceAuthError for another server: our credentials are not meant for it.
    """
    address = calendar.address.strip()
    if "://" not in address:
        relative = quote(address, safe=_SAFE_CHARACTERS)
        full = urljoin(root, relative if relative.startswith("/") else f"./{relative}")
    else:
        full = address
    _check_server(root, full, calendar)
    return full if full.endswith("/") else f"{full}/"


def find_collections(
    dav: CaldavClient, url: str, skip: Sequence[str], *, use_own_principal: bool
) -> tuple[Sequence[str | None], list[str]]:
    """The paths of a user's own calendars, sorted, and the names of those that others share with them.

    None instead of a path: the address is a calendar itself. at_root: no user was named, so whoever
    logs in is meant.
    """
    address_resource = _fetch_resource(dav, url)
    if _is_calendar(address_resource):
        return [None], []
    homes = _calendar_homes(dav, url, address_resource)
    if not homes and use_own_principal:
        homes = _find_own_homes(dav, url, address_resource)
    own: set[str] = set()
    foreign: set[str] = set()
    for home in homes or [url]:
        for path, name, shared in _list_calendars(dav, home, skip):
            (foreign if shared else own).add(name if shared else path)
    return sorted(own), sorted(foreign)


def _check_server(root: str, full: str, calendar: Calendar) -> None:
    try:
        same = Origin.of(root).is_same_server(Origin.of(full))
    except ValueError:
        raise invalid_address_error(str(calendar), "give a path under the source's url") from None
    if not same:
        what = "is on another server than this source's url"
        raise SourceAuthError(str(calendar), what, "give that server a source of its own")


def _fetch_resource(dav: CaldavClient, url: str) -> Resource:
    found = dav.propfind(url, *_PROPERTIES)
    matching = [resource for resource in found if resource.path == unquoted_path(url)]
    return (matching or found or [Resource(url, unquoted_path(url), 200, {})])[0]


def _calendar_homes(dav: CaldavClient, url: str, principal: Resource) -> list[str]:
    return [dav.resolve_href(url, href) for href in principal.hrefs(f"{CALDAV_NS}calendar-home-set")]


def _find_own_homes(dav: CaldavClient, url: str, here: Resource) -> list[str]:
    """Where the account that logs in keeps its calendars, by RFC 5397 and RFC 6764."""
    principals = here.hrefs(f"{DAV_NS}current-user-principal")
    if not principals:
        return []
    principal = dav.resolve_href(url, principals[0])
    return _calendar_homes(dav, principal, _fetch_resource(dav, principal))


def _list_calendars(dav: CaldavClient, home: str, skip: Sequence[str]) -> Iterator[tuple[str, str, bool]]:
    """Path, name and whether it is somebody else's, for each calendar of meetings in a home."""
    found = dav.propfind(home, *_PROPERTIES, depth=1)
    if not all(resource.href for resource in found):
        raise dav.unreadable_list_error()
    owners = [_owner_path(home, resource) for resource in found if resource.path == unquoted_path(home)]
    owner = owners[0] if owners else ""
    for resource in found:
        name = resource.text(f"{DAV_NS}displayname") or resource.path.rpartition("/")[2]
        skipped = {name, resource.path.rpartition("/")[2]} & set(skip)
        hidden = _may_be_hidden_calendar(resource) and resource.path != unquoted_path(home)
        if (_is_calendar(resource) or hidden) and not skipped:
            resource_owner = _owner_path(home, resource)
            yield (
                _canonical_path(home, resource),
                name,
                bool(owner and resource_owner and resource_owner != owner),
            )


def _is_calendar(resource: Resource) -> bool:
    """Whether it is a calendar collection that may hold meetings, and not only tasks."""
    if not resource.has_element(f"{DAV_NS}resourcetype", f"{CALDAV_NS}calendar"):
        return False
    components = resource.properties.get(f"{CALDAV_NS}supported-calendar-component-set")
    names = {part.get("name", "").upper() for part in components} if components is not None else set()
    return not names or "VEVENT" in names


def _may_be_hidden_calendar(resource: Resource) -> bool:
    """Whether the server hides what it is: it may be a calendar, which must fail and not be retired."""
    refused = max(resource.status, resource.property_errors.get(f"{DAV_NS}resourcetype", 200))
    return resource.is_broken or (refused >= 400 and refused not in (404, 410))


def _owner_path(home: str, resource: Resource) -> str:
    owners = resource.hrefs(f"{DAV_NS}owner")
    return unquoted_path(urljoin(home, owners[0])) if owners else ""


def _canonical_path(home: str, resource: Resource) -> str:
    """The path in one spelling, whatever the server's: the store knows the calendar by it."""
    full = urljoin(home, resource.href)
    return quote_path(unquoted_path(full) + ("/" if urlsplit(full).path.endswith("/") else ""))

"""Finds the calendars of one user on a CalDAV server.

A service account that reads many users must never read its own calendars instead of a user's: only an empty
address means the account that logs in.
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
    """The full address of a calendar or user; one without a host is relative to `root`.

    Raises:
        SourceContentError: it is no valid address.
        SourceAuthError: it is on another server, to which the credentials must not be sent.
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
    """Find the calendars at the address of a principal, a home or a calendar.

    Args:
        dav: the client.
        url: the address.
        skip: display names or last path parts of calendars to leave out.
        use_own_principal: whether the calendars of the account that logs in are meant.

    Returns:
        The paths of the user's own calendars, sorted, or [None] if the address is a calendar itself; and the
        names of calendars that others share with the user.
    """
    address_resource = _fetch_resource(dav, url)
    if _is_calendar(address_resource):
        return [None], []
    homes = _calendar_homes(dav, url, address_resource)
    if not homes and use_own_principal:
        homes = _find_own_homes(dav, url, address_resource)
    own: set[str] = set()
    shared: set[str] = set()
    for home in homes or [url]:
        for path, name, is_shared in _list_calendars(dav, home, skip):
            if is_shared:
                shared.add(name)
            else:
                own.add(path)
    return sorted(own), sorted(shared)


def _check_server(root: str, url: str, calendar: Calendar) -> None:
    try:
        is_same = Origin.of(root).is_same_server(Origin.of(url))
    except ValueError:
        raise invalid_address_error(str(calendar), "give a path under the source's url") from None
    if not is_same:
        what = "is on another server than this source's url"
        raise SourceAuthError(str(calendar), what, "add a source for that server")


def _fetch_resource(dav: CaldavClient, url: str) -> Resource:
    resources = dav.propfind(url, *_PROPERTIES)
    matching = [resource for resource in resources if resource.path == unquoted_path(url)]
    return (matching or resources or [Resource(url, unquoted_path(url), 200, {})])[0]


def _calendar_homes(dav: CaldavClient, url: str, principal: Resource) -> list[str]:
    return [dav.resolve_href(url, href) for href in principal.hrefs(f"{CALDAV_NS}calendar-home-set")]


def _find_own_homes(dav: CaldavClient, url: str, address_resource: Resource) -> list[str]:
    """The calendar homes of the account that logs in (RFC 5397, RFC 6764)."""
    principals = address_resource.hrefs(f"{DAV_NS}current-user-principal")
    if not principals:
        return []
    principal = dav.resolve_href(url, principals[0])
    return _calendar_homes(dav, principal, _fetch_resource(dav, principal))


def _list_calendars(dav: CaldavClient, home: str, skip: Sequence[str]) -> Iterator[tuple[str, str, bool]]:
    """Path, name and whether somebody else owns it, for each calendar of meetings in a home."""
    resources = dav.propfind(home, *_PROPERTIES, depth=1)
    if not all(resource.href for resource in resources):
        raise dav.unreadable_list_error()
    home_path = unquoted_path(home)
    home_owner = next((_owner_path(home, r) for r in resources if r.path == home_path), "")
    for resource in resources:
        last_part = resource.path.rpartition("/")[2]
        name = resource.text(f"{DAV_NS}displayname") or last_part
        is_hidden = _may_be_hidden_calendar(resource) and resource.path != home_path
        if (_is_calendar(resource) or is_hidden) and not {name, last_part} & set(skip):
            owner = _owner_path(home, resource)
            is_shared = bool(home_owner and owner and owner != home_owner)
            yield _canonical_path(home, resource), name, is_shared


def _is_calendar(resource: Resource) -> bool:
    """Whether it is a calendar collection that may contain meetings, and not only tasks."""
    if not resource.has_element(f"{DAV_NS}resourcetype", f"{CALDAV_NS}calendar"):
        return False
    components = resource.properties.get(f"{CALDAV_NS}supported-calendar-component-set")
    names = {part.get("name", "").upper() for part in components} if components is not None else set()
    return not names or "VEVENT" in names


def _may_be_hidden_calendar(resource: Resource) -> bool:
    """Whether an error hides its type: it may be a calendar, whose fetch must fail; it was not removed."""
    status = max(resource.status, resource.property_errors.get(f"{DAV_NS}resourcetype", 200))
    return resource.is_broken or (status >= 400 and status not in (404, 410))


def _owner_path(home: str, resource: Resource) -> str:
    owners = resource.hrefs(f"{DAV_NS}owner")
    return unquoted_path(urljoin(home, owners[0])) if owners else ""


def _canonical_path(home: str, resource: Resource) -> str:
    """The path in canonical form, since it is part of the calendar's id in the store."""
    url = urljoin(home, resource.href)
    return quote_path(unquoted_path(url) + ("/" if urlsplit(url).path.endswith("/") else ""))

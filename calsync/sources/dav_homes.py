"""Finds a user's calendars on a CalDAV server, and nobody else's.

A service account that reads many users must never fall back on its own calendars: only an empty
address stands for whoever logs in.
"""

from collections.abc import Iterator, Sequence
from urllib.parse import quote, urljoin, urlsplit

from calsync.errors import SourceAuthError, SourceContentError
from calsync.sources.base import Calendar
from calsync.sources.credentials import Origin
from calsync.sources.dav import Dav
from calsync.sources.multistatus import C, D, Resource, path_of, quoted

_SAFE = "/%:@!$&'()*+,;=~"
_PROPERTIES = (
    "d:resourcetype",
    "d:displayname",
    "d:owner",
    "d:current-user-principal",
    "c:calendar-home-set",
    "c:supported-calendar-component-set",
)


def address_of(root: str, calendar: Calendar) -> str:
    """The full address of a calendar or user; one without a host lies under `root`.

    Raises SourceAuthError for another server: our credentials are not meant for it.
    """
    address = calendar.address.strip()
    if "://" not in address:
        relative = quote(address, safe=_SAFE)
        full = urljoin(root, relative if relative.startswith("/") else f"./{relative}")
    else:
        full = address
    _check_server(root, full, calendar)
    return full if full.endswith("/") else f"{full}/"


def collections_at(
    dav: Dav, url: str, skip: Sequence[str], *, at_root: bool
) -> tuple[Sequence[str | None], list[str]]:
    """The paths of a user's own calendars, sorted, and the names of those that others share with them.

    None instead of a path: the address is a calendar itself. at_root: no user was named, so whoever
    logs in is meant.
    """
    here = _itself(dav, url)
    if _is_calendar(here):
        return [None], []
    homes = _homes(dav, url, here)
    if not homes and at_root:
        homes = _own_homes(dav, url, here)
    own: set[str] = set()
    foreign: set[str] = set()
    for home in homes or [url]:
        for path, name, shared in _children(dav, home, skip):
            (foreign if shared else own).add(name if shared else path)
    return sorted(own), sorted(foreign)


def _check_server(root: str, full: str, calendar: Calendar) -> None:
    try:
        same = Origin.of(root).leads_to(Origin.of(full))
    except ValueError:
        hint = "give a path under the source's url"
        raise SourceContentError(str(calendar), "is no address that can be asked", hint) from None
    if not same:
        what = "is on another server than this source's url"
        raise SourceAuthError(str(calendar), what, "give that server a source of its own")


def _itself(dav: Dav, url: str) -> Resource:
    found = dav.propfind(url, *_PROPERTIES)
    named_so = [resource for resource in found if resource.path == path_of(url)]
    return (named_so or found or [Resource(url, path_of(url), 200, {})])[0]


def _homes(dav: Dav, url: str, principal: Resource) -> list[str]:
    return [dav.resolve(url, href) for href in principal.hrefs(f"{C}calendar-home-set")]


def _own_homes(dav: Dav, url: str, here: Resource) -> list[str]:
    """Where the account that logs in keeps its calendars, by RFC 5397 and RFC 6764."""
    principals = here.hrefs(f"{D}current-user-principal")
    if not principals:
        return []
    principal = dav.resolve(url, principals[0])
    return _homes(dav, principal, _itself(dav, principal))


def _children(dav: Dav, home: str, skip: Sequence[str]) -> Iterator[tuple[str, str, bool]]:
    """Path, name and whether it is somebody else's, for each calendar of meetings in a home."""
    found = dav.propfind(home, *_PROPERTIES, depth=1)
    if not all(resource.href for resource in found):
        raise dav.unreadable_list()
    owners = [_owner(home, resource) for resource in found if resource.path == path_of(home)]
    owner = owners[0] if owners else ""
    for resource in found:
        name = resource.text(f"{D}displayname") or resource.path.rpartition("/")[2]
        skipped = {name, resource.path.rpartition("/")[2]} & set(skip)
        hidden = _is_unknown(resource) and resource.path != path_of(home)
        if (_is_calendar(resource) or hidden) and not skipped:
            theirs = _owner(home, resource)
            yield _spelt(home, resource), name, bool(owner and theirs and theirs != owner)


def _is_calendar(resource: Resource) -> bool:
    """Whether it is a calendar collection that may hold meetings, and not only tasks."""
    if not resource.holds(f"{D}resourcetype", f"{C}calendar"):
        return False
    components = resource.properties.get(f"{C}supported-calendar-component-set")
    names = {part.get("name", "").upper() for part in components} if components is not None else set()
    return not names or "VEVENT" in names


def _is_unknown(resource: Resource) -> bool:
    """Whether the server hides what it is: it may be a calendar, which must fail and not be retired."""
    refused = max(resource.status, resource.refused.get(f"{D}resourcetype", 200))
    return resource.broken or (refused >= 400 and refused not in (404, 410))


def _owner(home: str, resource: Resource) -> str:
    owners = resource.hrefs(f"{D}owner")
    return path_of(urljoin(home, owners[0])) if owners else ""


def _spelt(home: str, resource: Resource) -> str:
    """The path in one spelling, whatever the server's: the store knows the calendar by it."""
    full = urljoin(home, resource.href)
    return quoted(path_of(full) + ("/" if urlsplit(full).path.endswith("/") else ""))

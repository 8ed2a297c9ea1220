"""Calendars on CalDAV servers: Radicale, Nextcloud, SOGo, Xandikos, Cyrus and their kin.

A calendar that did not change costs one request. One that did is read whole: what a resource meant
last night is not kept, so there is nothing to patch. Expansion is ours, not the server's.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from pydantic import field_validator

from calsync.errors import SourceContentError, SourceUnavailableError
from calsync.model.occurrence import Occurrence
from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.sources.base import Calendar, Fetched
from calsync.sources.credentials import Origin
from calsync.sources.dav import Dav
from calsync.sources.dav_homes import address_of, collections_at
from calsync.sources.guards import sealed
from calsync.sources.ical.read import READER, read_calendar
from calsync.sources.multistatus import C, Listing, Resource, StaleTokenError
from calsync.sources.refusals import named
from calsync.sources.tokens import recall, remember, scope_of
from calsync.sources.web import Web
from calsync.sources.web_options import WebOptions


class CaldavOptions(WebOptions):
    """The settings of a `caldav` source.

    url: where addresses start; one below it may be relative. skip: collections that nobody reads,
    by display name or last part of the path.
    """

    url: str
    skip: tuple[str, ...] = ("contact_birthdays",)

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        Origin.of(url)
        if "@" in urlsplit(url).netloc:
            raise ValueError("an address without user and password is wanted; give username and password_env")
        return url if url.endswith("/") else f"{url}/"


class CaldavSource:
    """Reads the calendars of one CalDAV server, of many users with one account or of one user each."""

    Options = CaldavOptions

    def __init__(self, name: str, options: CaldavOptions) -> None:
        self.name = name
        self.options = options
        self._web = Web(options)
        self._left_out: dict[Calendar, tuple[Problem, ...]] = {}

    def calendars(self, calendar: Calendar) -> tuple[Calendar, ...]:
        """The collection itself, or the calendars of a user: of a principal, a home, or our own login."""
        url = address_of(self.options.url, calendar)
        with self._web.errand(calendar) as errand:
            own, foreign = collections_at(
                Dav(errand), url, self.options.skip, at_root=not calendar.address.strip()
            )
        found = tuple(calendar if path is None else calendar.at(path) for path in own)
        if found and foreign:
            self._left_out[found[0]] = tuple(_left_out(calendar, name) for name in foreign)
        return found

    def fetch(self, calendar: Calendar, window: Span, token: str = "") -> Fetched:
        """Give every occurrence that overlaps the window, or say that nothing changed."""
        url = address_of(self.options.url, calendar)
        scope = scope_of(calendar, window, READER)
        held = recall(token, scope)
        with self._web.errand(calendar) as errand:
            dav = Dav(errand)
            if _unchanged_since(dav, url, held.get("sync", "")):
                return Fetched(unchanged=True, token=token)
            listing = dav.listing(url)
            now = remember(scope, {"sync": listing.token, "listing": listing.digest})
            if listing.digest and listing.digest == held.get("listing"):
                return Fetched(unchanged=True, token=now)
            texts, problems = _texts(dav, url, listing, calendar)
        occurrences, faults = _read(texts, window, calendar)
        notes = self._left_out.get(calendar, ())
        return sealed(calendar, window, occurrences, (*notes, *problems, *faults), now)

    def close(self) -> None:
        """Let go of connections."""
        self._web.close()


def _unchanged_since(dav: Dav, url: str, sync_token: str) -> bool:
    """Whether the server says that nothing changed; a token that it does not understand means no."""
    if not sync_token:
        return False
    try:
        return dav.changes(url, sync_token).nothing
    except (StaleTokenError, SourceUnavailableError):
        # Some servers break over a token they forgot. If this one is down, the listing will say so.
        return False


def _texts(dav: Dav, url: str, listing: Listing, calendar: Calendar) -> tuple[dict[str, str], list[Problem]]:
    """The text of each resource by its name, and the resources that may not be read."""
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    for resource in dav.multiget(url, [listing.hrefs[path] for path in sorted(listing.hrefs)]):
        name = resource.path.rpartition("/")[2]
        text = resource.text(f"{C}calendar-data")
        if text:
            texts[name] = text
        elif resource.status >= 500:
            what = f"the server could not give {name}: {named(resource.status)}"
            raise SourceUnavailableError(str(calendar), what, "try again later")
        elif resource.status not in (404, 410):  # deleted since it was listed
            problems.append(_unread(calendar, name, resource))
    if not texts:
        _refuse_all(calendar, problems)
    return texts, problems


def _read(
    texts: dict[str, str], window: Span, calendar: Calendar
) -> tuple[Sequence[Occurrence], Sequence[Problem]]:
    """What the resources hold; one that is no calendar costs only itself."""
    problems = []
    whole = {}
    for name, text in texts.items():
        text = text.strip("\ufeff \r\n\t")
        if text[:15].upper() == "BEGIN:VCALENDAR" and text[-13:].upper() == "END:VCALENDAR":
            whole[name] = text
        else:
            problems.append(_broken(calendar, name))
    if not whole:
        _refuse_all(calendar, problems)
        return (), ()
    try:
        occurrences, faults = _expand("\r\n".join((*whole.values(), "")), window, calendar, str(calendar))
    except SourceContentError:  # one of them hides a fault; read one by one, it costs only itself
        occurrences, faults = _one_by_one(whole, window, calendar)
    return occurrences, [*problems, *faults]


def _one_by_one(
    texts: Mapping[str, str], window: Span, calendar: Calendar
) -> tuple[tuple[Occurrence, ...], tuple[Problem, ...]]:
    occurrences: list[Occurrence] = []
    problems: list[Problem] = []
    for name, text in texts.items():
        where = f"{calendar} {name}"
        try:
            found, faults = _expand(text, window, calendar, where)
            occurrences += found
            problems += faults
        except SourceContentError as error:
            problems.append(Problem(where, error.what, error.hint))
    if not occurrences and len(problems) >= len(texts):
        _refuse_all(calendar, problems)
    return tuple(occurrences), tuple(problems)


def _refuse_all(calendar: Calendar, problems: list[Problem]) -> None:
    """A calendar of which nothing can be read is not an empty one."""
    if problems:
        what = f"none of its {len(problems)} meetings can be read: {problems[0].what}"
        raise SourceContentError(str(calendar), what, problems[0].hint or "look at it in a calendar program")


def _expand(
    text: str, window: Span, calendar: Calendar, where: str
) -> tuple[tuple[Occurrence, ...], tuple[Problem, ...]]:
    content = text.encode("utf-8", "surrogatepass")
    return read_calendar(
        content,
        window,
        zone=calendar.zone,
        owners=calendar.owners,
        where=where,
        missing_end=calendar.missing_end,
    )


def _left_out(calendar: Calendar, name: str) -> Problem:
    what = f"the calendar {name!r} was left out: somebody else shares it with this user"
    return Problem(str(calendar), what, "name its address to have it read", Severity.NOTE)


def _unread(calendar: Calendar, name: str, resource: Resource) -> Problem:
    said = named(resource.status) if resource.status != 200 else "without content"
    return Problem(f"{calendar} {name}", f"the server did not give this meeting: {said}", "may we read it?")


def _broken(calendar: Calendar, name: str) -> Problem:
    what = "is no whole calendar (VCALENDAR) and was left out"
    return Problem(f"{calendar} {name}", what, "save the meeting anew or delete it")

"""Calendars held in memory: the twin of the real sources, for tests and demonstrations."""

from collections.abc import Iterable, Mapping
from threading import Lock

from calsync.errors import SourceContentError, SourceError
from calsync.model.occurrence import Occurrence, occurrence_digest
from calsync.model.span import Span
from calsync.sources.base import Calendar, FetchResult, SourceOptions
from calsync.sources.guards import build_result
from calsync.sources.tokens import build_token_key, digest_bytes, encode_token


class MemorySource:
    """A source that holds what it is told, and fails when it is told to.

    asked: the (address, token) of every fetch, in order of arrival.
    """

    Options = SourceOptions

    def __init__(
        self,
        name: str = "memory",
        options: SourceOptions | None = None,
        contents: Mapping[str, Iterable[Occurrence]] | None = None,
    ) -> None:
        self.name = name
        self.options = options or SourceOptions()
        self.fetches: list[tuple[str, str]] = []
        self.closed = False
        self._occurrences = {address: tuple(occurrences) for address, occurrences in (contents or {}).items()}
        self._errors: dict[str, SourceError] = {}
        self._lock = Lock()

    def set_occurrences(self, address: str, *occurrences: Occurrence) -> None:
        """From now on the calendar at this address holds exactly these; "home/a" lies behind "home"."""
        self._occurrences[address] = occurrences

    def fail_with(self, address: str, error: SourceError) -> None:
        """From now on a fetch of this address raises the error."""
        self._errors[address] = error

    def recover(self, address: str) -> None:
        """From now on a fetch of this address works again."""
        self._errors.pop(address, None)

    def calendars(self, calendar: Calendar) -> tuple[Calendar, ...]:
        """The calendar itself, or those whose address starts with its address and a slash."""
        if calendar.address in self._occurrences or calendar.address in self._errors:
            return (calendar,)
        addresses = sorted(
            address for address in self._occurrences if address.startswith(f"{calendar.address}/")
        )
        if not addresses:
            raise _unknown_calendar_error(calendar)
        return tuple(calendar.with_address(address) for address in addresses)

    def fetch(self, calendar: Calendar, window: Span, token: str = "") -> FetchResult:
        """Give what is held there and overlaps the window."""
        with self._lock:
            self.fetches.append((calendar.address, token))
        if calendar.address in self._errors:
            raise self._errors[calendar.address]
        if calendar.address not in self._occurrences:
            raise _unknown_calendar_error(calendar)
        fetched = build_result(calendar, window, self._occurrences[calendar.address])
        content = "".join(map(occurrence_digest, fetched.occurrences)).encode()
        new_token = encode_token(
            build_token_key(calendar, window, "memory"), {"digest": digest_bytes(content)}
        )
        if token == new_token:
            return FetchResult(unchanged=True, token=new_token)
        return FetchResult(fetched.occurrences, fetched.problems, new_token)

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


def _unknown_calendar_error(calendar: Calendar) -> SourceContentError:
    return SourceContentError(str(calendar), "no such calendar is held in memory", "hold() it first")

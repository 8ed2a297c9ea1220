"""A source of calendars in memory, for tests and demonstrations."""

from collections.abc import Iterable, Mapping
from threading import Lock

from calsync.errors import SourceContentError, SourceError
from calsync.model.occurrence import Occurrence, occurrence_digest
from calsync.model.span import Span
from calsync.sources.base import Calendar, FetchResult, SourceOptions
from calsync.sources.guards import build_result
from calsync.sources.tokens import build_token_key, digest_bytes, encode_token


class MemorySource:
    """A source whose calendars and errors are set by its caller.

    Attributes:
        fetches: the (address, token) of every fetch, in order.
        closed: whether it was closed.
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
        """Replace the calendar at this address; "home/a" is one of the calendars at "home"."""
        self._occurrences[address] = occurrences

    def fail_with(self, address: str, error: SourceError) -> None:
        """Let every fetch of this address raise the error."""
        self._errors[address] = error

    def recover(self, address: str) -> None:
        """Remove the error of this address."""
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
        """Read what overlaps the window."""
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
        """Record that it was closed."""
        self.closed = True


def _unknown_calendar_error(calendar: Calendar) -> SourceContentError:
    return SourceContentError(str(calendar), "there is no such calendar in memory", "set_occurrences() first")

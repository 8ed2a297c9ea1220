"""Calendars held in memory: the twin of the real sources, for tests and demonstrations."""

from collections.abc import Iterable, Mapping
from threading import Lock

from calsync.errors import SourceContentError, SourceError
from calsync.model.occurrence import Occurrence, fingerprint
from calsync.model.span import Span
from calsync.sources.base import Calendar, Fetched, SourceOptions
from calsync.sources.guards import sealed
from calsync.sources.tokens import bytes_digest, remember, scope_of


class MemorySource:
    """A source that holds what it is told, and fails when it is told to.

    asked: the (address, token) of every fetch, in order of arrival.
    """

    Options = SourceOptions

    def __init__(
        self,
        name: str = "memory",
        options: SourceOptions | None = None,
        held: Mapping[str, Iterable[Occurrence]] | None = None,
    ) -> None:
        self.name = name
        self.options = options or SourceOptions()
        self.asked: list[tuple[str, str]] = []
        self.closed = False
        self._held = {address: tuple(occurrences) for address, occurrences in (held or {}).items()}
        self._broken: dict[str, SourceError] = {}
        self._lock = Lock()

    def hold(self, address: str, *occurrences: Occurrence) -> None:
        """From now on the calendar at this address holds exactly these; "home/a" lies behind "home"."""
        self._held[address] = occurrences

    def breaks(self, address: str, error: SourceError) -> None:
        """From now on a fetch of this address raises the error."""
        self._broken[address] = error

    def heals(self, address: str) -> None:
        """From now on a fetch of this address works again."""
        self._broken.pop(address, None)

    def calendars(self, calendar: Calendar) -> tuple[Calendar, ...]:
        """The calendar itself, or those whose address starts with its address and a slash."""
        if calendar.address in self._held or calendar.address in self._broken:
            return (calendar,)
        inside = sorted(address for address in self._held if address.startswith(f"{calendar.address}/"))
        if not inside:
            raise _unknown(calendar)
        return tuple(calendar.at(address) for address in inside)

    def fetch(self, calendar: Calendar, window: Span, token: str = "") -> Fetched:
        """Give what is held there and overlaps the window."""
        with self._lock:
            self.asked.append((calendar.address, token))
        if calendar.address in self._broken:
            raise self._broken[calendar.address]
        if calendar.address not in self._held:
            raise _unknown(calendar)
        fetched = sealed(calendar, window, self._held[calendar.address])
        content = "".join(map(fingerprint, fetched.occurrences)).encode()
        now = remember(scope_of(calendar, window, "memory"), {"digest": bytes_digest(content)})
        if token == now:
            return Fetched(unchanged=True, token=now)
        return Fetched(fetched.occurrences, fetched.problems, now)

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


def _unknown(calendar: Calendar) -> SourceContentError:
    return SourceContentError(str(calendar), "no such calendar is held in memory", "hold() it first")

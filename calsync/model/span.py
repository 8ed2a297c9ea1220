"""Stretches of time: aware and half-open, [start, end)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of time from `start` (inclusive) to `end` (exclusive); both aware, start <= end.

    Python compares times of one zone by the wall clock, which goes back in autumn; spans are
    compared by real time. Raises ValueError if a bound is naive or the end lies before the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError(f"a span needs aware bounds, got {self.start} to {self.end}")
        if _real(self.end) < _real(self.start):
            raise ValueError(f"a span cannot end before it starts: {self.start} to {self.end}")

    @property
    def duration(self) -> timedelta:
        """The real (not wall-clock) time between the bounds, DST changes included."""
        return _real(self.end) - _real(self.start)

    def overlaps(self, other: "Span") -> bool:
        """Whether the two share time; an empty span counts as lying in the span that holds its start."""
        start, end, other_start, other_end = map(_real, (self.start, self.end, other.start, other.end))
        if start == end:
            return other_start <= start < other_end
        if other_start == other_end:
            return start <= other_start < end
        return start < other_end and other_start < end

    def clip(self, other: "Span") -> "Span | None":
        """What the two have in common, or None if they share no time."""
        start, end = max(self.start, other.start, key=_real), min(self.end, other.end, key=_real)
        return Span(start, end) if _real(start) < _real(end) else None


def _real(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def union(spans: Iterable[Span]) -> Iterator[Span]:
    """Yield the time that at least one span covers, as disjoint spans in order.

    spans   |  =====        ====  |
            |     =====           |
    union   |  ########     ####  |
    """
    held: Span | None = None
    for span in sorted(spans, key=lambda span: (_real(span.start), _real(span.end))):
        if held is None:
            held = span
        elif _real(span.start) <= _real(held.end):
            held = Span(held.start, max(held.end, span.end, key=_real))
        else:
            yield held
            held = span
    if held is not None:
        yield held


def busy_minutes(spans: Iterable[Span]) -> float:
    """Count the minutes that at least one span covers; double bookings count once."""
    return sum(span.duration.total_seconds() for span in union(spans)) / 60

"""Stretches of time: aware and half-open, [start, end)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of time from `start` (inclusive) to `end` (exclusive); both aware, start <= end.

    Raises ValueError if a bound is naive or the end lies before the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError(f"a span needs aware bounds, got {self.start} to {self.end}")
        if self.end < self.start:
            raise ValueError(f"a span cannot end before it starts: {self.start} to {self.end}")

    @property
    def duration(self) -> timedelta:
        """The real (not wall-clock) time between the bounds, DST changes included."""
        return self.end.astimezone(UTC) - self.start.astimezone(UTC)

    def overlaps(self, other: "Span") -> bool:
        """Whether the two share time; an empty span counts as lying in the span that holds its start."""
        if self.start == self.end:
            return other.start <= self.start < other.end
        if other.start == other.end:
            return self.start <= other.start < self.end
        return self.start < other.end and other.start < self.end

    def clip(self, other: "Span") -> "Span | None":
        """What the two have in common, or None if they share no time."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None


def union(spans: Iterable[Span]) -> Iterator[Span]:
    """Yield the time that at least one span covers, as disjoint spans in order.

    spans   |  =====        ====  |
            |     =====           |
    union   |  ########     ####  |
    """
    held: Span | None = None
    for span in sorted(spans):
        if held is None:
            held = span
        elif span.start <= held.end:
            held = Span(held.start, max(held.end, span.end))
        else:
            yield held
            held = span
    if held is not None:
        yield held


def busy_minutes(spans: Iterable[Span]) -> float:
    """Count the minutes that at least one span covers; double bookings count once."""
    return sum(span.duration.total_seconds() for span in union(spans)) / 60

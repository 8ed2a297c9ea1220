"""Spans of time: aware and half-open, [start, end)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A span of time from `start` (inclusive) to `end` (exclusive); both aware, start <= end.

    Python compares times of one zone by their local time, which repeats an hour in autumn. Spans are
    compared by real time.

    Raises:
        ValueError: A bound is naive, or the end is before the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError(f"a span needs aware bounds, got {self.start} to {self.end}")
        if _to_utc(self.end) < _to_utc(self.start):
            raise ValueError(f"a span cannot end before it starts: {self.start} to {self.end}")

    @property
    def duration(self) -> timedelta:
        """The real time between the bounds, also across a change of the clocks."""
        return _to_utc(self.end) - _to_utc(self.start)

    def overlaps(self, other: "Span") -> bool:
        """Whether the spans share time; an empty span overlaps the span that contains its start."""
        start, end, other_start, other_end = map(_to_utc, (self.start, self.end, other.start, other.end))
        if start == end:
            return other_start <= start < other_end
        if other_start == other_end:
            return start <= other_start < end
        return start < other_end and other_start < end

    def intersection(self, other: "Span") -> "Span | None":
        """The time that both spans cover, or None if they share none."""
        start, end = max(self.start, other.start, key=_to_utc), min(self.end, other.end, key=_to_utc)
        return Span(start, end) if _to_utc(start) < _to_utc(end) else None


def _to_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def merge_spans(spans: Iterable[Span]) -> Iterator[Span]:
    """Yield the time that at least one span covers, as disjoint spans in order.

    spans   |  =====        ====  |
            |     =====           |
    union   |  ########     ####  |
    """
    current: Span | None = None
    for span in sorted(spans, key=lambda span: (_to_utc(span.start), _to_utc(span.end))):
        if current is None:
            current = span
        elif _to_utc(span.start) <= _to_utc(current.end):
            current = Span(current.start, max(current.end, span.end, key=_to_utc))
        else:
            yield current
            current = span
    if current is not None:
        yield current


def count_covered_minutes(spans: Iterable[Span]) -> float:
    """Count the minutes that at least one span covers; double bookings count once."""
    return sum(span.duration.total_seconds() for span in merge_spans(spans)) / 60

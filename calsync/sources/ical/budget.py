"""Bounds what the rules of one calendar cost, counted in steps (decision 29).

A step is a day, hour, minute or second that a rule is compared with (more for a rule with long lists). A
series of an ordinary calendar needs some hundred. Each series has an allowance of its own, which grows with
the window; what it needs beyond that comes from a reserve that all series of the calendar share. So ten
thousand dense rules cost hardly more than one, and the other events of the calendar are read.
"""

from dataclasses import dataclass, field

from calsync.model.span import Span
from calsync.model.time_limits import check_time_limit
from calsync.sources.ical.recurrence_rule import RecurrenceRuleError

MAX_STEPS = 500_000
"""Steps of one series after which it is left out: about a second."""
MAX_STARTS = 20_000
"""Starts of one series in one window after which it is left out: a daily meeting for 50 years."""
DENSE_RULE_HINT = "make it a daily, weekly or monthly series"

_SERIES_STEPS, _SERIES_STEPS_PER_DAY = 200, 2
_SERIES_STARTS, _SERIES_STARTS_PER_DAY = 100, 2
_RESERVE_STEPS, _RESERVE_STARTS = 2_000_000, 200_000
_CHUNK = 1_000


@dataclass(slots=True)
class SharedReserve:
    """What all series of one calendar share."""

    steps: int = _RESERVE_STEPS
    starts: int = _RESERVE_STARTS


@dataclass(slots=True)
class SeriesBudget:
    """What one series may spend: its own allowance, then from the reserve.

    Attributes:
        own_steps: The allowance, with what was taken from the reserve; `own_starts` likewise.
        steps: How much was spent; `starts` likewise.
    """

    own_steps: int = MAX_STEPS
    own_starts: int = MAX_STARTS
    reserve: SharedReserve = field(default_factory=SharedReserve)
    steps: int = 0
    starts: int = 0

    def spend_steps(self, count: int) -> None:
        """Count days or times that a rule was compared with; raises RecurrenceRuleError above the limit."""
        self.steps += count
        if self.steps > self.own_steps:
            self._extend_steps()

    def check_steps(self, count: int) -> None:
        """Raise RecurrenceRuleError if so many more steps cannot be spent, before any is."""
        beyond = self.steps + count - self.own_steps
        if self.steps + count > MAX_STEPS:
            raise RecurrenceRuleError(f"this rule would need more than {MAX_STEPS} steps", DENSE_RULE_HINT)
        if beyond > self.reserve.steps:
            raise self._reserve_error()

    def spend_starts(self, count: int) -> None:
        """Count starts that are to be made; raises RecurrenceRuleError if that is too much."""
        self.starts += count
        if self.starts > MAX_STARTS:
            raise RecurrenceRuleError(
                f"it recurs more than {MAX_STARTS} times in the window", DENSE_RULE_HINT
            )
        beyond = self.starts - self.own_starts
        if beyond > 0:
            if beyond > self.reserve.starts:
                raise RecurrenceRuleError(
                    "it recurs more often than this calendar may in the window", DENSE_RULE_HINT
                )
            self.reserve.starts -= beyond
            self.own_starts = self.starts

    def _extend_steps(self) -> None:
        check_time_limit()
        if self.steps > MAX_STEPS:
            raise RecurrenceRuleError(f"this rule would need more than {MAX_STEPS} steps", DENSE_RULE_HINT)
        more = max(_CHUNK, self.steps - self.own_steps)
        if more > self.reserve.steps:
            raise self._reserve_error()
        self.reserve.steps -= more
        self.own_steps += more

    def _reserve_error(self) -> RecurrenceRuleError:
        what = f"this rule would need more than {self.own_steps} steps, and too many others do as well"
        return RecurrenceRuleError(what, DENSE_RULE_HINT)


_EMPTY_RESERVE = SharedReserve(0, 0)


class CalendarBudget:
    """Makes the budgets of the series of one calendar, for one window."""

    def __init__(self, window: Span) -> None:
        days = window.duration.days + 5
        self._own_steps = _SERIES_STEPS + _SERIES_STEPS_PER_DAY * days
        self._own_starts = _SERIES_STARTS + _SERIES_STARTS_PER_DAY * days
        self._reserve = SharedReserve()

    def for_series(self) -> SeriesBudget:
        """Return the budget of one more series."""
        return SeriesBudget(self._own_steps, self._own_starts, self._reserve)

    def for_series_without_reserve(self) -> SeriesBudget:
        """Return a budget of the allowance only, for a reader that leaves other series to the full parser."""
        return SeriesBudget(self._own_steps, self._own_starts, _EMPTY_RESERVE)

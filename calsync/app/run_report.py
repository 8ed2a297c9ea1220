"""Collects what a night does and what goes wrong in it; the result of `calsync.app.night.run_night`."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from calsync.errors import CalsyncError
from calsync.model.problem import Problem, Severity
from calsync.store.records import RunState
from calsync.text import format_count


@dataclass
class RunReport:
    """Counts and problems of one night; grows while it runs.

    Attributes:
        counts: The keys are stored in the table of runs and shown by `calsync status`.
        interrupted: Whether the night was stopped before all calendars were read.
    """

    night: date
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    interrupted: bool = False

    def note(self, problems: Iterable[Problem]) -> None:
        """Add faults and notes."""
        self.problems.extend(problems)

    def fault(self, where: str, error: CalsyncError) -> None:
        """Add an error that affects one calendar or one mail; the night goes on."""
        self.problems.append(Problem(where, error.what, error.hint))

    @property
    def faults(self) -> list[Problem]:
        """The problems by which something is missing; the others are notes."""
        return [problem for problem in self.problems if problem.severity is Severity.FAULT]

    @property
    def summary(self) -> str:
        """The counts in one sentence."""
        counts = self.counts
        return (
            f"{format_count(counts['calendars'], 'calendar')} read ({counts['unchanged']} unchanged, "
            f"{counts['failed']} failed), {format_count(counts['added'], 'meeting')} new, "
            f"{counts['changed']} changed, {counts['removed']} gone, "
            f"{format_count(counts['mails'], 'mail')} sent."
        )

    @property
    def outcome(self) -> RunState:
        """How the night ended, as the table of runs stores it."""
        if self.interrupted:
            return RunState.INTERRUPTED
        return RunState.PROBLEMS if self.faults else RunState.GOOD

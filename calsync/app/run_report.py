"""What one night did, and everything that went wrong in it."""

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
    """Gathers what a night did while it runs; the one thing here that grows."""

    night: date
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    interrupted: bool = False

    def note(self, problems: Iterable[Problem]) -> None:
        """Add faults and notes."""
        self.problems.extend(problems)

    def fault(self, where: str, error: CalsyncError) -> None:
        """Add an error that cost one calendar or one mail; the night goes on."""
        self.problems.append(Problem(where, error.what, error.hint))

    @property
    def faults(self) -> list[Problem]:
        """The problems that lost something; notes only explain."""
        return [problem for problem in self.problems if problem.severity is Severity.FAULT]

    @property
    def summary(self) -> str:
        """What the night did, in one line of words."""
        counts = self.counts
        return (
            f"{format_count(counts['calendars'], 'calendar')} read ({counts['unchanged']} unchanged, "
            f"{counts['failed']} failed), {format_count(counts['added'], 'meeting')} new, {counts['changed']} "
            f"changed, {counts['removed']} gone, {format_count(counts['mails'], 'mail')} sent."
        )

    @property
    def outcome(self) -> RunState:
        """How the night ended, as the ledger keeps it."""
        if self.interrupted:
            return RunState.INTERRUPTED
        return RunState.PROBLEMS if self.faults else RunState.GOOD

"""Measures how often each rule decided a stored meeting; `calsync rules` calls it."""

from datetime import date

from calsync.app.plan import worktime_of
from calsync.config.roster import load_managers
from calsync.config.settings import Settings
from calsync.model.span import Span
from calsync.rules.authoring.rule_usage import RuleUsage, measure_rule_usage
from calsync.rules.book import RuleBook
from calsync.store.database import Store


def measure_stored_rule_usage(
    settings: Settings, store: Store, book: RuleBook, first: date, last: date
) -> RuleUsage:
    """Return the rule usage of the stored meetings of all listed managers, `first` to `last` (exclusive)."""
    worktime = worktime_of(settings)
    span = Span(worktime.midnight(first), worktime.midnight(last))
    return measure_rule_usage(
        (m for manager in load_managers(settings) for m in store.meetings.of_manager(manager.id, span)), book
    )

"""Keeps a person's correction, or its withdrawal, and has the minutes follow at once."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from calsync.analysis.worktime import WorkingTime
from calsync.app.allocate import allocate_stored
from calsync.errors import ConfigError
from calsync.model.classification import Activity, Classification
from calsync.model.correction import Correction
from calsync.model.meeting import Meeting
from calsync.model.people import Manager
from calsync.model.problem import Problem, Severity
from calsync.store.database import Store
from calsync.validation import suggest_word


@dataclass(frozen=True, slots=True)
class CorrectionEffect:
    """A kept meeting that a correction is about, and its verdict before and after."""

    meeting: Meeting
    before: Classification
    after: Classification


def find_recurrence_id(meetings: Sequence[Meeting], at: datetime | date) -> str:
    """The recurrence id of the meeting at this time (or on this day); raises ConfigError if there is none."""
    found = {m.recurrence_id for m in meetings if _is_at(m, at)}
    if len(found) == 1:
        return found.pop()
    times = sorted({m.start.isoformat(timespec="minutes") for m in meetings if not found or _is_at(m, at)})
    what = "it has several then" if found else "it has none then"
    raise ConfigError([Problem(f"--at {at.isoformat()}", what, f"its times: {', '.join(times[:6])}")])


def _is_at(meeting: Meeting, at: datetime | date) -> bool:
    return meeting.start == at if isinstance(at, datetime) else meeting.start.date() == at


def add_correction(
    store: Store, correction: Correction, managers: Iterable[Manager], worktime: WorkingTime
) -> tuple[Correction, list[CorrectionEffect]]:
    """Keep a correction; gives it as kept and what it does, by start. The caller holds the night lock.

    The same word of the same person about the same meetings is kept once. Raises ConfigError, and
    keeps nothing, where it is about no kept meeting or says what cannot be.
    """
    meetings_by_id = {m.id: m for m in store.meetings.find_by_uid(correction.uid)}
    affected = [m for m in meetings_by_id.values() if correction.applies_to(m)]
    problems = (
        list(_explain_no_match(correction, meetings_by_id.values()))
        if not affected
        else list(_check_consistent(correction, affected))
    )
    if problems:
        raise ConfigError(problems)
    kept = _find_same_correction(store, correction) or store.corrections.add(
        replace(correction, previous_classifications=_distinct_classifications(affected))
    )
    return kept, _apply_effects(store, kept, meetings_by_id, managers, worktime)


def withdraw_correction(
    store: Store, number: int, by: str, now: datetime, managers: Iterable[Manager], worktime: WorkingTime
) -> tuple[Correction, list[CorrectionEffect]]:
    """Let a correction hold no longer; what was beneath it holds again. The caller holds the night lock.

    Raises ConfigError if there is no such correction.
    """
    numbers = {one.number: one.uid for one in store.corrections.list_all()}
    meetings_by_id = {m.id: m for m in store.meetings.find_by_uid(numbers.get(number, ""))}
    kept = store.corrections.withdraw(number, by, now)
    if kept is None:
        hint = "`calsync correct --list` shows their numbers"
        raise ConfigError([Problem(f"--withdraw {number}", "there is no such correction", hint)])
    return kept, _apply_effects(store, kept, meetings_by_id, managers, worktime)


def find_unknown_partnerships(
    corrections: Iterable[Correction], known: Mapping[str, object]
) -> list[Problem]:
    """A note for each standing correction that names a partnership which tonight's rules do not know."""
    return [
        Problem(
            f"correction {one.number} by {one.author}",
            f"names a partnership that no rules know: {name}; it is counted under that name",
            suggest_word(name, sorted(known)) + "; else withdraw it: `calsync correct --withdraw`",
            Severity.NOTE,
        )
        for one in corrections
        for name in one.fields.partnerships or ()
        if name not in known
    ]


def _find_same_correction(store: Store, correction: Correction) -> Correction | None:
    for one in store.corrections.in_force().get(correction.uid, ()):
        if (one.author, one.fields, one.recurrence_id, one.manager_id) == (
            correction.author, correction.fields, correction.recurrence_id, correction.manager_id,
        ):  # fmt: skip
            return one
    return None


def _distinct_classifications(meetings: Iterable[Meeting]) -> tuple[Classification, ...]:
    return tuple(verdict for verdict, _ in Counter(m.classification for m in meetings).most_common())


def _explain_no_match(correction: Correction, meetings: Iterable[Meeting]) -> Iterator[Problem]:
    owners = sorted({m.manager_id for m in meetings})
    if not owners:
        hint = "uids stand in `calsync occurrences … --format csv`"
        yield Problem(f"--uid {correction.uid}", "no kept meeting has this uid", hint)
    elif correction.manager_id and correction.manager_id not in owners:
        yield Problem(
            f"--manager {correction.manager_id}",
            "has no such meeting",
            suggest_word(correction.manager_id, owners),
        )
    else:
        hint = f"say whose calendar: --manager {owners[0]}"
        yield Problem(f"--uid {correction.uid}", "is private: only its own manager's word counts", hint)


def _check_consistent(correction: Correction, meetings: Iterable[Meeting]) -> Iterator[Problem]:
    for verdict in dict.fromkeys(m.classification for m in meetings):
        after = correction.fields.apply_to(verdict)
        if correction.fields.corresponding_fields(after) != correction.fields:
            hint = (
                "who meets and what is done must fit: only what is between agencies, or serves it, has both"
            )
            yield Problem(
                f"{correction.fields}",
                f"cannot all be; it would be {correction.fields.corresponding_fields(after)}",
                hint,
            )
            return
        if after.partnerships and after.activity is Activity.NONE:
            yield Problem(
                f"{correction.fields}", "a partnership's meeting has an activity", "say --activity too"
            )
            return


def _apply_effects(
    store: Store,
    kept: Correction,
    held: Mapping[str, Meeting],
    managers: Iterable[Manager],
    worktime: WorkingTime,
) -> list[CorrectionEffect]:
    found = sorted(store.meetings.find_by_uid(kept.uid), key=lambda m: (m.start, m.manager_id))
    after = [m for m in found if kept.applies_to(m)]
    _recalculate_weeks(store, after, {manager.id: manager for manager in managers}, worktime)
    return [
        CorrectionEffect(m, held[m.id].classification if m.id in held else m.classification, m.classification)
        for m in after
    ]


def _recalculate_weeks(
    store: Store, meetings: Iterable[Meeting], managers: Mapping[str, Manager], worktime: WorkingTime
) -> None:
    """Reckon anew every week in which one of these meetings lies, older ones than a night's window too."""
    weeks = {
        (m.manager_id, monday)
        for m in meetings
        if m.manager_id in managers
        for monday in _mondays(worktime.day_of(m.start), worktime.day_of(m.end))
    }
    for manager_id, monday in sorted(weeks):
        next_monday = monday + timedelta(weeks=1)
        minutes = allocate_stored(store, managers[manager_id], worktime, monday, next_monday)
        store.allocations.replace(manager_id, monday, next_monday, minutes)


def _mondays(first: date, last: date) -> Iterator[date]:
    monday = first - timedelta(days=first.weekday())
    while monday <= last:
        yield monday
        monday += timedelta(weeks=1)

"""Stores a correction or its withdrawal and recalculates the minutes at once; `calsync correct` calls it."""

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
    """A stored meeting to which a correction applies, with its classification before and after."""

    meeting: Meeting
    before: Classification
    after: Classification


def find_recurrence_id(meetings: Sequence[Meeting], at: datetime | date) -> str:
    """Return the recurrence id of the meeting that starts at this time or on this day.

    Raises:
        ConfigError: No meeting does, or several with different recurrence ids.
    """
    recurrence_ids = {m.recurrence_id for m in meetings if _is_at(m, at)}
    if len(recurrence_ids) == 1:
        return recurrence_ids.pop()
    times = sorted(
        {m.start.isoformat(timespec="minutes") for m in meetings if not recurrence_ids or _is_at(m, at)}
    )
    what = "it has several then" if recurrence_ids else "it has none then"
    raise ConfigError([Problem(f"--at {at.isoformat()}", what, f"its times: {', '.join(times[:6])}")])


def _is_at(meeting: Meeting, at: datetime | date) -> bool:
    return meeting.start == at if isinstance(at, datetime) else meeting.start.date() == at


def add_correction(
    store: Store, correction: Correction, managers: Iterable[Manager], worktime: WorkingTime
) -> tuple[Correction, list[CorrectionEffect]]:
    """Store a correction and apply it. The caller holds the night lock.

    The same correction by the same person of the same meetings is stored once.

    Returns:
        The correction as it is stored, and its effects by start.

    Raises:
        ConfigError: It applies to no stored meeting, or contradicts itself; nothing is stored.
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
    stored = _find_same_correction(store, correction) or store.corrections.add(
        replace(correction, previous_classifications=_distinct_classifications(affected))
    )
    return stored, _apply_effects(store, stored, meetings_by_id, managers, worktime)


def withdraw_correction(
    store: Store, number: int, by: str, now: datetime, managers: Iterable[Manager], worktime: WorkingTime
) -> tuple[Correction, list[CorrectionEffect]]:
    """Withdraw a correction, so that earlier ones or the rules apply again. The caller holds the night lock.

    Returns:
        The withdrawn correction, and its effects by start.

    Raises:
        ConfigError: There is no correction of this number.
    """
    uids_by_number = {correction.number: correction.uid for correction in store.corrections.list_all()}
    meetings_by_id = {m.id: m for m in store.meetings.find_by_uid(uids_by_number.get(number, ""))}
    withdrawn = store.corrections.withdraw(number, by, now)
    if withdrawn is None:
        hint = "`calsync correct --list` shows their numbers"
        raise ConfigError([Problem(f"--withdraw {number}", "there is no such correction", hint)])
    return withdrawn, _apply_effects(store, withdrawn, meetings_by_id, managers, worktime)


def find_unknown_partnerships(
    corrections: Iterable[Correction], known: Mapping[str, object]
) -> list[Problem]:
    """Return a note for each correction with a partnership that the rules do not define."""
    return [
        Problem(
            f"correction {correction.number} by {correction.author}",
            f"names a partnership that no rules know: {name}; it is counted under that name",
            suggest_word(name, sorted(known)) + "; else withdraw it: `calsync correct --withdraw`",
            Severity.NOTE,
        )
        for correction in corrections
        for name in correction.fields.partnerships or ()
        if name not in known
    ]


def _find_same_correction(store: Store, correction: Correction) -> Correction | None:
    for other in store.corrections.in_force().get(correction.uid, ()):
        if (other.author, other.fields, other.recurrence_id, other.manager_id) == (
            correction.author, correction.fields, correction.recurrence_id, correction.manager_id,
        ):  # fmt: skip
            return other
    return None


def _distinct_classifications(meetings: Iterable[Meeting]) -> tuple[Classification, ...]:
    """Return the classifications, the most frequent first."""
    counts = Counter(m.classification for m in meetings)
    return tuple(classification for classification, _ in counts.most_common())


def _explain_no_match(correction: Correction, meetings: Iterable[Meeting]) -> Iterator[Problem]:
    owners = sorted({m.manager_id for m in meetings})
    if not owners:
        hint = "`calsync occurrences … --format csv` lists uids"
        yield Problem(f"--uid {correction.uid}", "no stored meeting has this uid", hint)
    elif correction.manager_id and correction.manager_id not in owners:
        yield Problem(
            f"--manager {correction.manager_id}",
            "has no such meeting",
            suggest_word(correction.manager_id, owners),
        )
    else:
        hint = f"name the manager: --manager {owners[0]}"
        yield Problem(
            f"--uid {correction.uid}", "is private: only a correction by its own manager counts", hint
        )


def _check_consistent(correction: Correction, meetings: Iterable[Meeting]) -> Iterator[Problem]:
    for before in dict.fromkeys(m.classification for m in meetings):
        after = correction.fields.apply_to(before)
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
                f"{correction.fields}", "a partnership's meeting has an activity", "give --activity too"
            )
            return


def _apply_effects(
    store: Store,
    correction: Correction,
    meetings_before: Mapping[str, Meeting],
    managers: Iterable[Manager],
    worktime: WorkingTime,
) -> list[CorrectionEffect]:
    """Recalculate the minutes of the meetings to which a correction applies; return its effects by start."""
    meetings = sorted(store.meetings.find_by_uid(correction.uid), key=lambda m: (m.start, m.manager_id))
    affected = [m for m in meetings if correction.applies_to(m)]
    _recalculate_weeks(store, affected, {manager.id: manager for manager in managers}, worktime)
    return [
        CorrectionEffect(m, meetings_before.get(m.id, m).classification, m.classification) for m in affected
    ]


def _recalculate_weeks(
    store: Store, meetings: Iterable[Meeting], managers: Mapping[str, Manager], worktime: WorkingTime
) -> None:
    """Recalculate every week in which one of these meetings lies, weeks before a night's window too."""
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

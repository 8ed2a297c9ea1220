"""Keeps a person's correction, or its withdrawal, and has the minutes follow at once."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from calsync.analysis.worktime import WorkingTime
from calsync.errors import ConfigError
from calsync.model.classification import Activity, Classification
from calsync.model.correction import Correction
from calsync.model.meeting import Meeting
from calsync.model.people import Manager
from calsync.model.problem import Problem, Severity
from calsync.nightly.reckoning import minutes_of
from calsync.store.database import Store
from calsync.validation import near


@dataclass(frozen=True, slots=True)
class Effect:
    """A kept meeting that a correction is about, and its verdict before and after."""

    meeting: Meeting
    before: Classification
    after: Classification


def the_one(meetings: Sequence[Meeting], at: datetime | date) -> str:
    """The recurrence id of the meeting at this time (or on this day); raises ConfigError if there is none."""
    found = {m.recurrence_id for m in meetings if _is_at(m, at)}
    if len(found) == 1:
        return found.pop()
    times = sorted({m.start.isoformat(timespec="minutes") for m in meetings if not found or _is_at(m, at)})
    what = "it has several then" if found else "it has none then"
    raise ConfigError([Problem(f"--at {at.isoformat()}", what, f"its times: {', '.join(times[:6])}")])


def _is_at(meeting: Meeting, at: datetime | date) -> bool:
    return meeting.start == at if isinstance(at, datetime) else meeting.start.date() == at


def correct(
    store: Store, given: Correction, managers: Iterable[Manager], worktime: WorkingTime
) -> tuple[Correction, list[Effect]]:
    """Keep a correction; gives it as kept and what it does, by start. The caller holds the night lock.

    The same word of the same person about the same meetings is kept once. Raises ConfigError, and
    keeps nothing, where it is about no kept meeting or says what cannot be.
    """
    held = {m.id: m for m in store.meetings.find(given.uid)}
    meant = [m for m in held.values() if given.holds_for(m)]
    problems = list(_not_meant(given, held.values())) if not meant else list(_cannot_be(given, meant))
    if problems:
        raise ConfigError(problems)
    kept = _same(store, given) or store.corrections.add(replace(given, before=_verdicts(meant)))
    return kept, _followed(store, kept, held, managers, worktime)


def withdraw(
    store: Store, number: int, by: str, now: datetime, managers: Iterable[Manager], worktime: WorkingTime
) -> tuple[Correction, list[Effect]]:
    """Let a correction hold no longer; what was beneath it holds again. The caller holds the night lock.

    Raises ConfigError if there is no such correction.
    """
    numbers = {one.number: one.uid for one in store.corrections.all()}
    held = {m.id: m for m in store.meetings.find(numbers.get(number, ""))}
    kept = store.corrections.withdraw(number, by, now)
    if kept is None:
        hint = "`calsync correct --list` shows their numbers"
        raise ConfigError([Problem(f"--withdraw {number}", "there is no such correction", hint)])
    return kept, _followed(store, kept, held, managers, worktime)


def unknown_partnerships(corrections: Iterable[Correction], known: Mapping[str, object]) -> list[Problem]:
    """A note for each standing correction that names a partnership which tonight's rules do not know."""
    return [
        Problem(
            f"correction {one.number} by {one.by}",
            f"names a partnership that no rules know: {name}; it is counted under that name",
            near(name, sorted(known)) + "; else withdraw it: `calsync correct --withdraw`",
            Severity.NOTE,
        )
        for one in corrections
        for name in one.says.partnerships or ()
        if name not in known
    ]


def _same(store: Store, given: Correction) -> Correction | None:
    for one in store.corrections.standing().get(given.uid, ()):
        if (one.by, one.says, one.recurrence_id, one.manager_id) == (
            given.by, given.says, given.recurrence_id, given.manager_id,
        ):  # fmt: skip
            return one
    return None


def _verdicts(meetings: Iterable[Meeting]) -> tuple[Classification, ...]:
    return tuple(verdict for verdict, _ in Counter(m.verdict for m in meetings).most_common())


def _not_meant(given: Correction, held: Iterable[Meeting]) -> Iterator[Problem]:
    owners = sorted({m.manager_id for m in held})
    if not owners:
        hint = "uids stand in `calsync occurrences … --format csv`"
        yield Problem(f"--uid {given.uid}", "no kept meeting has this uid", hint)
    elif given.manager_id and given.manager_id not in owners:
        yield Problem(f"--manager {given.manager_id}", "has no such meeting", near(given.manager_id, owners))
    else:
        hint = f"say whose calendar: --manager {owners[0]}"
        yield Problem(f"--uid {given.uid}", "is private: only its own manager's word counts", hint)


def _cannot_be(given: Correction, meant: Iterable[Meeting]) -> Iterator[Problem]:
    for verdict in dict.fromkeys(m.verdict for m in meant):
        after = given.says.put_in(verdict)
        if given.says.asked_of(after) != given.says:
            hint = (
                "who meets and what is done must fit: only what is between agencies, or serves it, has both"
            )
            yield Problem(f"{given.says}", f"cannot all be; it would be {given.says.asked_of(after)}", hint)
            return
        if after.partnerships and after.activity is Activity.NONE:
            yield Problem(f"{given.says}", "a partnership's meeting has an activity", "say --activity too")
            return


def _followed(
    store: Store,
    kept: Correction,
    held: Mapping[str, Meeting],
    managers: Iterable[Manager],
    worktime: WorkingTime,
) -> list[Effect]:
    found = sorted(store.meetings.find(kept.uid), key=lambda m: (m.start, m.manager_id))
    after = [m for m in found if kept.holds_for(m)]
    _reckon(store, after, {manager.id: manager for manager in managers}, worktime)
    return [Effect(m, held[m.id].verdict if m.id in held else m.verdict, m.verdict) for m in after]


def _reckon(
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
        days = monday, monday + timedelta(weeks=1)
        minutes = minutes_of(store, managers[manager_id], worktime, *days)
        store.allocations.replace(manager_id, *days, minutes)


def _mondays(first: date, last: date) -> Iterator[date]:
    monday = first - timedelta(days=first.weekday())
    while monday <= last:
        yield monday
        monday += timedelta(weeks=1)

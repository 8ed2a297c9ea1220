"""One meeting in several calendars of one manager: which copy counts, and what a CANCEL message cancels.

Nothing of this is stored. It is decided whenever meetings are read, from all that the manager's calendars
hold then: so neither the order in which files were read nor the nights before make a difference, and a
meeting whose cancellation is gone takes place again.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol, TypeVar

from calsync.model.correction import CATEGORY_RULE
from calsync.model.meeting import Meeting
from calsync.model.occurrence import Occurrence, Response, ShowAs, Status, comparable_recurrence_id
from calsync.model.own_categories import is_own_category
from calsync.model.uids import MADE_UID_PREFIX, series_uid

Entry = TypeVar("Entry", Occurrence, Meeting)


class Cancellation(NamedTuple):
    """A METHOD:CANCEL message about a series or some of its meetings (RFC 5546, 3.2.5).

    recurrence_id: the original start that is cancelled, in ISO 8601; "" for all of the series.
    this_and_following: whether all later ones are cancelled, too (RANGE=THISANDFUTURE).
    sequence, stamp: as in `Occurrence`.
    """

    uid: str
    recurrence_id: str = ""
    this_and_following: bool = False
    sequence: int = -1
    stamp: str = ""

    def applies_to(self, entry: Occurrence | Meeting) -> bool:
        """Whether it means this meeting, in whatever version."""
        if series_uid(self.uid) != series_uid(entry.uid):
            return False
        if not self.recurrence_id:
            return True
        cancelled, original = comparable_recurrence_id(self.recurrence_id), _recurrence_id_or_start(entry)
        if isinstance(cancelled, str) or isinstance(original, str):  # one of them is a day
            day, of_entry = self.recurrence_id[:10], (entry.recurrence_id or entry.start.isoformat())[:10]
            return day <= of_entry if self.this_and_following else day == of_entry
        return cancelled <= original if self.this_and_following else cancelled == original


def apply_cancellations(entries: Iterable[Entry], cancellations: Sequence[Cancellation]) -> list[Entry]:
    """The entries in their order, those cancelled that a message of the same or a later version is about."""
    if not cancellations:
        return list(entries)
    by_uid: dict[str, list[Cancellation]] = defaultdict(list)
    for cancellation in cancellations:
        by_uid[series_uid(cancellation.uid)].append(cancellation)
    return [
        entry._replace(status=Status.CANCELLED)
        if any(
            c.applies_to(entry) and _compare_versions(entry, c) <= 0
            for c in by_uid.get(series_uid(entry.uid), ())
        )
        else entry
        for entry in entries
    ]


def drop_duplicate_copies(meetings: Sequence[Meeting]) -> list[Meeting]:
    """A manager's meetings in their order, of those that are in several calendars the one that counts.

    meetings: of all the manager's calendars, in which a uid, recurrence id and start stand once each.
    """
    if len({meeting.calendar_key for meeting in meetings}) < 2:
        return list(meetings)
    by_uid: dict[str, list[Meeting]] = defaultdict(list)
    for meeting in meetings:
        by_uid[series_uid(meeting.uid)].append(meeting)
    kept_by_id: dict[str, Meeting] = {}
    for meetings_of_uid in by_uid.values():
        for copies in _group_copies(meetings_of_uid) if len(meetings_of_uid) > 1 else [meetings_of_uid]:
            chosen = _choose_copy(copies) if len(copies) > 1 else copies[0]
            kept_by_id[chosen.id] = chosen
    return [kept_by_id[meeting.id] for meeting in meetings if meeting.id in kept_by_id]


class DroppedCopy(NamedTuple):
    """A copy that does not count because the one that counts is at another time."""

    dropped: Meeting
    kept: Meeting


def find_copies_at_other_times(meetings: Sequence[Meeting]) -> list[DroppedCopy]:
    """The copies at other times that `drop_duplicate_copies` leaves out, by start.

    Mostly the meeting was moved and one calendar does not show it yet. But some programs use a UID again for
    another meeting, and then this is the only trace of it. Cancelled copies leave a trace of their own.

    Args:
        meetings: Of one manager's calendars, all that have one of some uids.
    """
    by_uid: dict[str, list[Meeting]] = defaultdict(list)
    for meeting in meetings:
        by_uid[series_uid(meeting.uid)].append(meeting)
    found = []
    for copies in (
        copies for meetings_of_uid in by_uid.values() for copies in _group_copies(meetings_of_uid)
    ):
        chosen = _choose_copy(copies)
        start = chosen.start.astimezone(UTC)
        others = [copy for copy in copies if copy.start.astimezone(UTC) != start]
        if chosen.status is not Status.CANCELLED:
            found += [DroppedCopy(copy, chosen) for copy in others if copy.status is not Status.CANCELLED]
    return sorted(found, key=lambda one: (one.dropped.start.astimezone(UTC), one.dropped.id))


def _recurrence_id_or_start(entry: Occurrence | Meeting) -> datetime | str:
    """The original start, also of what was written without a recurrence id, in UTC or as a day."""
    if entry.recurrence_id:
        return comparable_recurrence_id(entry.recurrence_id)
    return entry.start.date().isoformat() if entry.all_day else entry.start.astimezone(UTC)


def _group_copies(meetings: Sequence[Meeting]) -> Iterable[list[Meeting]]:
    """Meetings of one uid in groups that are copies of one meeting.

    Copies have the recurrence id in common. Some exporters write the meetings of a series without one, as
    meetings of their own: then the start takes its place. It is part of the name, too, where a calendar
    holds several meetings of one name. Of meetings without UID only the equal are copies: two at one time
    and with one title may be in two rooms.
    """
    originals = {_recurrence_id_or_start(meeting) for meeting in meetings if meeting.recurrence_id}
    named: dict[Hashable, list[Meeting]] = defaultdict(list)
    for meeting in meetings:
        original = _recurrence_id_or_start(meeting)
        group_key = original if meeting.recurrence_id or original in originals else ""
        named[group_key, meeting.fingerprint if meeting.uid.startswith(MADE_UID_PREFIX) else ""].append(
            meeting
        )
    for group in named.values():
        if max(Counter(meeting.calendar_key for meeting in group).values()) == 1:
            yield group
            continue
        at_once: dict[Hashable, list[Meeting]] = defaultdict(list)
        for meeting in group:
            at_once[meeting.start.astimezone(UTC)].append(meeting)
        yield from at_once.values()


def _choose_copy(copies: Sequence[Meeting]) -> Meeting:
    """The copy that counts (docs/decisions/0026): not cancelled, not outdated, with the manager's answer."""
    cancelled = [copy for copy in copies if copy.status is Status.CANCELLED]
    live = [
        copy
        for copy in copies
        if copy.status is not Status.CANCELLED
        and all(_compare_versions(copy, other) > 0 for other in cancelled)
    ]
    if not live:
        return max(cancelled, key=_copy_rank)
    current = live
    if len({(copy.start.astimezone(UTC), copy.end.astimezone(UTC)) for copy in live}) > 1:
        # Without versions to go by none is outdated, and the manager's answer decides alone.
        current = [
            copy for copy in live if not any(_compare_versions(other, copy) > 0 for other in live)
        ] or live
    chosen = max(current, key=_copy_rank)
    answered = max(live, key=_copy_rank)
    if chosen.response is Response.UNRECORDED and answered.response is not Response.UNRECORDED:
        chosen = chosen._replace(response=answered.response)
    if _has_correction(chosen) or chosen.private:
        return chosen
    # Into whichever calendar the manager wrote it, a correction is one of the meeting.
    corrected = max((copy for copy in live if _has_correction(copy)), key=_copy_rank, default=None)
    if corrected is not None:
        return chosen._replace(categories=corrected.categories, verdict=corrected.classification)
    # One that is not understood must be seen, too, by whoever lists those.
    copy_with_own_category = max(
        (copy for copy in live if any(map(is_own_category, copy.categories))), key=_copy_rank, default=chosen
    )
    return chosen._replace(categories=copy_with_own_category.categories)


def _has_correction(copy: Meeting) -> bool:
    return copy.classification.rule == CATEGORY_RULE


class _Version(Protocol):
    @property
    def sequence(self) -> int: ...
    @property
    def stamp(self) -> str: ...


def _compare_versions(version: _Version, other_version: _Version) -> int:
    """1 if it is the newer version, -1 if the older, 0 if equal or unknown (RFC 5546, 2.1.5)."""
    if version.sequence >= 0 and other_version.sequence >= 0 and version.sequence != other_version.sequence:
        return 1 if version.sequence > other_version.sequence else -1
    if version.stamp and other_version.stamp:
        return (version.stamp > other_version.stamp) - (version.stamp < other_version.stamp)
    return 0


_RESPONSE_RANKS = {
    Response.ACCEPTED: (3, 2),
    Response.TENTATIVE: (3, 1),
    Response.DECLINED: (3, 0),
    Response.ORGANIZER: (2, 0),
    Response.UNANSWERED: (1, 0),
    Response.UNRECORDED: (0, 0),
}


def _copy_rank(copy: Meeting) -> tuple[object, ...]:
    """What decides between copies of which none is outdated; the id last, so that there is always one."""
    answered, answer = _RESPONSE_RANKS[copy.response]
    busy = copy.show_as is ShowAs.BUSY
    return (answered, copy.sequence, copy.stamp, answer, copy.private, busy, copy.start, copy.id)

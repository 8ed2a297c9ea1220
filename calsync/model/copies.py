"""Chooses between copies of a meeting in several calendars of one manager, and applies CANCEL messages.

No choice is stored. It is made again whenever meetings are read, from all calendars of the manager: neither
the order in which files were read nor earlier nights make a difference, and a meeting whose cancellation was
withdrawn counts again.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol, TypeVar

from calsync.model.correction import CATEGORY_RULE
from calsync.model.meeting import Meeting
from calsync.model.occurrence import Occurrence, Response, ShowAs, Status, comparable_recurrence_id
from calsync.model.own_categories import is_own_category
from calsync.model.uids import GENERATED_UID_PREFIX, series_uid

Entry = TypeVar("Entry", Occurrence, Meeting)


class Cancellation(NamedTuple):
    """A METHOD:CANCEL message about a series or some of its occurrences (RFC 5546, 3.2.5).

    recurrence_id: the original start of the cancelled occurrence, in ISO 8601; "" for the whole series.
    this_and_following: whether all later occurrences are cancelled as well (RANGE=THISANDFUTURE).
    sequence, stamp: as in `Occurrence`.
    """

    uid: str
    recurrence_id: str = ""
    this_and_following: bool = False
    sequence: int = -1
    stamp: str = ""

    def applies_to(self, entry: Occurrence | Meeting) -> bool:
        """Whether the message is about this meeting, in any version."""
        if series_uid(self.uid) != series_uid(entry.uid):
            return False
        if not self.recurrence_id:
            return True
        cancelled, original = comparable_recurrence_id(self.recurrence_id), _recurrence_id_or_start(entry)
        if isinstance(cancelled, str) or isinstance(original, str):  # one of them is a date without a time
            day, entry_day = self.recurrence_id[:10], (entry.recurrence_id or entry.start.isoformat())[:10]
            return day <= entry_day if self.this_and_following else day == entry_day
        return cancelled <= original if self.this_and_following else cancelled == original


def apply_cancellations(entries: Iterable[Entry], cancellations: Sequence[Cancellation]) -> list[Entry]:
    """The entries in order, with those cancelled that a message of the same or a later version is about."""
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
    """A manager's meetings in their order; of those that are in several calendars only the copy that counts.

    Args:
        meetings: All meetings of all the manager's calendars. In one calendar a combination of uid,
            recurrence id and start occurs once.
    """
    if len({meeting.calendar_key for meeting in meetings}) < 2:
        return list(meetings)
    by_uid: dict[str, list[Meeting]] = defaultdict(list)
    for meeting in meetings:
        by_uid[series_uid(meeting.uid)].append(meeting)
    counting: dict[str, Meeting] = {}
    for meetings_of_uid in by_uid.values():
        for copies in _group_copies(meetings_of_uid) if len(meetings_of_uid) > 1 else [meetings_of_uid]:
            chosen = _choose_copy(copies) if len(copies) > 1 else copies[0]
            counting[chosen.id] = chosen
    return [counting[meeting.id] for meeting in meetings if meeting.id in counting]


class DroppedCopy(NamedTuple):
    """A copy that does not count (`dropped`) because the copy that counts (`kept`) is at another time."""

    dropped: Meeting
    kept: Meeting


def find_copies_at_other_times(meetings: Sequence[Meeting]) -> list[DroppedCopy]:
    """The copies that `drop_duplicate_copies` drops although they are at another time, sorted by start.

    Usually the meeting was moved and one calendar does not show it yet. But some programs reuse a UID for
    another meeting, and only this list shows that it was dropped. Cancelled copies are left out: they are
    counted as cancelled meetings.

    Args:
        meetings: The meetings of one manager's calendars; complete for each uid that occurs in them.
    """
    by_uid: dict[str, list[Meeting]] = defaultdict(list)
    for meeting in meetings:
        by_uid[series_uid(meeting.uid)].append(meeting)
    dropped_copies = []
    for meetings_of_uid in by_uid.values():
        for copies in _group_copies(meetings_of_uid):
            chosen = _choose_copy(copies)
            start = chosen.start.astimezone(UTC)
            if chosen.status is not Status.CANCELLED:
                dropped_copies += [
                    DroppedCopy(copy, chosen)
                    for copy in copies
                    if copy.start.astimezone(UTC) != start and copy.status is not Status.CANCELLED
                ]
    return sorted(dropped_copies, key=lambda copy: (copy.dropped.start.astimezone(UTC), copy.dropped.id))


def _recurrence_id_or_start(entry: Occurrence | Meeting) -> datetime | str:
    """The original start in UTC or as a day; of an entry without a recurrence id its start."""
    if entry.recurrence_id:
        return comparable_recurrence_id(entry.recurrence_id)
    return entry.start.date().isoformat() if entry.all_day else entry.start.astimezone(UTC)


def _group_copies(meetings: Sequence[Meeting]) -> Iterable[list[Meeting]]:
    """Groups of meetings of one uid; each group contains the copies of one meeting.

    Copies share the recurrence id. Some exporters write the occurrences of a series without recurrence ids,
    as single events: these are matched by their starts. Where one calendar contains several meetings of a
    group, the group is divided by start. Of meetings whose uid calsync generated, only those with equal
    content are copies: two meetings at one time with one title may be in two rooms.
    """
    original_starts = {_recurrence_id_or_start(meeting) for meeting in meetings if meeting.recurrence_id}
    groups: dict[Hashable, list[Meeting]] = defaultdict(list)
    for meeting in meetings:
        original_start = _recurrence_id_or_start(meeting)
        is_occurrence = meeting.recurrence_id or original_start in original_starts
        content = meeting.fingerprint if meeting.uid.startswith(GENERATED_UID_PREFIX) else ""
        groups[original_start if is_occurrence else "", content].append(meeting)
    for group in groups.values():
        if max(Counter(meeting.calendar_key for meeting in group).values()) == 1:
            yield group
            continue
        by_start: dict[Hashable, list[Meeting]] = defaultdict(list)
        for meeting in group:
            by_start[meeting.start.astimezone(UTC)].append(meeting)
        yield from by_start.values()


def _choose_copy(copies: Sequence[Meeting]) -> Meeting:
    """The copy that counts (docs/decisions/0026): not cancelled, not outdated, with the manager's response.

    The result may combine copies: its response and its correction by category can come from other copies.
    """
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
        # Without comparable versions no copy is outdated, and only the manager's response decides.
        current = [
            copy for copy in live if not any(_compare_versions(other, copy) > 0 for other in live)
        ] or live
    chosen = max(current, key=_copy_rank)
    answered = max(live, key=_copy_rank)
    if chosen.response is Response.UNRECORDED and answered.response is not Response.UNRECORDED:
        chosen = chosen._replace(response=answered.response)
    if _has_correction(chosen) or chosen.private:
        return chosen
    # A correction by category is about the meeting, in whichever calendar the manager wrote it.
    corrected = max((copy for copy in live if _has_correction(copy)), key=_copy_rank, default=None)
    if corrected is not None:
        return chosen._replace(categories=corrected.categories, classification=corrected.classification)
    # A calsync category that is not understood must reach the report of such categories as well.
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
    """1 if `version` is newer, -1 if it is older, 0 if both are equal or not comparable (RFC 5546, 2.1.5)."""
    if version.sequence >= 0 and other_version.sequence >= 0 and version.sequence != other_version.sequence:
        return 1 if version.sequence > other_version.sequence else -1
    if version.stamp and other_version.stamp:
        return (version.stamp > other_version.stamp) - (version.stamp < other_version.stamp)
    return 0


# An answer of the manager outranks a later version; between answers of one version the acceptance wins.
_RESPONSE_RANKS = {
    Response.ACCEPTED: (3, 2),
    Response.TENTATIVE: (3, 1),
    Response.DECLINED: (3, 0),
    Response.ORGANIZER: (2, 0),
    Response.UNANSWERED: (1, 0),
    Response.UNRECORDED: (0, 0),
}


def _copy_rank(copy: Meeting) -> tuple[object, ...]:
    """The order between copies none of which is outdated; it ends with the id, so that no two are equal."""
    response_kind, response = _RESPONSE_RANKS[copy.response]
    busy = copy.show_as is ShowAs.BUSY
    return (response_kind, copy.sequence, copy.stamp, response, copy.private, busy, copy.start, copy.id)

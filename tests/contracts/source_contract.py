"""Tests that every source must pass; the tests of each source inherit them.

A subclass has a fixture `harness`: a `SourceHarness` in which the contract sets calendars and from which the
source reads them.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Protocol

import pytest
from support.builders import LONDON, MONDAY, at, occurrence, span

from calsync.errors import SourceError
from calsync.model.occurrence import Occurrence, Sensitivity
from calsync.model.span import Span
from calsync.sources.base import Calendar, FetchResult, Source

WINDOW = Span(at("09:00"), at("17:00"))


class SourceHarness(Protocol):
    """What a source reads, as a test sets it."""

    source: Source

    def set_occurrences(self, name: str, *occurrences: Occurrence) -> Calendar:
        """Replace the calendar of this name; returns it."""
        ...

    def missing(self) -> Calendar:
        """A calendar that does not exist."""
        ...


def fetch_only_calendar(
    source: Source, calendar: Calendar, window: Span = WINDOW, token: str = ""
) -> FetchResult:
    """Fetch the one calendar behind an address."""
    (only,) = source.calendars(calendar)
    return source.fetch(only, window, token)


def titles_of(occurrences: Sequence[Occurrence]) -> list[str]:
    return [occurrence.title for occurrence in occurrences]


def stored_after(first: FetchResult, second: FetchResult) -> list[Occurrence]:
    """The occurrences after two fetches: the unchanged ones of the first, and all of the second."""
    return [*(o for o in first.occurrences if o.uid in second.unchanged_uids), *second.occurrences]


class SourceContract:
    """Inherit it and define `harness`: every test runs against your source.

    gives_tokens: False for a source without tokens, which always reads everything.
    """

    gives_tokens = True

    @pytest.fixture
    def harness(self) -> SourceHarness:
        raise NotImplementedError

    def test_it_is_a_source(self, harness: SourceHarness) -> None:
        assert isinstance(harness.source, Source)

    def test_an_occurrence_has_its_uid_times_and_title(self, harness: SourceHarness) -> None:
        given = occurrence("10:00-11:30", uid="psb", title="Bwrdd Gwasanaethau Cyhoeddus – PSB")
        (read,) = fetch_only_calendar(harness.source, harness.set_occurrences("ana", given)).occurrences
        assert (read.uid, read.start, read.end, read.title) == (
            given.uid,
            given.start,
            given.end,
            given.title,
        )

    @pytest.mark.parametrize(
        ("when", "inside"),
        [
            ("08:00-09:00", False),
            ("08:00-09:01", True),
            ("16:59-18:00", True),
            ("17:00-18:00", False),
            ("08:00-18:00", True),
            ("09:00-17:00", True),
        ],
    )
    def test_an_occurrence_belongs_to_a_window_if_the_two_overlap(
        self, harness: SourceHarness, when: str, inside: bool
    ) -> None:
        calendar = harness.set_occurrences(
            "ana", occurrence(when, uid="edge"), occurrence("12:00-13:00", uid="noon")
        )
        read = fetch_only_calendar(harness.source, calendar).occurrences
        assert ("edge" in {o.uid for o in read}) is inside

    def test_an_occurrence_that_is_partly_in_the_window_is_not_clipped(self, harness: SourceHarness) -> None:
        calendar = harness.set_occurrences("ana", occurrence("08:00-18:00", uid="long"))
        (read,) = fetch_only_calendar(harness.source, calendar).occurrences
        assert read.span == span("08:00-18:00")

    def test_occurrences_are_sorted_by_start_then_uid(self, harness: SourceHarness) -> None:
        given = [
            occurrence("11:00-12:00", uid="b"),
            occurrence("11:00-12:00", uid="a"),
            occurrence("09:00-10:00", uid="c"),
        ]
        read = fetch_only_calendar(harness.source, harness.set_occurrences("ana", *given)).occurrences
        assert [o.uid for o in read] == ["c", "a", "b"]

    def test_the_order_of_the_calendar_does_not_matter(self, harness: SourceHarness) -> None:
        given = [
            occurrence(f"{hour}:00-{hour}:30", uid=f"u{hour}", title=f"t{hour}") for hour in (15, 10, 12)
        ]
        forwards = fetch_only_calendar(harness.source, harness.set_occurrences("ana", *given))
        backwards = fetch_only_calendar(harness.source, harness.set_occurrences("ana", *reversed(given)))
        assert forwards.occurrences == backwards.occurrences

    def test_no_two_occurrences_share_uid_recurrence_id_and_start(self, harness: SourceHarness) -> None:
        given = [occurrence("10:00-11:00", uid=uid) for uid in ("a", "b")]
        read = fetch_only_calendar(harness.source, harness.set_occurrences("ana", *given)).occurrences
        assert len({(o.uid, o.recurrence_id, o.start) for o in read}) == len(read) == 2

    def test_times_are_aware(self, harness: SourceHarness) -> None:
        calendar = harness.set_occurrences("ana", occurrence("10:00-11:00"))
        (read,) = fetch_only_calendar(harness.source, calendar).occurrences
        assert read.start.utcoffset() is not None
        assert read.start.astimezone(UTC) == at("10:00").astimezone(UTC)

    def test_an_all_day_occurrence_runs_from_midnight_to_midnight_in_the_calendars_zone(
        self, harness: SourceHarness
    ) -> None:
        calendar = harness.set_occurrences("ana", occurrence("00:00-24:00", uid="leave", all_day=True))
        (read,) = fetch_only_calendar(harness.source, calendar).occurrences
        assert read.all_day
        assert (read.start, read.end) == (at("00:00"), at("00:00", MONDAY + timedelta(days=1)))
        assert str(read.start.tzinfo) == str(LONDON)

    def test_private_content_is_removed(self, harness: SourceHarness) -> None:
        given = occurrence(
            "10:00-11:00",
            title="Oncology",
            location="Ward 3",
            description="bring results",
            invited=("dr@nhs.example",),
            sensitivity=Sensitivity.PRIVATE,
        )
        (read,) = fetch_only_calendar(harness.source, harness.set_occurrences("ana", given)).occurrences
        assert read.private
        assert (read.title, read.location, read.description, read.organizer, read.attendees) == (
            "",
            "",
            "",
            "",
            (),
        )

    def test_a_window_without_meetings_is_no_error(self, harness: SourceHarness) -> None:
        calendar = harness.set_occurrences("ana", occurrence("18:00-19:00"))
        assert fetch_only_calendar(harness.source, calendar).occurrences == ()

    def test_an_unknown_calendar_is_an_error_with_a_hint(self, harness: SourceHarness) -> None:
        missing = harness.missing()
        with pytest.raises(SourceError) as caught:
            fetch_only_calendar(harness.source, missing)
        assert caught.value.calendar == str(missing)
        assert caught.value.what
        assert caught.value.hint

    def test_a_second_fetch_is_unchanged(self, harness: SourceHarness) -> None:
        calendar = harness.set_occurrences("ana", occurrence("10:00-11:00"))
        first = fetch_only_calendar(harness.source, calendar)
        second = fetch_only_calendar(harness.source, calendar, token=first.token)
        if not self.gives_tokens:
            assert (first.token, second.unchanged) == ("", False)
            return
        assert first.token
        assert second.unchanged
        assert second.occurrences == ()

    def test_a_changed_calendar_is_read_again(self, harness: SourceHarness) -> None:
        first = fetch_only_calendar(
            harness.source, harness.set_occurrences("ana", occurrence("10:00-11:00", title="before"))
        )
        calendar = harness.set_occurrences("ana", occurrence("10:00-11:00", title="after"))
        second = fetch_only_calendar(harness.source, calendar, token=first.token)
        assert titles_of(second.occurrences) == ["after"]

    def test_a_deleted_meeting_is_removed(self, harness: SourceHarness) -> None:
        both = [occurrence("10:00-11:00", uid="stays"), occurrence("12:00-13:00", uid="goes")]
        first = fetch_only_calendar(harness.source, harness.set_occurrences("ana", *both))
        second = fetch_only_calendar(
            harness.source, harness.set_occurrences("ana", both[0]), token=first.token
        )
        assert [o.uid for o in stored_after(first, second)] == ["stays"]

    def test_unchanged_uids_have_no_occurrences_in_the_result(self, harness: SourceHarness) -> None:
        before = [occurrence("10:00-11:00", uid="stays"), occurrence("12:00-13:00", uid="moves")]
        after = [before[0], occurrence("14:00-15:00", uid="moves")]
        first = fetch_only_calendar(harness.source, harness.set_occurrences("ana", *before))
        second = fetch_only_calendar(
            harness.source, harness.set_occurrences("ana", *after), token=first.token
        )
        assert not second.unchanged_uids & {o.uid for o in second.occurrences}
        complete = fetch_only_calendar(harness.source, harness.set_occurrences("ana", *after))
        assert sorted(stored_after(first, second), key=lambda o: o.start) == list(complete.occurrences)

    def test_a_token_of_another_window_never_means_unchanged(self, harness: SourceHarness) -> None:
        calendar = harness.set_occurrences("ana", occurrence("18:00-19:00", uid="late"))
        first = fetch_only_calendar(harness.source, calendar)
        later = fetch_only_calendar(harness.source, calendar, Span(at("17:00"), at("20:00")), first.token)
        assert not later.unchanged
        assert [o.uid for o in later.occurrences] == ["late"]

    def test_a_token_of_another_owner_never_means_unchanged(self, harness: SourceHarness) -> None:
        calendar = harness.set_occurrences("ana", occurrence("10:00-11:00"))
        first = fetch_only_calendar(harness.source, calendar)
        moved = replace(calendar, owners=frozenset({"somebody.else@brynfelin.example"}))
        again = fetch_only_calendar(harness.source, moved, token=first.token)
        assert not again.unchanged or not self.gives_tokens

    @pytest.mark.parametrize("token", ["rubbish", "{}", "[]", "null", '{"scope": 1}', "\x00"])
    def test_with_an_invalid_token_everything_is_read(self, harness: SourceHarness, token: str) -> None:
        calendar = harness.set_occurrences("ana", occurrence("10:00-11:00", uid="a"))
        assert [o.uid for o in fetch_only_calendar(harness.source, calendar, token=token).occurrences] == [
            "a"
        ]

    def test_calendars_are_read_from_several_threads_without_mixing_them(
        self, harness: SourceHarness
    ) -> None:
        calendars = [
            harness.set_occurrences(
                f"user{n}", occurrence("10:00-11:00", uid=f"u{n}", invited=("x@nhs.example",))
            )
            for n in range(6)
        ]
        with ThreadPoolExecutor(4) as pool:
            results = list(
                pool.map(lambda calendar: fetch_only_calendar(harness.source, calendar), calendars * 3)
            )
        assert [[o.uid for o in result.occurrences] for result in results] == [
            [f"u{n}"] for n in range(6)
        ] * 3

    def test_one_meeting_in_two_calendars_has_the_same_uid(self, harness: SourceHarness) -> None:
        shared = occurrence("10:00-11:00", uid="shared")
        read = [
            fetch_only_calendar(harness.source, harness.set_occurrences(name, shared)).occurrences[0]
            for name in ("ana", "ben")
        ]
        assert read[0].uid == read[1].uid
        assert read[0].start == read[1].start

    def test_a_source_can_be_closed_twice(self, harness: SourceHarness) -> None:
        fetch_only_calendar(harness.source, harness.set_occurrences("ana", occurrence("10:00-11:00")))
        harness.source.close()
        harness.source.close()

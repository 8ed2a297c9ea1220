"""The calendars of the demo contain the situations that it is meant to show."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import pairwise

from support.builders import LONDON

from calsync.demo.all_plans import all_plans, calendar_entries
from calsync.demo.council import DemoManager, council_managers, council_people, load_toml
from calsync.demo.uids import continued_uid
from calsync.model.occurrence import AttendeeKind

Events = dict[str, list[dict]]


def start(event: dict) -> datetime:
    return datetime.fromisoformat(event["start"]["dateTime"]).replace(tzinfo=UTC).astimezone(LONDON)


def end(event: dict) -> datetime:
    return datetime.fromisoformat(event["end"]["dateTime"]).replace(tzinfo=UTC).astimezone(LONDON)


def all_events(events: Events) -> Iterator[dict]:
    return (event for key in events for event in events[key])


def is_busy(event: dict) -> bool:
    return event["showAs"] == "busy" and not event["isAllDay"] and not event["isCancelled"]


def test_twelve_managers_are_in_three_departments_one_below_the_least_group():
    sizes = Counter(manager.department for manager in council_managers())
    assert sorted(sizes.values()) == [2, 4, 6]


def test_grades_fte_languages_and_frequencies_of_summaries_differ():
    assert {manager.fte for manager in council_managers()} == {1.0, 0.8, 0.6}
    assert {manager.language for manager in council_managers()} == {"en", "cy", "both"}
    assert {manager.summary for manager in council_managers()} == {"weekly", "monthly", "none"}
    assert {len(manager.working_days) for manager in council_managers()} == {5, 4, 3}
    assert len({manager.grade for manager in council_managers()}) == 3


def test_an_ordinary_week_has_fifteen_to_thirty_meetings(manager: DemoManager, events: Events):
    weeks = Counter(start(event).isocalendar().week for event in events[manager.key] if is_busy(event))
    ordinary = sorted(weeks[week] for week in range(34, 52))[9]
    assert 15 * manager.fte <= ordinary <= 30


def test_meetings_are_double_booked(manager: DemoManager, events: Events):
    least = 5 if manager.fte == 1.0 else 1
    spans = sorted((start(event), end(event)) for event in events[manager.key] if is_busy(event))
    overlaps = sum(later_start < end for (_, end), (later_start, _) in pairwise(spans))
    assert overlaps >= least


def test_some_are_private_tentative_declined_unanswered_free_and_out_of_office(events: Events):
    all_of_council = list(all_events(events))
    assert {event["showAs"] for event in all_of_council} == {
        "busy",
        "tentative",
        "free",
        "oof",
        "workingElsewhere",
    }
    assert {event["responseStatus"]["response"] for event in all_of_council} == {
        "organizer",
        "accepted",
        "tentativelyAccepted",
        "declined",
        "notResponded",
    }
    assert {event["sensitivity"] for event in all_of_council} == {"normal", "private"}


def test_cancelled_meetings_are_confirmed_in_files_of_outlook_except_for_their_titles(
    files: dict[str, bytes],
):
    text = b"".join(files[key] for key in files).replace(b"\r\n ", b"").decode()
    cancelled = [part for part in text.split("BEGIN:VEVENT") if "Canceled: " in part]
    assert len(cancelled) >= 5
    assert all("STATUS:CONFIRMED" in part for part in cancelled)
    assert sum("BUSYSTATUS:FREE" in part for part in cancelled) >= len(cancelled) * 0.8
    assert "STATUS:CANCELLED" not in text


def test_one_title_is_cancelled_in_welsh(events: Events):
    assert any(event["subject"].startswith("Wedi'i ganslo:") for event in all_events(events))


def test_an_occurrence_was_moved_to_another_day(events: Events):
    moved = [
        event
        for event in all_events(events)
        if event["type"] == "exception" and event["originalStart"][:10] != event["start"]["dateTime"][:10]
    ]
    assert {event["subject"] for event in moved} == {"RSB Business Management Group"}


def test_series_have_the_same_local_time_after_the_end_of_summer_time(manager: DemoManager, events: Events):
    by_series: dict[str, set[tuple[int, int]]] = {}
    for event in events[manager.key]:
        if event["type"] == "occurrence" and not event["isAllDay"]:
            moment = start(event)
            by_series.setdefault(event["iCalUId"], set()).add((moment.hour, moment.minute))
    assert len(by_series) >= 10
    assert all(len(local_times) == 1 for local_times in by_series.values())
    offsets = {start(event).utcoffset() for event in events[manager.key]}
    assert len(offsets) == 2


def test_one_meeting_lasts_through_the_night_the_clocks_go_back(events: Events):
    (storm,) = [event for event in events["huw"] if event["subject"].startswith("SCG")]
    assert (start(storm).date(), end(storm).date()) == (date(2026, 10, 24), date(2026, 10, 25))
    assert (end(storm).astimezone(UTC) - start(storm).astimezone(UTC)).total_seconds() == 7 * 3600


def test_there_are_evening_and_sunday_meetings(events: Events):
    assert any(start(event).hour >= 18 and event["attendees"] for event in events["mari"])
    assert any(start(event).weekday() == 6 for event in events["lowri"])


def test_all_day_entries_are_leave_notes_and_one_development_day(events: Events):
    all_day = [event for event in all_events(events) if event["isAllDay"]]
    assert {event["showAs"] for event in all_day} == {"oof", "free", "busy", "workingElsewhere"}
    away = [event for event in all_day if event["attendees"]]
    assert {event["subject"] for event in away} == {
        "Diwrnod datblygu BGC / PSB development day - ways of working"
    }


def test_there_are_few_meetings_on_the_bank_holiday(events: Events):
    that_day = [event for event in all_events(events) if start(event).date() == date(2026, 8, 31)]
    assert any("bank holiday" in event["subject"] for event in that_day)
    assert sum(len(events[key]) for key in events) > 100 * len(that_day)


def test_a_series_changed_from_one_day_on_is_two_series(events: Events):
    tasking = {
        event["iCalUId"] for event in events["mari"] if event["subject"].startswith("Multi-agency tasking")
    }
    first, later = sorted(tasking, key=len)
    assert later == continued_uid(first, datetime(2026, 10, 9, 10))
    escalation = {event["iCalUId"] for event in events["owain"] if "discharge escalation" in event["subject"]}
    assert len(escalation) == 2


def test_one_meeting_has_one_uid_in_every_calendar(events: Events):
    for subject in ("Regional Partnership Board (RPB) / Bwrdd Partneriaeth Rhanbarthol", "MARAC"):
        holders = {key: {e["iCalUId"] for e in events[key] if e["subject"] == subject} for key in events}
        present = [uids for uids in holders.values() if uids]
        assert len(present) >= 2
        assert len(set.union(*present)) == 1


def test_rooms_lists_and_a_deleted_mailbox_are_invited(events: Events):
    kinds = {attendee["type"] for event in all_events(events) for attendee in event["attendees"]}
    addresses = {a["emailAddress"]["address"] for event in all_events(events) for a in event["attendees"]}
    assert kinds == {"required", "resource"}
    assert council_people()["list:psb"].kind is AttendeeKind.GROUP
    assert council_people()["list:psb"].address in addresses
    assert any(address.startswith("/o=ExchangeLabs") for address in addresses)


def test_descriptions_contain_agendas_with_and_without_times_and_links_for_joining(events: Events):
    pages = [event["body"]["content"] for event in all_events(events)]
    assert any(re.search(r"<div>10:40 Well-being plan", page) for page in pages)
    assert any(re.search(r"<div>3\. Contract award", page) for page in pages)
    assert sum("Microsoft Teams" in page for page in pages) > 300
    assert sum("Google Meet" in page for page in pages) > 30


def test_titles_are_english_welsh_and_both(events: Events):
    subjects = {event["subject"] for event in all_events(events)}
    assert {"Bwrdd Diogelu Cambria / Cambria Safeguarding Board", "Sgwrs gyda'r Heddlu", "MARAC"} <= subjects


def test_travel_entries_end_when_meetings_outside_the_council_start(events: Events):
    trips = [e for e in all_events(events) if e["subject"].startswith(("Travel to", "Teithio i"))]
    assert len(trips) >= 30
    starts = {start(event) for event in events["nerys"] if "RPB" in event["subject"]}
    assert any(end(trip) in starts for trip in trips)


def test_partners_of_every_sector_are_invited(events: Events):
    domains = {
        a["emailAddress"]["address"].partition("@")[2] for e in all_events(events) for a in e["attendees"]
    }
    council = {"council", "cyngor", "dyffryn", "glanmorwen", "pengoed"}
    sectors = council | {"health", "police", "fire", "nature", "justice", "college", "voluntary", "housing"}
    assert {load_toml("people.toml")["agencies"][sector] for sector in sectors} <= domains


def test_every_address_is_in_a_reserved_domain():
    addresses = [person.address for person in council_people().values() if "@" in person.address]
    assert all(address.endswith(".example") for address in addresses)
    assert all(address.isascii() and " " not in address for address in addresses)


def test_a_category_corrects_one_meeting(events: Events):
    corrected = [event for event in all_events(events) if "calsync: process" in event["categories"]]
    assert {event["subject"] for event in corrected} == {"RPB and PSB: who does what? Review of groups"}


def test_uids_are_unique():
    uids = [plan.uid for plan in all_plans()]
    assert len(set(uids)) == len(uids)


def test_meetings_during_leave_are_dropped():
    (dewi,) = [manager for manager in council_managers() if manager.key == "dewi"]
    dropped = [day for entry in calendar_entries(dewi) for day in entry.plan.dropped]
    assert len([day for day in dropped if date(2026, 10, 26) <= day <= date(2026, 10, 30)]) >= 5

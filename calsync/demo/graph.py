"""Builds calendars as the calendarView of Microsoft Graph returns them: expanded, in UTC, with its fields."""

from datetime import UTC, datetime, timedelta
from typing import Any

from calsync.demo.all_plans import calendar_entries
from calsync.demo.council import DemoManager
from calsync.demo.diary import CalendarEntry, Guest, Person, Plan, PlannedOccurrence, localize_london
from calsync.demo.draws import draw_digest
from calsync.demo.expand import expand_entry
from calsync.demo.invitation import build_description, build_html
from calsync.demo.outlook import ZONE, plan_location
from calsync.demo.rule_days import at_same_time
from calsync.model.occurrence import AttendeeKind, Response
from calsync.model.span import Span

_ANSWERS = {
    Response.ORGANIZER: "organizer",
    Response.ACCEPTED: "accepted",
    Response.TENTATIVE: "tentativelyAccepted",
    Response.DECLINED: "declined",
    Response.UNANSWERED: "notResponded",
    Response.UNRECORDED: "organizer",  # the owner is the organizer of own entries
}
_NEVER = "0001-01-01T00:00:00Z"
_MARGIN = timedelta(days=60)


def build_graph_events(manager: DemoManager, window: Span) -> list[dict[str, Any]]:
    """The events of the manager's calendar that overlap the window, sorted by start and uid."""
    last = (window.end + _MARGIN).date()  # an occurrence may have been moved into the window
    occurrences = [
        occurrence
        for entry in calendar_entries(manager)
        for occurrence in expand_entry(entry, last)
        if _occurrence_span(occurrence).overlaps(window)
    ]
    occurrences.sort(key=lambda occurrence: (_occurrence_span(occurrence).start, occurrence.entry.plan.uid))
    return [_to_event(occurrence, manager) for occurrence in occurrences]


def _occurrence_span(occurrence: PlannedOccurrence) -> Span:
    """The time of an occurrence as in Graph, where all-day events begin and end at midnight in UTC."""
    zone = UTC if occurrence.entry.plan.all_day else None
    start, end = (
        m.replace(tzinfo=zone) if zone else localize_london(m) for m in (occurrence.start, occurrence.end)
    )
    return Span(start.astimezone(UTC), end.astimezone(UTC))


def _to_event(occurrence: PlannedOccurrence, manager: DemoManager) -> dict[str, Any]:
    plan, span = occurrence.entry.plan, _occurrence_span(occurrence)
    return {
        "@odata.etag": f'W/"{draw_digest(16, plan.uid, manager.key, occurrence.day)}=="',
        **_identity_fields(occurrence, manager),
        **_ignored_fields(occurrence),
        "categories": list(plan.categories),
        "iCalUId": plan.uid,
        "subject": occurrence.title,
        "bodyPreview": build_description(occurrence.notes, plan.uid, plan.online)[:255].replace("\n", "\r\n"),
        "sensitivity": plan.sensitivity.value,
        "isAllDay": plan.all_day,
        "isCancelled": occurrence.cancelled,
        "showAs": occurrence.show_as.value,
        "responseStatus": {"response": _ANSWERS[occurrence.answer], "time": _NEVER},
        "body": {"contentType": "html", "content": build_html(occurrence.notes, plan.uid, plan.online)},
        "start": _date_time_zone(span.start),
        "end": _date_time_zone(span.end),
        "location": _location_field(plan),
        "locations": [_location_field(plan)] if plan_location(plan) else [],
        "attendees": [_to_attendee(guest, occurrence, manager) for guest in plan.guests],
        **_organizer_fields(plan, manager),
    }


def _organizer_fields(plan: Plan, manager: DemoManager) -> dict[str, Any]:
    """The fields of the organizer, which for an own entry is the owner."""
    owner = Person(manager.key, manager.name, manager.email)
    organizer = plan.organizer if plan.organizer and plan.guests else owner
    return {
        "isOrganizer": organizer.key == manager.key,
        "organizer": {"emailAddress": _email_address(organizer)},
    }


def _ignored_fields(occurrence: PlannedOccurrence) -> dict[str, Any]:
    """The fields of Graph that calsync does not use."""
    plan = occurrence.entry.plan
    teams = plan.online == "teams"
    item_id = draw_digest(24, plan.uid, occurrence.day)
    return {
        "createdDateTime": "2026-07-01T08:00:00.1234567Z",
        "lastModifiedDateTime": "2026-07-02T08:00:00.1234567Z",
        "changeKey": f"{draw_digest(16, plan.uid, occurrence.day)}==",
        "transactionId": None,
        "originalStartTimeZone": ZONE,
        "originalEndTimeZone": ZONE,
        "reminderMinutesBeforeStart": 15,
        "isReminderOn": not plan.all_day,
        "hasAttachments": False,
        "importance": "normal",
        "responseRequested": True,
        "webLink": f"https://outlook.office365.com.example/owa/?itemid={item_id}",
        "onlineMeetingUrl": None,
        "isOnlineMeeting": teams,
        "onlineMeetingProvider": "teamsForBusiness" if teams else "unknown",
        "allowNewTimeProposals": True,
        "isDraft": False,
        "hideAttendees": False,
        "recurrence": None,
        "onlineMeeting": None,
    }


def _identity_fields(occurrence: PlannedOccurrence, manager: DemoManager) -> dict[str, Any]:
    """The ids of event and series, the type of the event, and its original start."""
    series = _event_id(occurrence.entry, manager, "")
    if occurrence.entry.plan.rule is None:
        return {"id": series, "type": "singleInstance", "seriesMasterId": None}
    plan = occurrence.entry.plan
    original = at_same_time(occurrence.day, plan.start)
    moment = (original.replace(tzinfo=UTC) if plan.all_day else localize_london(original)).astimezone(UTC)
    return {
        "id": _event_id(occurrence.entry, manager, str(occurrence.day)),
        "type": "exception" if occurrence.is_changed else "occurrence",
        "seriesMasterId": series,
        "originalStart": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
    }


def _event_id(entry: CalendarEntry, manager: DemoManager, day: str) -> str:
    return f"AAkALg{draw_digest(48, entry.plan.uid, manager.key, day)}AAA="


def _date_time_zone(moment: datetime) -> dict[str, str]:
    return {"dateTime": f"{moment:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "UTC"}


def _location_field(plan: Plan) -> dict[str, str]:
    place = plan_location(plan)
    name = {"uniqueId": place, "uniqueIdType": "private"} if place else {"uniqueIdType": "unknown"}
    return {"displayName": place, "locationType": "default", **name}


def _to_attendee(guest: Guest, occurrence: PlannedOccurrence, manager: DemoManager) -> dict[str, Any]:
    answer = occurrence.answer if guest.person.key == manager.key else guest.answer
    response = "none" if answer is Response.UNANSWERED else _ANSWERS[answer]
    kind = "optional" if guest.optional else "required"
    return {
        "type": "resource" if guest.person.kind is AttendeeKind.RESOURCE else kind,
        "status": {"response": response, "time": _NEVER},
        "emailAddress": _email_address(guest.person),
    }


def _email_address(person: Person) -> dict[str, str]:
    return {"name": person.name, "address": person.address}

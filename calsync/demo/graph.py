"""Calendars as Microsoft Graph's calendarView gives them: expanded, in UTC, in exactly its shape."""

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
    Response.UNRECORDED: "organizer",  # what is one's own, one has called oneself
}
_NEVER = "0001-01-01T00:00:00Z"
_MARGIN = timedelta(days=60)


def build_graph_events(manager: DemoManager, window: Span) -> list[dict[str, Any]]:
    """Every event of the manager's calendar that overlaps the window, by start and uid."""
    last = (window.end + _MARGIN).date()  # an occurrence may have been moved into the window
    found = [
        (turn, _occurrence_span(turn))
        for kept in calendar_entries(manager)
        for turn in expand_entry(kept, last)
    ]
    inside = [(span.start, _to_event(turn, manager)) for turn, span in found if span.overlaps(window)]
    return [event for _, event in sorted(inside, key=lambda pair: (pair[0], pair[1]["iCalUId"]))]


def _occurrence_span(turn: PlannedOccurrence) -> Span:
    """Its time as Graph sees it: of an all-day event the dates' midnights in UTC."""
    zone = UTC if turn.entry.plan.all_day else None
    start, end = (m.replace(tzinfo=zone) if zone else localize_london(m) for m in (turn.start, turn.end))
    return Span(start.astimezone(UTC), end.astimezone(UTC))


def _to_event(turn: PlannedOccurrence, manager: DemoManager) -> dict[str, Any]:
    plan, span = turn.entry.plan, _occurrence_span(turn)
    return {
        "@odata.etag": f'W/"{draw_digest(16, plan.uid, manager.key, turn.day)}=="',
        **_identity_fields(turn, manager),
        **_ignored_fields(turn),
        "categories": list(plan.categories),
        "iCalUId": plan.uid,
        "subject": turn.title,
        "bodyPreview": build_description(turn.notes, plan.uid, plan.online)[:255].replace("\n", "\r\n"),
        "sensitivity": plan.sensitivity.value,
        "isAllDay": plan.all_day,
        "isCancelled": turn.cancelled,
        "showAs": turn.show_as.value,
        "responseStatus": {"response": _ANSWERS[turn.answer], "time": _NEVER},
        "body": {"contentType": "html", "content": build_html(turn.notes, plan.uid, plan.online)},
        "start": _date_time_zone(span.start),
        "end": _date_time_zone(span.end),
        "location": _location_field(plan),
        "locations": [_location_field(plan)] if plan_location(plan) else [],
        "attendees": [_to_attendee(guest, turn, manager) for guest in plan.guests],
        **_organizer_fields(plan, manager),
    }


def _organizer_fields(plan: Plan, manager: DemoManager) -> dict[str, Any]:
    """Who called it: for an own entry the owner."""
    owner = Person(manager.key, manager.name, manager.email)
    organizer = plan.organizer if plan.organizer and plan.guests else owner
    return {
        "isOrganizer": organizer.key == manager.key,
        "organizer": {"emailAddress": _email_address(organizer)},
    }


def _ignored_fields(turn: PlannedOccurrence) -> dict[str, Any]:
    """What Graph gives beside, and calsync has no use for."""
    plan = turn.entry.plan
    teams = plan.online == "teams"
    return {
        "createdDateTime": "2026-07-01T08:00:00.1234567Z",
        "lastModifiedDateTime": "2026-07-02T08:00:00.1234567Z",
        "changeKey": f"{draw_digest(16, plan.uid, turn.day)}==",
        "transactionId": None,
        "originalStartTimeZone": ZONE,
        "originalEndTimeZone": ZONE,
        "reminderMinutesBeforeStart": 15,
        "isReminderOn": not plan.all_day,
        "hasAttachments": False,
        "importance": "normal",
        "responseRequested": True,
        "webLink": f"https://outlook.office365.com.example/owa/?itemid={draw_digest(24, plan.uid, turn.day)}",
        "onlineMeetingUrl": None,
        "isOnlineMeeting": teams,
        "onlineMeetingProvider": "teamsForBusiness" if teams else "unknown",
        "allowNewTimeProposals": True,
        "isDraft": False,
        "hideAttendees": False,
        "recurrence": None,
        "onlineMeeting": None,
    }


def _identity_fields(turn: PlannedOccurrence, manager: DemoManager) -> dict[str, Any]:
    """Ids, type, and which occurrence of which series it is."""
    series = _event_id(turn.entry, manager, "")
    if turn.entry.plan.rule is None:
        return {"id": series, "type": "singleInstance", "seriesMasterId": None}
    plan = turn.entry.plan
    original = at_same_time(turn.day, plan.start)
    moment = (original.replace(tzinfo=UTC) if plan.all_day else localize_london(original)).astimezone(UTC)
    return {
        "id": _event_id(turn.entry, manager, str(turn.day)),
        "type": "exception" if turn.is_changed else "occurrence",
        "seriesMasterId": series,
        "originalStart": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
    }


def _event_id(kept: CalendarEntry, manager: DemoManager, day: str) -> str:
    return f"AAkALg{draw_digest(48, kept.plan.uid, manager.key, day)}AAA="


def _date_time_zone(moment: datetime) -> dict[str, str]:
    return {"dateTime": f"{moment:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "UTC"}


def _location_field(plan: Plan) -> dict[str, str]:
    place = plan_location(plan)
    name = {"uniqueId": place, "uniqueIdType": "private"} if place else {"uniqueIdType": "unknown"}
    return {"displayName": place, "locationType": "default", **name}


def _to_attendee(guest: Guest, turn: PlannedOccurrence, manager: DemoManager) -> dict[str, Any]:
    answer = turn.answer if guest.person.key == manager.key else guest.answer
    response = "none" if answer is Response.UNANSWERED else _ANSWERS[answer]
    kind = "optional" if guest.optional else "required"
    return {
        "type": "resource" if guest.person.kind is AttendeeKind.RESOURCE else kind,
        "status": {"response": response, "time": _NEVER},
        "emailAddress": _email_address(guest.person),
    }


def _email_address(person: Person) -> dict[str, str]:
    return {"name": person.name, "address": person.address}

"""Calendars as Microsoft Graph's calendarView gives them: expanded, in UTC, in exactly its shape."""

from datetime import UTC, datetime, timedelta
from typing import Any

from calsync.demo.chance import digest
from calsync.demo.council import DemoManager
from calsync.demo.days import at
from calsync.demo.diary import Guest, Kept, Person, Plan, Turn, in_london
from calsync.demo.invitation import description, page
from calsync.demo.outlook import ZONE, place_of
from calsync.demo.plan import calendar_of
from calsync.demo.unfold import turns
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


def graph_events(manager: DemoManager, window: Span) -> list[dict[str, Any]]:
    """Every event of the manager's calendar that overlaps the window, by start and uid."""
    last = (window.end + _MARGIN).date()  # an occurrence may have been moved into the window
    found = [(turn, _span(turn)) for kept in calendar_of(manager) for turn in turns(kept, last)]
    inside = [(span.start, _event(turn, manager)) for turn, span in found if span.overlaps(window)]
    return [event for _, event in sorted(inside, key=lambda pair: (pair[0], pair[1]["iCalUId"]))]


def _span(turn: Turn) -> Span:
    """Its time as Graph sees it: of an all-day event the dates' midnights in UTC."""
    zone = UTC if turn.kept.plan.all_day else None
    start, end = (m.replace(tzinfo=zone) if zone else in_london(m) for m in (turn.start, turn.end))
    return Span(start.astimezone(UTC), end.astimezone(UTC))


def _event(turn: Turn, manager: DemoManager) -> dict[str, Any]:
    plan, span = turn.kept.plan, _span(turn)
    return {
        "@odata.etag": f'W/"{digest(16, plan.uid, manager.key, turn.day)}=="',
        **_name(turn, manager),
        **_unread(turn),
        "categories": list(plan.categories),
        "iCalUId": plan.uid,
        "subject": turn.title,
        "bodyPreview": description(turn.notes, plan.uid, plan.online)[:255].replace("\n", "\r\n"),
        "sensitivity": plan.sensitivity.value,
        "isAllDay": plan.all_day,
        "isCancelled": turn.cancelled,
        "showAs": turn.show_as.value,
        "responseStatus": {"response": _ANSWERS[turn.answer], "time": _NEVER},
        "body": {"contentType": "html", "content": page(turn.notes, plan.uid, plan.online)},
        "start": _moment(span.start),
        "end": _moment(span.end),
        "location": _location(plan),
        "locations": [_location(plan)] if place_of(plan) else [],
        "attendees": [_attendee(guest, turn, manager) for guest in plan.guests],
        **_called(plan, manager),
    }


def _called(plan: Plan, manager: DemoManager) -> dict[str, Any]:
    """Who called it: for an own entry the owner."""
    owner = Person(manager.key, manager.name, manager.email)
    organizer = plan.organizer if plan.organizer and plan.guests else owner
    return {
        "isOrganizer": organizer.key == manager.key,
        "organizer": {"emailAddress": _mail(organizer)},
    }


def _unread(turn: Turn) -> dict[str, Any]:
    """What Graph gives beside, and calsync has no use for."""
    plan = turn.kept.plan
    teams = plan.online == "teams"
    return {
        "createdDateTime": "2026-07-01T08:00:00.1234567Z",
        "lastModifiedDateTime": "2026-07-02T08:00:00.1234567Z",
        "changeKey": f"{digest(16, plan.uid, turn.day)}==",
        "transactionId": None,
        "originalStartTimeZone": ZONE,
        "originalEndTimeZone": ZONE,
        "reminderMinutesBeforeStart": 15,
        "isReminderOn": not plan.all_day,
        "hasAttachments": False,
        "importance": "normal",
        "responseRequested": True,
        "webLink": f"https://outlook.office365.com.example/owa/?itemid={digest(24, plan.uid, turn.day)}",
        "onlineMeetingUrl": None,
        "isOnlineMeeting": teams,
        "onlineMeetingProvider": "teamsForBusiness" if teams else "unknown",
        "allowNewTimeProposals": True,
        "isDraft": False,
        "hideAttendees": False,
        "recurrence": None,
        "onlineMeeting": None,
    }


def _name(turn: Turn, manager: DemoManager) -> dict[str, Any]:
    """Ids, type, and which occurrence of which series it is."""
    series = _id(turn.kept, manager, "")
    if turn.kept.plan.rule is None:
        return {"id": series, "type": "singleInstance", "seriesMasterId": None}
    plan = turn.kept.plan
    original = at(turn.day, plan.start)
    moment = (original.replace(tzinfo=UTC) if plan.all_day else in_london(original)).astimezone(UTC)
    return {
        "id": _id(turn.kept, manager, str(turn.day)),
        "type": "exception" if turn.changed else "occurrence",
        "seriesMasterId": series,
        "originalStart": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
    }


def _id(kept: Kept, manager: DemoManager, day: str) -> str:
    return f"AAkALg{digest(48, kept.plan.uid, manager.key, day)}AAA="


def _moment(moment: datetime) -> dict[str, str]:
    return {"dateTime": f"{moment:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "UTC"}


def _location(plan: Plan) -> dict[str, str]:
    place = place_of(plan)
    name = {"uniqueId": place, "uniqueIdType": "private"} if place else {"uniqueIdType": "unknown"}
    return {"displayName": place, "locationType": "default", **name}


def _attendee(guest: Guest, turn: Turn, manager: DemoManager) -> dict[str, Any]:
    answer = turn.answer if guest.person.key == manager.key else guest.answer
    response = "none" if answer is Response.UNANSWERED else _ANSWERS[answer]
    kind = "optional" if guest.optional else "required"
    return {
        "type": "resource" if guest.person.kind is AttendeeKind.RESOURCE else kind,
        "status": {"response": response, "time": _NEVER},
        "emailAddress": _mail(guest.person),
    }


def _mail(person: Person) -> dict[str, str]:
    return {"name": person.name, "address": person.address}

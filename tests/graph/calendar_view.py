"""calendarView and its delta: requests are checked strictly, responses have Graph's exact form."""

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from graph.mailboxes import NAVIGATION, PROPERTIES, EmulatedMailbox, Event, shift_zone
from graph.preferences import Preferences, parse_preferences
from graph.replies import Reply, Request, graph_error, json_reply

MAX_WINDOW = timedelta(days=1825)
OPTIONS = frozenset({"$top", "$skip", "$select", "$orderby", "$count", "$skiptoken", "$deltatoken"})
NOT_ON_DELTA = ("$select", "$filter", "$expand", "$orderby", "$search")
STUB_FIELDS = ("@odata.etag", "id", "seriesMasterId", "type", "start", "end")
"""The fields that delta returns of an unchanged occurrence of a series."""


@dataclass(frozen=True)
class Link:
    """The target of an issued link. request_key: the mailbox and the request that it belongs to."""

    request_key: tuple[str, ...]
    offset: int
    turn: int = 0
    rows: tuple[int, ...] = ()


@dataclass
class Links:
    """Every link that was issued, by the token in it."""

    issued: dict[str, Link] = field(default_factory=dict)

    def issue(self, link: Link) -> str:
        token = uuid.uuid4().hex
        self.issued[token] = link
        return token


@dataclass(frozen=True)
class ViewRequest:
    """A request that passed every check."""

    start: datetime
    end: datetime
    top: int
    skip: int
    select: frozenset[str]
    descending: bool
    prefer: Preferences
    request_key: tuple[str, ...]
    link: Link


def calendar_view(box: EmulatedMailbox, request: Request, links: Links, root: str) -> Reply:
    """The requested page, or an error in Graph's words (raised as GraphError)."""
    view = _check_request(box, request, links)
    rows = box.overlapping(view.start, view.end)
    if view.descending:
        rows.reverse()
    rows = rows[view.skip :]
    shown, following = _page_slice(box, view, len(rows))
    name = quote(box.object_id)
    context = f"https://graph.microsoft.com/v1.0/$metadata#users('{name}')/calendar/calendarView"
    content: dict[str, object] = {"@odata.context": context}
    if following is not None:
        content["@odata.nextLink"] = _link(box, request, root, "$skiptoken", links.issue(following))
    reply = _to_reply(content, view.prefer)
    value = _events_json(rows[shown], box, view, (shown.start, shown.stop))
    return replace(reply, body=reply.body[:-1] + f', "value": {value}}}'.encode())


def _events_json(rows: list[Event], box: EmulatedMailbox, view: ViewRequest, shown: tuple[int, int]) -> str:
    """The events as JSON, built once for each request: thousands of mailboxes have the same few calendars."""
    prefer = view.prefer
    key = (view.start, view.end, view.skip, view.descending, shown, view.select, prefer,
           box.quirks)  # fmt: skip
    pages = box.rows.pages
    if key not in pages:
        pages[key] = json.dumps([_shown_event(event, box, view) for event in rows], ensure_ascii=False)
    return pages[key]


def delta(box: EmulatedMailbox, request: Request, links: Links, root: str) -> Reply:
    """A page of a round, or the empty round after it, because nothing changes between two requests."""
    refused = [name for name in NOT_ON_DELTA if name in request.query]
    if refused:
        words = f"The following parameters are not supported with change tracking: '{', '.join(refused)}'."
        raise graph_error(400, "ErrorInvalidUrlQuery", words)
    prefer = parse_preferences(request.headers.get("prefer", ""))
    if "$deltatoken" in request.query:
        link = links.issued.get(request.query["$deltatoken"])
        if link is None or link.request_key[0] != box.address:
            where = f"{root}{request.path}?$deltatoken="
            words = "The sync state generation is not found; generation=149;[highest=157]."
            raise graph_error(410, "SyncStateNotFound", words, Location=where)
        again = _link(box, request, root, "$deltatoken", links.issue(link))
        return _to_reply({"value": [], "@odata.deltaLink": again}, prefer)
    view = _check_request(box, request, links, on_delta=True)
    rows = box.overlapping(view.start, view.end)
    size, offset = prefer.page_size or 10, view.link.offset
    content: dict[str, object] = {"value": [_delta_event(e, box, view) for e in rows[offset : offset + size]]}
    name = "$skiptoken" if offset + size < len(rows) else "$deltatoken"
    key = "@odata.nextLink" if name == "$skiptoken" else "@odata.deltaLink"
    content[key] = _link(box, request, root, name, links.issue(Link(view.request_key, offset + size)))
    return _to_reply(content, prefer)


# ------------------------------------------------------------------ the request
def _check_request(
    box: EmulatedMailbox, request: Request, links: Links, on_delta: bool = False
) -> ViewRequest:
    query = request.query
    if request.twice:
        raise graph_error(
            400, "BadRequest", f"Query option '{request.twice[0]}' was specified more than once."
        )
    for name in query:
        if name.startswith("$") and name not in OPTIONS:
            raise graph_error(501, "NotImplemented", f"The emulator does not know the option '{name}'.")
    if on_delta and "$skiptoken" in query:
        link = _find_link(links, query["$skiptoken"], box.address)
        query = {**dict(pair.split("=", 1) for pair in link.request_key[1:]), **query}
    start, end = _read_window(query)
    request_key = (
        box.address,
        *(f"{key}={query[key]}" for key in sorted(query) if key not in ("$skiptoken",)),
    )
    link = Link(request_key, 0)
    if "$skiptoken" in query:
        link = _find_link(links, query["$skiptoken"], box.address)
        if not on_delta and link.request_key != request_key:
            raise graph_error(400, "ErrorInvalidParameter", "The skip token belongs to another view.")
    return ViewRequest(
        start,
        end,
        _read_number(query, "$top", 10, 1, 1000),
        _read_number(query, "$skip", 0, 0, 10**9),
        _read_select(query),
        _is_descending(query),
        parse_preferences(request.headers.get("prefer", "")),
        request_key,
        link,
    )


def _find_link(links: Links, token: str, address: str) -> Link:
    link = links.issued.get(token)
    if link is None or link.request_key[0] != address:
        raise graph_error(400, "ErrorInvalidParameter", "The skip token is none of this mailbox's.")
    return link


def _read_window(query: Mapping[str, str]) -> tuple[datetime, datetime]:
    if not {"startdatetime", "enddatetime"} <= query.keys():
        words = (
            "This request requires a time window specified by the query string parameters "
            "StartDateTime and EndDateTime."
        )
        raise graph_error(400, "ErrorInvalidParameter", words)
    start = _read_moment(query["startdatetime"], "StartDateTime")
    end = _read_moment(query["enddatetime"], "EndDateTime")
    if end <= start:
        raise graph_error(
            400, "ErrorInvalidParameter", "The EndDateTime must be later than the StartDateTime."
        )
    if end - start > MAX_WINDOW:
        words = "Requested date range exceeds maximum allowed. Maximum number of days: 1825"
        raise graph_error(400, "ErrorInvalidRequest", words)
    return start, end


def _read_moment(text: str, name: str) -> datetime:
    # A plus sign that is not percent-encoded arrives as a blank, which Graph rejects.
    if not re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,7})?)?(Z|[+-]\d\d:\d\d)?)?", text):
        raise graph_error(400, "ErrorInvalidParameter", f"The value of parameter '{name}' is invalid.")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise graph_error(
            400, "ErrorInvalidParameter", f"The value of parameter '{name}' is invalid."
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _read_number(query: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"\d{1,9}", text) or not least <= int(text) <= most:
        words = (
            f"The query specified in the URI is not valid. Invalid value '{text}' for {name} query option."
        )
        raise graph_error(400, "ErrorInvalidUrlQuery", words)
    return int(text)


def _read_select(query: Mapping[str, str]) -> frozenset[str]:
    if "$select" not in query:
        return PROPERTIES - set(NAVIGATION)
    known = {name.casefold(): name for name in PROPERTIES}
    chosen = set()
    for name in query["$select"].split(","):
        plain = name.strip()
        if plain.casefold() not in known:
            words = f"Could not find a property named '{plain}' on type 'microsoft.graph.event'."
            raise graph_error(400, "RequestBroker--ParseUri", words)
        if plain.casefold() in ("createddatetime", "lastmodifieddatetime"):
            words = f"The property '{plain}' does not support $select on calendarView."
            raise graph_error(400, "ErrorInvalidProperty", words)
        chosen.add(known[plain.casefold()])
    return frozenset(chosen)


def _is_descending(query: Mapping[str, str]) -> bool:
    order = query.get("$orderby", "start/dateTime").split()
    if order[:1] != ["start/dateTime"] or order[1:] not in ([], ["asc"], ["desc"]):
        raise graph_error(501, "NotImplemented", "The emulator orders by start/dateTime only.")
    return order[1:] == ["desc"]


# ------------------------------------------------------------------ the response
def _page_slice(box: EmulatedMailbox, view: ViewRequest, count: int) -> tuple[slice, Link | None]:
    """The rows of this page, and the link to the next one; see `mailboxes.PAGING`."""
    link, top = view.link, view.top
    nothing, page = slice(0, 0), slice(link.offset, link.offset + top)
    again = Link(view.request_key, link.offset, link.turn + 1)
    if box.paging == "endless":
        return page, again
    if box.paging == "endless-empty":
        return nothing, again
    if box.paging == "empty" and link.turn == 0:
        return nothing, again
    if box.paging == "duplicate" and link.turn % 2 == 0:
        return page, again
    more = link.offset + top < count or (box.paging == "foreign" and link.turn == 0)
    return page, Link(view.request_key, link.offset + top, link.turn + 1) if more else None


def _link(box: EmulatedMailbox, request: Request, root: str, name: str, token: str) -> str:
    host = "https://graph.elsewhere.example" if box.paging == "foreign" else root
    kept = {} if name == "$deltatoken" or "delta" in request.parts else dict(request.query)
    for gone in ("$skiptoken", "$deltatoken"):
        kept.pop(gone, None)
    return f"{host}{request.path}?{urlencode({**kept, name: token}, safe='$:,')}"


def _to_reply(content: Mapping[str, object], prefer: Preferences) -> Reply:
    headers = {"Preference_Applied": ", ".join(prefer.applied)} if prefer.applied else {}
    return json_reply(content, **headers)


def _shown_event(event: Event, box: EmulatedMailbox, view: ViewRequest) -> Event:
    for quirk in box.quirks:
        event = quirk(event)
    chosen = {**_with_ids(event, view.prefer), **_with_times(event, box, view.prefer)}
    always = ("@odata.etag", "id")
    return {key: chosen[key] for key in chosen if key in always or key in view.select}


def _delta_event(event: Event, box: EmulatedMailbox, view: ViewRequest) -> Event:
    shown = {"@odata.type": "#microsoft.graph.event", **_shown_event(event, box, view)}
    if event["type"] != "occurrence":
        return shown
    return {key: shown[key] for key in ("@odata.type", *STUB_FIELDS) if key in shown}


def _with_ids(event: Event, prefer: Preferences) -> Event:
    """Unless immutable ids are requested the ids are others, which change when a mailbox moves."""
    if prefer.immutable:
        return event
    names = ((key, event.get(key)) for key in ("id", "seriesMasterId"))
    return {**event, **{key: _changing_id(name) for key, name in names if name}}


def _changing_id(name: str) -> str:
    return "AAMkA" + hashlib.sha256(name.encode()).hexdigest()


def _with_times(event: Event, box: EmulatedMailbox, prefer: Preferences) -> Event:
    if prefer.zone == "UTC" or _has_zone(box.quirks):
        return {}
    return {side: shift_zone(event[side], prefer.zone, event) for side in ("start", "end")}


def _has_zone(quirks: Iterable[object]) -> bool:
    return any(getattr(quirk, "__qualname__", "").startswith("in_zone") for quirk in quirks)

"""A small Graph on loopback, and the sign-in beside it: keeps mailboxes, and misbehaves when told to."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from calsync.model.occurrence import Occurrence, Status
from calsync.sources.base import Calendar
from support.builders import LONDON

LOGIN = "https://login.microsoftonline.com"
TENANT = "11111111-2222-3333-4444-555555555555"
TOKEN_LIFE = 3599


def event(
    start: str = "2026-11-02T09:00:00", end: str = "2026-11-02T10:00:00", **changes: Any
) -> dict[str, Any]:
    """An event as Graph gives it: single, accepted, in UTC."""
    zone = changes.pop("zone", "UTC")
    name = changes.pop("name", f"E{start}")
    return {
        "@odata.etag": 'W/"1"',
        "id": name,
        "iCalUId": f"U-{name}",
        "type": "singleInstance",
        "seriesMasterId": None,
        "subject": "Public Services Board",
        "start": {"dateTime": f"{start}.0000000", "timeZone": zone},
        "end": {"dateTime": f"{end}.0000000", "timeZone": zone},
        "isAllDay": False,
        "isCancelled": False,
        "isOrganizer": False,
        "showAs": "busy",
        "sensitivity": "normal",
        "responseStatus": {"response": "accepted", "time": "2026-10-01T09:00:00Z"},
        "organizer": {"emailAddress": {"name": "Bo", "address": "Bo@Health.Example"}},
        "attendees": [invited("ana@brynfelin.example"), invited("cai@police.example", "optional")],
        "location": {"displayName": "Room 4"},
        "categories": [],
        "body": {"contentType": "html", "content": "<p>1. Minutes</p>"},
        **changes,
    }


def mailbox(address: str) -> Calendar:
    """A manager's calendar at this mailbox."""
    return Calendar("m1", "m365", address, frozenset({address}), LONDON)


def invited(address: str, kind: str = "required", answer: str = "none") -> dict[str, Any]:
    return {"type": kind, "status": {"response": answer}, "emailAddress": {"name": "", "address": address}}


def to_graph_event(occurrence: Occurrence) -> dict[str, Any]:
    """The event that Graph would give for it."""
    recurring = bool(occurrence.recurrence_id)
    return event(
        _naive_time(occurrence, occurrence.start),
        _naive_time(occurrence, occurrence.end),
        name=f"{occurrence.uid}-{occurrence.recurrence_id}-{occurrence.start}",
        iCalUId=occurrence.uid,
        type="occurrence" if recurring else "singleInstance",
        originalStart=occurrence.recurrence_id or None,
        subject=occurrence.title,
        isAllDay=occurrence.all_day,
        isCancelled=occurrence.status is Status.CANCELLED,
        showAs=occurrence.show_as.value,
        sensitivity=occurrence.sensitivity.value,
        responseStatus={"response": "none"},
        organizer={"emailAddress": {"address": occurrence.organizer}},
        attendees=[invited(attendee.address) for attendee in occurrence.attendees],
        location={"displayName": occurrence.location},
        body={"contentType": "text", "content": occurrence.description},
        categories=list(occurrence.categories),
    )


def _naive_time(occurrence: Occurrence, moment: datetime) -> str:
    """All-day events say their date at midnight UTC; others the moment in UTC."""
    plain = moment if occurrence.all_day else moment.astimezone(UTC)
    return plain.replace(tzinfo=None).isoformat()


@dataclass(frozen=True)
class Reply:
    """One answer out of order. hang: say nothing. reset: hang up. cut: bytes promised and never sent."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    reset: bool = False
    cut: int = 0


def fault(status: int, code: str, message: str = "no", **headers: str) -> Reply:
    body = json.dumps({"error": {"code": code, "message": message, "innerError": {}}}).encode()
    return Reply(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def page(*events: Any, link: str | None = None) -> Reply:
    return Reply(body=json.dumps({"value": events, **({"@odata.nextLink": link} if link else {})}).encode())


@dataclass(frozen=True)
class ReceivedRequest:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str

    @property
    def token(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")


class GraphStub:
    """mailboxes: events by address. asked: every request. sign_in: what the sign-in answers instead.

    linger: seconds that every answer takes, so that questions meet.
    """

    def __init__(self) -> None:
        self.mailboxes: dict[str, Sequence[Any]] = {}
        self.requests: list[ReceivedRequest] = []
        self.valid: set[str] = {"given-token"}
        self.sign_in: list[Reply] = []
        self.life = TOKEN_LIFE
        self.reply_delay = 0.0
        self.make_token: Callable[[int], str] = lambda n: f"made-token-{n}"
        self.made = 0
        self.stopped = threading.Event()
        self._replies: dict[str, list[Reply]] = {}
        self._busy: dict[str, int] = {}
        self.most_at_once: dict[str, int] = {}
        self._lock = threading.Lock()
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.stub = self
        self.root = f"http://127.0.0.1:{self._http.server_address[1]}/"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def script_replies(self, mailbox: str, *replies: Reply) -> None:
        """The next questions about this mailbox are answered so, before it is in order again."""
        self._replies[mailbox] = list(replies)

    @property
    def graph_requests(self) -> list[ReceivedRequest]:
        """What was asked of Graph itself."""
        return [asked for asked in self.requests if "/v1.0/" in asked.path]

    def reply(self, asked: ReceivedRequest) -> Reply:
        with self._lock:
            self.requests.append(asked)
        if "/v1.0/" in asked.path:
            return self._graph(asked)
        return self._login(asked)

    def _graph(self, asked: ReceivedRequest) -> Reply:
        mailbox = asked.path.split("/")[3]
        with self._lock:
            scripted = self._replies.get(mailbox, [])
            if scripted:
                return scripted.pop(0)
        if asked.token not in self.valid:
            return fault(
                401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."
            )
        if asked.path.endswith("/sendMail"):
            return Reply(202)
        if mailbox not in self.mailboxes:
            return fault(404, "ErrorInvalidUser", f"The requested user '{mailbox}' is invalid.")
        return self._page(asked, self.mailboxes[mailbox])

    def _page(self, asked: ReceivedRequest, events: Sequence[Any]) -> Reply:
        if not {"startDateTime", "endDateTime"} <= asked.query.keys():
            return fault(400, "ErrorInvalidParameter", "This request requires a time window")
        top, skip = int(asked.query["$top"]), int(asked.query.get("$skip", "0"))
        query = {**asked.query, "$skip": str(skip + top)}
        link = f"{self.root[:-1]}{asked.path}?" + "&".join(f"{key}={value}" for key, value in query.items())
        chosen = {*asked.query["$select"].split(","), "@odata.etag"}
        shown = [
            {key: one[key] for key in one if key in chosen} if isinstance(one, dict) else one
            for one in events[skip : skip + top]
        ]
        return page(*shown, link=link if skip + top < len(events) else None)

    def _login(self, asked: ReceivedRequest) -> Reply:
        tenant = asked.path.split("/")[1]
        if asked.path.endswith("/token"):
            if self.sign_in:
                return self.sign_in.pop(0) if len(self.sign_in) > 1 else self.sign_in[0]
            self.made += 1
            token = self.make_token(self.made)
            self.valid.add(token)
            answer = {"token_type": "Bearer", "expires_in": self.life, "access_token": token}
            return Reply(body=json.dumps(answer).encode())
        base = f"{LOGIN}/{tenant}"
        return Reply(
            body=json.dumps(
                {
                    "issuer": f"{base}/v2.0",
                    "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                    "token_endpoint": f"{base}/oauth2/v2.0/token",
                    "tenant_discovery_endpoint": f"{base}/.well-known/openid-configuration",
                    "metadata": [],
                }
            ).encode()
        )

    @contextlib.contextmanager
    def count_concurrent(self, mailbox: str) -> Iterator[None]:
        with self._lock:
            self._busy[mailbox] = self._busy.get(mailbox, 0) + 1
            self.most_at_once[mailbox] = max(self.most_at_once.get(mailbox, 0), self._busy[mailbox])
            self.most_at_once["*"] = max(self.most_at_once.get("*", 0), sum(self._busy.values()))
        try:
            yield
        finally:
            with self._lock:
                self._busy[mailbox] -= 1

    def stop(self) -> None:
        self.stopped.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    stub: GraphStub

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        headers = {key.lower(): value for key, value in self.headers.items()}
        asked = ReceivedRequest(self.command, unquote(parts.path), query, headers, body)
        with self.server.stub.count_concurrent(asked.path):
            self.server.stub.stopped.wait(self.server.stub.reply_delay)
            reply = self.server.stub.reply(asked)
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        if reply.hang:
            self.server.stub.stopped.wait(20)
        if reply.hang or reply.reset:
            self.close_connection = True
            return
        (self.send_response_only if "Date" in reply.headers else self.send_response)(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body) + reply.cut))
        self.end_headers()
        self.wfile.write(reply.body)
        self.close_connection = self.close_connection or bool(reply.cut)

    do_GET = do_POST = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""

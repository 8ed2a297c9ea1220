"""An emulator of Microsoft Graph and its sign-in on loopback, as strict as the real services.

As a fixture or in a script:

    with Emulator() as graph:
        graph.set_events("ana@brynfelin.gov.wales.example", event("2026-11-02T09:00", "2026-11-02T10:00"))
        graph.root          "http://127.0.0.1:PORT/", for `graph_root`; it issues tokens, too
        graph.tenant, graph.client_id, graph.secret
        graph.token()       a token made elsewhere, for `token_env` and `token_file`

Switches, on one mailbox (`box = graph.mailbox(address)`):

    graph.inject_fault(address, faults.throttled("1"), times=2, after=1)
                        change the next two responses, after a correct one; `times=None`: all of them
    faults.throttled(after="1" | "Mon, 16 Nov 2026 04:15:02 GMT" | None), unavailable(503), unauthorized(),
        denied(policy=False), no_mailbox(), reset(), hang(), drip(0.05), truncated_json(),
        cut_connection(1000), web_page(200 | 502), error_text(502), malformed_page([]), redirect(url)
    box.paging          "plain" | "empty" | "duplicate" | "endless" | "endless-empty" | "foreign"
    box.quirks          of mailboxes: unknown_enums, no_attendees, no_body, no_sensitivity,
                        in_zone("Europe/London"), in_zone("GMT Standard Time")
    graph.respond(address, page(event(…), link=…), Reply(403, b"…"))
                        the next responses about the mailbox are these, whatever was requested
    box.sent            the mails that sendMail accepted (email.message.EmailMessage)

and of the emulator:

    graph.entra.revoke()                   no token issued so far is accepted any more
    graph.entra.life = 1                   tokens that last a second (`graph.clock` may be replaced)
    graph.entra.replies.append(sign_in_error(401, "invalid_client", 7000222, "expired"))
    graph.application.scope = frozenset({address})      RBAC: 403 for every other mailbox
    graph.application.roles, .certificate  what was granted; PEM of a certificate, for assertions
    graph.application.assertions           what a platform signs, accepted as it is (workload identity)
    graph.accept("text")                   accept this token, made elsewhere
    graph.add_tenant(tenant, application)  another tenant; `graph.set_events(address, *events, tenant=…)`
    graph.most_in_mailbox = 4              further requests at once to one mailbox get a 429
    graph.answer_after = 0.05              seconds that every response takes

What was requested: `graph.requests` (all, also of the sign-in), `graph.requests_to(address)`,
`graph.most_at_once`, `graph.mailbox(address).most_at_once`.

As a separate process: `python tests/graph/emulator.py --demo --port 8765` (see `--help`); when ready, it
prints one line of JSON with root, tenant, client_id, secret and the mailboxes.
"""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[1]))

from graph.calendar_view import Links, calendar_view, delta
from graph.entra import Application, Entra, Grant
from graph.faults import Fault, always
from graph.mailboxes import EmulatedMailbox, Event, new_mailbox
from graph.replies import GraphError, Reply, Request, error_reply, graph_error
from graph.send_mail import send_mail
from graph.server import Server

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "99999999-8888-7777-6666-555555555555"
SECRET = "emulated~secret"
_VIEWS = (["calendar", "calendarView"], ["calendarView"])


class Emulator:
    """A tenant with mailboxes; see the module for the switches."""

    def __init__(self, port: int = 0, clock: Callable[[], float] = time.time) -> None:
        self.tenant, self.client_id, self.secret = TENANT, CLIENT, SECRET
        self.clock = clock
        self.application = Application(CLIENT, SECRET)
        self.entra = Entra(lambda: self.clock())
        self.requests: list[Request] = []
        self.most_in_mailbox = 4
        self.most_at_once = 0
        self.answer_after = 0.0
        self._busy = 0
        self._links = Links()
        self._boxes: dict[str, EmulatedMailbox] = {}
        self._lock = threading.Lock()
        self.add_tenant(TENANT, self.application)
        self._server = Server(self.reply, port)
        self.root = self._server.root

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.stop()

    # -------------------------------------------------------------- set it up
    def add_tenant(self, tenant: str, application: Application) -> None:
        """Add a tenant with one application."""
        self.entra.register(tenant, application)

    def set_events(self, address: str, *events: Event, tenant: str = TENANT) -> EmulatedMailbox:
        """Create the mailbox if it does not exist, and replace its events."""
        box = self._boxes.get(address.casefold())
        if box is None:
            box = new_mailbox(address, tenant)
            self._boxes[address.casefold()] = self._boxes[box.object_id] = box
        box.set_events(events)
        return box

    def mailbox(self, address: str) -> EmulatedMailbox:
        """The mailbox of this address."""
        return self._boxes[address.casefold()]

    def inject_fault(self, address: str, fault: Fault, times: int | None = 1, after: int = 0) -> None:
        """Change this many responses of the mailbox, after some correct ones; None: all that follow."""
        box = self.mailbox(address)
        box.faults.extend([None] * after)
        if times is None:
            box.lasting_fault = fault
        else:
            box.faults.extend([fault] * times)

    def respond(self, address: str, *replies: Reply) -> None:
        """Set the next responses of this mailbox; later ones are correct again."""
        self.mailbox(address).faults = deque(map(always, replies))

    def accept(self, token: str) -> None:
        """Accept this text as a token that was made elsewhere."""
        self.entra.grants[token] = Grant(TENANT, self.application, self.clock() + self.entra.life)

    def token(self, tenant: str = TENANT) -> str:
        """A token as another program may request it."""
        (application, *_) = self.entra.tenants[tenant].values()
        return self.entra.issue(tenant, application)

    def requests_to(self, address: str = "") -> list[Request]:
        """The requests to Graph, for one mailbox or for all."""
        to_graph = [request for request in self.requests if request.path.startswith("/v1.0/")]
        names = {address.casefold(), self.mailbox(address).object_id} if address else set()
        return [r for r in to_graph if not names or (len(r.parts) > 2 and r.parts[2].casefold() in names)]

    # -------------------------------------------------------------- respond
    def reply(self, request: Request) -> Reply:
        """The response to a request, changed by a fault where one is set."""
        with self._lock:
            self.requests.append(request)
            self._busy += 1
            self.most_at_once = max(self.most_at_once, self._busy)
        try:
            if self.answer_after:
                time.sleep(self.answer_after)
            return self.entra.reply(request) or self._graph(request)
        except GraphError as error:
            return error.reply
        finally:
            with self._lock:
                self._busy -= 1

    def _graph(self, request: Request) -> Reply:
        if request.parts[:1] not in (["v1.0"], ["beta"]):
            raise graph_error(404, "ResourceNotFound", "Resource could not be discovered.")
        grant = self.entra.grant(request)
        if request.parts[1:2] == ["me"]:
            raise graph_error(
                400, "BadRequest", "/me request is only valid with delegated authentication flow."
            )
        if request.parts[1:2] != ["users"] or len(request.parts) < 4:
            raise graph_error(404, "ResourceNotFound", "Resource could not be discovered.")
        box = self._find_mailbox(request.parts[2], grant)
        with self._limit_concurrency(box):
            return self._faulty_reply(box, request, grant)

    def _find_mailbox(self, name: str, grant: Grant) -> EmulatedMailbox:
        box = self._boxes.get(name.casefold())
        if box is None or box.tenant != grant.tenant:
            raise graph_error(404, "ErrorInvalidUser", f"The requested user '{name}' is invalid.")
        return box

    @contextmanager
    def _limit_concurrency(self, box: EmulatedMailbox) -> Any:
        with self._lock:
            box.busy += 1
            box.most_at_once = max(box.most_at_once, box.busy)
            is_over_limit = box.busy > self.most_in_mailbox
        try:
            if is_over_limit:
                words = "Application is over its MailboxConcurrency limit."
                raise graph_error(429, "ApplicationThrottled", words, Retry_After="1")
            yield
        finally:
            with self._lock:
                box.busy -= 1

    def _faulty_reply(self, box: EmulatedMailbox, request: Request, grant: Grant) -> Reply:
        with self._lock:
            fault = box.faults.popleft() if box.faults else box.lasting_fault
        try:
            correct = self._correct_reply(box, request, grant)
        except GraphError as error:
            correct = error.reply
        return fault(correct) if fault else correct

    def _correct_reply(self, box: EmulatedMailbox, request: Request, grant: Grant) -> Reply:
        rest = request.parts[3:]
        root = f"http://{request.host}"
        if rest == ["sendMail"] and request.method == "POST":
            self._check_role("Mail.Send", box, grant)
            return send_mail(box, request)
        view, is_delta = (rest[:-1], True) if rest[-1:] == ["delta"] else (rest, False)
        if view not in _VIEWS:
            return error_reply(404, "ResourceNotFound", f"Resource not found for the segment '{rest[0]}'.")
        if request.method != "GET":
            return error_reply(
                405, "ErrorInvalidRequest", "The HTTP method is not supported for this resource."
            )
        self._check_role("Calendars.Read", box, grant)
        return (delta if is_delta else calendar_view)(box, request, self._links, root)

    def _check_role(self, role: str, box: EmulatedMailbox, grant: Grant) -> None:
        scope = grant.application.scope
        names = {box.address.casefold(), box.object_id}
        is_in_scope = scope is None or names & {name.casefold() for name in scope}
        if role not in grant.application.roles or not is_in_scope:
            raise graph_error(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")


if __name__ == "__main__":
    from graph.standalone import main

    main()

"""The requests for one calendar: limits, retries, redirects and credentials.

Errors are raised without their cause: what requests says repeats the address, and a published
calendar's address is its secret.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests
import stamina
import urllib3
from requests.structures import CaseInsensitiveDict
from requests.utils import requote_uri

from calsync.errors import SourceAuthError, SourceContentError, SourceError, SourceUnavailableError
from calsync.model.address_redaction import redact_address
from calsync.sources.addresses import AddressRefusedError
from calsync.sources.base import Calendar
from calsync.sources.credentials import Anonymous, Auth, Origin, auth_of
from calsync.sources.deadline import Deadline
from calsync.sources.refusals import (
    TransientError,
    UnreachableError,
    refusal,
    retold,
    too_large,
    too_late,
    wait_before,
)
from calsync.sources.web_options import WebOptions

REDIRECTS = 5
_REDIRECTING = frozenset({301, 302, 303, 307, 308})
_CHUNK = 1 << 16


class SentElsewhereError(SourceContentError):
    """The server redirects to another one, where our credentials do not belong."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered. url: where it came from in the end, after redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class Errand:
    """Requests for one calendar; every error names that calendar and hides its address.

    mute: servers that gave no answer to an earlier errand. They are tried once, so that one dead
    server does not cost the night its retries for every calendar.
    """

    def __init__(
        self,
        session: requests.Session,
        options: WebOptions,
        calendar: Calendar,
        deadline: Deadline,
        mute: set[str],
    ) -> None:
        self.where = str(calendar)
        self._session = session
        self._options = options
        self._deadline = deadline
        self._mute = mute
        self._bytes_left = int(options.max_megabytes * 1_000_000)
        self._auths: dict[str, Auth] = {}  # kept, since digest learns a nonce

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        stay: bool = False,
        attempts: int = 0,
    ) -> Answer:
        """The answer, whatever its status; a busy or broken server is asked again, a redirect followed.

        stay: refuse to be sent to another server. attempts: how often to try, instead of what the settings
        say. Raises SourceError for no answer at all.
        """
        server = urlsplit(url).netloc.rpartition("@")[2]
        tries = stamina.retry_context(
            on=lambda error: wait_before(error, self._deadline.left),
            attempts=1 if server in self._mute else attempts or self._options.attempts,
            timeout=self._deadline.left,
            wait_initial=0.5,
            wait_max=10.0,
        )
        try:
            for attempt in tries:
                with attempt:
                    answer = self._follow(method, url, headers or {}, body, stay)
            self._mute.discard(server)
        except TransientError as error:
            if not error.answered:
                self._mute.add(server)
            raise error.told from None
        return answer

    def require(self, answer: Answer, *wanted: int) -> Answer:
        """The answer, if its status is one of those wanted; raises what the status means otherwise."""
        if answer.status in wanted:
            return answer
        raise self.refused(answer.status, answer.headers)

    def refused(self, status: int, headers: Mapping[str, str] | None = None) -> SourceError:
        """What a status means that brings no calendar, to be raised."""
        return refusal(self.where, status, headers or {}, with_credentials=bool(self._options.secret))

    def _follow(self, method: str, url: str, headers: Mapping[str, str], body: bytes, stay: bool) -> Answer:
        auth, asked = self._auth(url), self._without_user(url)
        url = asked
        first = here = self._origin(url)
        for _ in range(REDIRECTS + 1):
            self._check_clear_text(here, auth)
            answer = self._hop(method, url, headers, body, auth, redirected=url != asked)
            target = answer.headers.get("Location", "")
            if answer.status not in _REDIRECTING or not target:
                return answer
            url = self._joined(url, target)
            here, left = self._origin(url), here
            self._check_redirect(left, here, stay)
            if not first.leads_to(here):
                auth = Anonymous()
        what = f"sends us from one address to the next, more than {REDIRECTS} times"
        raise SourceContentError(self.where, what, "open the address in a browser and use the one it ends at")

    def _hop(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        auth: Auth,
        *,
        redirected: bool,
    ) -> Answer:
        """One request of a chain of redirects, to a server that the settings allow."""
        try:
            self._options.address_guard.check_host(self._origin(url).host)
            return self._once(method, url, headers, body, auth)
        except AddressRefusedError as error:
            what = f"leads to another address: {error.what}" if redirected else error.what
            raise SourceAuthError(self.where, what, error.hint) from None
        except TransientError as error:
            if redirected and isinstance(error.told, UnreachableError):
                # The first server spoke TLS, so there is no reason to ask it in clear (webcal).
                told = SourceUnavailableError(self.where, error.told.what, error.told.hint)
                raise TransientError(told, error.wait, answered=error.answered) from None
            raise

    def _once(self, method: str, url: str, headers: Mapping[str, str], body: bytes, auth: Auth) -> Answer:
        options = self._options
        if self._deadline.passed:
            raise too_late(self.where, self._deadline.seconds)
        try:
            with self._session.request(
                method,
                url,
                headers=dict(headers),
                data=body or None,
                auth=auth,
                timeout=(options.connect_seconds, options.read_seconds),
                verify=str(options.ca_file) if options.ca_file else True,
                allow_redirects=False,
                stream=True,
            ) as response:
                return self._read(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if self._deadline.passed:
                raise too_late(self.where, self._deadline.seconds) from None
            raise retold(self.where, error, options.read_seconds) from None

    def _read(self, response: requests.Response) -> Answer:
        answer_headers = CaseInsensitiveDict(response.headers)
        if response.status_code in _REDIRECTING:
            return Answer(response.status_code, answer_headers, b"", response.url)
        parts, size = [], 0
        for part in response.iter_content(_CHUNK):
            size += len(part)
            if size > self._bytes_left:
                raise too_large(self.where, self._options.max_megabytes)
            parts.append(part)
        if self._deadline.passed:  # a connection shut down can look like the end of a page
            raise too_late(self.where, self._deadline.seconds)
        answer = Answer(response.status_code, answer_headers, b"".join(parts), response.url)
        TransientError.check(self.where, answer.status, answer.headers)
        self._bytes_left -= size
        return answer

    def _auth(self, url: str) -> Auth:
        try:
            netloc = urlsplit(url).netloc
        except ValueError:
            raise self._no_address() from None
        return self._auths.setdefault(netloc, auth_of(self._options, url))

    def _joined(self, url: str, target: str) -> str:
        try:
            return self._without_user(requote_uri(urljoin(url, target)))
        except ValueError:
            raise self._no_address() from None

    def _origin(self, url: str) -> Origin:
        try:
            return Origin.of(url)
        except ValueError:
            raise self._no_address() from None

    def _without_user(self, url: str) -> str:
        try:
            parts = urlsplit(url)
        except ValueError:
            raise self._no_address() from None
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

    def _no_address(self) -> SourceContentError:
        return SourceContentError(self.where, "is no address that can be asked", "it starts with https://")

    def _check_clear_text(self, here: Origin, auth: Auth) -> None:
        if isinstance(auth, Anonymous) or here.private or self._options.allow_clear_text:
            return
        what = "would send the password in clear text over http"
        hint = "use https, or set allow_clear_text = true for this source"
        raise SourceAuthError(self.where, what, hint)

    def _check_redirect(self, left: Origin, here: Origin, stay: bool) -> None:
        if left.scheme == "https" and here.scheme == "http":
            what = "sends us from https to http, where anybody on the way could read along"
            raise SourceContentError(self.where, what, "ask whoever runs the server to redirect to https")
        if stay and not left.leads_to(here):
            shown = redact_address(f"{here.scheme}://{here.host}:{here.port}")
            hint = "if that server is right, name it as `url` in the settings"
            raise SentElsewhereError(self.where, f"sends us to another server, {shown}", hint)

"""By Microsoft Graph: `sendMail` in MIME form, so that the mail is the very one SMTP would send.

Graph says 202 when it has accepted a mail. A POST is never repeated here: after a time-out or a 5xx
nobody knows whether the mail went, and the outbox decides.
"""

import base64
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn, Protocol
from urllib.parse import quote

import requests
from urllib3.exceptions import NameResolutionError, NewConnectionError

from calsync.errors import (
    MailAuthError,
    MailRefusedError,
    MailUnavailableError,
    MailUnknownError,
    SourceAuthError,
    SourceError,
)
from calsync.mail.message import POLICY, address_of

_ACCEPTED = 202
_THROTTLED = 429
_PAUSE = 60.0
_CLOSED = {
    401: "the token was refused; check tenant, client_id and the certificate or secret (calsync check)",
    403: "give the app the application permission Mail.Send with admin consent, "
    "and an RBAC scope that holds the sender's mailbox",
    404: "the sender under [mail] must be a mailbox of this tenant",
}


class Response(Protocol):
    """What is needed of an answer; `requests.Response` has it."""

    @property
    def status_code(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, found whatever their case."""

    def json(self) -> Any:
        """The body, read as JSON; raises ValueError if it is none."""


Post = Callable[[str, str, Mapping[str, str]], Response]


class GraphTransport:
    """Sends as one mailbox of a tenant.

    post: does an authorised POST of (url, body, headers), without repeating it; a status of 400 or
    more comes as an answer or as requests.HTTPError. graph_root: as in the settings of the source.
    sender: the mailbox's address.
    """

    repeatable = False

    def __init__(self, post: Post, *, graph_root: str, sender: str) -> None:
        self._post = post
        self._url = f"{graph_root.rstrip('/')}/v1.0/users/{quote(address_of(sender))}/sendMail"

    def send(self, message: EmailMessage) -> None:
        """Hand the mail to Graph; see `Transport.send` for what it raises."""
        recipient = str(message["To"])
        body = base64.b64encode(message.as_bytes(policy=POLICY)).decode("ascii")
        response = self._answer(recipient, body)
        if response.status_code != _ACCEPTED:
            _say(recipient, response)

    def check(self) -> None:
        """Graph has no way to try sending without sending."""

    def close(self) -> None:
        """The connection is the source's: it is closed there."""

    def _answer(self, recipient: str, body: str) -> Response:
        try:
            # O365 looks for this very spelling of the name, and would send JSON without it.
            return self._post(self._url, body, {"Content-type": "text/plain"})
        except SourceAuthError as error:
            raise MailAuthError(recipient, error.what, error.hint) from error
        except requests.HTTPError as error:
            if error.response is None:
                _nobody_knows(recipient, type(error).__name__, error)
            return error.response
        except requests.RequestException as error:
            if _never_left(error):
                what = f"Microsoft Graph cannot be reached: {type(error).__name__}"
                raise MailUnavailableError(recipient, what, reached=False) from error
            _nobody_knows(recipient, type(error).__name__, error)
        except SourceError as error:
            _nobody_knows(recipient, error.what, error)


def _never_left(error: requests.RequestException) -> bool:
    """Whether no byte of the mail can have been sent: there was no connection to send it on."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError | NameResolutionError)


def _say(recipient: str, response: Response) -> NoReturn:
    status, said = response.status_code, f"{response.status_code} {_words(response)}".strip()
    if status == _THROTTLED:
        after = _seconds(response)
        raise MailUnavailableError(recipient, f"Microsoft Graph is busy: {said}", after=after)
    if status in _CLOSED:
        what = f"Microsoft Graph lets us send nothing: {said}"
        raise MailAuthError(recipient, what, _CLOSED[status])
    if 400 <= status < 500:
        raise MailRefusedError(recipient, f"Microsoft Graph refused the mail: {said}", "check the address")
    _nobody_knows(recipient, said, None)


def _nobody_knows(recipient: str, what: str, error: Exception | None) -> NoReturn:
    raise MailUnknownError(
        recipient,
        f"Microsoft Graph did not say whether it took the mail: {what}",
        "it is not sent again by itself; look in the sender's Sent Items",
    ) from error


def _words(response: Response) -> str:
    """The code of the error and its first line; a proxy's page or an odd shape says nothing."""
    try:
        fault = response.json()["error"]
        said = f"{fault['code']}: {fault['message']}" if isinstance(fault, dict) else str(fault)
    except (ValueError, KeyError, TypeError):
        return ""
    return " ".join(said.split())[:200]


def _seconds(response: Response) -> float:
    """Retry-After as seconds, also where it is a date (then counted from the server's own Date)."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        since = parsedate_to_datetime(response.headers.get("Date", ""))
        return max(0.0, (parsedate_to_datetime(text) - since).total_seconds())
    except (TypeError, ValueError):
        return _PAUSE

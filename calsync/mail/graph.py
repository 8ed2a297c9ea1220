"""Sends mail through Microsoft Graph: `sendMail` in MIME format, with the same bytes as by SMTP.

Graph answers 202 when it accepts a mail. A POST is never repeated here: after a timeout or a status of 5xx it
is unknown whether the mail was sent, and the outbox decides what follows.
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
from calsync.mail.message import MAIL_POLICY, parse_mail_address

_ACCEPTED = 202
_THROTTLED = 429
_DEFAULT_RETRY_AFTER = 60.0
_BLOCKING_STATUSES = {
    401: "the token was refused; check tenant, client_id and the certificate or secret (calsync check)",
    403: "give the app the application permission Mail.Send with admin consent, "
    "and an RBAC scope that holds the sender's mailbox",
    404: "the sender under [mail] must be a mailbox of this tenant",
}


class PostResponse(Protocol):
    """The attributes of an HTTP response that are used here; `requests.Response` has them."""

    @property
    def status_code(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers; lookups ignore case."""

    def json(self) -> Any:
        """The body parsed as JSON; raises ValueError if it is not JSON."""


PostRequest = Callable[[str, str, Mapping[str, str]], PostResponse]


class GraphTransport:
    """Sends as one mailbox of a tenant.

    post: sends an authorised POST of (url, body, headers) once, without retries; for a status of 400 or
    more it returns the response or raises requests.HTTPError. graph_root: as in the settings of the source.
    sender: the mailbox's address.
    """

    repeatable = False

    def __init__(self, post: PostRequest, *, graph_root: str, sender: str) -> None:
        self._post = post
        self._url = f"{graph_root.rstrip('/')}/v1.0/users/{quote(parse_mail_address(sender))}/sendMail"

    def send(self, message: EmailMessage) -> None:
        """Send the mail; see `Transport.send` for the exceptions."""
        recipient = str(message["To"])
        body = base64.b64encode(message.as_bytes(policy=MAIL_POLICY)).decode("ascii")
        response = self._post_mail(recipient, body)
        if response.status_code != _ACCEPTED:
            _raise_for_status(recipient, response)

    def check(self) -> None:
        """Do nothing: Graph has no way to test `sendMail` without sending."""

    def close(self) -> None:
        """Do nothing: the connection belongs to the source, which closes it."""

    def _post_mail(self, recipient: str, body: str) -> PostResponse:
        try:
            # The O365 library checks for exactly this spelling of the name, and sends JSON without it.
            return self._post(self._url, body, {"Content-type": "text/plain"})
        except SourceAuthError as error:
            raise MailAuthError(recipient, error.what, error.hint) from error
        except requests.HTTPError as error:
            if error.response is None:
                _raise_unknown(recipient, type(error).__name__, error)
            return error.response
        except requests.RequestException as error:
            if _is_certainly_unsent(error):
                what = f"Microsoft Graph cannot be reached: {type(error).__name__}"
                raise MailUnavailableError(recipient, what, is_server_reached=False) from error
            _raise_unknown(recipient, type(error).__name__, error)
        except SourceError as error:
            _raise_unknown(recipient, error.what, error)


def _is_certainly_unsent(error: requests.RequestException) -> bool:
    """Whether the error shows that no connection was opened, so that no byte of the mail was sent."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError | NameResolutionError)


def _raise_for_status(recipient: str, response: PostResponse) -> NoReturn:
    status, error_text = response.status_code, f"{response.status_code} {_error_text(response)}".strip()
    if status == _THROTTLED:
        after = _retry_after_seconds(response)
        raise MailUnavailableError(recipient, f"Microsoft Graph is busy: {error_text}", retry_after=after)
    if status in _BLOCKING_STATUSES:
        what = f"Microsoft Graph accepts no mail of this application: {error_text}"
        raise MailAuthError(recipient, what, _BLOCKING_STATUSES[status])
    if 400 <= status < 500:
        raise MailRefusedError(
            recipient, f"Microsoft Graph refused the mail: {error_text}", "check the address"
        )
    _raise_unknown(recipient, error_text, None)


def _raise_unknown(recipient: str, what: str, error: Exception | None) -> NoReturn:
    raise MailUnknownError(
        recipient,
        f"it is unknown whether Microsoft Graph accepted the mail: {what}",
        "it is not sent again automatically; look in the sender's Sent Items",
    ) from error


def _error_text(response: PostResponse) -> str:
    """Code and message of the error, up to 200 characters; "" if the body has another format."""
    try:
        fault = response.json()["error"]
        error_text = f"{fault['code']}: {fault['message']}" if isinstance(fault, dict) else str(fault)
    except (ValueError, KeyError, TypeError):
        return ""
    return " ".join(error_text.split())[:200]


def _retry_after_seconds(response: PostResponse) -> float:
    """Retry-After in seconds (RFC 9110, 10.2.3); a date is relative to the Date header of the server."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        since = parsedate_to_datetime(response.headers.get("Date", ""))
        return max(0.0, (parsedate_to_datetime(text) - since).total_seconds())
    except (TypeError, ValueError):
        return _DEFAULT_RETRY_AFTER

"""Translates HTTP statuses and the errors of requests and urllib3 into `SourceError`s with a hint.

    SourceUnavailableError
    ├── UnreachableError      no connection, or no TLS
    └── ServerBusyError       the server reported that it is busy, at every attempt
    SourceContentError
    └── OtherServerError      the server redirects to another one

A TransientError contains one of them while there are attempts left; only `limits.RequestLimits.retry` and
its callers handle it.
"""

import re
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import requests
import urllib3

from calsync.errors import SourceAuthError, SourceContentError, SourceError, SourceUnavailableError
from calsync.text import format_count

REQUEST_ERRORS = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)
"""What a session raises while it sends or reads; while a body is streamed, some are urllib3's own."""

LONGEST_WAIT = 60.0
"""The most seconds that calsync waits because a server requests it (Retry-After)."""

_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_GONE = frozenset({404, 410})


class UnreachableError(SourceUnavailableError):
    """No server accepts connections at the address, or it does not use TLS."""


class ServerBusyError(SourceUnavailableError):
    """The server reported at every attempt that it is busy or out of order."""


class OtherServerError(SourceContentError):
    """The server redirects to another one, to which the credentials must not be sent."""


class TransientError(Exception):
    """A fault that a repeated request may not meet.

    Args:
        error: what to raise after the last attempt.
        wait: the seconds that the server requests to wait; None where it names none.
        server_answered: whether there was a response at all.
    """

    def __init__(
        self, error: SourceError, wait: float | None = None, *, server_answered: bool = False
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait
        self.server_answered = server_answered


def seconds_before_retry(error: Exception, left: float) -> bool | float:
    """Whether and when to repeat a request, in the form that stamina expects.

    Args:
        error: what the request raised.
        left: seconds until the deadline.

    Returns:
        False for no, also where the requested wait would outlast the deadline; True for yes, after stamina's
        own pause; else the seconds to wait.
    """
    if not isinstance(error, TransientError) or left <= 0:
        return False
    if error.wait is None:
        return True
    wait = min(error.wait, LONGEST_WAIT)
    return wait if wait < left else False


def status_text(status: int) -> str:
    """The status with its name: `404 Not Found`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def transient_error_for_status(where: str, status: int, headers: Mapping[str, str]) -> TransientError | None:
    """The error of a status that means that the server is busy or out of order; None for any other."""
    if status not in _TRANSIENT:
        return None
    what = f"the server is busy or out of order: {status_text(status)}"
    busy = ServerBusyError(where, what, "try again later; if it lasts, ask whoever runs it")
    return TransientError(busy, _retry_after(headers), server_answered=True)


def error_for_status(
    where: str, status: int, headers: Mapping[str, str], *, with_credentials: bool
) -> SourceError:
    """The error of a status that is no success and that a repetition does not change."""
    if status in (401, 403):
        hint = _hint_for_credentials(headers, with_credentials)
        return SourceAuthError(where, f"the server refused access: {status_text(status)}", hint)
    if status in _GONE:
        what = f"there is no such calendar: {status_text(status)}"
        return SourceContentError(
            where, what, "check the address; a calendar that is published again gets a new one"
        )
    what = f"the server sent no calendar: {status_text(status)}"
    return SourceContentError(where, what, "check the address")


def _hint_for_credentials(headers: Mapping[str, str], with_credentials: bool) -> str:
    schemes = headers.get("WWW-Authenticate", "").lower()
    if schemes.startswith("digest") and "basic" not in schemes:
        return 'the server requires auth = "digest"'
    if with_credentials:
        return "check user name and password (or token), and that this account may read the calendar"
    return "publish the calendar, or give username and password_env, or token_env, in the settings"


def invalid_address_error(where: str, hint: str = "it starts with https://") -> SourceContentError:
    """The error of an address that cannot be split into scheme, host and path."""
    return SourceContentError(where, "is no valid web address", hint)


def deadline_error(where: str, seconds: float) -> SourceUnavailableError:
    """The error of requests that took too long in all."""
    what = f"took longer than {format_count(seconds, 'second')} in all"
    return SourceUnavailableError(where, what, "try again later, or raise total_seconds")


def size_error(where: str, megabytes: float) -> SourceContentError:
    """The error of a file, or of all responses for one calendar, that exceed the limit."""
    what = f"is larger than {megabytes:g} MB"
    return SourceContentError(where, what, "check the address, or raise max_megabytes")


def translate_error(where: str, error: Exception, read_seconds: float) -> SourceError | TransientError:
    """Translate an error of requests or urllib3; its text, which repeats the address, is left out.

    Args:
        where: the calendar's name in the error.
        error: one of REQUEST_ERRORS, or a ValueError.
        read_seconds: the read timeout, for the message.

    Returns:
        A SourceError where a repetition does not help, else a TransientError.
    """
    if isinstance(error, requests.exceptions.SSLError):
        return _translate_tls_error(where, str(error))
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return SourceContentError(where, "sent a page that cannot be decompressed", "try again later")
    if isinstance(error, ValueError):  # such as requests' InvalidURL
        return invalid_address_error(where)
    return TransientError(_translate_connection_error(where, error, read_seconds))


def _translate_tls_error(where: str, text: str) -> SourceError | TransientError:
    failed_check = re.search(r"certificate verify failed: ([^(\]]+)", text)
    if failed_check:
        what = f"its TLS certificate cannot be trusted: {failed_check[1].strip()}"
        hint = "give the certificate authority as ca_file; a proxy that inspects TLS has its own"
        return SourceUnavailableError(where, what, hint)
    what = "its server does not use TLS correctly"
    error = UnreachableError(where, what, "does it use https, and on that port?")
    return TransientError(error) if "EOF" in text else error


def _translate_connection_error(where: str, error: Exception, read_seconds: float) -> SourceUnavailableError:
    # By class name: requests and urllib3 each have a class for the same fault, and which of the two is raised
    # depends on whether the body was streamed.
    causes = " ".join(type(cause).__name__ for cause in _causes(error))
    if "ReadTimeout" in causes:
        what = f"the server sent nothing for more than {format_count(read_seconds, 'second')}"
        return SourceUnavailableError(where, what, "does it work? raise read_seconds if it is slow")
    if "ProxyError" in causes:
        what = "the proxy did not forward the request"
        return SourceUnavailableError(where, what, "check HTTPS_PROXY and NO_PROXY")
    if "NameResolution" in causes:
        what = "the server's name cannot be resolved"
        return SourceUnavailableError(where, what, "check the address and the DNS")
    if "ConnectTimeout" in causes or "NewConnection" in causes:
        what = "the server cannot be reached"
        return UnreachableError(where, what, "does it run, and does the firewall allow the connection?")
    what = "the connection broke before the response was complete"
    return SourceUnavailableError(where, what, "try again later")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those that it wraps: urllib3 in `reason`, requests in `args`, both in `__cause__`."""
    for _ in range(8):
        if error is None:
            return
        yield error
        wrapped = [
            part for part in (getattr(error, "reason", None), *error.args) if isinstance(part, BaseException)
        ]
        error = wrapped[0] if wrapped else error.__cause__


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds of Retry-After (RFC 9110, 10.2.3): a number, or a date."""
    text = headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    try:  # a date is compared with the server's clock (Date), which may differ from the local one
        until, now = (parsedate_to_datetime(value) for value in (text, headers.get("Date", "")))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):  # no date, or a date without a zone
        return None

"""Errors between calsync and a server, translated into `SourceError`s with a hint.

    SourceUnavailableError
    ├── UnreachableError      no connection, or no TLS
    └── ServerBusyError       the server reported that it is busy, at every attempt
    SourceContentError
    └── OtherServerError      the server redirects to another one

TransientError carries one of them while there are attempts left; only `limits.RequestLimits.retry` and its
callers see it.
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
"""What a session raises while it sends or reads; urllib3's own come through while a body is streamed."""

LONGEST_WAIT = 60.0
"""Seconds that calsync waits at most because a server requests it (Retry-After)."""

_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_GONE = frozenset({404, 410})


class UnreachableError(SourceUnavailableError):
    """No server accepts connections there, or it does not speak TLS."""


class ServerBusyError(SourceUnavailableError):
    """The server answered at every attempt that it is busy or out of order."""


class OtherServerError(SourceContentError):
    """The server redirects to another one, where our credentials do not belong."""


class TransientError(Exception):
    """A fault that a repeated request may not meet.

    error: what to raise if it does. wait: the seconds that the server asked us to wait, None where it
    named none. server_answered: whether there was a response at all.
    """

    def __init__(
        self, error: SourceError, wait: float | None = None, *, server_answered: bool = False
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait
        self.server_answered = server_answered


def seconds_before_retry(error: Exception, left: float) -> bool | float:
    """Whether to repeat a request (True: after stamina's own pause), or after how many seconds.

    left: seconds until the deadline; a wait that would outlast it is not begun.
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
    """The error of a status by which a server reports that it is busy or out of order, else None."""
    if status not in _TRANSIENT:
        return None
    what = f"the server is busy or out of order: {status_text(status)}"
    busy = ServerBusyError(where, what, "try again later; if it lasts, ask who runs it")
    return TransientError(busy, _retry_after(headers), server_answered=True)


def error_for_status(
    where: str, status: int, headers: Mapping[str, str], *, with_credentials: bool
) -> SourceError:
    """The error of a status that brings no calendar and that no repetition changes."""
    if status in (401, 403):
        hint = _hint_for_credentials(headers, with_credentials)
        return SourceAuthError(where, f"the server refused us: {status_text(status)}", hint)
    if status in _GONE:
        what = f"there is no such calendar: {status_text(status)}"
        return SourceContentError(where, what, "check the address; a calendar published anew gets a new one")
    what = f"answered without a calendar: {status_text(status)}"
    return SourceContentError(where, what, "check the address")


def _hint_for_credentials(headers: Mapping[str, str], with_credentials: bool) -> str:
    offered = headers.get("WWW-Authenticate", "").lower()
    if offered.startswith("digest") and "basic" not in offered:
        return 'the server wants auth = "digest"'
    if with_credentials:
        return "check user name and password (or token), and that this account may read the calendar"
    return "publish the calendar, or give username and password_env, or token_env, in the settings"


def invalid_address_error(where: str, hint: str = "it starts with https://") -> SourceContentError:
    """The address cannot be split into scheme, host and path."""
    return SourceContentError(where, "is no address that can be asked", hint)


def deadline_error(where: str, seconds: float) -> SourceUnavailableError:
    """The whole exchange took too long."""
    what = f"took longer than {format_count(seconds, 'second')} in all"
    return SourceUnavailableError(where, what, "try again later, or raise total_seconds")


def size_error(where: str, megabytes: float) -> SourceContentError:
    """A file, or all responses for one calendar, exceed the limit."""
    what = f"is larger than {megabytes:g} MB"
    return SourceContentError(where, what, "check the address, or raise max_megabytes")


def translate_error(where: str, error: Exception, read_seconds: float) -> SourceError | TransientError:
    """An error of requests or urllib3 as ours, without the address that its text repeats."""
    if isinstance(error, requests.exceptions.SSLError):
        return _translate_tls_error(where, str(error))
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return SourceContentError(where, "sent a page that cannot be decompressed", "try again later")
    if isinstance(error, ValueError):  # requests' InvalidURL and its subclasses
        return invalid_address_error(where)
    return TransientError(_translate_connection_error(where, error, read_seconds))


def _translate_tls_error(where: str, text: str) -> SourceError | TransientError:
    failed_check = re.search(r"certificate verify failed: ([^(\]]+)", text)
    if failed_check:
        what = f"its TLS certificate cannot be trusted: {failed_check[1].strip()}"
        hint = "give the certificate authority as ca_file; a proxy that inspects TLS has one of its own"
        return SourceUnavailableError(where, what, hint)
    what = "does not speak TLS as it should"
    error = UnreachableError(where, what, "is it https at all, and on that port?")
    return TransientError(error) if "EOF" in text else error


def _translate_connection_error(where: str, error: Exception, read_seconds: float) -> SourceUnavailableError:
    # By name: requests and urllib3 have a class each for the same fault, and which of them arrives depends
    # on whether the body was streamed.
    causes = " ".join(type(cause).__name__ for cause in _causes(error))
    if "ReadTimeout" in causes:
        what = f"the server fell silent for more than {format_count(read_seconds, 'second')}"
        return SourceUnavailableError(where, what, "is it in order? raise read_seconds if it is slow")
    if "ProxyError" in causes:
        what = "the proxy did not let us through"
        return SourceUnavailableError(where, what, "check HTTPS_PROXY and NO_PROXY")
    if "NameResolution" in causes:
        what = "the server's name is not known"
        return SourceUnavailableError(where, what, "check the address and the DNS")
    if "ConnectTimeout" in causes or "NewConnection" in causes:
        what = "the server cannot be reached"
        return UnreachableError(where, what, "is it up, and does the firewall let us out?")
    what = "the connection broke before the answer was whole"
    return SourceUnavailableError(where, what, "try again later")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those inside it: urllib3 wraps in `reason`, requests in `args`, both in `__cause__`."""
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
    try:  # a date is compared with the server's own clock (Date), not with ours
        until, now = (parsedate_to_datetime(value) for value in (text, headers.get("Date", "")))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):  # no date, or one without a zone
        return None

"""What goes wrong between us and a server, in words that tell what to do about it."""

import re
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import requests

from calsync.errors import SourceAuthError, SourceContentError, SourceError, SourceUnavailableError
from calsync.text import format_count

LONGEST_WAIT = 60.0
"""Seconds that we wait at most because a server asks us to (Retry-After)."""

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_GONE = frozenset({404, 410})


class UnreachableError(SourceUnavailableError):
    """Nobody listens there, or whoever does speaks no TLS."""


class ServerBusyError(SourceUnavailableError):
    """The server answered that it is busy or out of order, again and again."""


class TransientError(Exception):
    """A fault that may be over in a moment: `told` is what to say if it is not.

    wait: the seconds that the server asked us to wait, None where it did not say. answered: whether
    it answered at all.
    """

    def __init__(self, told: SourceError, wait: float | None = None, *, answered: bool = False) -> None:
        super().__init__(str(told))
        self.told = told
        self.wait = wait
        self.answered = answered

    @classmethod
    def check(cls, where: str, status: int, headers: Mapping[str, str]) -> None:
        """Raise one, if the status says that the server is busy or out of order."""
        if status in _BUSY:
            what = f"the server is busy or out of order: {named(status)}"
            told = ServerBusyError(where, what, "try again later; if it lasts, ask who runs it")
            raise cls(told, _retry_after(headers), answered=True)


def wait_before(error: Exception, left: float) -> bool | float:
    """Whether to ask again (True: after a moment), or after how many seconds; for `stamina`.

    left: seconds until the deadline; a wait that would outlast it is not begun.
    """
    if not isinstance(error, TransientError) or left <= 0:
        return False
    if error.wait is None:
        return True
    wait = min(error.wait, LONGEST_WAIT)
    return wait if wait < left else False


def named(status: int) -> str:
    """The status with its name: `404 Not Found`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def refusal(where: str, status: int, headers: Mapping[str, str], *, with_credentials: bool) -> SourceError:
    """What a status means that brings no calendar and will not change in a moment."""
    if status in (401, 403):
        hint = _auth_hint(headers, with_credentials)
        return SourceAuthError(where, f"the server refused us: {named(status)}", hint)
    if status in _GONE:
        what = f"there is no such calendar: {named(status)}"
        return SourceContentError(where, what, "check the address; a calendar published anew gets a new one")
    return SourceContentError(where, f"answered without a calendar: {named(status)}", "check the address")


def _auth_hint(headers: Mapping[str, str], with_credentials: bool) -> str:
    offered = headers.get("WWW-Authenticate", "").lower()
    if offered.startswith("digest") and "basic" not in offered:
        return 'the server wants auth = "digest"'
    if with_credentials:
        return "check user name and password (or token), and that this account may read the calendar"
    return "publish the calendar, or give username and password_env, or token_env, in the settings"


def too_late(where: str, seconds: float) -> SourceUnavailableError:
    """The whole exchange took too long."""
    what = f"took longer than {format_count(seconds, 'second')} in all"
    return SourceUnavailableError(where, what, "try again later, or raise total_seconds")


def too_large(where: str, megabytes: float) -> SourceContentError:
    """The answer outgrew the limit."""
    what = f"is larger than {megabytes:g} MB"
    return SourceContentError(where, what, "check the address, or raise max_megabytes")


def retold(where: str, error: Exception, read_seconds: float) -> Exception:
    """An error of requests in our words, without the address it repeats; TransientError if it may pass."""
    if isinstance(error, requests.exceptions.SSLError):
        return _untrusted(where, str(error))
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return SourceContentError(where, "sent a page that cannot be decompressed", "try again later")
    if isinstance(error, ValueError):  # requests' InvalidURL and its kin
        return SourceContentError(where, "is no address that can be asked", "it starts with https://")
    return TransientError(_broken(where, error, read_seconds))


def _broken(where: str, error: Exception, read_seconds: float) -> SourceUnavailableError:
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
    """The error and those inside it, whichever way urllib3 and requests wrapped them."""
    for _ in range(8):
        if error is None:
            return
        yield error
        wrapped = [part for part in (getattr(error, "reason", None), *error.args) if _is_error(part)]
        error = wrapped[0] if wrapped else error.__cause__


def _is_error(part: object) -> bool:
    return isinstance(part, BaseException)


def _untrusted(where: str, said: str) -> Exception:
    verdict = re.search(r"certificate verify failed: ([^(\]]+)", said)
    if verdict:
        what = f"its TLS certificate cannot be trusted: {verdict[1].strip()}"
        hint = "give the certificate authority as ca_file; a proxy that inspects TLS has one of its own"
        return SourceUnavailableError(where, what, hint)
    what = "does not speak TLS as it should"
    told = UnreachableError(where, what, "is it https at all, and on that port?")
    return TransientError(told) if "EOF" in said else told


def _retry_after(headers: Mapping[str, str]) -> float | None:
    text = headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    try:  # a date is held against the server's own clock, not ours
        until, now = (parsedate_to_datetime(value) for value in (text, headers.get("Date", "")))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):  # no date, or one without a zone
        return None

"""Limits the requests for one calendar in time, size and attempts; for `Client` and `m365.mailbox`."""

from collections.abc import Callable
from typing import TypeVar

import requests
import stamina

from calsync.errors import SourceError
from calsync.http.deadline import Deadline
from calsync.http.errors import (
    TransientError,
    deadline_error,
    seconds_before_retry,
    size_error,
    translate_error,
)
from calsync.http.options import HttpOptions

_CHUNK = 1 << 16
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 20.0  # seconds between attempts where the server names no time

Result = TypeVar("Result")


class RequestLimits:
    """The limits of one calendar's requests, which share `deadline` and `max_megabytes`.

    Args:
        where: the calendar's name in errors.
        options: the limits.
        deadline: running.
    """

    def __init__(self, where: str, options: HttpOptions, deadline: Deadline) -> None:
        self.where = where
        self._options = options
        self._deadline = deadline
        self._bytes_left = int(options.max_megabytes * 1_000_000)

    def retry(self, request: Callable[[], Result], *, attempts: int) -> Result:
        """The result of a request, which is repeated after each TransientError while there is time.

        Raises:
            TransientError: the last attempt failed, too. Other errors of `request` are not caught.
        """
        for attempt in stamina.retry_context(
            on=lambda error: seconds_before_retry(error, self._deadline.left),
            attempts=attempts,
            timeout=self._deadline.left,
            wait_initial=_FIRST_PAUSE,
            wait_max=_LONGEST_PAUSE,
        ):
            with attempt:
                return request()
        raise AssertionError("stamina ends with a result or an error")

    def check_time(self) -> None:
        """Raise SourceUnavailableError if the deadline has passed."""
        if self._deadline.passed:
            raise deadline_error(self.where, self._deadline.seconds)

    def read_body(self, response: requests.Response) -> bytes:
        """The body of a streamed response.

        Raises:
            SourceError: the responses exceed the calendar's limit of time or size.
        """
        parts: list[bytes] = []
        size = 0
        for part in response.iter_content(_CHUNK):
            size += len(part)
            if size > self._bytes_left:
                raise size_error(self.where, self._options.max_megabytes)
            parts.append(part)
        self.check_time()  # a connection that the deadline shut down can look like the end of the body
        self._bytes_left -= size
        return b"".join(parts)

    def translate(self, error: Exception) -> SourceError | TransientError:
        """Translate an error of requests or urllib3; after the deadline it is the error of the deadline."""
        if self._deadline.passed:
            return deadline_error(self.where, self._deadline.seconds)
        return translate_error(self.where, error, self._options.read_seconds)

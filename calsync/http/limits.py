"""The limits of all requests for one calendar: time, size, and how often one is repeated."""

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
    """Time, size and attempts for one calendar; every error carries that calendar's name, `where`."""

    def __init__(self, where: str, options: HttpOptions, deadline: Deadline) -> None:
        self.where = where
        self._options = options
        self._deadline = deadline
        self._bytes_left = int(options.max_megabytes * 1_000_000)

    def retry(self, request: Callable[[], Result], *, attempts: int) -> Result:
        """The result of a request that is repeated after each TransientError, while there is time.

        Raises:
            TransientError: the last attempt failed, too.
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
        """The body of a streamed response; raises SourceError where it exceeds the calendar's limits."""
        parts: list[bytes] = []
        size = 0
        for part in response.iter_content(_CHUNK):
            size += len(part)
            if size > self._bytes_left:
                raise size_error(self.where, self._options.max_megabytes)
            parts.append(part)
        self.check_time()  # a connection that the deadline shut down can look like the end of a page
        self._bytes_left -= size
        return b"".join(parts)

    def translate(self, error: Exception) -> SourceError | TransientError:
        """The error of requests or urllib3 as ours; where the deadline caused it, that is the error."""
        if self._deadline.passed:
            return deadline_error(self.where, self._deadline.seconds)
        return translate_error(self.where, error, self._options.read_seconds)

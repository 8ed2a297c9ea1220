"""Limits the total time of HTTP requests, however slowly the server sends.

A read timeout starts again with every byte, so a server that sends a byte now and then could delay a
night for days. When a deadline passes, the connections opened under it are shut down, which ends the wait
of the thread that reads from them.
"""

import socket
import threading
import time
from types import TracebackType

_current = threading.local()


class Deadline:
    """A context manager that shuts down this thread's connections after `seconds`; contexts may be nested."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.passed = False
        self._ends = 0.0
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True

    @property
    def left(self) -> float:
        """The remaining seconds; 0.0 when it has passed."""
        return 0.0 if self.passed else max(0.0, self._ends - time.monotonic())

    def watch(self, connection: socket.socket) -> None:
        """Shut this connection down, too, when the deadline passes."""
        if connection not in self._sockets:
            self._sockets.append(connection)

    def __enter__(self) -> "Deadline":
        self._ends = time.monotonic() + self.seconds
        self._outer = current_deadline()
        _current.deadline = self
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        _current.deadline = self._outer

    def _pass(self) -> None:
        self.passed = True
        for connection in list(self._sockets):
            try:
                # The plain socket's method: SSLSocket.shutdown drops the TLS state that a reader still uses.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            except OSError:
                continue  # it is closed already


def current_deadline() -> Deadline | None:
    """The innermost deadline of this thread; None where there is none."""
    deadline: Deadline | None = getattr(_current, "deadline", None)
    return deadline

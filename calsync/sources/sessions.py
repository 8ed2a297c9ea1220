"""One HTTP session for each thread: `requests.Session` is not made for several at once."""

import threading
from collections.abc import Callable

import requests


class Sessions:
    """Opens a session for each thread that asks, and closes them all together."""

    def __init__(self, opened: Callable[[], requests.Session]) -> None:
        self._opened = opened
        self._local = threading.local()
        self._lock = threading.Lock()
        self._all: list[requests.Session] = []

    @property
    def mine(self) -> requests.Session:
        """This thread's session."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = self._opened()
            with self._lock:
                self._all.append(session)
        return session

    def close(self) -> None:
        """Let go of every connection; whoever asks again gets a new session."""
        with self._lock:
            for session in self._all:
                session.close()
            self._all.clear()
        self._local = threading.local()

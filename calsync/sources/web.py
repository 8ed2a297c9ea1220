"""Connections to servers, alike for every source: proxies, trust, no cookies, and a time limit."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import DefaultCookiePolicy

import requests

from calsync.sources.base import Calendar
from calsync.sources.deadline import Deadline, DeadlineAdapter
from calsync.sources.errand import Errand
from calsync.sources.sessions import Sessions
from calsync.sources.web_options import WebOptions
from calsync.version import __version__


def _names_no_address(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG


class _Session(requests.Session):
    """A session that never looks where it is redirected: requests would first read the whole answer."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Say that there is nothing to follow."""
        del resp


class Web:
    """Asks servers in the name of one source; each thread has connections of its own."""

    def __init__(self, options: WebOptions) -> None:
        self.options = options
        self._sessions = Sessions(lambda: _open_session(options))
        self._mute: set[str] = set()
        # At DEBUG urllib3 logs every path, and in a published calendar the path is the secret.
        logging.getLogger("urllib3.connectionpool").addFilter(_names_no_address)

    @contextmanager
    def errand(self, calendar: Calendar) -> Iterator[Errand]:
        """All the requests for one calendar, under one limit of time and one of size."""
        with Deadline(self.options.total_seconds) as deadline:
            yield Errand(self.session, self.options, calendar, deadline, self._mute)

    @property
    def session(self) -> requests.Session:
        """This thread's session: no cookies, so that no user's login serves for another's."""
        return self._sessions.mine

    def close(self) -> None:
        """Let go of every connection."""
        self._sessions.close()


def _open_session(options: WebOptions) -> requests.Session:
    session = _Session()
    session.headers["User-Agent"] = f"calsync/{__version__}"
    session.headers["Accept-Encoding"] = "gzip, deflate"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, DeadlineAdapter(options.address_guard))
    return session

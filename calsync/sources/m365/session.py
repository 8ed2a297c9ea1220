"""A session for requests: no cookies, no passwords from files, every connection under the deadline."""

from http.cookiejar import DefaultCookiePolicy

import requests

from calsync.sources.deadline import DeadlineAdapter
from calsync.sources.m365.options import M365Options
from calsync.version import __version__


def graph_session(options: M365Options) -> requests.Session:
    """A session with enough connections for the mailboxes that are read at once."""
    session = requests.Session()
    # The form that Microsoft asks of applications: NONISV|company|name/version.
    session.headers["User-Agent"] = f"NONISV|calsync|calsync/{__version__}"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, DeadlineAdapter(options.address_guard, pool_maxsize=options.mailboxes_at_once))
    return session

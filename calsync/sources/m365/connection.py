"""Connects O365 to Graph over calsync's sessions: the token is renewed, sent to Graph only, and never logged.

O365 2.1.10 cannot renew an application's token, logs it at DEBUG, sends it to any link, changes its caller's
headers, and waits without a limit (all measured). Used of O365: the account, its token store in memory, the
protocol with its addresses, and the interface that its other parts call.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from O365 import Account, Connection, MSGraphProtocol
from O365.utils.token import MemoryTokenBackend

from calsync.http.connections import ThreadSessions
from calsync.http.credentials import Origin, bearer_auth
from calsync.sources.m365.access_tokens import ExternalTokens, MsalTokens, TokenProvider, open_graph_session
from calsync.sources.m365.options import M365Options
from calsync.sources.m365.redaction import install_secret_filter


class ForeignAddressError(ValueError):
    """An address is not on Graph's server, so the token must not be sent to it; the text is its origin."""


class GraphConnection(Connection):  # type: ignore[misc]
    """Sends requests to Graph with a valid token, which is renewed once after a 401.

    Raises requests' errors and those of `access_tokens`; retries are up to the caller. Thread-safe: each
    thread has its own session.
    """

    def __init__(
        self, credentials: tuple[str, str], *, tokens: TokenProvider, options: M365Options, **rest: Any
    ) -> None:
        super().__init__(credentials, **rest)
        self.tokens = tokens
        self._origin = Origin.of(options.graph_url)
        self._sessions = ThreadSessions(lambda: open_graph_session(options))

    def oauth_request(self, url: str, method: str, **rest: Any) -> requests.Response:
        """Send a request with the token.

        Raises:
            ForeignAddressError: the address is not on Graph's server.
            requests.HTTPError: the status is 400 or more.
        """
        self._check_server(url)
        rest["headers"] = self._merge_headers(rest.get("headers") or {})
        session, token = self._sessions.current, self.tokens.get_token()
        response = session.request(method, url, **{**rest, "auth": bearer_auth(token)})
        if response.status_code == 401:  # revoked, rotated, or expired by Graph's clock
            response.close()
            token = self.tokens.get_token(rejected=token)
            response = session.request(method, url, **{**rest, "auth": bearer_auth(token)})
        response.raise_for_status()
        return response

    def refresh_token(self) -> bool:
        """Renew the token instead of O365, which cannot renew an application's token."""
        self.tokens.get_token()
        return True

    def get_session(self, load_token: bool = False) -> requests.Session:  # noqa: ARG002
        """This thread's session; it has no token."""
        return self._sessions.current

    def get_naive_session(self) -> requests.Session:
        """This thread's session, too; O365 downloads and uploads without a token with it."""
        return self._sessions.current

    def close(self) -> None:
        """Close every connection."""
        self._sessions.close()

    def _check_server(self, url: str) -> None:
        try:
            origin = Origin.of(url)
        except ValueError:
            raise ForeignAddressError("no valid address") from None
        if origin != self._origin or urlsplit(url).username is not None:
            raise ForeignAddressError(f"{origin.scheme}://{origin.host}:{origin.port}")

    def _merge_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The caller's headers and O365's in a new dict; `Prefer` has the values of both."""
        merged = {**self.default_headers, **headers}
        preferences = [source["Prefer"] for source in (headers, self.default_headers) if source.get("Prefer")]
        return {**merged, "Prefer": ", ".join(preferences)} if preferences else merged


class GraphAccount(Account):  # type: ignore[misc]
    """An O365 account with a GraphConnection."""

    connection_constructor = GraphConnection
    con: GraphConnection


def open_account(options: M365Options) -> GraphAccount:
    """Open the application's account in one tenant, with its own token store in memory."""
    install_secret_filter()
    backend = MemoryTokenBackend()
    tokens: TokenProvider = (
        MsalTokens(options, backend) if options.acquires_tokens else ExternalTokens(options)
    )
    protocol = type("Protocol", (MSGraphProtocol,), {"_protocol_url": options.graph_url})
    return GraphAccount(
        (options.client_id or "calsync", ""),
        auth_flow_type="credentials",
        tenant_id=options.tenant or "given",
        protocol=protocol(timezone="UTC"),
        token_backend=backend,
        default_headers={"Prefer": 'IdType="ImmutableId"'},
        requests_delay=0,
        tokens=tokens,
        options=options,
    )

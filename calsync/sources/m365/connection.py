"""O365's connection with what it lacks: renewal, an eye on where the token goes, silence about it.

O365 2.1.10 cannot renew an application's token, logs it at DEBUG, follows any link with it, changes
its caller's headers, and waits for ever (all measured). What stays of O365: the account, its token
store in memory, the protocol with its addresses, and the interface that its other parts call.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from O365 import Account, Connection, MSGraphProtocol
from O365.utils.token import MemoryTokenBackend
from requests.auth import AuthBase

from calsync.sources.credentials import Origin
from calsync.sources.m365.access_tokens import ExternalTokens, MsalTokens, TokenProvider
from calsync.sources.m365.options import M365Options
from calsync.sources.m365.redaction import install_secret_filter
from calsync.sources.m365.session import graph_session
from calsync.sources.sessions import Sessions


class ForeignAddressError(ValueError):
    """Somebody wants us to take our token to another server; the message names it."""


class _Bearer(AuthBase):
    """The token on one request; in the session's headers O365 would log it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class GraphConnection(Connection):  # type: ignore[misc]
    """Asks Graph with a valid token. Raises requests' errors and those of `access`; never retries by itself.

    Each thread has connections of its own. An answer of 401 renews the token once.
    """

    def __init__(
        self, credentials: tuple[str, str], *, tokens: TokenProvider, options: M365Options, **rest: Any
    ) -> None:
        super().__init__(credentials, **rest)
        self.tokens = tokens
        self._options = options
        self._origin = Origin.of(options.graph_url)
        self._sessions = Sessions(lambda: graph_session(self._options))

    def oauth_request(self, url: str, method: str, **rest: Any) -> requests.Response:
        """The answer to a request with our token; an answer of 400 or more is raised as HTTPError."""
        self._check(url)
        rest["headers"] = self._merged(rest.get("headers") or {})
        token = self.tokens.get_token()
        response = self._send(method, url, token, rest)
        if response.status_code == 401:  # revoked, rotated, or older than our clock thinks
            response.close()
            token = self.tokens.get_token(rejected=token)
            response = self._send(method, url, token, rest)
        response.raise_for_status()
        return response

    def refresh_token(self) -> bool:
        """Renewal is not left to O365, which cannot renew an application's token."""
        self.tokens.get_token()
        return True

    def get_session(self, load_token: bool = False) -> requests.Session:  # noqa: ARG002
        """This thread's session; it holds no token."""
        return self._sessions.mine

    def close(self) -> None:
        """Let go of every connection."""
        self._sessions.close()

    def _check(self, url: str) -> None:
        try:
            origin = Origin.of(url)
        except ValueError:
            raise ForeignAddressError("no address at all") from None
        if origin != self._origin or urlsplit(url).username is not None:
            raise ForeignAddressError(f"{origin.scheme}://{origin.host}:{origin.port}")

    def _merged(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The caller's headers and ours, in a dict of our own; preferences add up."""
        merged = {**self.default_headers, **headers}
        wishes = [table["Prefer"] for table in (headers, self.default_headers) if table.get("Prefer")]
        return {**merged, "Prefer": ", ".join(wishes)} if wishes else merged

    def _send(self, method: str, url: str, token: str, rest: Mapping[str, Any]) -> requests.Response:
        options = self._options
        return self.get_session().request(
            method,
            url,
            **{
                "timeout": (options.connect_seconds, options.read_seconds),
                "verify": str(options.ca_file) if options.ca_file else True,
                **rest,
                "auth": _Bearer(token),  # given outright, or requests would look into ~/.netrc
                "allow_redirects": False,
            },
        )


class GraphAccount(Account):  # type: ignore[misc]
    """An account whose connection is ours."""

    connection_constructor = GraphConnection
    con: GraphConnection


def open_account(options: M365Options) -> GraphAccount:
    """The application's account in one tenant, its token store in memory and shared with no other."""
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

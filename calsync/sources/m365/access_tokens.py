"""Provides access tokens for Graph: from Microsoft Entra ID (msal), or made elsewhere and read as set up."""

import base64
import json
import os
import threading
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import msal
import requests
from msal.token_cache import TokenCache
from O365.utils.token import MemoryTokenBackend

from calsync.http.connections import USER_AGENT, open_session
from calsync.sources.m365.options import M365Options
from calsync.sources.m365.redaction import REDACTION


class TokenRefusedError(Exception):
    """There is no token, and a retry will not help.

    Attributes:
        answer: the sign-in's text, or what is wrong with a token made elsewhere; without secrets.
    """

    def __init__(self, answer: str) -> None:
        self.answer = REDACTION.redact(answer)
        super().__init__(self.answer)


class TokenUnavailableError(Exception):
    """The sign-in did not respond as Microsoft's does; a later attempt may work."""


class TokenProvider(Protocol):
    """Provides the token of each request."""

    def get_token(self, rejected: str = "") -> str:
        """A valid token.

        Args:
            rejected: a token that Graph has just rejected, which must not be returned again.

        Raises:
            TokenRefusedError: there is none.
            TokenUnavailableError: the sign-in did not respond correctly.
        """
        ...


class ExternalTokens:
    """Reads tokens that another program makes from an environment variable or a file."""

    def __init__(self, options: M365Options) -> None:
        self._options = options

    def get_token(self, rejected: str = "") -> str:
        """The token that is in the variable or file now; see `TokenProvider`."""
        token = self._read_token().strip()
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise TokenRefusedError(f"{self._location} holds no token")
        REDACTION.hide(token)
        if token == rejected:
            raise TokenRefusedError(
                f"Microsoft Graph rejects the token in {self._location}; it may have expired"
            )
        self._check_claims(unverified_claims(token))
        return token

    @property
    def _location(self) -> str:
        return str(self._options.token_file or f"the environment variable {self._options.token_env}")

    def _read_token(self) -> str:
        if self._options.token_file is None:
            return os.environ.get(self._options.token_env, "")
        try:
            return self._options.token_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise TokenRefusedError(f"{self._location} cannot be read: {type(error).__name__}") from None

    def _check_claims(self, claims: Mapping[str, Any]) -> None:
        """Raise TokenRefusedError if the claims are for another tenant or service, so that it is not sent."""
        tenant, expected = str(claims.get("tid", "")).casefold(), self._options.tenant.casefold()
        is_id = "." not in expected  # the claim has the id, and the setting may have a domain
        if tenant and expected and is_id and tenant != expected:
            raise TokenRefusedError(f"the token in {self._location} is for another tenant: {tenant}")
        audience = str(claims.get("aud", ""))
        if "AzureADTokenExchange" in audience:
            raise TokenRefusedError(
                f"{self._location} holds no token but an assertion: give it as assertion_file"
            )
        host = urlsplit(audience).hostname
        if host and not self._options.is_emulated and host != urlsplit(self._options.graph_url).hostname:
            raise TokenRefusedError(f"the token in {self._location} is for another service: {audience}")


class MsalTokens:
    """Requests tokens for the application itself with msal (client credentials); stored in memory only."""

    def __init__(self, options: M365Options, backend: MemoryTokenBackend) -> None:
        self._options = options
        self._backend = backend
        self._lock = threading.Lock()
        self._application: msal.ConfidentialClientApplication | None = None
        self._refused_answer = ""
        REDACTION.hide(options.secret)

    def get_token(self, rejected: str = "") -> str:
        """A token from memory, renewed five minutes before its end; see `TokenProvider`.

        After the sign-in refused once, the same error is raised without another request.
        """
        with self._lock:
            if self._refused_answer:
                raise TokenRefusedError(self._refused_answer)
            try:
                return self._acquire_token(rejected)
            except TokenRefusedError as error:
                self._refused_answer = error.answer
                raise

    def _acquire_token(self, rejected: str) -> str:
        if rejected:
            self._remove_cached_token(rejected)
        try:
            answer = self._msal_application().acquire_token_for_client(scopes=[self._options.token_scope])
        except msal.exceptions.MsalServiceError as error:
            raise TokenUnavailableError(str(error)) from None
        except requests.RequestException:
            raise
        except (ValueError, RuntimeError, KeyError, AttributeError, TypeError) as error:
            raise _translate_msal_error(error) from None
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise _error_for_answer(answer)
        REDACTION.hide(token)
        return token

    def _msal_application(self) -> msal.ConfidentialClientApplication:
        if self._application is None:
            self._application = msal.ConfidentialClientApplication(
                self._options.client_id,
                client_credential=self._credential(),
                authority=self._options.authority,
                token_cache=self._backend,
                http_client=MsalHttpClient(self._options),
            )
        return self._application

    def _credential(self) -> object:
        if self._options.assertion_file:
            return {"client_assertion": self._read_assertion}
        certificate = self._options.certificate
        return certificate.credential if certificate else self._options.secret

    def _read_assertion(self) -> str:
        """The assertion that the platform signs; read for every token, because it changes often."""
        file = self._options.assertion_file
        try:
            assertion = file.read_text(encoding="utf-8").strip() if file else ""
        except (OSError, UnicodeDecodeError) as error:
            raise TokenRefusedError(f"{file} cannot be read: {type(error).__name__}") from None
        REDACTION.hide(assertion)
        return assertion

    def _remove_cached_token(self, token: str) -> None:
        for cached in list(self._backend.search(TokenCache.CredentialType.ACCESS_TOKEN)):
            if cached.get("secret") == token:
                self._backend.remove_at(cached)


def open_graph_session(options: M365Options) -> requests.Session:
    """Open a session for Graph and the sign-in, with a connection for each mailbox that is read at once."""
    # The form of user agent that Microsoft requires of applications: NONISV|company|name/version.
    user_agent = f"NONISV|calsync|{USER_AGENT}"
    return open_session(options, user_agent=user_agent, connections=options.mailboxes_at_once)


class MsalHttpClient:
    """The HTTP client of msal: a session with the settings' trust, timeouts and address guard.

    Where the settings name a Graph on this machine (`graph_root`, the emulator of the tests), tokens are
    requested from it, too: msal itself accepts only Microsoft's https addresses.
    """

    def __init__(self, options: M365Options) -> None:
        self._options = options
        self._session = open_graph_session(options)

    def get(self, url: str, **rest: Any) -> requests.Response:
        """Send a GET, for the public metadata of the sign-in."""
        return self._send("GET", url, rest)

    def post(self, url: str, **rest: Any) -> requests.Response:
        """Send a POST, to request a token."""
        return self._send("POST", url, rest)

    def close(self) -> None:
        """Close every connection."""
        self._session.close()

    def _send(self, method: str, url: str, rest: dict[str, Any]) -> requests.Response:
        if self._options.is_emulated:
            root = urlsplit(self._options.graph_url)
            url = urlsplit(url)._replace(scheme=root.scheme, netloc=root.netloc).geturl()
        return self._session.request(method, url, **rest)


def unverified_claims(token: str) -> Mapping[str, Any]:
    """The claims of a token, without verification; none if it is no JWT."""
    parts = token.split(".")
    try:
        payload = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = json.loads(base64.urlsafe_b64decode(payload))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _error_for_answer(answer: object) -> TokenRefusedError | TokenUnavailableError:
    fields = answer if isinstance(answer, dict) else {}
    text = f"{fields.get('error', 'no token')}: {fields.get('error_description', '')}".strip(": ")
    if fields.get("error") in ("temporarily_unavailable", "server_error"):
        return TokenUnavailableError(REDACTION.redact(text))
    return TokenRefusedError(text)


def _translate_msal_error(error: Exception) -> TokenRefusedError | TokenUnavailableError:
    """Translate what msal raises if the sign-in rejects the tenant, or a proxy responds in its place."""
    text = f"{error.__context__ or ''} {error}"  # only the context has the text of the sign-in
    if "AADSTS" in text:
        return TokenRefusedError(text)
    return TokenUnavailableError("the response is not from Microsoft's sign-in")

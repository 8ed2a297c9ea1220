"""Where the token comes from: made by Microsoft Entra ID for us (msal), or made elsewhere and given to us."""

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

from calsync.sources.m365.options import M365Options
from calsync.sources.m365.redaction import REDACTION
from calsync.sources.m365.session import graph_session


class TokenRefusedError(Exception):
    """There is no token for us, and asking again will not help. said: what the sign-in answered."""

    def __init__(self, answer: str) -> None:
        super().__init__(REDACTION.redact(answer))
        self.answer = REDACTION.redact(answer)


class TokenUnavailableError(Exception):
    """The sign-in did not answer as it should; a later try may work."""


class TokenProvider(Protocol):
    """Gives the token for the next request."""

    def get_token(self, rejected: str = "") -> str:
        """A token; another one than `refused`, which Graph has just rejected. Raises TokenRefusedError."""
        ...


class ExternalTokens:
    """Tokens made elsewhere, in a variable or a file that somebody keeps fresh."""

    def __init__(self, options: M365Options) -> None:
        self._options = options

    def get_token(self, rejected: str = "") -> str:
        """What stands there now."""
        token = self._read_token().strip()
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise TokenRefusedError(f"{self._token_location} holds no token")
        REDACTION.hide(token)
        if token == rejected:
            raise TokenRefusedError(
                f"Microsoft Graph rejects the token in {self._token_location}; it may have expired"
            )
        self._check_claims(unverified_claims(token))
        return token

    @property
    def _token_location(self) -> str:
        return str(self._options.token_file or f"the environment variable {self._options.token_env}")

    def _read_token(self) -> str:
        if self._options.token_file is None:
            return os.environ.get(self._options.token_env, "")
        try:
            return self._options.token_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise TokenRefusedError(
                f"{self._token_location} cannot be read: {type(error).__name__}"
            ) from None

    def _check_claims(self, claims: Mapping[str, Any]) -> None:
        """A token that says it is another tenant's, or for another service, is not sent."""
        tenant, wanted = str(claims.get("tid", "")).casefold(), self._options.tenant.casefold()
        if tenant and wanted and "." not in wanted and tenant != wanted:
            raise TokenRefusedError(f"the token in {self._token_location} is for another tenant: {tenant}")
        audience = str(claims.get("aud", ""))
        if "AzureADTokenExchange" in audience:
            raise TokenRefusedError(
                f"{self._token_location} holds no token but an assertion: name it as assertion_file"
            )
        host = urlsplit(audience).hostname
        if host and not self._options.is_emulated and host != urlsplit(self._options.graph_url).hostname:
            raise TokenRefusedError(f"the token in {self._token_location} is for another service: {audience}")


class MsalTokens:
    """Tokens that msal gets for the application itself (client credentials), kept in memory only."""

    def __init__(self, options: M365Options, backend: MemoryTokenBackend) -> None:
        self._options = options
        self._backend = backend
        self._lock = threading.Lock()
        self._application: msal.ConfidentialClientApplication | None = None
        self._refusal = ""
        REDACTION.hide(options.secret)

    def get_token(self, rejected: str = "") -> str:
        """A token from memory, renewed five minutes before it ends; a refusal stays one for the night."""
        with self._lock:
            if self._refusal:
                raise TokenRefusedError(self._refusal)
            try:
                return self._acquire_token(rejected)
            except TokenRefusedError as error:
                self._refusal = error.answer
                raise

    def _acquire_token(self, refused: str) -> str:
        if refused:
            self._remove_cached_token(refused)
        try:
            answer = self._msal_application().acquire_token_for_client(scopes=[self._options.token_scope])
        except msal.exceptions.MsalServiceError as error:
            raise TokenUnavailableError(str(error)) from None
        except requests.RequestException:
            raise
        except (ValueError, RuntimeError, KeyError, AttributeError, TypeError) as error:
            raise _unexpected_answer_error(error) from None
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise _token_error(answer)
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
        """What the platform signs for us, read anew for every token: it changes often."""
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


class MsalHttpClient:
    """How msal asks: our time limits, our certificates, no redirects.

    Where Graph is played by a server on this machine, tokens are asked there, too, and nothing leaves
    the machine; msal itself speaks to https only.
    """

    def __init__(self, options: M365Options) -> None:
        self._options = options
        self._session = graph_session(options)

    def get(self, url: str, **rest: Any) -> requests.Response:
        """Ask for what is public: where tokens are made."""
        return self._request("GET", url, rest)

    def post(self, url: str, **rest: Any) -> requests.Response:
        """Ask for a token."""
        return self._request("POST", url, rest)

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()

    def _request(self, method: str, url: str, rest: dict[str, Any]) -> requests.Response:
        options = self._options
        if options.is_emulated:
            root = urlsplit(options.graph_url)
            url = urlsplit(url)._replace(scheme=root.scheme, netloc=root.netloc).geturl()
        return self._session.request(
            method,
            url,
            **{**rest, "timeout": (options.connect_seconds, options.read_seconds), "allow_redirects": False},
            verify=str(options.ca_file) if options.ca_file else True,
        )


def unverified_claims(token: str) -> Mapping[str, Any]:
    """What a token says of itself, unverified; nothing for one that is no JWT."""
    parts = token.split(".")
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = json.loads(base64.urlsafe_b64decode(padded))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _token_error(answer: object) -> TokenRefusedError | TokenUnavailableError:
    said = answer if isinstance(answer, dict) else {}
    text = f"{said.get('error', 'no token')}: {said.get('error_description', '')}".strip(": ")
    if said.get("error") in ("temporarily_unavailable", "server_error"):
        return TokenUnavailableError(REDACTION.redact(text))
    return TokenRefusedError(text)


def _unexpected_answer_error(error: Exception) -> TokenRefusedError | TokenUnavailableError:
    """What msal raises where the sign-in refuses the tenant, or something else answers in its place."""
    said = f"{error.__context__ or ''} {error}"  # msal buries what the sign-in said of the tenant
    if "AADSTS" in said:
        return TokenRefusedError(said)
    return TokenUnavailableError("the answer is none of Microsoft's sign-in")

"""The sign-in (Microsoft Entra ID): its applications, the tokens that it issues, and what they grant."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import jwt
from cryptography.x509 import load_pem_x509_certificate
from graph.replies import GraphError, Reply, Request, graph_error, json_reply

LOGIN = "https://login.microsoftonline.com"
AUDIENCES = (
    "https://graph.microsoft.com",
    "https://graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
)
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass
class Application:
    """An app registration.

    scope: the mailboxes that RBAC allows it, None for all of the tenant. assertions: those that a platform
    signs (federated credentials), accepted without checking the signature.
    """

    client_id: str
    secret: str = ""
    certificate: str = ""
    roles: frozenset[str] = frozenset({"Calendars.Read", "Mail.Send"})
    scope: frozenset[str] | None = None
    assertions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Grant:
    """What a token grants."""

    tenant: str
    application: Application
    ends: float


@dataclass
class Entra:
    """The sign-in of several tenants.

    tenants: applications by tenant. replies: the next responses of the token endpoint, one each.
    life: seconds that a token lasts. clock: seconds since 1970.
    """

    clock: Callable[[], float]
    tenants: dict[str, dict[str, Application]] = field(default_factory=dict)
    replies: list[Reply] = field(default_factory=list)
    life: int = 3599
    grants: dict[str, Grant] = field(default_factory=dict)
    made: int = 0

    def register(self, tenant: str, application: Application) -> None:
        self.tenants.setdefault(tenant, {})[application.client_id] = application

    def revoke(self) -> None:
        """Accept no token issued so far any more."""
        self.grants.clear()

    def reply(self, request: Request) -> Reply | None:
        """The response to a sign-in request; None for any other."""
        try:
            if request.path == "/common/discovery/instance":
                return _instance()
            if request.path.endswith("/v2.0/.well-known/openid-configuration"):
                return self._configuration(request.parts[0])
            if request.path.endswith("/oauth2/v2.0/token"):
                return self.replies.pop(0) if self.replies else self._token(request)
        except GraphError as error:
            return error.reply
        return None

    def grant(self, request: Request) -> Grant:
        """What the token of a request grants; raises GraphError (401)."""
        if not request.token:
            raise _unauthorized("Access token is empty.")
        grant = self.grants.get(request.token)
        if grant is None:
            raise _unauthorized("Access token validation failure. Invalid audience.")
        if grant.ends <= self.clock():
            raise _unauthorized("Lifetime validation failed, the token is expired.")
        return grant

    def issue(self, tenant: str, application: Application) -> str:
        """A token as the sign-in would issue it: a JWT whose signature cannot be verified."""
        self.made += 1
        now = int(self.clock())
        claims = {
            "aud": AUDIENCES[0],
            "tid": tenant,
            "appid": application.client_id,
            "roles": sorted(application.roles) if application.scope is None else [],
            "iat": now,
            "exp": now + self.life,
            "uti": f"token-{self.made}",
        }
        token = ".".join(
            _jwt_segment(part) for part in ({"typ": "JWT", "alg": "RS256"}, claims, {"made": self.made})
        )
        self.grants[token] = Grant(tenant, application, self.clock() + self.life)
        return token

    def _configuration(self, tenant: str) -> Reply:
        if tenant not in self.tenants:
            raise _sign_in_graph_error(400, "invalid_tenant", 90002, f"Tenant '{tenant}' not found.")
        base = f"{LOGIN}/{tenant}"
        return json_reply(
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            }
        )

    def _token(self, request: Request) -> Reply:
        tenant = request.parts[0]
        kind = request.headers.get("content-type", "").partition(";")[0].strip()
        if request.method != "POST" or kind != "application/x-www-form-urlencoded":
            raise _sign_in_graph_error(400, "invalid_request", 900144, "The request body must be a form.")
        form = {key: values[0] for key, values in parse_qs(request.body.decode()).items()}
        application = self._find_application(tenant, form)
        self._check_credential(application, form, tenant)
        token = self.issue(tenant, application)
        life = {"expires_in": self.life, "ext_expires_in": self.life}
        return json_reply({"token_type": "Bearer", **life, "access_token": token})

    def _find_application(self, tenant: str, form: dict[str, str]) -> Application:
        if tenant not in self.tenants:
            raise _sign_in_graph_error(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")
        if form.get("grant_type") != "client_credentials":
            raise _sign_in_graph_error(
                400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type."
            )
        if form.get("scope") not in {f"{audience}/.default" for audience in AUDIENCES}:
            raise _sign_in_graph_error(
                400, "invalid_scope", 1002012, f"The scope {form.get('scope')} is not valid."
            )
        application = self.tenants[tenant].get(form.get("client_id", ""))
        if application is None:
            words = f"Application with identifier '{form.get('client_id')}' was not found in the directory."
            raise _sign_in_graph_error(400, "unauthorized_client", 700016, words)
        return application

    def _check_credential(self, application: Application, form: dict[str, str], tenant: str) -> None:
        if "client_assertion" in form:
            return self._check_assertion(application, form, tenant)
        if "client_secret" not in form:
            words = "The request body must contain: 'client_assertion' or 'client_secret'."
            raise _sign_in_graph_error(401, "invalid_client", 7000218, words)
        if not application.secret or form["client_secret"] != application.secret:
            raise _sign_in_graph_error(401, "invalid_client", 7000215, "Invalid client secret provided.")
        return None

    def _check_assertion(self, application: Application, form: dict[str, str], tenant: str) -> None:
        if form["client_assertion"] in application.assertions:
            return
        if form.get("client_assertion_type") != ASSERTION or not application.certificate:
            raise _sign_in_graph_error(
                401, "invalid_client", 700027, "The certificate is not registered on application."
            )
        key = load_pem_x509_certificate(application.certificate.encode()).public_key()
        audience = f"{LOGIN}/{tenant}/oauth2/v2.0/token"
        wanted = {"require": ["aud", "exp", "iss", "sub", "jti"], "verify_exp": False, "verify_nbf": False,
                  "verify_iat": False}  # fmt: skip
        try:
            claims = jwt.decode(
                form["client_assertion"], key, ["PS256", "RS256"], audience=audience, options=wanted
            )
        except jwt.InvalidTokenError as error:
            raise _sign_in_graph_error(
                401, "invalid_client", 700027, f"Client assertion failed: {error}."
            ) from error
        if {claims["iss"], claims["sub"]} != {application.client_id}:
            raise _sign_in_graph_error(
                401, "invalid_client", 700023, "The issuer of the client assertion is another one."
            )
        if not claims.get("nbf", claims.get("iat", 0)) - 300 <= self.clock() <= claims["exp"] + 300:
            words = "Client assertion is not within its valid time range."
            raise _sign_in_graph_error(401, "invalid_client", 700024, words)


def _instance() -> Reply:
    names = {"preferred_network": LOGIN[8:], "preferred_cache": "login.windows.net", "aliases": [LOGIN[8:]]}
    where = f"{LOGIN}/common/v2.0/.well-known/openid-configuration"
    return json_reply({"tenant_discovery_endpoint": where, "api-version": "1.1", "metadata": [names]})


def _jwt_segment(content: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def _unauthorized(words: str) -> GraphError:
    challenge = (
        'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"'
    )
    return graph_error(401, "InvalidAuthenticationToken", words, WWW_Authenticate=challenge)


def sign_in_error(status: int, error: str, number: int, words: str) -> Reply:
    """An error in the sign-in's words, for `Entra.replies`."""
    trace = (
        "Trace ID: 7d1c0000-0000-0000-0000-000000000001 Correlation ID: 7d1c Timestamp: 2026-11-16 04:15:00Z"
    )
    content = {
        "error": error,
        "error_description": f"AADSTS{number}: {words} {trace}",
        "error_codes": [number],
        "timestamp": "2026-11-16 04:15:00Z",
        "trace_id": "7d1c",
        "correlation_id": "7d1c",
    }
    return json_reply(content, status)


def _sign_in_graph_error(status: int, error: str, number: int, words: str) -> GraphError:
    return GraphError(sign_in_error(status, error, number, words))

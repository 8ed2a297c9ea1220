"""Translates the errors of Microsoft's sign-in and of Graph into `SourceError`s with a hint."""

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from calsync.errors import SourceAuthError, SourceContentError, SourceError, SourceUnavailableError
from calsync.http.errors import TransientError, status_text, transient_error_for_status
from calsync.sources.m365.options import M365Options
from calsync.sources.m365.redaction import REDACTION

PAGE = "docs/operators/microsoft-365.md"
_MAX_TEXT_LENGTH = 200


class Cause(NamedTuple):
    """What is wrong, and what to do about it."""

    what: str
    hint: str


_TRUST = "compare issuer, subject and audience with the federated credential of the app registration"
# AADSTS codes, from https://login.microsoftonline.com/error and Entra's list of authentication errors.
_SIGN_IN_CAUSES = {
    7000215: Cause(
        "the client secret is wrong",
        "put the secret's value (not its id) into the variable that secret_env names",
    ),
    7000222: Cause(
        "the client secret has expired",
        "make a new one in the app registration, under Certificates & secrets; a certificate lasts longer",
    ),
    700016: Cause(
        "the tenant has no such application",
        "check client_id (the Application ID of the app registration) and tenant",
    ),
    7000229: Cause(
        "the application is registered, but is not present in this tenant",
        "make its enterprise application (service principal) in the tenant, or check tenant",
    ),
    7000112: Cause(
        "the application is disabled in this tenant",
        "enable it: Entra admin centre, Enterprise applications, Properties",
    ),
    90002: Cause("there is no such tenant", "check tenant: its id is on the overview page of Entra"),
    900023: Cause("tenant is neither a tenant's id nor one of its domains", "check tenant"),
    700027: Cause(
        "the certificate is not registered in the tenant, or has expired",
        "upload the public part of certificate_file to the app registration",
    ),
    700030: Cause("the certificate is not valid", "make a new certificate and upload its public part"),
    700024: Cause(
        "the signature is outside its validity: the clock of this machine is wrong",
        "set the clock by a time server (NTP), then run again",
    ),
    700211: Cause("the tenant does not trust who signed assertion_file", _TRUST),
    700212: Cause("assertion_file is meant for somebody else (its audience)", _TRUST),
    700213: Cause("the tenant does not trust the subject of assertion_file", _TRUST),
    50013: Cause("the signature is not accepted", "is certificate_file the one that was uploaded?"),
    7000218: Cause(
        "the application needs a secret or a certificate", "it is a confidential client: give one"
    ),
    53003: Cause(
        "a conditional access policy blocks the application",
        "ask whoever manages the policies to allow this service principal from this address",
    ),
    500011: Cause("the tenant is in another cloud", "check cloud: global, usgov or china"),
    900432: Cause("the tenant is in another cloud", "check cloud: global, usgov or china"),
    900439: Cause("the tenant is in another cloud", 'set cloud = "usgov"'),
    90033: Cause("the sign-in is temporarily out of order", "try again later"),
}
_TRANSIENT_CODES = frozenset({90033, 90024, 50196})

_SCOPE = Cause(
    "this application may not read the mailbox",
    "put it into the group of the scope (Test-ServicePrincipalAuthorization shows InScope; a change takes "
    f"up to 2 hours), or grant Application Calendars.Read; {PAGE}",
)
_ABSENT = Cause("there is no such mailbox", "check the address, or give the user's object id")
_GRAPH_CAUSES = {
    "erroraccessdenied": _SCOPE,
    "accessdenied": _SCOPE,
    "authorization_requestdenied": _SCOPE,
    "erroritemnotfound": _ABSENT,
    "errorinvaliduser": _ABSENT,
    "request_resourcenotfound": _ABSENT,
    "resourcenotfound": _ABSENT,
    "mailboxnotenabledforrestapi": Cause(
        "it has no mailbox in Exchange Online",
        "has it a licence? is the mailbox still on the council's own servers?",
    ),
    "mailboxnotsupportedforrestapi": Cause(
        "its mailbox cannot be read by Graph", "is it a mailbox of a person, in Exchange Online?"
    ),
}
_MISSING_CONSENT = Cause(
    "Microsoft Graph does not accept the token",
    f"was Application Calendars.Read granted to this application, and is the token for Graph? {PAGE}",
)


def sign_in_error(where: str, text: str, options: M365Options) -> SourceError:
    """The error of a sign-in without a token.

    Args:
        where: the calendar's name in the error.
        text: the sign-in's response, or what is wrong with a token made elsewhere.
        options: the settings, for the hint.
    """
    number = re.search(r"AADSTS(\d+)", text)
    cause = _SIGN_IN_CAUSES.get(int(number[1])) if number else None
    if number and int(number[1]) in _TRANSIENT_CODES:
        return SourceUnavailableError(where, f"the sign-in is busy: {_shorten(text)}", "try again later")
    if cause is None:
        what = f"the sign-in refuses access: {_shorten(text)}" if options.acquires_tokens else text
        return SourceAuthError(where, what, _hint_without_cause(options))
    return SourceAuthError(
        where, f"{cause.what} (AADSTS{number[1] if number else ''})", _hint_with_expiry(cause, options)
    )


def _hint_without_cause(options: M365Options) -> str:
    if not options.acquires_tokens:
        return "the program that makes the token must renew it in time, for this tenant and for Graph"
    return f"look the code up at https://login.microsoftonline.com/error, or see {PAGE}"


def _hint_with_expiry(cause: Cause, options: M365Options) -> str:
    if options.certificate is None or "certificate" not in cause.what:
        return cause.hint
    certificate = options.certificate
    detail = f"{certificate.expires:%Y-%m-%d}, thumbprint {certificate.thumbprint}"
    return f"{cause.hint}; certificate_file ends on {detail}"


def graph_error_for_status(
    where: str, status: int, headers: Mapping[str, str], body: bytes
) -> SourceError | TransientError:
    """The error of a status of 300 or more, by Graph's error code in the body where there is one.

    Returns:
        A TransientError where the server is busy or out of order, else a SourceError.
    """
    code, message = parse_graph_error(body)
    detail = _error_detail(code, message)
    if busy := transient_error_for_status(where, status, headers):
        what = f"Microsoft Graph is busy or out of order: {status_text(status)}{detail}"
        return TransientError(SourceUnavailableError(where, what, "try again later"), busy.wait)
    return _error_for_status(where, status, code, detail, body)


def _error_for_status(where: str, status: int, code: str, detail: str, body: bytes) -> SourceError:
    if 300 <= status < 400:
        return web_page_error(where, f"a redirect: {status_text(status)}")
    if not code and is_web_page(body) and status not in (401, 404):
        return web_page_error(where, status_text(status))
    cause = _GRAPH_CAUSES.get(code.casefold())
    if status == 401:
        return SourceAuthError(where, f"{_MISSING_CONSENT.what}{detail}", _MISSING_CONSENT.hint)
    if status == 403:
        return SourceAuthError(where, f"{_SCOPE.what}{detail}", _SCOPE.hint)
    if cause is None and status == 404:
        cause = _ABSENT
    if cause:
        return SourceContentError(where, f"{cause.what}{detail}", cause.hint)
    hint = "if it lasts, report it with this message"
    return SourceContentError(
        where, f"Microsoft Graph rejects the request: {status_text(status)}{detail}", hint
    )


def parse_graph_error(body: bytes) -> tuple[str, str]:
    """The code and the message in an error's body; "" where there is none."""
    try:
        error = json.loads(body).get("error")
    except (ValueError, AttributeError, RecursionError):
        return "", ""
    if isinstance(error, str):
        return "", error
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("code") or ""), str(error.get("message") or "")


def is_web_page(body: bytes) -> bool:
    """Whether a body is HTML or XML instead of JSON."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def web_page_error(where: str, what: str) -> SourceError:
    """The error of a proxy or a sign-in page that responded in place of Graph."""
    return SourceContentError(
        where,
        f"a web page came instead of Microsoft Graph's response ({what})",
        "a proxy or a sign-in page is in between: let this machine reach graph.microsoft.com and "
        "login.microsoftonline.com directly, or set HTTPS_PROXY",
    )


def _error_detail(code: str, message: str) -> str:
    detail = ": ".join(filter(None, (code, _shorten(message))))
    return f" ({detail})" if detail else ""


def _shorten(text: str) -> str:
    """The first line, without trace ids, cut to a readable length."""
    line = " ".join(REDACTION.redact(text).partition("Trace ID")[0].split())
    return line if len(line) <= _MAX_TEXT_LENGTH else f"{line[: _MAX_TEXT_LENGTH - 1]}…"

"""Faults of a mailbox: each changes or replaces the correct response."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from graph.replies import Reply, error_reply, html_reply, json_reply

Fault = Callable[[Reply], Reply]


def throttled(after: str | None = "1") -> Fault:
    """429 in Outlook's words. after: seconds, an HTTP date, or None for no Retry-After."""
    wait = {} if after is None else {"Retry_After": after}
    words = "Application is over its MailboxConcurrency limit."
    return always(error_reply(429, "ApplicationThrottled", words, **wait))


def unavailable(status: int = 503, after: str | None = None) -> Fault:
    wait = {} if after is None else {"Retry_After": after}
    return always(
        error_reply(status, "ServiceUnavailable", "The service is temporarily unavailable.", **wait)
    )


def unauthorized() -> Fault:
    """401 for this response, whatever the token."""
    words = "Lifetime validation failed, the token is expired."
    return always(error_reply(401, "InvalidAuthenticationToken", words, WWW_Authenticate='Bearer realm=""'))


def denied(policy: bool = False) -> Fault:
    """403 of Exchange; with `policy` in the words of a mailbox policy."""
    words = "Access to OData is disabled." if policy else "Access is denied. Check credentials and try again."
    return always(error_reply(403, "ErrorAccessDenied", words))


def no_mailbox() -> Fault:
    """404: the user is known, the mailbox is not in Exchange Online."""
    words = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
    return always(error_reply(404, "MailboxNotEnabledForRESTAPI", words))


def reset() -> Fault:
    return lambda correct: replace(correct, conduct="reset")


def hang() -> Fault:
    return lambda correct: replace(correct, conduct="hang")


def drip(seconds: float = 0.05) -> Fault:
    """The correct response, a few bytes at a time."""
    return lambda correct: replace(correct, drip=seconds)


def truncated_json() -> Fault:
    """The response stops in the middle, with a Content-Length of that part."""
    return lambda correct: replace(correct, body=correct.body[: len(correct.body) * 2 // 3])


def cut_connection(missing: int = 1000) -> Fault:
    """The response stops in the middle, with the Content-Length of the whole."""
    return lambda correct: replace(correct, cut=missing)


def web_page(status: int = 200) -> Fault:
    """A sign-in page or a gateway's page for people."""
    return always(html_reply(status, "Sign in to your account" if status < 400 else "Bad gateway"))


def error_text(status: int = 502) -> Fault:
    """`{"error": "text"}`, as proxies write it."""
    return always(json_reply({"error": "upstream connect error"}, status))


def malformed_page(content: Any) -> Fault:
    """JSON, but no page of events: a list, null, `{"value": null}`."""
    return always(json_reply(content))


def redirect(to: str = "https://elsewhere.example/") -> Fault:
    return always(Reply(302, b"", {"Location": to}))


def always(reply: Reply) -> Fault:
    return lambda correct: reply


FAULTS_BY_NAME: Mapping[str, Callable[[], Fault]] = {
    "429": lambda: throttled("1"),
    "429-date": lambda: throttled("Mon, 16 Nov 2026 04:15:02 GMT"),
    "429-bare": lambda: throttled(None),
    "503": unavailable,
    "401": unauthorized,
    "403": denied,
    "403-policy": lambda: denied(policy=True),
    "404": no_mailbox,
    "reset": reset,
    "hang": hang,
    "drip": drip,
    "truncated": truncated_json,
    "cut": cut_connection,
    "html": web_page,
    "html-502": lambda: web_page(502),
    "error-text": error_text,
    "odd-page": lambda: malformed_page([]),
    "redirect": redirect,
}
"""By the names that the command line accepts."""

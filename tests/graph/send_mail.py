"""sendMail: accepts a mail as MIME (base64) or as JSON, and stores it."""

import base64
import binascii
import email
import json
from email.message import EmailMessage
from email.policy import SMTP
from typing import cast

from graph.mailboxes import EmulatedMailbox
from graph.replies import Reply, Request, graph_error

LARGEST = 4_000_000


def send_mail(box: EmulatedMailbox, request: Request) -> Reply:
    """202 and an empty body, or an error in Graph's words (raised as GraphError)."""
    if len(request.body) > LARGEST:
        raise graph_error(413, "RequestEntityTooLarge", "The request exceeds the maximum size of 4 MB.")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind == "text/plain":
        message = _from_mime(request.body)
    elif kind == "application/json":
        message = _from_json(request.body)
    else:
        words = f"Unsupported content type '{kind}': application/json or text/plain is wanted."
        raise graph_error(415, "UnsupportedMediaType", words)
    if not any(str(message.get(name, "")).strip() for name in ("To", "Cc", "Bcc")):
        raise graph_error(400, "ErrorInvalidRecipients", "At least one recipient isn't valid.")
    box.sent.append(message)
    return Reply(202)


def _from_mime(body: bytes) -> EmailMessage:
    try:
        raw = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        words = "Invalid base64 string for MIME content."
        raise graph_error(400, "ErrorMimeContentInvalidBase64String", words) from None
    message = cast(EmailMessage, email.message_from_bytes(raw, policy=SMTP))
    if not message.keys():
        raise graph_error(400, "ErrorMimeContentInvalid", "Invalid MIME content.")
    return message


def _from_json(body: bytes) -> EmailMessage:
    try:
        given = json.loads(body)["message"]
        message = EmailMessage(policy=SMTP)
        message["Subject"] = given.get("subject", "")
        to = [one["emailAddress"]["address"] for one in given.get("toRecipients", [])]
        if to:
            message["To"] = ", ".join(to)
        content = given.get("body", {"contentType": "text", "content": ""})
        message.set_content(
            content["content"], subtype="html" if content["contentType"].casefold() == "html" else "plain"
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        words = "Unable to read JSON request payload: it must be of valid JSON format."
        raise graph_error(400, "BadRequest", words) from None
    return message

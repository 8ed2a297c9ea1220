"""Removes tokens and secrets from the log records of O365, msal, urllib3 and requests, at every level."""

import logging
import re
from collections import deque

_PATTERNS = (
    re.compile(r"(Bearer\s+)[^\s'\",}]+", re.IGNORECASE),
    re.compile(
        r"((?:access_token|refresh_token|id_token|client_secret|client_assertion|assertion)\b[\"']?\s*[:=]\s*b?[\"']?)[^\s\"'&,}]+"
    ),
    re.compile(r"()eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"),
)
_LIBRARIES = ("O365", "msal", "urllib3", "requests")
_REPLACEMENT = "[hidden]"


class SecretFilter(logging.Filter):
    """Replaces what looks like a credential, and every text passed to `hide`."""

    def __init__(self) -> None:
        super().__init__()
        self._secrets: deque[str] = deque(maxlen=64)

    def hide(self, secret: str) -> None:
        """Replace this text in every later record."""
        if len(secret) >= 4 and secret not in self._secrets:
            self._secrets.append(secret)

    def redact(self, text: str) -> str:
        """The text with its secrets replaced."""
        for secret in self._secrets:
            text = text.replace(secret, _REPLACEMENT)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\1{_REPLACEMENT}", text)
        return text

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact a record; none is dropped."""
        message = record.getMessage()
        redacted = self.redact(message)
        if redacted != message:
            record.msg, record.args = redacted, ()
        return True


REDACTION = SecretFilter()


def install_secret_filter() -> None:
    """Add the filter to every logger of these libraries: that of a parent is not applied to its children."""
    known = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in _LIBRARIES]
    for name in {*_LIBRARIES, *known}:
        logging.getLogger(name).addFilter(REDACTION)  # has no effect if it is there already

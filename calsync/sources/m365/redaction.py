"""Keeps tokens and secrets out of the logs of the libraries that handle them, at every level."""

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
    """Replaces what looks like a credential, and every credential passed to `hide`, whatever its form."""

    def __init__(self) -> None:
        super().__init__()
        self._secrets: deque[str] = deque(maxlen=64)

    def hide(self, secret: str) -> None:
        """Remove this text from every later record."""
        if len(secret) >= 4 and secret not in self._secrets:
            self._secrets.append(secret)

    def redact(self, text: str) -> str:
        """The text without its secrets."""
        for secret in self._secrets:
            text = text.replace(secret, _REPLACEMENT)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\1{_REPLACEMENT}", text)
        return text

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, cleaned."""
        message = record.getMessage()
        cleaned = self.redact(message)
        if cleaned != message:
            record.msg, record.args = cleaned, ()
        return True


REDACTION = SecretFilter()


def install_secret_filter() -> None:
    """Put the filter on every logger of these libraries: one on the parent does not see what a child logs."""
    known = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in _LIBRARIES]
    for name in {*_LIBRARIES, *known}:
        logging.getLogger(name).addFilter(REDACTION)  # adds it once

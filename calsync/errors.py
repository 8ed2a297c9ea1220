"""The exceptions of calsync.

    CalsyncError
    ├── ConfigError               settings or arguments are wrong; contains every fault; exit code 2
    │   └── RulePackError         a rule pack cannot be used
    ├── SourceError               one calendar could not be read; the night continues
    │   ├── SourceAuthError       login or permission was refused: do not retry
    │   ├── SourceUnavailableError  the server did not answer: a retry may succeed
    │   ├── SourceContentError    the answer is not a calendar
    │   └── CalendarEmptiedError  the calendar had meetings and is now empty: stored meetings are retained
    ├── StoreError                the store cannot be read or written; the night stops
    ├── MailError                 one mail was not sent
    │   ├── MailRefusedError      the server rejects this mail: do not retry
    │   ├── MailUnavailableError  the server did not take the mail now: retry later
    │   ├── MailAuthError         the server takes no mail at all: stop the batch
    │   └── MailUnknownError      the mail may have been sent: do not send it again
    ├── ExportError               a table could not be written
    └── PluginError               a plug-in failed; the error names it

`what` describes the error and `hint` what to do about it. The object of the error (a calendar, a recipient,
a plug-in) is an attribute, so that a report prints it once. `app`, `cli`, the scheduler and the outbox catch
these exceptions.
"""

from collections.abc import Sequence

from calsync.model.problem import Problem


class CalsyncError(Exception):
    """The base class of all errors that calsync raises; `hint` describes what to do."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what} ({self.hint})" if self.hint else self.what

    def __reduce__(self) -> tuple[object, ...]:
        # Worker processes send errors back pickled. By default pickle calls __init__ with self.args, which
        # subclasses with other parameters do not accept.
        return _rebuild_error, (type(self), self.args, self.__dict__)


def _rebuild_error(
    kind: type[CalsyncError], args: tuple[object, ...], attributes: dict[str, object]
) -> CalsyncError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


class ConfigError(CalsyncError):
    """Settings or arguments cannot be used; `problems` lists every fault."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class RulePackError(ConfigError):
    """A rule pack cannot be used."""


class SourceError(CalsyncError):
    """One calendar could not be read; its stored meetings are unchanged."""

    def __init__(self, calendar: str, what: str, hint: str = "") -> None:
        super().__init__(what, hint)
        self.calendar = calendar


class SourceAuthError(SourceError):
    """The source refused the credentials or the access to this calendar; a retry does not help."""


class SourceUnavailableError(SourceError):
    """The source did not answer in time or is busy; a retry may succeed."""


class SourceContentError(SourceError):
    """The answer of the source cannot be read as a complete calendar."""


class CalendarEmptiedError(SourceError):
    """A calendar that had meetings is now empty, which may be a fault: its stored meetings are retained."""


class StoreError(CalsyncError):
    """The store cannot be read or written; the night stops."""


class MailError(CalsyncError):
    """One mail was not sent."""

    def __init__(self, recipient: str, what: str, hint: str = "") -> None:
        super().__init__(what, hint)
        self.recipient = recipient


class MailRefusedError(MailError):
    """The server rejects this mail; a retry does not help."""


class MailUnavailableError(MailError):
    """The server did not take this mail now; a retry may succeed.

    retry_after: seconds to wait, as requested by the server; 0.0 if it requested nothing.
    is_server_reached: False if no server answered at all.
    """

    def __init__(
        self,
        recipient: str,
        what: str,
        hint: str = "",
        *,
        retry_after: float = 0.0,
        is_server_reached: bool = True,
    ) -> None:
        super().__init__(recipient, what, hint)
        self.retry_after = retry_after
        self.is_server_reached = is_server_reached


class MailAuthError(MailError):
    """The server takes no mail at all (login, sender or certificate); the batch stops."""


class MailUnknownError(MailError):
    """The mail was transmitted without an answer that it was accepted; it is not sent again."""


class ExportError(CalsyncError):
    """A table could not be written."""


class PluginError(CalsyncError):
    """A plug-in failed; `distribution` is the package that provides it."""

    def __init__(self, distribution: str, what: str, hint: str = "") -> None:
        super().__init__(what, hint)
        self.distribution = distribution


class CalsyncWarning(UserWarning):
    """A problem that did not end a call of the Python API, such as an event that could not be read."""

"""Everything that calsync raises on purpose.

    CalsyncError
    ├── ConfigError               settings or arguments are wrong; all faults at once; exit 2
    │   └── RulePackError         a pack of rules cannot be used
    ├── SourceError               one calendar could not be read; the night goes on
    │   ├── SourceAuthError       the door is locked: do not retry
    │   ├── SourceUnavailableError  the server did not answer: worth another try
    │   ├── SourceContentError    it answered with something that is no calendar
    │   └── CalendarEmptiedError  it had meetings and now shows none: we keep what we have
    ├── StoreError                what we hold cannot be read or written; the night stops
    ├── MailError                 one mail was not sent
    │   ├── MailRefusedError      the server will never take it: do not retry
    │   ├── MailUnavailableError  it may take it later
    │   ├── MailAuthError         the server lets us send nothing at all: stop the whole batch
    │   └── MailUnknownError      it may have taken it, or not: do not send it again
    ├── ExportError               a table could not be written
    └── PluginError               somebody else's plug-in broke; it is named

A message says what is wrong; `hint` says what to do about it. What the error concerns is an
attribute, so that a report can print it once. Only `nightly` and `cli` catch these.
"""

from collections.abc import Sequence

from calsync.model.problem import Problem


class CalsyncError(Exception):
    """Something calsync expected might go wrong, with the way out in `hint`."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what} ({self.hint})" if self.hint else self.what

    def __reduce__(self) -> tuple[object, ...]:
        # Errors travel from the processes that read calendars; Python would call our __init__ wrongly.
        return _rebuild_error, (type(self), self.args, self.__dict__)


def _rebuild_error(
    kind: type[CalsyncError], args: tuple[object, ...], attributes: dict[str, object]
) -> CalsyncError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


class ConfigError(CalsyncError):
    """Settings or arguments cannot be used; `problems` lists every fault at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class RulePackError(ConfigError):
    """A pack of rules cannot be used."""


class SourceError(CalsyncError):
    """One calendar could not be read; what we held of it stays as it was."""

    def __init__(self, calendar: str, what: str, hint: str = "") -> None:
        super().__init__(what, hint)
        self.calendar = calendar


class SourceAuthError(SourceError):
    """The source refused our credentials or our right to this calendar; a retry will not help."""


class SourceUnavailableError(SourceError):
    """The source did not answer in time or said that it is busy; a later try may work."""


class SourceContentError(SourceError):
    """The source answered with something that cannot be read as a whole calendar."""


class CalendarEmptiedError(SourceError):
    """A calendar that held meetings now shows none; doubted, and what we held is kept."""


class StoreError(CalsyncError):
    """What calsync holds cannot be read or written; the night stops."""


class MailError(CalsyncError):
    """One mail was not sent."""

    def __init__(self, recipient: str, what: str, hint: str = "") -> None:
        super().__init__(what, hint)
        self.recipient = recipient


class MailRefusedError(MailError):
    """The server will never take this mail; do not retry."""


class MailUnavailableError(MailError):
    """The server did not take this mail now; a later try may work.

    after: seconds the server asked us to wait. reached: False if no server answered at all.
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
    """The server lets us send nothing at all (login, sender or certificate); no mail of the batch will go."""


class MailUnknownError(MailError):
    """The mail was handed over and nobody said whether it was taken: it is not sent again."""


class ExportError(CalsyncError):
    """A table could not be written."""


class PluginError(CalsyncError):
    """A plug-in broke; `distribution` says whose it is."""

    def __init__(self, distribution: str, what: str, hint: str = "") -> None:
        super().__init__(what, hint)
        self.distribution = distribution


class CalsyncWarning(UserWarning):
    """A problem that did not end a call of the Python API, such as an event that could not be read."""

"""Opens what the settings name: rules, sources and the transport for mail."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from calsync.config.settings import Settings
from calsync.config.settings import store_url as store_url
from calsync.errors import ConfigError
from calsync.mail.smtp import SmtpTransport
from calsync.mail.transport import FolderTransport, Transport
from calsync.model.people import Manager
from calsync.model.problem import Problem
from calsync.rules.book import RuleBook
from calsync.rules.packs.load import load_rules
from calsync.sources.base import Source
from calsync.sources.registry import open_source


def open_rules(settings: Settings) -> tuple[RuleBook, tuple[Problem, ...]]:
    """Load the packs and the own folder that the settings name; return the rules and their problems."""
    folder = settings.rules.folder
    return load_rules(settings.rules.packs, settings.resolve(folder) if folder else None)


@contextmanager
def open_sources(settings: Settings, managers: tuple[Manager, ...]) -> Iterator[dict[str, Source]]:
    """Open the sources that managers use, by name; closed at the end. Raises ConfigError with all faults."""
    opened = open_named_sources(settings, source_names(managers))
    with ExitStack() as stack:
        for source in opened.values():
            stack.callback(source.close)
        yield opened


def source_names(managers: Iterable[Manager]) -> tuple[str, ...]:
    """Return the names of the sources that some manager uses, sorted."""
    return tuple(sorted({manager.source for manager in managers}))


def open_named_sources(settings: Settings, names: Iterable[str]) -> dict[str, Source]:
    """Open sources; the caller closes them. Raises ConfigError with all faults, and then leaves none open."""
    problems: list[Problem] = []
    opened: dict[str, Source] = {}
    for name in names:
        try:
            opened[name] = open_source(name, settings.sources[name], base=settings.file.parent)
        except ConfigError as error:
            problems += error.problems
    if problems:
        for source in opened.values():
            source.close()
        raise ConfigError(problems)
    return opened


@contextmanager
def open_transport(settings: Settings) -> Iterator[Transport]:
    """Open the transport for mails that the settings name; closed at the end."""
    transport = _build_transport(settings)
    try:
        yield transport
    finally:
        transport.close()


def _build_transport(settings: Settings) -> Transport:
    mail = settings.mail
    if mail.transport == "folder":
        return FolderTransport(settings.resolve(mail.folder))
    if mail.transport == "smtp":
        return SmtpTransport(
            mail.host,
            mail.port,
            security=mail.security,
            username=mail.username,
            password=_read_secret(mail.password_env),
            timeout=mail.timeout,
            ca_file=settings.resolve(mail.ca_file) if mail.ca_file else None,
        )
    return _build_m365_transport(settings)


def _build_m365_transport(settings: Settings) -> Transport:
    # Imported here, because it imports O365, which those who send by SMTP do not need.
    from calsync.mail.m365 import M365Transport
    from calsync.sources.m365.source import M365Source

    name, tables = settings.mail.source, settings.sources
    source = open_source(name, tables[name], base=settings.file.parent) if name in tables else None
    if not isinstance(source, M365Source):
        hint = "name the source of type m365 whose application sends"
        raise ConfigError([Problem("calsync.toml [mail] source", f"no m365 source is called {name!r}", hint)])
    return M365Transport(source.options, sender=settings.mail.sender)


def _read_secret(variable: str) -> str:
    if not variable:
        return ""
    if variable not in os.environ:
        where = "calsync.toml [mail] password_env"
        raise ConfigError([Problem(where, f"the environment has no {variable}", "set it for this service")])
    return os.environ[variable]

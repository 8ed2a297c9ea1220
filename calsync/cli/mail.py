"""`calsync mail`: lists mails of the outbox, sends one again, or closes one by hand."""

import getpass
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated

import typer

from calsync.cli.app import DEFAULT_CONFIG, ConfigOption, OutputFormat, app, now, print_problems
from calsync.cli.terminal import bold, dim, out, red, write_json
from calsync.config.load import load_settings
from calsync.config.settings import Settings, store_url
from calsync.errors import StoreError
from calsync.mail.open_mails import find_mail, is_overdue, short_ids
from calsync.store.database import open_store
from calsync.store.records import MailState, OutboxEntry
from calsync.text import format_count

mail_app = typer.Typer(
    help="Mails that wait, failed or may not have arrived. Example: `calsync mail list`", no_args_is_help=True
)
app.add_typer(mail_app, name="mail")

_MAX_SHOWN = 20
MailArgument = Annotated[
    str, typer.Argument(metavar="ID", help="As `calsync mail list` shows it; its first letters are enough.")
]
ByOption = Annotated[
    str, typer.Option("--by", metavar="NAME", help="Who does this; your user name if left out.")
]


@mail_app.command("list")
def list_mails(
    states: Annotated[
        list[MailState] | None,
        typer.Option("--state", help="Only mails in this state; may be repeated."),
    ] = None,
    form: Annotated[OutputFormat, typer.Option("--format", help="How to print them.")] = OutputFormat.TABLE,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """List mails, newest first: id, state, recipient, tries, when the next try is, what went wrong.

    Example: `calsync mail list --state unknown --state failed`
    """
    settings = load_settings(config)
    with open_store(store_url(settings)) as store:
        entries = store.outbox.entries()
    ids = short_ids(entries)
    shown_entries = [entry for entry in reversed(entries) if not states or entry.state in states]
    if form is OutputFormat.JSON:
        rows = [mail_to_json(entry, ids[entry.mail_id], now()) for entry in shown_entries]
        write_json(json.dumps(rows, indent=2, default=to_json_text) + "\n")
    elif shown_entries:
        _print_mails(shown_entries, ids, settings)
    else:
        out.print("No mails." if not states else "No mails in this state.")


@mail_app.command()
def resend(
    mail: MailArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Send again what was sent already.")] = False,
    by: ByOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Send a mail again now: one that failed, is unknown or was dropped; a sent one with --yes.

    An unknown mail may arrive twice. Example: `calsync mail resend 3f9c`
    """
    from calsync.app.mails import resend_mail, send_waiting

    settings = load_settings(config)
    with open_store(store_url(settings)) as store:
        entry = find_mail(store.outbox.entries(), mail)
        resend_mail(store, entry, now(), by or _user_name(), sent_too=yes)
    try:
        sent = send_waiting(settings, now)
    except StoreError as error:
        out.print(f"{entry.mail_id} is due, and not sent yet: {error.what}")
        raise typer.Exit(1) from error
    print_problems(sent.problems)
    with open_store(store_url(settings)) as store:
        after = find_mail(store.outbox.entries(), entry.mail_id)
    out.print(f"{entry.mail_id}: {after.state}")
    if after.state is not MailState.SENT:
        raise typer.Exit(1)


@mail_app.command()
def resolve(
    mail: MailArgument,
    sent: Annotated[bool, typer.Option("--sent", help="It has arrived.")] = False,
    dropped: Annotated[bool, typer.Option("--dropped", help="It is not to be sent any more.")] = False,
    by: ByOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Close a mail by hand, so that it is never sent again and `status` no longer names it.

    Example: `calsync mail resolve 3f9c --sent --by "Alys Puw"`
    """
    if sent == dropped:
        raise typer.BadParameter("give either --sent or --dropped")
    from calsync.app.mails import resolve_mail

    settings = load_settings(config)
    with open_store(store_url(settings)) as store:
        entry = find_mail(store.outbox.entries(), mail)
        state = MailState.SENT if sent else MailState.DROPPED
        resolve_mail(store, entry, state, now(), by or _user_name())
    out.print(f"{entry.mail_id}: {state} (was {entry.state})")


def print_open_mails(entries: Sequence[OutboxEntry], settings: Settings, moment: datetime) -> None:
    """Print every mail that is not closed, with its age and next try, and a hint if one is overdue."""
    overdue = {entry.mail_id for entry in entries if is_overdue(entry, moment)}
    ids = short_ids(entries)
    ordered = sorted(entries, key=lambda entry: (entry.mail_id not in overdue, entry.queued_at))
    for entry in ordered[:_MAX_SHOWN]:
        is_late = entry.mail_id in overdue
        parts = _describe_mail(entry, settings, moment, is_late=is_late)
        mark = red("●") if is_late else dim("○")
        out.print_line(mark, f" mail {ids[entry.mail_id]} ({entry.mail_id}) {parts}")
    if len(ordered) > _MAX_SHOWN:
        out.print(f"and {format_count(len(ordered) - _MAX_SHOWN, 'more mail')}: calsync mail list")
    if overdue:
        out.print(dim("→ calsync mail list, then calsync mail resend ID or calsync mail resolve ID"))


def _describe_mail(entry: OutboxEntry, settings: Settings, moment: datetime, *, is_late: bool) -> str:
    """Describe state, age, tries and next try of a mail."""
    parts = [f"is {entry.state}, {_format_age(moment - entry.queued_at)} old", _describe_attempts(entry)]
    if entry.state is MailState.PENDING:
        parts.append(f"next try {_format_local_time(entry.next_at, settings)}")
        if is_late:
            parts.append("overdue")
    return ", ".join(parts) + (f": {entry.what}" if entry.what else "")


def _describe_attempts(entry: OutboxEntry) -> str:
    return f"tried {format_count(entry.attempts, 'time')}"


def _format_age(age: timedelta) -> str:
    for name, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1))):
        if age >= length:
            return format_count(age // length, name)
    return format_count(max(age // timedelta(minutes=1), 0), "minute")


def _print_mails(entries: Sequence[OutboxEntry], ids: dict[str, str], settings: Settings) -> None:
    """Print two or more lines for each mail: a table would be wider than most terminals."""
    for entry in entries:
        short = bold(ids[entry.mail_id])
        out.print_line(short, f"  {entry.state:8} {entry.mail_id} to {entry.recipient}")
        times = [f"queued {_format_local_time(entry.queued_at, settings)}", _describe_attempts(entry)]
        if entry.state is MailState.PENDING:
            times.append(f"next try {_format_local_time(entry.next_at, settings)}")
        if entry.sent_at:
            times.append(f"sent {_format_local_time(entry.sent_at, settings)}")
        actions = [f"{a.action} by {a.by}, {_format_local_time(a.at, settings)}" for a in entry.actions]
        for line in (", ".join(times), entry.what, *actions):
            if line:
                out.print(f"          {line}")


def mail_to_json(entry: OutboxEntry, short: str, moment: datetime) -> dict[str, object]:
    """Return the JSON object of a mail."""
    return {"id": short, **asdict(entry), "overdue": is_overdue(entry, moment)}


def to_json_text(value: object) -> str:
    """Convert a value that JSON has no type for to text; times by ISO 8601."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _format_local_time(moment: datetime, settings: Settings) -> str:
    return moment.astimezone(settings.organisation.zone).strftime("%Y-%m-%d %H:%M")


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without an entry in the list of users
        return "unknown"

"""`calsync correct`: a person's word about a meeting, kept, listed, withdrawn."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from fractions import Fraction
from typing import Annotated

import typer
from rich.table import Table

from calsync.cli.app import DEFAULT_CONFIG, ConfigOption, app, now, usable_managers
from calsync.cli.terminal import dim, out
from calsync.config.load import load_settings
from calsync.config.settings import Settings
from calsync.errors import ConfigError
from calsync.model.classification import Activity, Classification, Kind, Scope
from calsync.model.correction import Correction, Said
from calsync.model.meeting import Meeting
from calsync.model.people import Manager
from calsync.model.problem import Problem
from calsync.nightly import correcting
from calsync.nightly.correcting import Effect
from calsync.nightly.opening import open_rules, store_url
from calsync.nightly.plan import worktime_of
from calsync.rules.book import RuleBook
from calsync.store.database import Store, open_store
from calsync.store.lock import night_lock
from calsync.text import count_of
from calsync.validation import near

NO_PARTNERSHIP = "none"
PartnershipOption = Annotated[
    list[str] | None, typer.Option(metavar="ID", help="A partnership, or `none`; may be repeated.")
]
ListOption = Annotated[bool, typer.Option("--list", help="Show every correction; with --uid, its own.")]
WithdrawOption = Annotated[
    int, typer.Option(metavar="N", show_default=False, help="Withdraw the correction of this number.")
]
ShareOption = Annotated[
    float | None, typer.Option(min=0, max=1, help="Of a mixed meeting, the part that is process.")
]


@app.command()
def correct(
    uid: Annotated[str, typer.Option(metavar="U", help="The meeting, by its uid.")] = "",
    at: Annotated[str, typer.Option(metavar="T", help="When it is: one meeting of a series.")] = "",
    series: Annotated[bool, typer.Option("--series", help="The whole series, past and to come.")] = False,
    manager: Annotated[str, typer.Option(metavar="ID", help="Only in this manager's calendar.")] = "",
    activity: Annotated[
        str, typer.Option(metavar="A", help="process, service_improvement, …, or one of a pack's own.")
    ] = "",
    partnership: PartnershipOption = None,
    scope: Annotated[str, typer.Option(metavar="S", help="inter_agency, internal, personal or other.")] = "",
    kind: Annotated[str, typer.Option(metavar="K", help="meeting, preparation or travel.")] = "",
    share: ShareOption = None,
    by: Annotated[str, typer.Option(metavar="NAME", help="Who says so: a manager's id, or a name.")] = "",
    why: Annotated[str, typer.Option(metavar="TEXT", help="What they know.")] = "",
    listed: ListOption = False,
    withdraw: WithdrawOption = 0,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Say what a meeting is: beats every rule, for one meeting or its whole series.

    Example: `calsync correct --uid 7f3a --series --activity process --by "Alys Puw"`
    """
    settings = load_settings(config)
    if listed:
        _list(settings, uid)
        return
    managers = usable_managers(settings)
    _wanted(by=by, uid=uid or withdraw)
    who = _who(by, managers)
    if withdraw:
        with _desk(settings) as store:
            told = correcting.withdraw(store, withdraw, who, now(), managers, worktime_of(settings))
        _tell(*told)
        return
    says = _said(settings, scope, partnership, activity, share, kind)
    with _desk(settings) as store:
        which = _which(store.meetings.find(uid), settings, at=at, series=series)
        given = Correction(uid, says, who, now(), which, _known(manager, managers), why)
        told = correcting.correct(store, given, managers, worktime_of(settings))
    _tell(*told)


@contextmanager
def _desk(settings: Settings) -> Iterator[Store]:
    """The store while no night runs, so that no minutes are reckoned from half of what is known."""
    url = store_url(settings)
    with night_lock(url), open_store(url) as store:
        yield store


_HINTS = {
    "by": 'write who makes this correction: --by "Alys Puw"',
    "uid": "name the meeting: its uid is in `calsync occurrences … --format csv`",
}


def _wanted(**given: object) -> None:
    missing = [Problem(f"--{name}", "is missing", _HINTS[name]) for name, value in given.items() if not value]
    if missing:
        raise ConfigError(missing)


def _who(by: str, managers: Iterable[Manager]) -> str:
    names = {manager.id: manager.name for manager in managers}
    return f"{names[by]} ({by})" if by in names else by


def _known(manager: str, managers: Iterable[Manager]) -> str:
    ids = [one.id for one in managers]
    if manager and manager not in ids:
        raise ConfigError([Problem(f"--manager {manager}", "is on no line of managers", near(manager, ids))])
    return manager


def _said(
    settings: Settings,
    scope: str,
    partnership: list[str] | None,
    activity: str,
    share: float | None,
    kind: str,
) -> Said:
    """What is said, with every word that means nothing named at once."""
    book, _ = open_rules(settings)
    asked = [*(partnership or ())]
    problems = _meaningless(scope, activity, kind, book)
    problems += [
        Problem(f"--partnership {name}", "is no partnership", near(name, sorted(book.partnerships)))
        for name in asked
        if name not in book.partnerships and name != NO_PARTNERSHIP
    ]
    if not (scope or activity or kind or asked) and share is None:
        problems.append(
            Problem("correct", "says nothing", "add --activity, --partnership, --scope or --kind")
        )
    if problems:
        raise ConfigError(problems)
    label = next((one for one in book.labels if _plain(one) == _plain(activity)), None)
    return Said(
        scope=Scope(_plain(scope)) if scope else None,
        partnerships=tuple(name for name in asked if name != NO_PARTNERSHIP) if asked else None,
        activity=book.labels[label] if label else Activity(_plain(activity)) if activity else None,
        process_share=None if share is None else Fraction(share).limit_denominator(1000),
        kind=Kind(_plain(kind)) if kind else None,
        label=label,
    )


def _meaningless(scope: str, activity: str, kind: str, book: RuleBook) -> list[Problem]:
    words: list[tuple[str, str, Iterable[str]]] = [
        ("--scope", scope, Scope),
        ("--activity", activity, [*Activity, *book.labels]),
        ("--kind", kind, Kind),
    ]
    return [
        Problem(f"{option} {word}", f"is no {option[2:]}", near(word.strip(), [str(one) for one in known]))
        for option, word, known in words
        if word and _plain(word) not in map(_plain, known)
    ]


def _plain(word: str) -> str:
    return word.strip().casefold().replace("-", "_").replace(" ", "_")


def _which(found: Sequence[Meeting], settings: Settings, *, at: str, series: bool) -> str | None:
    """The recurrence id of the one meeting that is meant, or None for the series."""
    if at and series:
        raise typer.BadParameter("give either --at or --series")
    if at:
        return correcting.the_one(found, _moment(at, settings))
    if not series and len({m.recurrence_id for m in found}) > 1:
        hint = "say --series, or which one: --at " + found[-1].start.isoformat(timespec="minutes")
        raise ConfigError([Problem(f"--uid {found[0].uid}", "is a series", hint)])
    return None


def _moment(text: str, settings: Settings) -> datetime | date:
    try:
        if len(text) == len("2026-11-03"):
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time; write it as 2026-11-03T10:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=settings.organisation.zone)


def _tell(kept: Correction, effects: Sequence[Effect]) -> None:
    """What changed, one line for each kind of change; what the future brings follows by itself."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("when", "meetings", "calendars of", "meeting", "before", "", "after"):
        table.add_column(name, overflow="fold")
    for (title, private, before, after), alike in _alike(effects).items():
        days = sorted({m.start.strftime("%Y-%m-%d %H:%M") for m in alike})
        when = days[0] if len(days) == 1 else f"{days[0][:10]} to {days[-1][:10]}"
        managers = ", ".join(sorted({m.manager_id for m in alike}))
        shown = dim("(private)") if private else title
        table.add_row(when, str(len(alike)), managers, shown, before, "→", after)
    out.print_table(table)
    changed = sum(effect.before != effect.after for effect in effects)
    deed = f"withdrawn by {kept.withdrawn_by}" if kept.withdrawn else f"{kept.says}, says {kept.by}"
    out.print(f"Correction {kept.number}: {deed}. {changed} of {count_of(len(effects), 'meeting')} changed.")


def _alike(effects: Sequence[Effect]) -> dict[tuple[str, bool, str, str], list[Meeting]]:
    groups: dict[tuple[str, bool, str, str], list[Meeting]] = {}
    for effect in effects:
        meeting = effect.meeting
        title = "" if meeting.private else meeting.title or meeting.uid
        key = (title, meeting.private, _shown(effect.before), _shown(effect.after))
        groups.setdefault(key, []).append(meeting)
    return groups


def _shown(verdict: Classification) -> str:
    kind = "" if verdict.kind is Kind.MEETING else f", {verdict.kind}"
    share = "" if verdict.process_share is None else f" ({float(verdict.process_share):.0%} process)"
    what = verdict.label or (verdict.scope if verdict.activity is Activity.NONE else verdict.activity)
    return f"{' and '.join(verdict.partnerships) or '-'}: {what}{share}{kind}"


def _list(settings: Settings, uid: str) -> None:
    with open_store(store_url(settings)) as store:
        found = store.corrections.all(uid or None)
    if not found:
        out.print("Nobody has corrected anything yet." if not uid else "Nobody has corrected this meeting.")
        return
    for one in found:
        made = one.made.astimezone(settings.organisation.zone).strftime("%Y-%m-%d %H:%M")
        stands = f"withdrawn by {one.withdrawn_by}" if one.withdrawn else "holds"
        was = "; ".join(dict.fromkeys(_shown(verdict) for verdict in one.before))
        out.print(f"{one.number}  {one.uid} [{which(one)}], {stands}")
        why = f" ({one.why})" if one.why else ""
        out.print(f"   {was} → {one.says}, says {one.by}, {made}{why}")


def which(one: Correction) -> str:
    """Which meetings a correction is about, in words."""
    meant = "series" if one.recurrence_id is None else f"meeting {one.recurrence_id}".strip()
    return f"{meant}, only {one.manager_id}'s" if one.manager_id else meant

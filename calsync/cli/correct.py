"""`calsync correct`: adds, lists and withdraws corrections of meetings by people."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from fractions import Fraction
from typing import Annotated

import typer
from rich.table import Table

from calsync.app import corrections
from calsync.app.corrections import CorrectionEffect
from calsync.app.plan import worktime_of
from calsync.app.wiring import open_rules, store_url
from calsync.cli.app import DEFAULT_CONFIG, ConfigOption, app, load_usable_managers, now
from calsync.cli.terminal import dim, out
from calsync.config.load import load_settings
from calsync.config.settings import Settings
from calsync.errors import ConfigError
from calsync.model.classification import Activity, Classification, MeetingKind, Scope
from calsync.model.correction import Correction, CorrectionFields
from calsync.model.meeting import Meeting
from calsync.model.people import Manager
from calsync.model.problem import Problem
from calsync.rules.book import RuleBook
from calsync.store.database import Store, open_store
from calsync.store.lock import night_lock
from calsync.text import format_count
from calsync.validation import suggest_word

NO_PARTNERSHIP_WORD = "none"
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
    by: Annotated[str, typer.Option(metavar="NAME", help="Who corrects it: a manager's id, or a name.")] = "",
    why: Annotated[str, typer.Option(metavar="TEXT", help="The reason.")] = "",
    listed: ListOption = False,
    withdraw: WithdrawOption = 0,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Set what a meeting is: overrides every rule, for one meeting or its whole series.

    Example: `calsync correct --uid 7f3a --series --activity process --by "Alys Puw"`
    """
    settings = load_settings(config)
    if listed:
        _print_corrections(settings, uid)
        return
    managers = load_usable_managers(settings)
    _check_required(by=by, uid=uid or withdraw)
    author = _author_name(by, managers)
    if withdraw:
        with _locked_store(settings) as store:
            correction_and_effects = corrections.withdraw_correction(
                store, withdraw, author, now(), managers, worktime_of(settings)
            )
        _print_effects(*correction_and_effects)
        return
    fields = _correction_fields(settings, scope, partnership, activity, share, kind)
    with _locked_store(settings) as store:
        recurrence_id = _select_recurrence_id(store.meetings.find_by_uid(uid), settings, at=at, series=series)
        correction = Correction(
            uid, fields, author, now(), recurrence_id, _check_manager_id(manager, managers), why
        )
        correction_and_effects = corrections.add_correction(
            store, correction, managers, worktime_of(settings)
        )
    _print_effects(*correction_and_effects)


@contextmanager
def _locked_store(settings: Settings) -> Iterator[Store]:
    """Open the store while no night runs, so that no minutes are computed from a partly updated store."""
    url = store_url(settings)
    with night_lock(url), open_store(url) as store:
        yield store


_REQUIRED_HINTS = {
    "by": 'write who makes this correction: --by "Alys Puw"',
    "uid": "name the meeting: its uid is in `calsync occurrences … --format csv`",
}


def _check_required(**given: object) -> None:
    missing = [
        Problem(f"--{name}", "is missing", _REQUIRED_HINTS[name])
        for name, value in given.items()
        if not value
    ]
    if missing:
        raise ConfigError(missing)


def _author_name(by: str, managers: Iterable[Manager]) -> str:
    names = {manager.id: manager.name for manager in managers}
    return f"{names[by]} ({by})" if by in names else by


def _check_manager_id(manager: str, managers: Iterable[Manager]) -> str:
    ids = [listed.id for listed in managers]
    if manager and manager not in ids:
        raise ConfigError(
            [Problem(f"--manager {manager}", "is not in the list of managers", suggest_word(manager, ids))]
        )
    return manager


def _correction_fields(
    settings: Settings,
    scope: str,
    partnership: list[str] | None,
    activity: str,
    share: float | None,
    kind: str,
) -> CorrectionFields:
    """Parse the fields of a correction; raise ConfigError with all unknown values at once."""
    book, _ = open_rules(settings)
    partnership_ids = [*(partnership or ())]
    problems = _unknown_word_problems(scope, activity, kind, book)
    problems += [
        Problem(
            f"--partnership {name}", "is not a partnership", suggest_word(name, sorted(book.partnerships))
        )
        for name in partnership_ids
        if name not in book.partnerships and name != NO_PARTNERSHIP_WORD
    ]
    if not (scope or activity or kind or partnership_ids) and share is None:
        problems.append(
            Problem("correct", "contains no change", "add --activity, --partnership, --scope or --kind")
        )
    if problems:
        raise ConfigError(problems)
    label = next((name for name in book.labels if _normalise_word(name) == _normalise_word(activity)), None)
    return CorrectionFields(
        scope=Scope(_normalise_word(scope)) if scope else None,
        partnerships=tuple(name for name in partnership_ids if name != NO_PARTNERSHIP_WORD)
        if partnership_ids
        else None,
        activity=book.labels[label] if label else Activity(_normalise_word(activity)) if activity else None,
        process_share=None if share is None else Fraction(share).limit_denominator(1000),
        kind=MeetingKind(_normalise_word(kind)) if kind else None,
        label=label,
    )


def _unknown_word_problems(scope: str, activity: str, kind: str, book: RuleBook) -> list[Problem]:
    words: list[tuple[str, str, Iterable[str]]] = [
        ("--scope", scope, Scope),
        ("--activity", activity, [*Activity, *book.labels]),
        ("--kind", kind, MeetingKind),
    ]
    return [
        Problem(
            f"{option} {word}",
            f"is not a known {option[2:]}",
            suggest_word(word.strip(), list(map(str, known))),
        )
        for option, word, known in words
        if word and _normalise_word(word) not in map(_normalise_word, known)
    ]


def _normalise_word(word: str) -> str:
    return word.strip().casefold().replace("-", "_").replace(" ", "_")


def _select_recurrence_id(
    meetings: Sequence[Meeting], settings: Settings, *, at: str, series: bool
) -> str | None:
    """Return the recurrence id of the meeting that the options select, or None for the series."""
    if at and series:
        raise typer.BadParameter("give either --at or --series")
    if at:
        return corrections.find_recurrence_id(meetings, _parse_moment(at, settings))
    if not series and len({m.recurrence_id for m in meetings}) > 1:
        hint = "add --series, or the time of one meeting: --at " + meetings[-1].start.isoformat(
            timespec="minutes"
        )
        raise ConfigError([Problem(f"--uid {meetings[0].uid}", "is a series", hint)])
    return None


def _parse_moment(text: str, settings: Settings) -> datetime | date:
    try:
        if len(text) == len("2026-11-03"):
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a time; write it as 2026-11-03T10:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=settings.organisation.zone)


def _print_effects(correction: Correction, effects: Sequence[CorrectionEffect]) -> None:
    """Print the changes of stored meetings, one line for each kind of change."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("when", "meetings", "calendars of", "meeting", "before", "", "after"):
        table.add_column(name, overflow="fold")
    for (title, private, before, after), alike in _group_effects(effects).items():
        days = sorted({m.start.strftime("%Y-%m-%d %H:%M") for m in alike})
        when = days[0] if len(days) == 1 else f"{days[0][:10]} to {days[-1][:10]}"
        managers = ", ".join(sorted({m.manager_id for m in alike}))
        shown = dim("(private)") if private else title
        table.add_row(when, str(len(alike)), managers, shown, before, "→", after)
    out.print_table(table)
    changed = sum(effect.before != effect.after for effect in effects)
    action = (
        f"withdrawn by {correction.withdrawn_by}"
        if correction.withdrawn
        else f"{correction.fields}, by {correction.author}"
    )
    meetings = format_count(len(effects), "meeting")
    out.print(f"Correction {correction.number}: {action}. {changed} of {meetings} changed.")


def _group_effects(effects: Sequence[CorrectionEffect]) -> dict[tuple[str, bool, str, str], list[Meeting]]:
    groups: dict[tuple[str, bool, str, str], list[Meeting]] = {}
    for effect in effects:
        meeting = effect.meeting
        title = "" if meeting.private else meeting.title or meeting.uid
        key = (
            title,
            meeting.private,
            _format_classification(effect.before),
            _format_classification(effect.after),
        )
        groups.setdefault(key, []).append(meeting)
    return groups


def _format_classification(classification: Classification) -> str:
    kind = "" if classification.kind is MeetingKind.MEETING else f", {classification.kind}"
    process_share = classification.process_share
    share = "" if process_share is None else f" ({float(process_share):.0%} process)"
    # Without a partnership activity, the scope is more specific: internal, personal or other.
    is_none = classification.activity is Activity.NONE
    what = classification.label or (classification.scope if is_none else classification.activity)
    return f"{' and '.join(classification.partnerships) or '-'}: {what}{share}{kind}"


def _print_corrections(settings: Settings, uid: str) -> None:
    with open_store(store_url(settings)) as store:
        listed = store.corrections.list_all(uid or None)
    if not listed:
        out.print("There are no corrections." if not uid else "There are no corrections of this meeting.")
        return
    for correction in listed:
        made_at = correction.made_at.astimezone(settings.organisation.zone).strftime("%Y-%m-%d %H:%M")
        state = f"withdrawn by {correction.withdrawn_by}" if correction.withdrawn else "in force"
        before = "; ".join(dict.fromkeys(map(_format_classification, correction.previous_classifications)))
        out.print(f"{correction.number}  {correction.uid} [{describe_target(correction)}], {state}")
        reason = f" ({correction.reason})" if correction.reason else ""
        out.print(f"   {before} → {correction.fields}, by {correction.author}, {made_at}{reason}")


def describe_target(correction: Correction) -> str:
    """Describe the meetings that a correction is about."""
    recurrence_id = correction.recurrence_id
    target = "series" if recurrence_id is None else f"meeting {recurrence_id}".strip()
    return f"{target}, only {correction.manager_id}'s" if correction.manager_id else target

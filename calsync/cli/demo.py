"""`calsync demo`: runs a night for a fictional council, offline, and prints the files to open."""

from datetime import datetime, time
from email import message_from_bytes, policy
from pathlib import Path
from typing import Annotated

import typer

from calsync.app.exports import release_split
from calsync.app.night import run_night
from calsync.app.plan import window_days
from calsync.app.wiring import store_url
from calsync.cli.app import app, report_write_errors
from calsync.cli.run import print_report, progress_bar
from calsync.cli.terminal import bold, out
from calsync.config.load import load_settings
from calsync.config.settings import Settings
from calsync.demo.write import DEMO_DAY, write_demo
from calsync.errors import ExportError
from calsync.exports.writing import write_table
from calsync.private_files import replace_private_file
from calsync.store.database import open_store
from calsync.store.records import RunState


@app.command()
def demo(
    to: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write into.")] = Path("demo"),
) -> None:
    """Run a night for a fictional council of 12 managers, offline, and name the files to open.

    Example: `calsync demo --to demo`
    """
    with report_write_errors(to):
        config = write_demo(to)
    settings = load_settings(config)
    at = datetime.combine(DEMO_DAY, time(4, 15), settings.organisation.zone)
    with progress_bar() as progress:
        report = run_night(config, DEMO_DAY, now=lambda: at, progress=progress)
    print_report(report)
    mail = _longest_mail(settings)
    table, note = _write_hr_table(settings)
    files = (
        (mail, "a manager's weekly mail, in English and Welsh"),
        (_write_summary_page(mail), "the same as a page, for a browser"),
        (table, "HR's table: hours by partnership and activity, with cost"),
    )
    out.print()
    out.print("Open these first:")
    for path, what in files:
        out.print_line("  ", bold(path), f"  {what}")
    if note:
        out.print(note)
    if report.outcome is not RunState.GOOD:
        raise typer.Exit(1)


def _longest_mail(settings: Settings) -> Path:
    """Return the longest mail: it is in two languages, about a busy week."""
    return max(settings.resolve(settings.mail.folder).glob("*.eml"), key=lambda path: path.stat().st_size)


def _write_summary_page(mail: Path) -> Path:
    body = message_from_bytes(mail.read_bytes(), policy=policy.default).get_body(("html",))
    page = mail.parent.parent / "summary.html"
    with replace_private_file(page) as file:
        file.write((body.get_content() if body else "").encode())
    return page


def _write_hr_table(settings: Settings) -> tuple[Path, str]:
    """Write HR's table as a workbook, or as CSV and with a note if XlsxWriter is not installed."""
    first, _ = window_days(settings, DEMO_DAY)
    last = DEMO_DAY
    with open_store(store_url(settings)) as store:
        table = release_split(settings, store, first, last).table
    workbook, plain = (settings.file.parent / name for name in ("split.xlsx", "split.csv"))
    try:
        write_table(table, workbook)
    except ExportError as error:
        write_table(table, plain)
        return plain, f"Left out: {workbook.name}: {error.what} → {error.hint}"
    return workbook, ""

"""A small night whose whole outcome is compared with golden files: the minutes and the mail."""

from email import message_from_bytes, policy
from pathlib import Path

from support.night_council import mail_files, run_test_night, vcalendar, vevent, write_council
from typer.testing import CliRunner

from calsync.cli import app

GOLDEN = Path(__file__).parent / "golden"
NHS = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:x@wales.nhs.uk.example"
COUNCIL = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:y@dyffryncaled.gov.wales.example"
ANA = vcalendar(
    vevent("psb", "20261109T100000Z", "20261109T120000Z", "SUMMARY:PSB: terms of reference",
           COUNCIL),
    vevent("smt", "20261109T110000Z", "20261109T130000Z", "SUMMARY:SMT"),
    vevent("travel", "20261109T093000Z", "20261109T100000Z", "SUMMARY:Travel to PSB"),
    vevent("rpb", "20261110T090000Z", "20261110T110000Z", "SUMMARY:RPB: agree day service model",
           NHS, COUNCIL),
    vevent("agenda", "20261111T140000Z", "20261111T160000Z", "SUMMARY:RPB", NHS, COUNCIL,
           "DESCRIPTION:1. Terms of reference\\n2. Reablement: agree extra hours to reduce waits"),
    vevent("bare", "20261112T090000Z", "20261112T103000Z", "SUMMARY:PSB", COUNCIL),
    vevent("maybe", "20261112T100000Z", "20261112T110000Z", "SUMMARY:MARAC steering: protocol",
           "STATUS:TENTATIVE", COUNCIL),
    vevent("gone", "20261113T090000Z", "20261113T100000Z", "SUMMARY:Canceled: CSP", COUNCIL),
    vevent("secret", "20261113T110000Z", "20261113T113000Z", "SUMMARY:Oncology", "CLASS:PRIVATE"),
    vevent("late", "20261113T180000Z", "20261113T193000Z", "SUMMARY:CSP: partner updates", COUNCIL),
)  # fmt: skip


def test_the_minutes_of_the_night_equal_the_golden_file(tmp_path, golden):
    config = write_council(tmp_path, {"ana": ANA})
    run_test_night(config)
    words = ["export", "--table", "allocations", "--from", "2026-11-09", "--to", "2026-11-16"]
    golden(GOLDEN / "allocations.csv", CliRunner().invoke(app, [*words, "--config", str(config)]).stdout)


def test_the_mail_of_the_night_equals_the_golden_file(tmp_path, golden):
    config = write_council(tmp_path, {"ana": ANA})
    run_test_night(config)
    (mail,) = mail_files(config)
    message = message_from_bytes(mail.read_bytes(), policy=policy.default)
    golden(GOLDEN / "summary.txt", message.get_body(("plain",)).get_content())

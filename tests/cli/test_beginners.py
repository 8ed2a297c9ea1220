"""What people type who have never used calsync: each mistake is named with its way out, nothing is lost."""

from pathlib import Path

import pytest
from support.night_council import run_test_night, vcalendar, vevent, write_council
from typer.testing import CliRunner

from calsync.cli import app
from calsync.errors import ConfigError
from calsync.rules.packs.load import load_rules

pytestmark = pytest.mark.slow

ANSWERS = ("--name", "Cyngor Môn", "--nation", "wales", "--language", "cy", "--calendars", "files")
WEEK = ("--from", "2026-11-09", "--to", "2026-11-16")


def run_command(*words: object, typed: str = ""):
    return CliRunner().invoke(app, [str(word) for word in words], input=typed)


def error_of(*words: object) -> str:
    given = run_command(*words)
    if isinstance(given.exception, ConfigError):
        return "\n".join(map(str, given.exception.problems))
    assert given.exit_code == 2, given.output
    return given.output


def test_init_takes_the_domain_of_a_mail_address_and_of_a_web_address(tmp_path):
    given = run_command(
        "init", "--to", tmp_path, *ANSWERS, "--domains", "http://a.gov.uk/x, me@b.gov.uk @c.gov.uk"
    )
    assert given.exit_code == 0, given.output
    assert 'domains = ["a.gov.uk", "b.gov.uk", "c.gov.uk"]' in (tmp_path / "calsync.toml").read_text()


def test_init_repeats_a_question_after_an_invalid_answer_and_takes_synonyms(tmp_path):
    typed = "Môn\nbad\nmon.gov.uk\nFrance\nCymru\nCymraeg\nFiles\n"
    given = run_command("init", "--to", tmp_path, typed=typed)
    assert given.exit_code == 0, given.output
    assert "'bad': not a mail domain" in given.output
    assert "'France' is none of wales, england" in given.output
    assert "Value error" not in given.output
    assert 'nation = "wales"' in (tmp_path / "calsync.toml").read_text(encoding="utf-8")


def test_init_writes_an_id_without_accents(tmp_path):
    assert run_command("init", "--to", tmp_path, *ANSWERS, "--domains", "mon.gov.uk").exit_code == 0
    assert 'id = "cyngor-mon"' in (tmp_path / "our-rules" / "agencies.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("domain", "what"),
    [("gmail.com", "is a provider of private addresses"), ("gov.uk", "is the ending of many organisations")],
)
def test_init_rejects_a_domain_that_is_not_an_organisations_own(tmp_path, domain, what):
    found = error_of("init", "--to", tmp_path / "new", *ANSWERS, "--domains", domain)
    assert what in found and "example" not in found
    assert not (tmp_path / "new").exists()


AGENCY = '[[agency]]\nid = "harbour"\nname = "Harbour"\nsector = "voluntary"\ndomains = ["{}"]\n'


def found_in(tmp_path: Path, *, agencies: str = "", pack: str = "") -> list[str]:
    (tmp_path / "agencies.toml").write_text(agencies, encoding="utf-8")
    (tmp_path / "ours.toml").write_text('[pack]\ntitle = "Ours"\n' + pack, encoding="utf-8")
    book, problems = load_rules(["wales"], tmp_path)
    return [f"{problem.where}: {problem.what}" for problem in (*problems, *book.lint_problems)]


@pytest.mark.parametrize(
    "domain", ["@harbour.org", "https://harbour.org", "anne@harbour.org", "harbour", "a b.org"]
)
def test_rules_check_finds_a_domain_of_an_agency_that_matches_no_mail(tmp_path, domain):
    (found,) = found_in(tmp_path, agencies=AGENCY.format(domain))
    assert found == f"agencies.toml [agency harbour] domains: {domain!r} is no mail domain"


@pytest.mark.parametrize(
    ("agencies", "pack"),
    [
        (AGENCY.format("HARBOUR.Example."), ""),
        ('[[shared]]\ndomain = "harbour.example"\nsector = "nhs"\n', ""),
        ("", '[[partnership]]\nid = "harbour"\nname = "Harbour Board"\ndomains = ["harbour.example"]\n'),
    ],
)
def test_rules_check_finds_a_sample_domain_wherever_domains_are_listed(tmp_path, agencies, pack):
    (found,) = found_in(tmp_path, agencies=agencies, pack=pack)
    assert "ends like a sample" in found and "arbour" in found.casefold()


def test_shipped_rules_have_no_suspicious_domain():
    book, problems = load_rules(["wales", "england", "scotland", "northern-ireland"], None)
    assert (problems, book.lint_problems) == ((), ())


def test_an_unknown_language_code_is_reported(tmp_path):
    pack = '[[partnership]]\nid = "h"\nname = "Harbour"\nnames = { welsh = ["harbwr"] }\n'
    with pytest.raises(ConfigError) as raised:
        found_in(tmp_path, pack=pack)
    assert "'welsh' is no language code; use en, cy and so on" in str(raised.value.problems)


def test_a_reason_that_is_too_short_is_not_called_empty(tmp_path):
    pack = (
        '[[cue]]\nid = "own/x"\nside = "process"\nwhy = "x"\nwhen.any = ["y"]\nexample = [{ title = "y" }]\n'
    )
    with pytest.raises(ConfigError) as raised:
        found_in(tmp_path, pack=pack)
    assert "why: needs 8 characters or more" in str(raised.value.problems)


def test_an_unknown_managers_id_is_named_with_those_that_are_listed(tmp_path):
    config = write_council(tmp_path, {"ana": vcalendar()})
    assert "is no manager's id" in error_of("occurrences", "anna", *WEEK, "--config", config)
    assert "did you mean 'ana'?" in error_of("occurrences", "anna", *WEEK, "--config", config)
    found = error_of("occurrences", "ana", *WEEK, "--config", tmp_path / "nowhere.toml")
    assert "no such file or folder here" in found and "--config" in found


def test_an_unknown_zone_is_refused_even_where_a_managers_own_is_used(tmp_path):
    config = write_council(tmp_path, {"ana": vcalendar()})
    found = error_of("occurrences", "ana", *WEEK, "--config", config, "--zone", "Wales")
    assert "no such time zone: 'Wales'" in " ".join(found.split())


def test_a_calendar_that_may_be_empty_must_be_a_managers(tmp_path):
    config = write_council(tmp_path, {"ana": vcalendar()})
    assert "--accept-empty anna" in error_of("run", "--config", config, "--accept-empty", "anna")


def test_a_table_is_not_written_over_itself(tmp_path):
    path = tmp_path / "meetings.csv"
    path.write_text("title\nRPB\n")
    assert "would be overwritten" in error_of("classify", path, path)
    assert path.read_text() == "title\nRPB\n"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"Subject,x\nRPB,1\n", "rename the column 'Subject' to `title`"),
        (b"title;x\nRPB;1\n", "separate the columns by commas"),
        (b"", "is empty"),
        (b"PK\x03\x04\xbb\xff", "is not text in UTF-8"),
        (None, "there is no such file"),
    ],
)
def test_an_unreadable_table_is_an_error_with_a_hint(tmp_path, text, what):
    path = tmp_path / "meetings.csv"
    if text is not None:
        path.write_bytes(text)
    found = error_of("classify", path, "-")
    assert what in found
    assert "Errno" not in found and "codec" not in found


def test_a_table_without_attendees_is_classified_with_a_note(tmp_path):
    path = tmp_path / "meetings.csv"
    path.write_text("title\nRPB\n")
    assert "No column attendee_domains" in run_command("classify", path, "-").stderr


def test_explain_takes_addresses_and_commas_and_rejects_other_text():
    given = run_command("explain", "RPB", "--invited", "anne@x.nhs.uk, bob@mon.gov.uk")
    assert "domain x.nhs.uk" in given.stdout and "domain mon.gov.uk" in given.stdout
    assert "is not a mail domain" in " ".join(error_of("explain", "RPB", "--invited", "x;y").split())


def test_marks_of_an_export_are_no_markup(tmp_path):
    meeting = vevent("1", "DTSTART:20261110T090000Z", "DTEND:20261110T100000Z", "SUMMARY:RPB")
    config = write_council(tmp_path, {"ana": vcalendar(meeting)})
    run_test_night(config)
    given = run_command(
        "export", "--table", "split", "--from", "2026-09-01", "--to", "2026-12-01", "--config", config
    )
    assert "! 2026-09-01 to 2026-12-01" in given.stderr
    assert "[yellow]" not in given.stderr and "\\[" not in given.stderr

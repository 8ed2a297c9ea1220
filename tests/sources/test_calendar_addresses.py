"""No error for an address contains its password or secret."""

import string
import traceback

import pytest
from contracts.source_contract import WINDOW
from hypothesis import given
from hypothesis import strategies as st
from support.builders import LONDON
from support.hypothesis_profiles import examples

from calsync.errors import SourceError
from calsync.sources.base import Calendar
from calsync.sources.caldav.source import CaldavOptions, CaldavSource
from calsync.sources.ics import IcsOptions, IcsSource
from calsync.sources.m365.options import M365Options
from calsync.sources.m365.source import M365Source

SECRET = st.text(st.sampled_from(string.ascii_letters + string.digits + "-_.~!$&()*+,;=%/?#@: "), min_size=6)
ADDRESS = st.sampled_from(
    [
        "ana:{}@cal.example/basic.ics",
        "//ana:{}@cal.example/basic.ics",
        "webcal:ana:{}@cal.example",
        "https:/ana:{}@cal.example/x",
        "/exports/ana:{}@cal.example/x",
        "ana:{}@https://cal.example/x",
        "ftp://ana:{}@cal.example/x",
        "https://ana:{}@[cal.example/x",
    ]
)


def error_text_of(address: str, kind: str) -> str:
    """The text of all errors for an address that cannot be read, with the traceback."""
    calendar = Calendar("m1", "s", address, frozenset(), LONDON)
    if kind == "ics":
        source: IcsSource | CaldavSource | M365Source = IcsSource("s", IcsOptions())
    else:
        source = CaldavSource(
            "s", CaldavOptions.model_validate({"url": "http://127.0.0.1:9/", "attempts": 1})
        )
    try:
        source.calendars(calendar)
        source.fetch(calendar, WINDOW)
    except SourceError as error:
        return (
            "".join(traceback.format_exception(error)) + f"{error} {error.calendar} {calendar!r} {calendar}"
        )
    finally:
        source.close()
    raise AssertionError("it cannot be read")


@pytest.mark.parametrize("kind", ["ics", "caldav"])
@given(ADDRESS, SECRET)
@examples(60)
def test_no_error_and_no_name_of_a_calendar_has_the_password(kind: str, address: str, secret: str) -> None:
    password = f"Zq{secret}qZ"
    assert password not in error_text_of(address.format(password), kind)


def test_an_address_with_a_password_is_no_mailbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALSYNC_TEST_TOKEN", "t0ken")
    options = {"token_env": "CALSYNC_TEST_TOKEN", "graph_root": "http://127.0.0.1:9/"}
    source = M365Source("s", M365Options.model_validate(options))
    with pytest.raises(SourceError, match="is no mailbox") as caught:
        source.fetch(Calendar("m1", "s", "ana:hunter2@b.example", frozenset(), LONDON), WINDOW)
    source.close()
    assert "hunter2" not in f"{caught.value} {caught.value.calendar}"

"""A5: an address that may contain a password or a secret is redacted; a file path stays readable."""

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from calsync.model.address_redaction import redact_address

REDACTED = {
    "user:secret@host.example/cal.ics": "host.example/…/",
    "user:secret@host/cal.ics": "…",
    "//user:secret@host.example": "host.example",
    "host.example/private-abcdef/basic.ics": "host.example/…/basic.ics",
    "host.example:8443/private-abcdef/basic.ics": "host.example:8443/…/basic.ics",
    "host/private-abcdef/basic.ics": "host/…/basic.ics",
    "webcal:user:secret@host.example/basic.ics": "webcal:host.example/…/basic.ics",
    "https:/user:secret@host.example/basic.ics": "https:host.example/…/basic.ics",
    "token@host.example/calendar.ics": "host.example/…/calendar.ics",
    "https://user:p/ss@host.example/": "https://…",
    "https://us/er:pw@host.example/": "https://…",
    "https://host.example/secret.ics": "https://host.example/…/",
    "https://host.example/a/secret/calendar.ics?token=secret#secret": "https://host.example/…/calendar.ics",
    "user:secret@https://host.example/": "…://host.example",
    "user:secret@https://[bad": "…://…",
    "calendars/ana.ics?token=secret": "calendars/ana.ics?…",
    "/calendar/ical/ana/private-0123456789abcdef/basic.ics": "/calendar/ical/ana/…/basic.ics",
}


@pytest.mark.parametrize("address", REDACTED)
def test_only_host_and_harmless_file_name_of_a_web_address_are_shown(address: str) -> None:
    assert redact_address(address) == REDACTED[address]


@pytest.mark.parametrize(
    "path",
    [
        "ana.ics", "exports/ana.ics", "./ana.ics", "../x/ana.ics", "~/exports/ana.ics", "/srv/x.y/ana.ics",
        "exports\\ana.ics", "C:\\exports\\ana.ics", "C:/exports/ana.ics", "\\\\server\\share\\ana.ics",
        "exports.2026/ana.ics", "exports.old/ana.ics", "file:///srv/exports/ana.ics", "calendars/",
        "/tmp/pytest-of-root/pytest-12/test_a_file_is_read_0/ana.ics", "/dav/ana.roberts/work/", "",
        "ana@brynfelin.example", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "guest_a.example#EXT#@b.example",
    ],
)  # fmt: skip
def test_file_paths_and_mailboxes_are_unchanged(path: str) -> None:
    assert redact_address(path) == path


SECRET = st.text(st.sampled_from(string.ascii_letters + string.digits + "-_.~!$&'()*+,;=%/?#@:"), min_size=8)
WORD = st.text(st.sampled_from("Qq7Zz"), min_size=8, max_size=20)
HOST = st.sampled_from(["host.example", "cal.host.example", "10.0.0.1", "localhost", "host.example:8443"])
SCHEME = st.sampled_from(
    ["", "//", "https://", "http://", "webcal://", "webcal:", "https:/", "HTTPS://", " https://"]
)
TAIL = st.sampled_from(["", "/", "/basic.ics", "/a/calendar.ics"])


@given(SCHEME, WORD, HOST, TAIL, SECRET)
def test_no_user_name_and_no_password_in_an_address_is_shown(
    scheme: str, user: str, host: str, tail: str, secret: str
) -> None:
    shown = redact_address(f"{scheme}{user}:{secret}@{host}{tail}")
    assert secret not in shown
    assert user not in shown


@given(
    SCHEME.filter(lambda scheme: scheme != "//"),
    HOST,
    WORD,
    st.sampled_from(["/{}", "/a/{}/basic.ics", "/{}.ics", "/x?t={}", "/x.ics#t={}"]),
)
def test_no_secret_in_a_path_or_query_is_shown(scheme: str, host: str, secret: str, where: str) -> None:
    assume(not secret.isdigit())
    assert secret not in redact_address(f"{scheme}{host}{where.format(secret)}")

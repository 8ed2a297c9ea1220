"""The mail that is built from a summary: its parts, headers and bytes."""

import re
from datetime import timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.builders import at

from calsync.errors import MailRefusedError
from calsync.mail.message import build_message, build_message_id, parse_mail_address, parse_message
from calsync.model.people import Language
from calsync.reports.render import RenderedMail

WELSH = RenderedMail(
    "Eich amser: 2–8 Tachwedd, tŷ ŵyr", "Bore da, Siân.\n.\n..dot\n", "<p>Bore da, Siân.</p>", Language.CY
)
SENDER = "Cyngor Brynfelin <calsync@brynfelin.example>"
LONG_UNSUBSCRIBE_URL = "https://calsync.brynfelin.example/stop?token=" + "k3J9xQ2mV8bT5nR7" * 12


def build(rendered: RenderedMail = WELSH, **changes: object):  # type: ignore[no-untyped-def]
    values: dict[str, object] = {
        "sender": SENDER,
        "recipient": "sian@brynfelin.example",
        "message_id": build_message_id("summary/m1", "sian@brynfelin.example", SENDER),
        "date": at("05:00"),
    }
    return build_message(rendered, **{**values, **changes})  # type: ignore[arg-type]


def raw_header(name: str, mime: bytes) -> str:
    """The header as it is transmitted, with its folds."""
    lines = re.split(rb"\r\n(?![ \t])", mime.partition(b"\r\n\r\n")[0])
    return next(
        line.decode("ascii") for line in lines if line.lower().startswith(name.lower().encode() + b":")
    )


def test_the_mail_offers_plain_text_first_and_html_second() -> None:
    mail = message_from_bytes(build().as_bytes(), policy=default)
    assert mail.get_content_type() == "multipart/alternative"
    assert mail["Content-Language"] == "cy"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n") == WELSH.text
    assert mail.get_body(("html",)).get_content().strip() == WELSH.html


def test_a_welsh_subject_is_encoded_without_loss() -> None:
    mail = message_from_bytes(build().as_bytes())
    assert str(make_header(decode_header(mail["Subject"]))) == WELSH.subject
    assert max(map(len, build().as_bytes().split(b"\r\n"))) <= 998


def test_the_mail_is_ascii_and_every_line_ends_with_crlf() -> None:
    mime = build().as_bytes()
    assert mime.isascii()
    assert b"\n" not in mime.replace(b"\r\n", b"")


def test_a_long_unsubscribe_url_is_neither_encoded_nor_folded() -> None:
    mime = build(unsubscribe_url=LONG_UNSUBSCRIBE_URL).as_bytes()
    assert raw_header("List-Unsubscribe", mime) == f"List-Unsubscribe: <{LONG_UNSUBSCRIBE_URL}>"
    assert raw_header("List-Unsubscribe-Post", mime) == "List-Unsubscribe-Post: List-Unsubscribe=One-Click"


def test_the_standard_policy_encodes_a_long_unsubscribe_url() -> None:
    from email.message import EmailMessage
    from email.policy import SMTP

    naive = EmailMessage(policy=SMTP)
    naive["List-Unsubscribe"] = f"<{LONG_UNSUBSCRIBE_URL}>"
    assert b"=?" in naive.as_bytes()


def test_one_click_unsubscribe_is_offered_only_for_https() -> None:
    mail = build(unsubscribe_url="mailto:stop@brynfelin.example?subject=stop")
    assert mail["List-Unsubscribe"] == "<mailto:stop@brynfelin.example?subject=stop>"
    assert mail["List-Unsubscribe-Post"] is None


def test_without_an_unsubscribe_url_there_is_no_header() -> None:
    assert build()["List-Unsubscribe"] is None


@pytest.mark.parametrize(
    "bad",
    [
        "ftp://x.example/a",
        "https://x.example/a b",
        "https://x.example/>\r\nBcc: a@b.example",
        "javascript:x()",
    ],
)
def test_an_unusable_unsubscribe_url_raises(bad: str) -> None:
    with pytest.raises(MailRefusedError, match="unsubscribe"):
        build(unsubscribe_url=bad)


def test_headers_suppress_automatic_replies() -> None:
    mail = build()
    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-generated", "All")


def test_the_same_arguments_give_the_same_bytes() -> None:
    assert build().as_bytes() == build().as_bytes()


def test_a_message_id_belongs_to_one_summary_and_one_recipient() -> None:
    ids = {build_message_id(mail, to, SENDER) for mail in ("a", "b") for to in ("x@a.example", "y@a.example")}
    assert len(ids) == 4
    assert all(re.fullmatch(r"<[0-9a-f]{40}@brynfelin\.example>", message_id) for message_id in ids)


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_parsed_mail_has_the_same_bytes(text: str, subject: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    subject = "Hours " + "".join(c for c in subject if c.isprintable()).encode("utf-8", "replace").decode()
    mime = build(
        RenderedMail(subject, text, f"<pre>{text}</pre>", Language.EN), unsubscribe_url=LONG_UNSUBSCRIBE_URL
    ).as_bytes()
    assert parse_message(mime).as_bytes() == mime


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "sian",
        "a@b.example, c@d.example",
        "a@b.example\r\nBcc: c@d.example",
        "ŵ@b.example",
        "a b@c.example",
        "@b.example",
        "a@" + "x" * 70 + ".example",
    ],
)
def test_text_other_than_a_single_ascii_address_raises(bad: str) -> None:
    with pytest.raises(MailRefusedError, match="not a usable mail address"):
        parse_mail_address(bad)


def test_an_address_may_have_a_name_with_a_comma_and_an_internationalised_domain() -> None:
    address = parse_mail_address('"Brynfelin, Cyngor" <a.b+c@tŷ.example>')
    assert address == f"a.b+c@{'tŷ'.encode('idna').decode()}.example"


def test_the_date_contains_its_offset() -> None:
    summer = at("05:00") - timedelta(days=120)
    assert build(date=summer)["Date"].endswith("+0100")

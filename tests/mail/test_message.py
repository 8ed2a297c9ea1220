"""The mail itself: what every client, server and robot may rely on."""

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
LONG_STOP = "https://calsync.brynfelin.example/stop?token=" + "k3J9xQ2mV8bT5nR7" * 12


def built(rendered: RenderedMail = WELSH, **changes: object):  # type: ignore[no-untyped-def]
    values: dict[str, object] = {
        "sender": SENDER,
        "recipient": "sian@brynfelin.example",
        "message_id": build_message_id("summary/m1", "sian@brynfelin.example", SENDER),
        "date": at("05:00"),
    }
    return build_message(rendered, **{**values, **changes})  # type: ignore[arg-type]


def raw(name: str, mime: bytes) -> str:
    """The header as it stands on the wire, unfolded."""
    lines = re.split(rb"\r\n(?![ \t])", mime.partition(b"\r\n\r\n")[0])
    return next(
        line.decode("ascii") for line in lines if line.lower().startswith(name.lower().encode() + b":")
    )


def test_the_mail_offers_plain_text_first_and_html_second() -> None:
    mail = message_from_bytes(built().as_bytes(), policy=default)
    assert mail.get_content_type() == "multipart/alternative"
    assert mail["Content-Language"] == "cy"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n") == WELSH.text
    assert mail.get_body(("html",)).get_content().strip() == WELSH.html


def test_a_welsh_subject_arrives_as_it_was_written() -> None:
    mail = message_from_bytes(built().as_bytes())
    assert str(make_header(decode_header(mail["Subject"]))) == WELSH.subject
    assert max(map(len, built().as_bytes().split(b"\r\n"))) <= 998


def test_every_byte_on_the_wire_is_seven_bit_and_every_line_ends_with_crlf() -> None:
    mime = built().as_bytes()
    assert mime.isascii()
    assert b"\n" not in mime.replace(b"\r\n", b"")


def test_a_long_way_out_is_neither_encoded_nor_folded() -> None:
    mime = built(unsubscribe=LONG_STOP).as_bytes()
    assert raw("List-Unsubscribe", mime) == f"List-Unsubscribe: <{LONG_STOP}>"
    assert raw("List-Unsubscribe-Post", mime) == "List-Unsubscribe-Post: List-Unsubscribe=One-Click"


def test_the_standard_policy_would_have_broken_it() -> None:
    from email.message import EmailMessage
    from email.policy import SMTP

    naive = EmailMessage(policy=SMTP)
    naive["List-Unsubscribe"] = f"<{LONG_STOP}>"
    assert b"=?" in naive.as_bytes()


def test_one_click_is_promised_only_over_https() -> None:
    mail = built(unsubscribe="mailto:stop@brynfelin.example?subject=stop")
    assert mail["List-Unsubscribe"] == "<mailto:stop@brynfelin.example?subject=stop>"
    assert mail["List-Unsubscribe-Post"] is None


def test_without_a_way_out_none_is_named() -> None:
    assert built()["List-Unsubscribe"] is None


@pytest.mark.parametrize(
    "bad",
    [
        "ftp://x.example/a",
        "https://x.example/a b",
        "https://x.example/>\r\nBcc: a@b.example",
        "javascript:x()",
    ],
)
def test_a_way_out_that_no_client_could_follow_is_refused(bad: str) -> None:
    with pytest.raises(MailRefusedError, match="unsubscribe"):
        built(unsubscribe=bad)


def test_robots_are_told_not_to_answer() -> None:
    mail = built()
    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-generated", "All")


def test_the_same_words_give_the_same_bytes() -> None:
    assert built().as_bytes() == built().as_bytes()


def test_a_message_id_belongs_to_one_summary_and_one_recipient() -> None:
    ids = {build_message_id(mail, to, SENDER) for mail in ("a", "b") for to in ("x@a.example", "y@a.example")}
    assert len(ids) == 4
    assert all(re.fullmatch(r"<[0-9a-f]{40}@brynfelin\.example>", one) for one in ids)


@given(st.text(max_size=300), st.text(max_size=300))
def test_what_comes_out_of_the_outbox_is_what_went_in(text: str, subject: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    subject = "Hours " + "".join(c for c in subject if c.isprintable()).encode("utf-8", "replace").decode()
    mime = built(
        RenderedMail(subject, text, f"<pre>{text}</pre>", Language.EN), unsubscribe=LONG_STOP
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
def test_what_is_no_single_plain_address_is_refused(bad: str) -> None:
    with pytest.raises(MailRefusedError, match="not a usable mail address"):
        parse_mail_address(bad)


def test_an_address_may_have_a_name_with_a_comma_and_a_domain_beyond_ascii() -> None:
    address = parse_mail_address('"Brynfelin, Cyngor" <a.b+c@tŷ.example>')
    assert address == f"a.b+c@{'tŷ'.encode('idna').decode()}.example"


def test_the_date_says_its_offset() -> None:
    summer = at("05:00") - timedelta(days=120)
    assert built(date=summer)["Date"].endswith("+0100")

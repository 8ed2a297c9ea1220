"""Cancelled meetings are known by their titles, in two languages; words about cancelling are not."""

import pytest
from builders import occurrence
from hypothesis import given
from hypothesis import strategies as st

from calsync.model.occurrence import Sensitivity, Status, settle
from calsync.model.status import cancelled_by_title

CANCELLED = (
    "Canceled: Safeguarding Board",
    "Cancelled: HWBB (Wenbrook)",
    "CANCELLED: psb",
    "Cancelled - budget mtg",
    "Cancelled – budget mtg",
    "Cancelled | budget",
    "cancelled:PSB",
    "  Canceled : PSB",
    "\u200bCanceled:\u00a0PSB",
    "Cancelled",
    "Cancelled.",
    "Canceled event: PSB",
    "Meeting cancelled",
    "Meeting cancelled - PSB",
    "Postponed: PSB",
    "FW: Canceled: PSB",
    "Re: FW: Cancelled: PSB",
    "[CANCELLED] PSB",
    "(cancelled) PSB",
    "*CANCELLED* PSB",
    "** Cancelled ** PSB",
    "CANCELLED PSB workshop",
    "❌ Cancelled: PSB",
    "PSB (cancelled)",
    "PSB - CANCELLED",
    "PSB - cancelled",
    "PSB [postponed]",
    "Wedi'i ganslo: Cadeiryddion is-grwpiau'r APB",
    "Wedi’i ganslo: un i un",
    "Wedi‘i ganslo: un i un",
    "Wedi`i ganslo: un i un",
    "Wedi´i ganslo: un i un",
    "Wedii ganslo: un i un",
    "Wedi i ganslo: un i un",
    "WEDI'I GANSLO: BGC",
    "Wedi'i ganslo - BGC",
    "Wedi ei ganslo: BGC",
    "Wedi'i chanslo: BGC",
    "Wedi canslo: BGC",
    "Wedi'i ohirio: BGC",
    "Wedi’i ohirio - BGC",
    "Gohiriwyd: BGC",
    "GOHIRIWYD - BGC",
    "Canslwyd: BGC",
    "Cyfarfod wedi'i ganslo: BGC",
    "BGC (wedi'i ganslo)",
    "Cancelled / Wedi'i ganslo: PSB / BGC",
    "Wedi'i ganslo/Cancelled: BGC",
    "[Wedi'i ganslo]: BGC",
)
NOT_CANCELLED = (
    "",
    "PSB",
    "Cancelled operations review",
    "CANCELLED OPERATIONS REVIEW",
    "Cancelled operations: weekly look",
    "Cancelled-operations dashboard",
    "Cancellation policy: sign off",
    "Cancelling clinics - options",
    "Review of cancelled: appointments",
    "Not cancelled: PSB",
    "Cancelled? PSB",
    "Postponed elective care - recovery plan",
    "Gohirio llawdriniaethau: adolygiad",
    "Canslo clinigau - opsiynau",
    "Adolygu apwyntiadau wedi'u canslo",
    "Tentative: PSB",
    "Declined: PSB",
    "Wedi'i gadarnhau: BGC",
)


@pytest.mark.parametrize("title", CANCELLED)
def test_a_title_that_says_cancelled_is_believed(title):
    assert cancelled_by_title(title)


@pytest.mark.parametrize("title", NOT_CANCELLED)
def test_a_title_about_something_else_is_left_alone(title):
    assert not cancelled_by_title(title)


@given(st.text(max_size=80))
def test_the_prefix_tells_whatever_the_title_is(title):
    assert cancelled_by_title(f"Canceled: {title}")


def test_settling_takes_the_status_from_the_title():
    assert settle(occurrence(title="Canceled: PSB")).status is Status.CANCELLED
    assert settle(occurrence(title="PSB")) == occurrence(title="PSB")


def test_a_private_meeting_is_known_to_be_cancelled_before_its_title_goes():
    settled = settle(occurrence(title="Canceled: dentist", sensitivity=Sensitivity.PRIVATE))
    assert (settled.status, settled.title) == (Status.CANCELLED, "")


def test_settling_twice_is_the_same_as_once():
    for title in (*CANCELLED, *NOT_CANCELLED):
        once = settle(occurrence(title=title, sensitivity=Sensitivity.PERSONAL))
        assert settle(once) == once

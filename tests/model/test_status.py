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


# The first rows are real titles of one council's calendar.
WRITTEN_BY_HAND = (
    "Cancelled",
    "Appeals Committee (cancelled, not required)",
    "(Cancelled) - Pipeline to Permit Committee -  Due to inclement weather",
    "(Cancelled) Council Workshop Committee - (not required)",
    "Burlington Inclusivity Advisory Committee (cancelled due to lack of quorum)",
    "Burlington Seniors' Advisory Committee (cancelled due to the lack of quorum)",
    "Cancelled - Council Workshop Committee (not required)",
    "Council Workshop Committee (Cancelled - Not Required)",
    "Council Workshop Committee (cancelled not required)",
    "Planning Committee **CANCELLED**",
    "X - meeting cancelled",
    "X has been cancelled",
    "This meeting is cancelled",
    "THIS MEETING HAS BEEN CANCELLED",
    "X is now cancelled",
    "CANX",
    "CANX - PSB",
    "PSB canx",
    "Canx: PSB",
    "PSB (CANC)",
    "X (postponed)",
    "POSTPONED to 12 May - X",
    "Postponed until further notice: PSB",
    "X cancelled due to lack of quorum",
    "X no longer taking place",
    "X - no longer taking place",
    "PSB will not take place",
    "PSB won't be going ahead",
    "X not going ahead",
    "PSB - called off",
    "PSB called off",
    "Called off: PSB",
    "STOOD DOWN - SCG",
    "SCG stood down",
    "DO NOT ATTEND – cancelled",
    "DO NOT ATTEND - CANCELLED - PSB",
    "withdrawn: PSB",
    "PSB (withdrawn)",
    "Wedi ei ganslo - BGC",
    "Canslwyd - BGC",
    "WEDI CANSLO: BGC",
    "WEDI’I GANSLO BGC",
    "BGC wedi'i ganslo",
    "Cyfarfod BGC wedi'i ohirio",
    "Gohiriedig: BGC",
    "BGC (gohiriedig)",
    "Ni chynhelir y cyfarfod",
    "Ni chynhelir BGC",
    "BGC - Ni chynhelir",
    "Dim cyfarfod",
    "BGC – dim cyfarfod",
    "Mae'r cyfarfod wedi'i ganslo",
    "Wedi’i ohirio tan 12 Mai: BGC",
    "Wedi'i ganslo oherwydd y tywydd - BGC",
    "BGC [Wedi'i Ganslo]",
    "C̶a̶b̶i̶n̶e̶t̶",
    "PSB, cancelled",
    "Cancelled, PSB",
    "CANCELLED!!! PSB",
    "PSB - CANCELLED - see email",
    "PSB *cancelled*",
    "Regional Board CANCELLED do not attend",
    "BUDGET COMMITTEE CANCELLED",
    "PSB – Cancelled – sorry",
    "PSB [CANCELED]",
    "<CANCELLED> PSB",
    "{cancelled} PSB",
    "PSB cancelled",
    "Cancelled – to be rearranged: PSB",
    "PSB (cancelled - to be rescheduled)",
    "PSB (cancelled by chair)",
    "Cancelled/Postponed: PSB",
    "Cancelled & rescheduled to 12 May: PSB",
    "Notice of cancellation - PSB",
    "MEETING CANCELLATION: PSB",
    "NO MEETING - PSB",
    "PSB: no meeting this month",
    "Cancelled meeting",
    "Meeting cancelled: PSB",
    "Event cancelled",
    "Cancelled event: PSB",
    "PSB postponed",
    "Health and Wellbeing Board postponed to 12 May",
    "PSB (Cancelled: no quorum)",
    "PSB - cancelled by organiser",
    "cancled - PSB",
    "cancelld: PSB",
    "PSB｜CANCELLED",
    "ＣＡＮＣＥＬＬＥＤ： PSB",
    "10:00 PSB - CANCELLED",
    "1:1 cancelled",
    "Team meeting is cancelled today",
    "Cyfarfod wedi’i ganslo",
    "Wedi cael ei ganslo: BGC",
    "BGC - wedi ei gohirio",
    "wedii ganslo: BGC",
    "Cancelled: Operations review",
    "Cancelled - Policy review group",
    "CANCELLED_PSB",
    "PSB (cancelled 12/5)",
    "PSB - not happening",
    "PSB isn't happening",
    "Session no longer going ahead",
    "PSB (no longer required)",
    "PSB has had to be cancelled",
    "Unfortunately PSB has been cancelled",
    "Please note: meeting cancelled - PSB",
    "Tuesday huddle CANCELLED",
    "PSB-CANCELLED",
    "Audit Committee cancelled",
    "Board of Governors meeting cancelled",
    "Policy Board has been cancelled",
    "Introduction to Teams session cancelled",
    "Cyfarfod un i un wedi'i ganslo",
    "CANCELLED-PSB",
    "Cancelled Planning Committee",
    "CANCELLED PLANNING COMMITTEE",
    "Cancelled Cabinet Meeting",
    "Wedi'i ganslo BGC",
    "WEDI EI GANSLO BGC",
    "Ni fydd y BGC yn cyfarfod",
    "Canslwyd y cyfarfod",
    "Pwyllgor Cynllunio wedi'i ganslo",
    "Wediâ€™i ganslo: BGC",
    "Wedi&#39;i ganslo: BGC",
    "Budget Committee - cancelled (no quorum)",
)
ABOUT_CANCELLING = (
    "Cancelled operations review",
    "Review of cancelled appointments",
    "Cancellation policy",
    "Postponed surgery backlog",
    "Adolygu apwyntiadau wedi'u canslo",
    "Cancelled clinics – task group",
    "Event cancellation insurance",
    "Not cancelled: X",
    "X (no longer cancelled)",
    "UN-CANCELLED: PSB",
    "Uncancelled: PSB",
    "X - reinstated (was cancelled)",
    "Rescheduled: PSB",
    "PSB (rescheduled)",
    "Rescheduled from 3 May - PSB",
    "Postponed from 3 May - PSB",
    "Cancelled? PSB",
    "PSB cancelled?",
    "Is PSB cancelled?",
    "Cancelled last year, on this year",
    "Cancelled/postponed operations",
    "Cancelled, postponed and missed appointments",
    "Elective care (cancelled, delayed and missed)",
    "Appointments: booked, cancelled, DNA",
    "Outpatient appointments (cancelled) - report",
    "Operations cancelled due to strikes",
    "Why was the PSB cancelled",
    "Lessons from events that were cancelled",
    "Review of why the board was cancelled",
    "Cancelled by patient – audit",
    "Cancelled on the day - performance",
    "Cancelled and rescheduled appointments",
    "No meeting Wednesday",
    "No-meeting Friday",
    "No meetings today",
    "Abandoned vehicles",
    "Withdrawn services: consultation",
    "CANCELLED Operations review",
    "Number of clinics cancelled",
    "Contract to be cancelled",
    "PSB - to be cancelled?",
    "Posts no longer required: consultation",
    "Stood-down staff pay",
    "Call off contract review",
    "Canceled operations dashboard",
    "Event cancellation: insurance renewal",
    "Cancellation of operations: KPI",
    "Gohirio llawdriniaethau: adolygiad",
    "Canslo clinigau - opsiynau",
    "Adolygu clinigau wedi'u gohirio",
    "Apwyntiadau wedi'u canslo - adolygiad",
    "Cwrs canslo",
    "Heb ei ganslo: BGC",
    "BGC (ddim wedi'i ganslo)",
    "Polisi canslo",
    "Discuss whether meeting is cancelled",
    "Impact of trains cancelled",
    "Going ahead - PSB",
    "PSB is going ahead",
    "Cancelled (day case) work",
    '"Cancelled" culture talk',
    "Vacancies and cancelled posts",
    "Cancer board",
    "Scancelled",
    "Meeting about no longer taking minutes",
    "Not attending",
    "Postponement of elections - briefing",
    "Cancelling clinics - options",
    "How to cancel",
    "What if the event is cancelled",
    "Wedi'i gadarnhau: BGC",
    "Cyfarfod wedi'i symud",
    "PSB - cancelled operations",
    "PSB: cancelled and postponed operations",
    "Reporting cancelled visits: home care",
    "Theatre: operations cancelled at short notice",
    "Patients cancelled twice",
    "Elections postponed - comms",
    "If wet: cancelled",
    "PSB (was cancelled, now on)",
    "Cancelled Operations Board",
    "Cancelled Debts Panel",
    "Cancelled Elective Care Board",
    "Cancelled Clinics Task Group",
    "PSB may be cancelled",
    "PSB (possibly cancelled)",
    "PSB to be cancelled",
    "non-cancelled appointments",
    "Beth os yw'r cyfarfod wedi'i ganslo",
)


@pytest.mark.parametrize("title", (*CANCELLED, *WRITTEN_BY_HAND))
def test_a_title_that_says_cancelled_is_believed(title):
    assert cancelled_by_title(title)


@pytest.mark.parametrize("title", (*NOT_CANCELLED, *ABOUT_CANCELLING))
def test_a_title_about_something_else_is_left_alone(title):
    assert not cancelled_by_title(title)


@given(st.text(max_size=80))
def test_the_prefix_tells_whatever_the_title_is(title):
    assert cancelled_by_title(f"Canceled: {title}")


@given(
    st.sampled_from((*CANCELLED, *WRITTEN_BY_HAND, *NOT_CANCELLED, *ABOUT_CANCELLING)),
    st.sampled_from("'’‘`´ʼ"),
    st.sampled_from(("", " ", "\u00a0", "\u200b", "\ufeff", "  ")),
)
def test_apostrophes_and_blanks_of_any_kind_change_nothing(title, apostrophe, blank):
    written = blank + title.replace("'", apostrophe).replace(" ", f" {blank}") + blank
    assert cancelled_by_title(written) == cancelled_by_title(title)


@given(st.sampled_from((*WRITTEN_BY_HAND, *ABOUT_CANCELLING)))
def test_full_width_letters_change_nothing(title):
    wide = "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in title)
    assert cancelled_by_title(wide) == cancelled_by_title(title)


@given(st.sampled_from([title for title in WRITTEN_BY_HAND if "â€™" not in title and "&#" not in title]))
def test_capitals_cancel_as_small_letters_do(title):
    assert cancelled_by_title(title.upper())


@given(st.text(max_size=80).filter(lambda text: "anc" not in text.casefold()))
def test_a_mark_behind_the_title_cancels_it(title):
    assert cancelled_by_title(f"{title} xyz (cancelled)")


@given(st.text(alphabet="canceld posthi'wg -:,()[]/!.?", max_size=60))
def test_any_title_gets_an_answer_and_the_same_each_time(title):
    assert cancelled_by_title(title) is cancelled_by_title.__wrapped__(title)


def test_a_title_of_any_length_is_looked_at_in_its_first_part_only():
    assert cancelled_by_title("Cancelled: " + "PSB is cancelled due to " * 20_000)
    assert not cancelled_by_title("PSB and " * 1_000 + "- cancelled")


def test_settling_takes_the_status_from_the_title():
    assert settle(occurrence(title="Canceled: PSB")).status is Status.CANCELLED
    assert settle(occurrence(title="PSB")) == occurrence(title="PSB")


def test_a_private_meeting_is_known_to_be_cancelled_before_its_title_goes():
    settled = settle(occurrence(title="Canceled: dentist", sensitivity=Sensitivity.PRIVATE))
    assert (settled.status, settled.title) == (Status.CANCELLED, "")


def test_settling_twice_is_the_same_as_once():
    for title in (*CANCELLED, *NOT_CANCELLED, *WRITTEN_BY_HAND, *ABOUT_CANCELLING):
        once = settle(occurrence(title=title, sensitivity=Sensitivity.PERSONAL))
        assert settle(once) == once

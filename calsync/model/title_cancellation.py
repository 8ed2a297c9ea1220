"""Recognises cancelled meetings by their titles, for `normalise_occurrence`.

Exchange publishes cancelled meetings as CONFIRMED, with a word before the title: all 92 cancelled meetings in
one published Exchange calendar had STATUS:CONFIRMED and "Canceled: ". People also write it by hand, in
English and Welsh, before, in and after the title: of 22 such titles in one council's calendar none had
"Canceled: ". The phrases are in `cancellation_words`.

The title is split at its punctuation marks. A piece that consists of a cancellation cancels the meeting ("X -
cancelled, not required"); so does a sentence about the meeting ("X has been cancelled"). Everywhere else, and
in doubt, the word is about the subject of the meeting ("Cancelled operations review"): to drop a meeting by
mistake is worse than to count a cancelled one, because nobody notices it.

Signs cancel as well: a cross at the beginning or the end, and a line through the whole title.
"""

import html
import re
import unicodedata
from collections.abc import Iterable

from calsync.model import cancellation_words as words

# The last three: an apostrophe decoded with the wrong encoding, and HTML entities.
_APOSTROPHES = re.compile("['‘’‛ʼʹ`´′＇\ufffd]|â€[™˜]|&#0?39;|&(?:apos|rsquo);")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufe0f]")
_STRIKES = re.compile("[\u0335-\u0338]")
# Only crosses: "No Entry" and similar signs also mark times in which no meetings are wanted.
_CROSS = "[❌✖✗✘🚫]"
_HAS_CROSS = re.compile(rf"\s*{_CROSS}(?!\s*(?:no|not|dim)\b).*|.*{_CROSS}\s*", re.I | re.S)
_STRUCK_THROUGH = re.compile(r"\s*(?:<(s|del|strike)\b[^<>]*>[^<>]*</\1>|~~[^~]*~~|~[^~]*\w~)\s*", re.I)
_DASHES = re.compile("[\u2010-\u2012\u2212]")
_QUOTED = re.compile(r"""["“”„](?P<title>[^"“”„]*)["“”„]""")
# C A N C E L L E D, C.A.N.C.E.L.L.E.D
_SPACED_OUT = re.compile(r"\bC([ .*_-])A\1N\1C\1E\1L\1(?:L\1)?E\1D\b", re.I)
# The month May is replaced by its Welsh name, so that it is not read as in "may be cancelled".
_MAY = re.compile(r"(\d(?:st|nd|rd|th)?(?: of)? )May\b")
_WEDI_I = re.compile(r"\bwedi i\b", re.I)
_MAX_TITLE_LENGTH = 500
"""Characters that are examined: titles are shorter, and the patterns take more than linear time."""
# A colon or full stop between digits belongs to a time or a date, and a hyphen within a word to the word,
# unless the word is in capitals.
_PUNCTUATION = re.compile(
    r"(?<!\d):|:(?!\d)|[()\[\]{}<>*~|;!=_^\\•·–—―«»‹›→⇒【】「」『』]|\.{2,}|\.(?=\s|$)|\s-+|-+\s"
    r"|#(?=[A-Za-z])|-(?=CANCELL?ED\b)|(?<=CANCELLED)-|(?<=CANCELED)-|(?<=ancelled)-(?=[A-Z])|(?<=anceled)-(?=[A-Z])"
)
_WEAK_PUNCTUATION = re.compile(r"\s*[,/]\s*")


def _alternatives(*lists: Iterable[str]) -> str:
    return "(?:" + "|".join(phrase for phrases in lists for phrase in phrases) + ")"


_CANCELLED, _FINITE = _alternatives(words.CANCELLED), _alternatives(words.FINITE_VERBS)
_PREDICATE = _alternatives(words.NOT_HELD, words.WELSH)
_REASON = (
    rf"(?: {_alternatives(words.REASONS)}| by (?!(?:the )?{_alternatives(words.SERVICE_USERS)}\b).+"
    rf"|(?:(?<=poned)|(?<=ohirio)|(?<=ohiriwyd)) {_alternatives(words.POSTPONED_TO)})"
)
_CANCELLATION = (
    rf"(?:(?:{_FINITE} )?{_CANCELLED}|{_PREDICATE}|{_alternatives(words.CANCELLED_ALONE, words.WELSH_ALONE)})"
)
_SUBJECT = _alternatives(words.SUBJECTS)
_CANCELLATION_ONLY = (
    rf"(?:(?:{_alternatives(words.LEADING_WORDS)} )?(?:{_SUBJECT} )?{_CANCELLATION}(?: {_SUBJECT})?"
    rf"(?: (?:and|or|&|a|neu) {_CANCELLATION})?{_REASON}?|{_alternatives(words.WELSH_FIRST)})"
)
_CANCELLATION_PIECE = re.compile(_CANCELLATION_ONLY)
_TIMES = r"\d{1,2}(?:[:.]\d\d)?(?:-\d{1,2}(?:[:.]\d\d)?)?"
_SENTENCES = (
    # The Public Services Board has been cancelled; … will not take place
    re.compile(rf"(?P<name>.+?) (?:{_FINITE} {_CANCELLED}|{_PREDICATE}){_REASON}?", re.I),
    # Budget Committee cancelled
    re.compile(rf"(?P<name>(?:.+ )?{_alternatives(words.MEETINGS)}) {_CANCELLED}{_REASON}?", re.I),
    # PSB cancelled
    re.compile(rf"(?P<name>(?:.* )?[A-Z][A-Z&]+)(?: {_TIMES})? (?i:{_CANCELLED}{_REASON}?)"),
    # Licensing cancelled due to lack of quorum
    re.compile(rf"(?P<name>.+) {_CANCELLED} (?:due to|for|no|not|in).*quor(?:um|ate)", re.I),
)
# "Cancellation: Planning Committee", "No PSB this month"
_NOTICES = (
    re.compile(
        r"(?i:cancell?ation(?: of| ?[:–—-])) "
        rf"(?P<name>(?:.* )?(?:[A-Z][A-Z&]+|(?i:{_alternatives(words.MEETINGS)})))"
    ),
    re.compile(rf"(?i:(?:there is )?no) (?P<name>[A-Z][A-Z&]+)(?i: (?:meeting|mtg)(?:{_REASON})?|{_REASON})"),
)
# "Cancelled Planning Committee"; a plural ("Cancelled operations board") would be the subject of the meeting.
_CANCELLED_BODY = re.compile(rf"{_CANCELLED} (?!\S*s )(?:\S.* )?{_alternatives(words.MEETING_BODIES)}")
# "Cancelled PSB"; a longer word might be the subject of the meeting.
_CANCELLED_ABBREVIATION = re.compile(
    rf"(?:(?i:{_CANCELLED}) )+(?:(?i:{_SUBJECT}) )?(?:[A-Z][A-Z&]{{1,4}}|[b-df-hj-np-tv-xz]{{3,5}})(?<![sS])"
    rf"(?: (?i:{_alternatives(words.MEETINGS)}))?"
)
_CAPITALISED_CANCELLATION = re.compile(
    r"(?:(?P<before>\S+) )?\"?"
    r"(?:CANCELL?ED|CANX|POSTPONED|GOHIRIWYD|CANSLWYD|WEDII [GC]H?ANSLO|WEDII G?OHIRIO)\"?"
    r"(?: (?P<after>\S+)|$)"
)
_STILL_HELD = re.compile(rf"\b{_alternatives(words.STILL_HELD)}\b")
_ABOUT = re.compile(rf"(?:\b|^){_alternatives(words.TOPIC_WORDS)}\b|\b{_alternatives(words.NEGATIONS)}$")
_DENIAL = re.compile(_alternatives(words.NEGATIONS))
_BUSINESS = re.compile(rf"\b{_alternatives(words.BUSINESS)}\b")
_ENDS_IN_BUSINESS = re.compile(rf"(?:.*\b)?{_alternatives(words.BUSINESS)}")
_PART = re.compile(_alternatives(words.PARTS_OF_MEETINGS))
_CONDITION = re.compile(rf"{_alternatives(words.CONDITIONS)}\b")
# "Cancelled, missed appointments": the next word is another participle, so both describe the subject.
_ANOTHER_PARTICIPLE = re.compile(rf"(?:and |or |& )?(?!{_CANCELLATION_ONLY}$)[a-z]+ed\b")
# Few titles contain any of these; one search is enough for all others.
_PREFILTER = re.compile(
    r"can[cex]|camc|cnc|c[nx][xl]|ost?poned|called off|stood down|withdr|aband|abort|delet|scrap|do not att"
    r"|longer|meeting|dim |no "
    r"|not |wont|isnt|doesnt|wedi|[gc]anslo|cansl|ohiri|diddym|dilew|tynnwyd|fydd|nid yw|chynhelir"
    r"|ddiddym|dileu"
)


def is_cancelled_by_title(title: str) -> bool:
    """Whether the title marks the meeting as cancelled, in English or Welsh.

    "Postponed" counts as cancelled: the meeting is not held at the entry's time. "Rescheduled" does not: the
    entry may be at the new time.
    """
    title = title[:_MAX_TITLE_LENGTH]
    if "&" in title:
        title = html.unescape(html.unescape(title))
    if _is_struck_through(title) or (not title.isascii() and _HAS_CROSS.fullmatch(title)):
        return True
    plain = _normalise_title(title)
    folded = plain.casefold()
    if not _PREFILTER.search(folded) or _STILL_HELD.search(folded):
        return False
    return (
        _is_notice(plain)
        or _is_in_capitals(plain)
        or any(_piece_cancels(before, piece, after) for before, piece, after in _split_pieces(plain))
    )


def _is_struck_through(title: str) -> bool:
    if "~" in title or "<" in title:
        return _STRUCK_THROUGH.fullmatch(title) is not None
    strikes = 0 if title.isascii() else len(_STRIKES.findall(title))
    return strikes > 2 and strikes >= 0.8 * sum(char.isalnum() for char in title)


def _normalise_title(title: str) -> str:
    """The title in its own case, without accents, apostrophes and symbols, of which people write variants."""
    title = _SPACED_OUT.sub("Cancelled", _APOSTROPHES.sub("", title))
    if quoted := _QUOTED.fullmatch(title.strip()):
        title = quoted["title"]
    if not title.isascii():
        title = _DASHES.sub("-", title)
        chars = unicodedata.normalize("NFKD", _INVISIBLE.sub("", title))
        kinds = ((char, unicodedata.category(char)) for char in chars)
        title = "".join(" " if kind == "So" else char for char, kind in kinds if kind != "Mn")
        title = _APOSTROPHES.sub("", title)
    title = _MAY.sub(r"\1Mai", " ".join(title.split()))
    return _WEDI_I.sub(lambda match: match[0].replace(" ", ""), title)


def _split_pieces(plain: str) -> list[tuple[str, str, str]]:
    """The pieces between punctuation marks, each as (text before it, piece, text after it with its mark)."""
    pieces, begin = [], 0
    for mark in [*_PUNCTUATION.finditer(plain), None]:
        end = mark.start() if mark else len(plain)
        if piece := plain[begin:end].strip(" ,/"):
            pieces.append((plain[:begin], piece, plain[end:].strip()))
        begin = mark.end() if mark else end
    return pieces


def _piece_cancels(before: str, piece: str, after: str) -> bool:
    """Whether a piece cancels the meeting, which the title names in it, before it or after it."""
    parts = _WEAK_PUNCTUATION.split(piece)
    first, last = parts[0].casefold(), parts[-1].casefold()
    if first.startswith("was "):  # it was cancelled, and takes place now
        return False
    if _CANCELLATION_PIECE.fullmatch(first) and not any(
        _ANOTHER_PARTICIPLE.match(part.casefold()) for part in parts[1:]
    ):
        if len(parts) == 2 and "/" in piece and _ENDS_IN_BUSINESS.fullmatch(last):  # "Cancelled/DNA visits"
            return False
        return not _describes_neighbour(before.casefold(), after)
    if len(parts) == 2 and _CANCELLATION_PIECE.fullmatch(last) and not _ANOTHER_PARTICIPLE.match(first):
        return not _ENDS_IN_BUSINESS.fullmatch(first)
    return _is_sentence(parts[0], is_first=not before)


def _describes_neighbour(before: str, after: str) -> bool:
    """Whether it is about the text next to it: "Clinics (cancelled)", "Cancelled (day case) work"."""
    previous_piece = _PUNCTUATION.split(before.rstrip(" -–—:([{<*"))[-1].strip()
    if previous_piece:
        return bool(_ENDS_IN_BUSINESS.fullmatch(previous_piece) or _CONDITION.match(previous_piece))
    if after[:1] != "(":
        return False
    inside, _, rest = after[1:].partition(")")
    rest = rest.strip()
    is_reason = _CANCELLATION_PIECE.fullmatch(f"cancelled {inside.casefold()}")
    return not is_reason and bool(rest[:1].islower() or _BUSINESS.search(rest.casefold()))


def _is_sentence(part: str, *, is_first: bool) -> bool:
    """Whether the text is a sentence with the meeting as its subject; is_first: it begins the title."""
    folded = part.casefold()
    if _CANCELLED_ABBREVIATION.fullmatch(part):
        return True
    if _CANCELLED_BODY.fullmatch(folded):
        return not _BUSINESS.search(folded) and not _ABOUT.search(folded)
    sentence = next((match for pattern in _SENTENCES if (match := pattern.fullmatch(part))), None)
    subject = sentence["name"].casefold() if sentence else ""
    if not subject or (_PART.fullmatch(subject) and not is_first):
        return False
    return not _ABOUT.search(subject) and not _ENDS_IN_BUSINESS.fullmatch(subject)


def _is_notice(plain: str) -> bool:
    """Whether the whole title announces that a meeting is not held."""
    notice = next((match for pattern in _NOTICES if (match := pattern.fullmatch(plain))), None)
    return notice is not None and not _BUSINESS.search(notice["name"].casefold())


def _is_in_capitals(plain: str) -> bool:
    """Whether the cancellation is in capitals and other words are not: "CANCELLED Public Services Board"."""
    match = _CAPITALISED_CANCELLATION.search(plain)
    if match is None or not re.search("[a-z]", plain):
        return False
    before, after = (match["before"] or "").casefold(), (match["after"] or "").casefold()
    return not _DENIAL.fullmatch(before) and not _BUSINESS.fullmatch(after) and after != "?"

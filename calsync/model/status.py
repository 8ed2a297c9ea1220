"""Cancelled by its title: Exchange publishes cancelled meetings as CONFIRMED, with a word before the title.

Of 92 cancelled meetings in one published Exchange calendar every one said STATUS:CONFIRMED; only
"Canceled: " told. People write it by hand as well, in English and in Welsh.
"""

import re
import unicodedata
from functools import lru_cache

_CARRIED = r"(?:(?:fwd?|re|updated)\s*:|\[external\])"
_ENGLISH = (
    r"(?:this |the )?(?:meeting |event )?(?:has been |is |was )?"
    r"(?:cancell?ed|postponed)(?: (?:event|meeting))?"
)
_WELSH = (
    r"(?:mae'?r )?(?:cyfarfod |digwyddiad )?"
    r"(?:wedi(?:'?i| i| ei| cael ei)? ?(?:[gc]anslo|chanslo|g?ohirio|d?dileu)"
    r"|canslwyd|canslo|gohiriwyd|gohirio|diddymwyd|dilewyd)"
)
_WORD = rf"(?:{_ENGLISH}|{_WELSH})"
_WORDS = rf"{_WORD}(?:\s*[/|,&]\s*{_WORD})?"
_OPENS = re.compile(
    rf"(?:{_CARRIED}\s*)*(?:"
    rf"[\[({{<*~]+\s*{_WORDS}\s*[\])}}>*~:!.]+"  # [Cancelled] PSB, ** CANCELLED **
    rf"|{_WORDS}\s*(?::|;|!|\||/|[-–—](?!\w)|[.,]\s|[.]*$)"  # Cancelled: PSB, Cancelled - PSB, Cancelled
    rf"|{_WORDS}\s+[-–—]"  # Cancelled -PSB
    rf")"
)
_CLOSES = re.compile(rf"(?:[\[(]\s*{_WORDS}\s*[\])]|\s[-–—]+\s*{_WORDS})[\s!.*]*$")
_SHOUTED = re.compile(
    r"(?:CANCELL?ED|POSTPONED|GOHIRIWYD|CANSLWYD|WEDI'?I G?ANSLO|WEDI'?I G?OHIRIO)\s+(?=.*[a-z])"
)
_APOSTROPHES = str.maketrans(dict.fromkeys("‘’‛ʼʹ`´′＇\ufffd", "'"))
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


@lru_cache(maxsize=10_000)
def cancelled_by_title(title: str) -> bool:
    """Whether the title itself says, in English or Welsh, that the meeting does not take place.

    A word before or after the title, set apart by a mark ("Canceled: PSB", "PSB (wedi'i ganslo)"),
    or in capitals before a title that is not. "Cancelled operations review" is about operations.
    """
    plain = _plain(title)
    folded = plain.casefold()
    return bool(_OPENS.match(folded) or _CLOSES.search(folded) or _SHOUTED.match(plain))


def _plain(title: str) -> str:
    seen = _INVISIBLE.sub("", unicodedata.normalize("NFKC", title.translate(_APOSTROPHES)))
    return " ".join(seen.split()).lstrip("❌🚫⛔✖✗️ ")

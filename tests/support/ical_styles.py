"""Ways to write a calendar: line ends, folding, encodings, and damage; for `ical_strategies`."""

import random
import re
from dataclasses import dataclass

from hypothesis import strategies as st


@dataclass(frozen=True)
class Style:
    """A way to write a calendar: line ends, folding, and damage."""

    end: bytes
    fold: str
    seed: int
    damage: str

    def write(self, plain: str) -> bytes:
        """The calendar's bytes."""
        chance = random.Random(self.seed)
        lines = plain.encode().split(b"\r\n")
        if self.fold:
            lines = [self._folded(line, chance) for line in lines]
        content = self.end.join(lines)
        return {
            "latin": lambda: plain.encode("latin-1", "replace"),
            "bom": lambda: b"\xef\xbb\xbf" + content,
            "utf16": lambda: plain.encode("utf-16"),
            "stray": lambda: content.replace(b"SUMMARY", b"X-A:b\rSUMMARY", 1),
            "blank": lambda: content.replace(b"SUMMARY", self.end + b"SUMMARY", 1),
            "cut": lambda: content[: chance.randrange(len(content))],
            "damaged": lambda: _damaged(content, chance),
            "lower": lambda: content.replace(b"VEVENT", b"vevent", 1),
            "twice": lambda: content + content,
            "joined": lambda: b"\xef\xbb\xbf" + content + b"\xef\xbb\xbf" + content,
            "utf16 part": lambda: content + plain.encode("utf-16"),
            "glued": lambda: _without_a_line_end(content, self.end, chance),
            "outside": lambda: content.replace(b"END:VCALENDAR", b"X-B:c") + b"END:VCALENDAR\r\n",
        }.get(self.damage, lambda: content)()

    def _folded(self, line: bytes, chance: random.Random) -> bytes:
        """As Outlook folds, or anywhere, within letters of several bytes too."""
        if self.fold == "75":
            places = list(range(75, len(line), 74))
        else:
            count = chance.choice([0, 0, 0, 1, 2])
            places = (
                sorted(chance.sample(range(1, len(line)), min(count, len(line) - 1))) if len(line) > 1 else []
            )
        pieces = [line[a:b] for a, b in zip([0, *places], [*places, len(line)], strict=True)]
        return (self.end + chance.choice([b" ", b" ", b" ", b"\t"])).join(pieces)


def _without_a_line_end(content: bytes, end: bytes, chance: random.Random) -> bytes:
    """A BEGIN or END of an event runs into the line before or after it, or begins with other characters."""
    marks = [m.start() for m in re.finditer(b"(BEGIN|END):VEVENT", content)]
    place = chance.choice(marks or [0])
    kind = chance.choice(["before", "behind", "prefix", "indent"])
    if kind == "before":
        return content[:place].removesuffix(end) + content[place:]
    if kind == "behind":
        return content[:place] + content[place:].replace(end, b"", 1)
    return content[:place] + (b"None" if kind == "prefix" else b" ") + content[place:]


def _damaged(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content))
    return content[:place] + chance.randbytes(3) + content[place + chance.randrange(6) :]


STYLES = st.builds(
    Style,
    end=st.sampled_from([b"\r\n"] * 5 + [b"\n", b"\n", b"\r", b"\r\r\n"]),
    fold=st.sampled_from(["75", "75", "", "anywhere"]),
    seed=st.integers(0, 1 << 30),
    damage=st.sampled_from(
        [""] * 14
        + ["latin", "bom", "utf16", "stray", "blank", "cut", "damaged", "lower", "twice", "outside"]
        + ["joined", "utf16 part", "glued", "glued"]
    ),
)

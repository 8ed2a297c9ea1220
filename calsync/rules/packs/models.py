"""The models of pack files and agencies files: which keys their TOML may have, and of which types.

The text below a key is its description in the JSON schema (`calsync rules schema`), which editors show.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Texts = tuple[str, ...]
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_./-]*$")]
# Also as `calsync explain` shows an agency that is known only by its domain: `council:denbighshire`.
AgencyId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_./:-]*$")]
_LANGUAGE = re.compile(r"[a-z]{2,3}")


class Strict(BaseModel):
    """A model whose unknown keys are faults and whose values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Example(Strict):
    """A meeting by which a rule is checked."""

    title: str = ""
    description: str = ""
    location: str = ""
    domains: Texts = ()
    """Mail domains of the invited people, the organizer's first."""
    minutes: int = 60
    categories: Texts = ()
    expect: str = ""
    """A scope, an activity, or scope/partnership/activity with "-" for no partnership."""


class When(Strict):
    """The conditions of a rule, which must all hold.

    Texts are phrases, or "@name" for a list of phrases.
    """

    any: Texts = ()
    """One of these is in the title or the description."""
    title_any: Texts = ()
    """One of these is in the title."""
    title_first: Texts = ()
    """The title begins with one of these, numbers aside."""
    description_any: Texts = ()
    """One of these is in the description."""
    all: tuple[Texts, ...] = ()
    """Something of each group is in the title or the description."""
    none: Texts = ()
    """None of these is in the title or the description."""
    title_none: Texts = ()
    """None of these is in the title."""
    title_only: Texts = ()
    """The title holds nothing but such phrases, numbers and filler."""
    agencies_at_least: int | None = None
    agencies_at_most: int | None = None
    sectors_any: Texts = ()
    """Kinds of organisation, or their roles, of which one is among organizer and invited."""
    sectors_none: Texts = ()
    """Kinds of organisation, or their roles, of which none is among organizer and invited."""
    domains_any: Texts = ()
    """Mail domains of which one is among organizer and invited; `*` matches anything."""
    others_named: bool | None = None
    """Whether the title names an agency of another sector than the organizer's."""
    partnerships: Texts = ()
    """One of these partnerships is shown."""
    partnership: bool | None = None
    """Whether any partnership is shown."""
    partnership_titled: bool | None = None
    """Whether the title shows a partnership."""
    invited: bool | None = None
    """Whether anybody but the organizer is on the invitation."""
    described: bool | None = None
    """Whether there is a description."""


class CueWhen(Strict):
    """The conditions of a cue on one clause, on its segment, and on the meeting's whole text.

    A segment is the text between two breaks (full stop, semicolon, new line, number).
    """

    any: Texts = ()
    """One of these is in the clause."""
    with_any: Texts = ()
    """One of these, too, is in the clause."""
    none: Texts = ()
    """None of these is in the clause."""
    segment_any: Texts = ()
    """One of these is in the clause's segment."""
    row_any: Texts = ()
    """One of these is in the title or the description."""
    row_none: Texts = ()
    """None of these is in the title or the description."""
    partnerships: Texts = ()
    """One of these partnerships is shown."""
    partnership: bool | None = None
    """Whether any partnership is shown."""


class RuleTable(Strict):
    """`[[rule]]`: conditions, and the scope, activity and partnership of a meeting for which they hold."""

    id: Id
    stage: str = ""
    """One of the stages; without it, the first stage of the rule's pack."""
    why: str = Field(min_length=8)
    """Why the rule exists, in a sentence that a colleague would accept."""
    manual: Texts = ()
    """The rules of the coding manual that this rule applies; `explain` quotes them."""
    weight: int = 0
    """Within a stage the rule of the greatest weight wins."""
    when: When = When()
    scope: str = ""
    activity: str = ""
    partnership: str = "keep"
    """`keep` (the partnership that the meeting shows), `none`, or the id that the rule sets."""
    kind: Literal["meeting", "preparation", "travel"] = "meeting"
    example: tuple[Example, ...] = Field(min_length=1)
    """Meetings that the rule matches."""
    leaves: tuple[Example, ...] = ()
    """Meetings that the rule must not decide."""


class CueTable(Strict):
    """`[[cue]]`: evidence for one side; the sides are weighed if no earlier rule decides the meeting."""

    id: Id
    why: str = Field(min_length=8)
    """Why this shows what is done, in a sentence that a colleague would accept."""
    manual: Texts = ()
    """The rules of the coding manual that this cue applies; `explain` quotes them."""
    side: str
    """`process`, `service_improvement` or `operational`."""
    weight: int = Field(default=2, ge=1, le=5)
    """In a clause the cue of the greatest weight counts; weight 1 counts only if no cue has 3 or more."""
    when: CueWhen
    example: tuple[Example, ...] = Field(min_length=1)
    """Meetings in which the cue holds."""
    leaves: tuple[Example, ...] = ()
    """Meetings that the cue must not decide."""


class PhraseTable(BaseModel):
    """`[list.name]`: phrases by language (`en`, `cy` and so on)."""

    model_config = ConfigDict(extra="allow", frozen=True, use_attribute_docstrings=True)
    covers: bool = False
    """Whether its phrases hide shorter phrases inside them."""

    @model_validator(mode="after")
    def _languages(self) -> "PhraseTable":
        for key, value in self.phrases().items():
            if not _LANGUAGE.fullmatch(key):
                raise ValueError(f"{key!r} is no language code; use en, cy and so on")
            if not isinstance(value, list | tuple) or not all(isinstance(text, str) for text in value):
                raise ValueError(f"{key} must be a list of texts")
        return self

    def phrases(self) -> dict[str, Any]:
        """The phrases by language."""
        return dict(self.__pydantic_extra__ or {})


class PartnershipTable(Strict):
    """`[[partnership]]`: its names, what belongs to it by law or guidance, its team's mail domains."""

    id: Id
    name: str
    name_cy: str = ""
    names: PhraseTable = PhraseTable()
    """Full names."""
    short: PhraseTable = PhraseTable()
    """Abbreviations; another agency or a second word must support them."""
    groups: PhraseTable = PhraseTable()
    """Sub-groups that are this partnership's alone."""
    belongs: PhraseTable = PhraseTable()
    """Things that are its business by law or guidance."""
    hints: PhraseTable = PhraseTable()
    """Words that show it if nothing stronger shows a partnership."""
    otherwise: PhraseTable = PhraseTable()
    """Words that show that the abbreviation is a local one."""
    domains: Texts = ()
    """Mail domains of the partnership's own team; `*` matches anything."""
    one_sector: bool = False
    """Whether hints count only where all agencies are of one sector."""


class PatternTable(Strict):
    """`[[pattern]]`: a regular expression on the text as written, for what phrases cannot express.

    Used for initials and names of persons in a case.
    """

    list: str | Texts
    """The list, or lists, that the text has if the expression matches."""
    near: Texts = ()
    """Phrases of which one must be in the text for the expression to be tried, which is much quicker."""
    regex: str | Texts
    """The expression, or its parts, which are joined. A group `unknown` must match a word of no list."""
    where: Literal["title", "description", "both"] = "both"

    @field_validator("regex")
    @classmethod
    def _compiles(cls, value: str | Texts) -> str | Texts:
        try:
            re.compile("".join(value))
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from None
        return value

    @property
    def expression(self) -> str:
        """The whole expression."""
        return "".join(self.regex)

    @property
    def lists(self) -> Texts:
        """The names of its lists."""
        return (self.list,) if isinstance(self.list, str) else self.list


class ActivityTable(Strict):
    """`[activity.name]`: an activity of the pack's own."""

    counts_as: str = "unclear"
    """The activity of the coding manual that it counts as."""
    why: str = ""


class BareName(Strict):
    """`[pack.bare_name]`: titles that are only a name, which is no evidence of what is done (rule 11)."""

    any: Texts = ()
    """One of these is in the title."""
    only: Texts = ()
    """The title holds nothing but these, names of partnerships and filler."""
    none: Texts = ()
    """None of these is in the title."""


class Header(Strict):
    """`[pack]`: what the pack is for, the packs it builds on, and how its language is read.

    Keys whose default is a list take phrases and lists.
    """

    title: str
    extends: Texts = ()
    """The shipped packs that this pack builds on."""
    stages: Texts = ()
    """Its stages in the order in which they are tried."""
    lists: Texts = ()
    """Lists with phrases in files: `lists/NAME.LANGUAGE.txt`, one phrase a line."""
    manual: Texts = ()
    """The rules of the coding manual for rules and cues that have no `manual` of their own."""
    joiners: Texts = ()
    """Words that join two clauses."""
    joiners_of: dict[str, Texts] = {}
    """By language, words that join clauses only before a word of that language: Welsh "a"."""
    shorthand: dict[str, str] = {}
    """How people shorten a word: the short form and the word."""
    bare_name: BareName = BareName()
    names_no_service: Texts = ()
    """Words that name no service; any other word that is no stop word counts as `@content` in its clause."""
    filler: Texts = ("@filler",)
    """Words without meaning for the rules, which are ignored in titles and agendas."""
    stop_words: Texts = ("@small",)
    """Words that are never content, and that no proposal for a rule contains."""
    meeting_words: Texts = ("@meets",)
    """Words of meeting somebody: with one of these, an agency named in a title takes part."""
    standing_items: Texts = ("@standing",)
    """Items of every agenda: they are no evidence next to others (rule 9)."""
    not_typos: Texts = ("@not_typos",)
    """Ordinary words that look like misspellings."""
    home: Texts = ()
    """Mail domains of the pack's nation, where nations share a partnership's name."""
    cut_after: Texts = ()
    """Texts at which the text of meeting software begins, which is cut off."""


class PackTable(Strict):
    """A pack file."""

    pack: Header
    quotes: dict[str, str] = {}
    """The words of the coding manual that `explain` quotes, by the number of the rule."""
    list: dict[str, PhraseTable] = {}
    activity: dict[str, ActivityTable] = {}
    partnership: tuple[PartnershipTable, ...] = ()
    rule: tuple[RuleTable, ...] = ()
    cue: tuple[CueTable, ...] = ()
    pattern: tuple[PatternTable, ...] = ()


class SectorTable(Strict):
    """`[[sector]]`: a kind of organisation and how its mail domains look; `*` matches anything."""

    id: Id
    role: str = "partner"
    """partner (counts as an agency), own (of the council: maintained schools), or one that never counts:
    regulator, politician, media, supplier, network, private, thing, translator."""
    domains: Texts = ()
    labels: Texts = ()
    """Patterns for the part of a domain that names the organisation."""


class SharedTable(Strict):
    """`[[shared]]`: one mail domain of several agencies; only the text shows which."""

    domain: str
    sector: str


class AgencyTable(Strict):
    """`[[agency]]`: one organisation, all its mail domains, and its names in texts."""

    id: AgencyId
    """An id of your own, or as `calsync explain` shows the agency."""
    name: str
    sector: str
    domains: Texts = ()
    names: PhraseTable = PhraseTable()
    short: PhraseTable = PhraseTable()


class DirectoryTable(Strict):
    """An agencies file."""

    suffixes: Texts = ()
    replaced: dict[str, str] = {}
    sector: tuple[SectorTable, ...] = ()
    shared: tuple[SharedTable, ...] = ()
    agency: tuple[AgencyTable, ...] = ()

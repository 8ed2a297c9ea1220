"""What may stand in a pack of rules: the shape of its TOML, checked key by key."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Texts = tuple[str, ...]
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_./-]*$")]
# As `explain` shows an agency that only its domain tells: `council:denbighshire`.
AgencyId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_./:-]*$")]
_LANGUAGE = re.compile(r"[a-z]{2,3}")


class Strict(BaseModel):
    """Unknown keys are refused; values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Example(Strict):
    """A meeting that proves a rule; `domains` are the invited people's, the organizer's first.

    expect: a scope, an activity, or scope/partnership/activity with "-" for no partnership.
    """

    title: str = ""
    description: str = ""
    location: str = ""
    domains: Texts = ()
    minutes: int = 60
    categories: Texts = ()
    expect: str = ""


class When(Strict):
    """What must be seen before a rule speaks; all that is named must hold.

    Texts are phrases, or "@list" for a list of phrases. `title_only`: the title holds nothing but
    such phrases, numbers and filler. `all`: something of each group. sectors: kinds of organisation
    among organizer and invited; domains: their mail domains, `*` for anything. `others_named`: the
    title names another agency than the organizer's.
    `partnership_titled`: the title shows a partnership. `invited = false`: nobody is on the
    invitation but its organizer.
    """

    any: Texts = ()
    title_any: Texts = ()
    title_first: Texts = ()
    description_any: Texts = ()
    all: tuple[Texts, ...] = ()
    none: Texts = ()
    title_none: Texts = ()
    title_only: Texts = ()
    agencies_at_least: int | None = None
    agencies_at_most: int | None = None
    sectors_any: Texts = ()
    sectors_none: Texts = ()
    domains_any: Texts = ()
    others_named: bool | None = None
    partnerships: Texts = ()
    partnership: bool | None = None
    partnership_titled: bool | None = None
    invited: bool | None = None
    described: bool | None = None


class CueWhen(Strict):
    """What a piece of evidence must see: in one clause, in its segment, or anywhere in the row.

    A segment runs from one break (full stop, semicolon, new line, number) to the next.
    """

    any: Texts = ()
    with_any: Texts = ()
    none: Texts = ()
    segment_any: Texts = ()
    row_any: Texts = ()
    row_none: Texts = ()
    partnerships: Texts = ()
    partnership: bool | None = None


class RuleTable(Strict):
    """`[[rule]]`: one judgement that settles scope, activity and whether the partnership is kept."""

    id: Id
    stage: str = ""
    why: str = Field(min_length=8)
    weight: int = 0
    when: When = When()
    scope: str = ""
    activity: str = ""
    partnership: str = "keep"
    kind: Literal["meeting", "preparation", "travel"] = "meeting"
    example: tuple[Example, ...] = Field(min_length=1)
    leaves: tuple[Example, ...] = ()


class CueTable(Strict):
    """`[[cue]]`: a piece of evidence for one side; sides are weighed where no rule has spoken."""

    id: Id
    why: str = Field(min_length=8)
    side: str
    weight: int = Field(default=2, ge=1, le=5)
    when: CueWhen
    example: tuple[Example, ...] = Field(min_length=1)
    leaves: tuple[Example, ...] = ()


class PhraseTable(BaseModel):
    """`[list.name]`: phrases by language (`en`, `cy`, …); `covers` hides shorter finds inside them."""

    model_config = ConfigDict(extra="allow", frozen=True)
    covers: bool = False

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
    """`[[partnership]]`: its names, what belongs to it by law or guidance, its teams' mail domains.

    names: full names (sure). short: abbreviations (another agency or a second word must support
    them). groups: sub-groups that are this partnership's alone. belongs: things that are its
    business by law or guidance. otherwise: words that show that the abbreviation is a local one.
    one_sector: hints count only where all agencies are of
    one sector.
    """

    id: Id
    name: str
    name_cy: str = ""
    names: PhraseTable = PhraseTable()
    short: PhraseTable = PhraseTable()
    groups: PhraseTable = PhraseTable()
    belongs: PhraseTable = PhraseTable()
    hints: PhraseTable = PhraseTable()
    otherwise: PhraseTable = PhraseTable()
    domains: Texts = ()
    one_sector: bool = False


class PatternTable(Strict):
    """`[[pattern]]`: a regular expression on the text as written, for what no phrase can say.

    Where it is found, the row holds `list`; used for initials and names of persons in a case. What
    its group `unknown` catches must be a word that no list knows. near: only looked for where one
    of these phrases stands, which is much quicker.
    """

    list: str
    near: Texts = ()
    regex: str
    where: Literal["title", "description", "both"] = "both"

    @field_validator("regex")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from None
        return value


class ActivityTable(Strict):
    """`[activity.name]`: an activity of the pack's own, and the one of the coding manual it counts as."""

    counts_as: str = "unclear"
    why: str = ""


class BareName(Strict):
    """A title that is only a name: one of `any` in it, none of `none`, nothing but `only` and filler."""

    any: Texts = ()
    only: Texts = ()
    none: Texts = ()


class Header(Strict):
    """`[pack]`: what the pack is for, the packs it builds on, its stages in order, how its language reads.

    joiners: words that join two clauses; joiners_of: by language, words that do so only before a word
    of that language (Welsh "a", which is an article in English). shorthand: how people shorten a
    word. bare_name: titles that are no evidence of what is done (rule 11). names_no_service: lists
    whose words name no service; a word outside them and outside the list `small` puts `@content`
    into its clause. home: mail domains of the pack's nation, where nations share a name. cut_after:
    where meeting software's text begins.
    """

    title: str
    extends: Texts = ()
    stages: Texts = ()
    joiners: Texts = ()
    joiners_of: dict[str, Texts] = {}
    shorthand: dict[str, str] = {}
    bare_name: BareName = BareName()
    names_no_service: Texts = ()
    home: Texts = ()
    cut_after: Texts = ()


class PackTable(Strict):
    """A pack file."""

    pack: Header
    list: dict[str, PhraseTable] = {}
    activity: dict[str, ActivityTable] = {}
    partnership: tuple[PartnershipTable, ...] = ()
    rule: tuple[RuleTable, ...] = ()
    cue: tuple[CueTable, ...] = ()
    pattern: tuple[PatternTable, ...] = ()


class SectorTable(Strict):
    """`[[sector]]`: a kind of organisation and how its mail domains look.

    role: partner (counts as an agency), own (belongs to the council: maintained schools), or one
    that never does: regulator, politician, media, supplier, network, private, thing, translator.
    `*` stands for any letters and dots; `label` names that part alone.
    """

    id: Id
    role: str = "partner"
    domains: Texts = ()
    labels: Texts = ()


class SharedTable(Strict):
    """`[[shared]]`: one mail domain behind which several agencies sit; only the text can tell them apart."""

    domain: str
    sector: str


class AgencyTable(Strict):
    """`[[agency]]`: one organisation, all its mail domains, and its names in texts.

    id: one of your own, or as `calsync explain` shows the agency.
    """

    id: AgencyId
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

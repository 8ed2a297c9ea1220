"""The parts of a rule book, as `packs.compiler` makes them from packs: rules, cues, vocabulary, indexes.

Lists of phrases are bits of an integer (see `language.lexicon`), so that "any phrase of these lists" is one
`&`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from calsync.model.classification import Activity, MeetingKind, Scope
from calsync.rules.language.lexicon import Lexicon
from calsync.rules.language.memo import Memo
from calsync.rules.organisations import Organisation
from calsync.rules.packs.models import Example

OWN_STAGE = "own"  # our own rules, which come before every stage of the shipped ones
EVIDENCE_STAGE = "weigh"  # the stage at which the evidence of the cues is weighed


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditions of a rule, by the keys of `packs.models.When`.

    Lists are bits; 0, None or an empty set is a condition that always holds.
    """

    any: int = 0
    title_any: int = 0
    title_first: int = 0
    description_any: int = 0
    all: tuple[int, ...] = ()
    none: int = 0
    title_none: int = 0
    title_only: int = 0
    agencies_at_least: int | None = None
    agencies_at_most: int | None = None
    sectors_any: frozenset[str] = frozenset()
    sectors_none: frozenset[str] = frozenset()
    domains_any: re.Pattern[str] | None = None
    others_named: bool | None = None
    partnerships: frozenset[str] = frozenset()
    partnership: bool | None = None
    partnership_titled: bool | None = None
    invited: bool | None = None
    described: bool | None = None

    @property
    def trigger_lists(self) -> int:
        """Lists of which the text must have one for the conditions to hold; 0 if they may hold without."""
        return self.any or self.title_any or self.title_first or self.description_any or self.title_only


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its conditions, and what a meeting is for which they hold.

    manual: the rules of the coding manual that it applies, by number. partnership: the id that it sets,
    "keep" for the partnership that the meeting shows, "" for none. own: from a pack of our own folder.
    """

    id: str
    stage: str
    why: str
    manual: tuple[str, ...]
    weight: int
    own: bool
    conditions: Conditions
    scope: Scope
    activity: Activity
    label: str
    partnership: str
    kind: MeetingKind
    example: tuple[Example, ...] = ()
    leaves: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Cue:
    """A piece of evidence for one side, with its conditions by the keys of `packs.models.CueWhen`.

    manual: the rules of the coding manual that it applies, by number.
    """

    id: str
    why: str
    manual: tuple[str, ...]
    side: str
    weight: int
    own: bool
    any: int
    with_any: int
    none: int
    segment_any: int
    row_any: int
    row_none: int
    partnerships: frozenset[str]
    partnership: bool | None
    example: tuple[Example, ...] = ()
    leaves: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class PartnershipMention:
    """Which partnership the phrases of a list show, and in which form (`phrase_lists.MENTION_FORMS`)."""

    partnership: str
    form: str


class PartnershipMatch(NamedTuple):
    """A partnership that a meeting shows, how strongly, and by which words.

    start, end: the tokens of these words, end exclusive; -1 if a mail domain or a mailing list shows it.
    in_title: whether the title shows it; hints alone do not.
    """

    partnership: str
    strength: float
    words: str
    start: int
    end: int
    in_title: bool


@dataclass(frozen=True, slots=True)
class Invitation:
    """Who is on an invitation.

    sectors: their sectors and roles. agencies: ids of the partner agencies, each once, sorted. shared_domain:
    the shared domain of the only partner, or "". one_sector: there are several agencies, all of one sector;
    networks (associations) do not count. partnership_matches: partnerships whose own team organizes.
    home_partnerships: those of the nations of the domains. domains: all mail domains on it, sorted.
    """

    organisations: tuple[Organisation, ...]
    sectors: frozenset[str]
    agencies: tuple[str, ...]
    shared_domain: str
    one_sector: bool
    partnership_matches: tuple[PartnershipMatch, ...]
    home_partnerships: frozenset[str]
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TextPattern:
    """A regular expression that adds lists to those of a text.

    bits: these lists. literal: text that every match contains, or "". letters: runs of letters of which
    one is in some word of every match; empty where none could be derived. required_lists: lists of which
    the text must have one before the expression is searched for, 0 for none. title, description: where
    it is searched for.
    """

    bits: int
    literal: str
    letters: frozenset[str]
    required_lists: int
    regex: re.Pattern[str]
    title: bool
    description: bool


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The lexicon of all packs, their patterns, and the lists with a task of their own.

    Sets of patterns are integers, too: bit 1 << index for `patterns[index]`.

    patterns_by_word: the patterns that a word makes worth a search, computed when a word is first looked
    up. always_tried: the patterns without `letters`. title_patterns, description_patterns: the patterns for
    such a text. conjunctions: words between two clauses; conjunctions_before: the same, by the words that
    must follow. clause_ends: the words and marks at which a clause may end, numbers apart.
    no_service_lists: lists whose words name no service. content_bit: the bit of `@content`, which a clause
    has if one of its content words is in none of these lists. bare_name: holds for a title that is only a
    name. cut_after: by text in lower case, the expression that finds where the text of meeting software
    begins.
    """

    lexicon: Lexicon
    patterns: Sequence[TextPattern]
    patterns_by_word: Memo[str, int]
    always_tried: int
    title_patterns: int
    description_patterns: int
    conjunctions: frozenset[str]
    conjunctions_before: Mapping[str, frozenset[str]]
    clause_ends: frozenset[str]
    stop_words: frozenset[str]
    filler: int
    meeting_words: int
    standing_items: int
    no_service_lists: int
    content_bit: int
    bare_name: Conditions
    cut_after: Mapping[str, re.Pattern[str]]

    def is_content_word(self, token: str) -> bool:
        """Whether a token is a word of three letters or more and no stop word."""
        return len(token) > 2 and token.isalpha() and token not in self.stop_words


@dataclass(frozen=True, eq=False)
class PartnershipIndex:
    """What shows a partnership, and which.

    mentions: by the bit of a list; mention_bits: all these bits. name_bits: by partnership, the list of its
    full names; local_meaning_bits: the list of words that show that its abbreviation means something else.
    mailboxes: partnerships by the local part of a mailing list's address. team_domains: partnerships with
    the mail domains of their own teams; home_domains: with those of their nation. one_sector: partnerships
    whose hints count only among agencies of one sector.
    """

    mentions: Mapping[int, PartnershipMention]
    mention_bits: int
    name_bits: Mapping[str, int]
    local_meaning_bits: Mapping[str, int]
    mailboxes: Mapping[str, str]
    team_domains: Sequence[tuple[str, re.Pattern[str]]]
    home_domains: Mapping[str, re.Pattern[str]]
    one_sector: frozenset[str]


@dataclass(frozen=True, eq=False)
class OrganisationIndex:
    """Organisations that texts name.

    sectors, ids: by the bit of the list of an agency's names; bits: all these bits. shared_domains: by shared
    domain, the bits of the agencies that may use it.
    """

    sectors: Mapping[int, str]
    ids: Mapping[int, str]
    bits: int
    shared_domains: Mapping[str, tuple[int, ...]]

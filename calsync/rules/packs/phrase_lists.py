"""Collects the lists of phrases of packs and agencies files (`collect_phrase_lists`), for the compiler."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from calsync.rules.language.lexicon import PhraseList
from calsync.rules.packs.models import CueTable, DirectoryTable, PackTable, PhraseTable, RuleTable

# The keys of a partnership whose phrases show it.
MENTION_FORMS = ("names", "short", "groups", "belongs", "hints")
LOCAL_MEANING_LIST = "otherwise"  # the key for words that show that the abbreviation means something else
CONTENT_LIST = "content"  # `@content`, which has no phrases: see `Vocabulary.content_bit`
# Keys of `[pack]` that take phrases and lists.
LIST_KEYS = ("names_no_service", "filler", "stop_words", "meeting_words", "standing_items", "not_typos")
_CONDITIONS_WITHOUT_PHRASES = ("domains_any", "sectors_any", "sectors_none", "partnerships")


@dataclass(frozen=True, slots=True)
class LoadedPack:
    """A pack file as read: the name of its pack, its file name, and whether it is from our own folder."""

    name: str
    file: str
    own: bool
    table: PackTable


def collect_phrase_lists(
    sources: Sequence[LoadedPack], directories: Sequence[DirectoryTable]
) -> dict[str, PhraseList]:
    """All lists by name.

    A list that several packs give is one list. The names of an agency are the list `agency.ID`, those of a
    partnership `ID.KEY`. A phrase in a condition is a list of its own, named `'phrase`.
    """
    lists: dict[str, PhraseList] = {}
    for source in sources:
        _add_pack_lists(source, lists)
    for directory in directories:
        for agency in directory.agency:
            for key in ("names", "short"):
                _add_list(lists, f"agency.{agency.id}", getattr(agency, key), covers=key == "names")
    lists.setdefault(CONTENT_LIST, PhraseList({}))
    for source in sources:
        _add_inline_phrases(source, lists)
    return lists


def _add_pack_lists(source: LoadedPack, lists: dict[str, PhraseList]) -> None:
    for name, table in source.table.list.items():
        _add_list(lists, name, table)
    for partnership in source.table.partnership:
        for key in (*MENTION_FORMS, LOCAL_MEANING_LIST):
            covers = key in ("names", "groups")
            _add_list(lists, f"{partnership.id}.{key}", getattr(partnership, key), covers=covers)
    for pattern in source.table.pattern:
        for name in pattern.lists:
            lists.setdefault(name, PhraseList({}))


def _add_list(lists: dict[str, PhraseList], name: str, table: PhraseTable, *, covers: bool = False) -> None:
    """Add the phrases of a table to those that the list has already."""
    phrases = table.phrases()
    if not phrases and "." in name:
        return  # a partnership or an agency without names under this key
    previous = lists.get(name, PhraseList({}))
    by_language = dict(previous.by_language)
    for language, texts in phrases.items():
        by_language[language] = (*by_language.get(language, ()), *texts)
    lists[name] = PhraseList(by_language, previous.covers or table.covers or covers)


def _add_inline_phrases(source: LoadedPack, lists: dict[str, PhraseList]) -> None:
    tables: list[RuleTable | CueTable] = [*source.table.rule, *source.table.cue]
    header = source.table.pack
    bare = header.bare_name
    near = [text for pattern in source.table.pattern for text in pattern.near]
    listed = [text for key in LIST_KEYS for text in getattr(header, key)]
    for texts in (*map(phrases_of_conditions, tables), (*bare.any, *bare.only, *bare.none, *near, *listed)):
        for text in texts:
            if not text.startswith("@"):
                # Of any language. As a Welsh phrase it is found both as it is and with mutations.
                lists.setdefault(f"'{text}", PhraseList({"cy": (text,)}))


def phrases_of_conditions(table: RuleTable | CueTable) -> Iterable[str]:
    """Every phrase and list in the conditions of a rule or cue."""
    for name, value in table.when:
        if name not in _CONDITIONS_WITHOUT_PHRASES and isinstance(value, tuple):
            for part in value:
                yield from (part,) if isinstance(part, str) else part

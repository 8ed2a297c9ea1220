"""Gathers every list of phrases that packs and agencies files give: named, of partnerships, in place."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from calsync.rules.language.lexicon import PhraseList
from calsync.rules.packs.models import CueTable, DirectoryTable, PackTable, PhraseTable, RuleTable

MENTION_FORMS = ("names", "short", "groups", "belongs", "hints")  # how a list may show a partnership
LOCAL_MEANING_LIST = "otherwise"
CONTENT_LIST = "content"  # the list that the engine fills: a word that may name a service
# Keys of `[pack]` that take phrases and lists.
LIST_KEYS = ("names_no_service", "filler", "stop_words", "meeting_words", "standing_items", "not_typos")
_CONDITIONS_WITHOUT_PHRASES = ("domains_any", "sectors_any", "sectors_none", "partnerships")


@dataclass(frozen=True, slots=True)
class LoadedPack:
    """A pack as read: its name, its file, and whether it is our own."""

    name: str
    file: str
    own: bool
    table: PackTable


def collect_phrase_lists(
    sources: Sequence[LoadedPack], directories: Sequence[DirectoryTable]
) -> dict[str, PhraseList]:
    """All lists by name; a list given in several packs is one, a phrase in place is `'phrase`."""
    lists: dict[str, PhraseList] = {}
    for source in sources:
        _add_pack_lists(source, lists)
    for directory in directories:
        for agency in directory.agency:
            for kind in ("names", "short"):
                _add_list(lists, f"agency.{agency.id}", getattr(agency, kind), covers=kind == "names")
    lists.setdefault(CONTENT_LIST, PhraseList({}))
    for source in sources:
        _add_inline_phrases(source, lists)
    return lists


def _add_pack_lists(source: LoadedPack, lists: dict[str, PhraseList]) -> None:
    for name, table in source.table.list.items():
        _add_list(lists, name, table)
    for partnership in source.table.partnership:
        for kind in (*MENTION_FORMS, LOCAL_MEANING_LIST):
            name, covers = f"{partnership.id}.{kind}", kind in ("names", "groups")
            _add_list(lists, name, getattr(partnership, kind), covers=covers)
    for pattern in source.table.pattern:
        for name in pattern.lists:
            lists.setdefault(name, PhraseList({}))


def _add_list(lists: dict[str, PhraseList], name: str, table: PhraseTable, *, covers: bool = False) -> None:
    given = {language: tuple(texts) for language, texts in table.phrases().items()}
    if not given and "." in name:
        return  # a partnership or an agency without this kind of name
    previous = lists.get(name, PhraseList({}))
    merged = _merged(previous.by_language, given)
    lists[name] = PhraseList(merged, previous.covers or table.covers or covers)


def _merged(
    left: Mapping[str, tuple[str, ...]], right: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    languages = dict.fromkeys((*left, *right))
    return {language: (*left.get(language, ()), *right.get(language, ())) for language in languages}


def _add_inline_phrases(source: LoadedPack, lists: dict[str, PhraseList]) -> None:
    tables: list[RuleTable | CueTable] = [*source.table.rule, *source.table.cue]
    header = source.table.pack
    bare = header.bare_name
    near = [text for pattern in source.table.pattern for text in pattern.near]
    listed = [text for key in LIST_KEYS for text in getattr(header, key)]
    for texts in (*map(phrases_of_conditions, tables), (*bare.any, *bare.only, *bare.none, *near, *listed)):
        for text in texts:
            if not text.startswith("@"):
                # Any language's phrase: Welsh forms of a word, and the word as it is, are all found.
                lists.setdefault(f"'{text}", PhraseList({"cy": (text,)}))


def phrases_of_conditions(table: RuleTable | CueTable) -> Iterable[str]:
    """Every phrase and list that a rule's conditions name."""
    for name, value in table.when:
        if name not in _CONDITIONS_WITHOUT_PHRASES and isinstance(value, tuple):
            for part in value:
                yield from (part,) if isinstance(part, str) else part

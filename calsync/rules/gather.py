"""Gathers every list of phrases that packs and agencies files give: named, of partnerships, in place."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from calsync.rules.lexicon import Phrases
from calsync.rules.pack import CueTable, DirectoryTable, PackTable, PhraseTable, RuleTable

TRACES = ("names", "short", "groups", "belongs", "hints")  # how a list may show a partnership
LOCAL = "otherwise"
CONTENT = "content"  # the list that the engine fills: a word that may name a service
_NO_TEXTS = ("domains_any", "sectors_any", "sectors_none", "partnerships")


@dataclass(frozen=True, slots=True)
class Source:
    """A pack as read: its name, its file, and whether it is our own."""

    name: str
    file: str
    own: bool
    table: PackTable


def gather(sources: Sequence[Source], directories: Sequence[DirectoryTable]) -> dict[str, Phrases]:
    """All lists by name; a list given in several packs is one, a phrase in place is `'phrase`."""
    lists: dict[str, Phrases] = {}
    for source in sources:
        _from_pack(source, lists)
    for directory in directories:
        for agency in directory.agency:
            for kind in ("names", "short"):
                _add(lists, f"agency.{agency.id}", getattr(agency, kind), covers=kind == "names")
    lists.setdefault(CONTENT, Phrases({}))
    for source in sources:
        _in_place(source, lists)
    return lists


def _from_pack(source: Source, lists: dict[str, Phrases]) -> None:
    for name, table in source.table.list.items():
        _add(lists, name, table)
    for partnership in source.table.partnership:
        for kind in (*TRACES, LOCAL):
            name, covers = f"{partnership.id}.{kind}", kind in ("names", "groups")
            _add(lists, name, getattr(partnership, kind), covers=covers)
    for pattern in source.table.pattern:
        lists.setdefault(pattern.list, Phrases({}))


def _add(lists: dict[str, Phrases], name: str, table: PhraseTable, *, covers: bool = False) -> None:
    given = {language: tuple(texts) for language, texts in table.phrases().items()}
    if not given and "." in name:
        return  # a partnership or an agency without this kind of name
    held = lists.get(name, Phrases({}))
    merged = _merged(held.by_language, given)
    lists[name] = Phrases(merged, held.covers or table.covers or covers)


def _merged(
    left: Mapping[str, tuple[str, ...]], right: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    languages = dict.fromkeys((*left, *right))
    return {language: (*left.get(language, ()), *right.get(language, ())) for language in languages}


def _in_place(source: Source, lists: dict[str, Phrases]) -> None:
    tables: list[RuleTable | CueTable] = [*source.table.rule, *source.table.cue]
    bare = source.table.pack.bare_name
    near = [text for pattern in source.table.pattern for text in pattern.near]
    for texts in (*map(texts_of, tables), (*bare.any, *bare.only, *bare.none, *near)):
        for text in texts:
            if not text.startswith("@"):
                # Any language's phrase: Welsh forms of a word, and the word as it is, are all found.
                lists.setdefault(f"'{text}", Phrases({"cy": (text,)}))


def texts_of(table: RuleTable | CueTable) -> Iterable[str]:
    """Every phrase and list that a rule's conditions name."""
    for name, value in table.when:
        if name not in _NO_TEXTS and isinstance(value, tuple):
            for part in value:
                yield from (part,) if isinstance(part, str) else part

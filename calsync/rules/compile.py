"""Puts a rule book together from packs and agencies files: lists become bits, rules their tests."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import or_

from calsync.model.classification import Activity
from calsync.model.people import Partnership
from calsync.model.problem import Problem
from calsync.rules.bind import Binder
from calsync.rules.book import Orgs, Pattern, Rule, RuleBook, Test, Trace, Whose, Words
from calsync.rules.directory import build_directory, globs
from calsync.rules.findings import find_oddities
from calsync.rules.fold import fold, mutations, written
from calsync.rules.gather import CONTENT, LOCAL, TRACES, Source, gather
from calsync.rules.index import build_index
from calsync.rules.lexicon import Lexicon, Phrases, places
from calsync.rules.literal import letters_in, literal_in
from calsync.rules.memo import Memo
from calsync.rules.pack import DirectoryTable, Header, PartnershipTable
from calsync.validation import near

ENGINE = "1"  # raise it when the engine judges otherwise with the same rules
_KEPT = 200_000  # words remembered
Bits = Mapping[str, int]


def compile_book(
    sources: Sequence[Source],
    directories: Sequence[DirectoryTable],
    version: str,
    registered: Callable[[str], str],
) -> tuple[RuleBook, list[Problem]]:
    """The book, and everything found wrong on the way; faults make it unusable.

    version: a digest of everything read. registered: as in `build_directory`.
    """
    lists = gather(sources, directories)
    lexicon = _lexicon(lists, [source.table.pack for source in sources])
    partnerships = _partnerships(sources)
    stages = tuple(dict.fromkeys(s for source in sources for s in source.table.pack.stages)) or ("rules",)
    binder = Binder(lexicon.bits, stages, partnerships, _labels(sources))
    binder.problems += _bad_labels(sources)
    binder.check_ids(sources)
    rules = [rule for source in sources for rule in binder.rules(source)]
    cues = tuple(cue for source in sources for cue in binder.cues(source))
    whose = _whose(sources, partnerships, lists, lexicon.bits)
    orgs = _orgs(directories, lexicon.bits)
    words = _words(sources, lists, lexicon, binder, whose.traced, orgs.bits)
    own, shipped = _by_precedence(rules, stages)
    book = RuleBook(
        version=version,
        packs=tuple(source.name for source in sources),
        partnerships=partnerships,
        directory=build_directory(directories, registered),
        words=words,
        whose=whose,
        orgs=orgs,
        labels=binder.labels,
        stages=stages,
        rules=shipped,
        own_rules=own,
        cues=cues,
        index=build_index(own, stages, shipped, cues, words.content),
        oddities=tuple(find_oddities(sources, directories)),
    )
    return book, binder.problems


def _words(
    sources: Sequence[Source],
    lists: Mapping[str, Phrases],
    lexicon: Lexicon,
    binder: Binder,
    traced: int,
    named: int,
) -> Words:
    headers = [source.table.pack for source in sources]
    bits = lexicon.bits
    small = frozenset(word for texts in _texts(lists, "small") for word in texts)
    patterns = tuple(_patterns(sources, bits, binder))
    return Words(
        lexicon=lexicon,
        patterns=patterns,
        opened=_opened_by_word(patterns),
        always=_bits(not pattern.letters for pattern in patterns),
        for_titles=_bits(pattern.title for pattern in patterns),
        for_descriptions=_bits(pattern.description for pattern in patterns),
        tried=Memo(lambda tried: [(1 << at, patterns[at]) for at in places(tried)], _KEPT),
        joiners=frozenset(fold(word) for header in headers for word in header.joiners),
        joiners_before=_joiners_before(headers, lists),
        small=small,
        filler=bits.get("filler", 0),
        meets=bits.get("meets", 0),
        standing=bits.get("standing", 0),
        said=_said(headers, binder) | traced | named,
        content=bits[CONTENT],
        telling=Memo(lambda word: len(word) > 2 and word.isalpha() and word not in small, _KEPT),
        bare_name=_bare_name(headers, binder, traced),
        cut_after=_whatever_case(text for header in headers for text in header.cut_after),
    )


def _joiners_before(headers: Iterable[Header], lists: Mapping[str, Phrases]) -> dict[str, frozenset[str]]:
    """By joiner of one language, the words before which it joins: those that no other language has."""
    by_language = _vocabularies(lists)
    found: dict[str, frozenset[str]] = {}
    for header in headers:
        for language, joiners in header.joiners_of.items():
            foreign = [words for other, words in by_language.items() if other != language]
            own = frozenset(by_language.get(language, set()).difference(*foreign))
            found |= {fold(word): own for word in joiners}
    return found


def _vocabularies(lists: Mapping[str, Phrases]) -> dict[str, set[str]]:
    """The words of all named lists, by language, Welsh ones with their mutations."""
    found: dict[str, set[str]] = {}
    for name, phrases in lists.items():
        if name.startswith("'"):
            continue  # a phrase in place is given as every language
        for language, texts in phrases.by_language.items():
            plain = {word.rstrip("*") for text in texts for word in _words_in(text)}
            known = found.setdefault(language, set())
            known |= {form for word in plain for form in mutations(word)} if language == "cy" else plain
    return found


def _words_in(phrase: str) -> Iterator[str]:
    return (word for places in written(phrase) for place in places for words in place for word in words)


def _whose(
    sources: Sequence[Source], partnerships: Iterable[str], lists: Mapping[str, Phrases], bits: Bits
) -> Whose:
    traces = _traces(partnerships, bits)
    tables = list(_tables(sources))
    return Whose(
        traces=traces,
        traced=sum(traces),
        name_bits={id_: bits.get(f"{id_}.names", 0) for id_ in partnerships},
        otherwise={id_: bits.get(f"{id_}.{LOCAL}", 0) for id_ in partnerships},
        mailboxes=_mailboxes(partnerships, lists),
        team_domains=tuple((table.id, globs(table.domains)) for table in tables if table.domains),
        homes=_homes(sources),
        one_sector=frozenset(table.id for table in tables if table.one_sector),
    )


def _orgs(directories: Sequence[DirectoryTable], bits: Bits) -> Orgs:
    sectors = _agencies(directories, bits)
    return Orgs(
        sectors={bits[f"agency.{id_}"]: sector for id_, sector in sectors.items()},
        ids={bits[f"agency.{id_}"]: id_ for id_ in sectors},
        bits=sum(bits[f"agency.{id_}"] for id_ in sectors),
        shared=_shared(directories, bits),
    )


def _lexicon(lists: Mapping[str, Phrases], headers: Iterable[Header]) -> Lexicon:
    innocent = [word for texts in _texts(lists, "not_typos") for word in texts]
    shorthand = {fold(short): fold(whole) for header in headers for short, whole in header.shorthand.items()}
    return Lexicon(lists, innocent, shorthand)


def _texts(lists: Mapping[str, Phrases], name: str) -> Iterable[tuple[str, ...]]:
    return lists[name].by_language.values() if name in lists else ()


def _tables(sources: Iterable[Source]) -> Iterator[PartnershipTable]:
    return (table for source in sources for table in source.table.partnership)


def _partnerships(sources: Iterable[Source]) -> dict[str, Partnership]:
    found: dict[str, Partnership] = {}
    for table in _tables(sources):
        found[table.id] = Partnership(table.id, table.name, table.name_cy)
    return found


def _traces(partnerships: Iterable[str], bits: Bits) -> dict[int, Trace]:
    return {
        bits[f"{id_}.{kind}"]: Trace(id_, kind)
        for id_ in partnerships
        for kind in TRACES
        if f"{id_}.{kind}" in bits
    }


def _labels(sources: Iterable[Source]) -> dict[str, Activity]:
    tables = (item for source in sources for item in source.table.activity.items())
    return {name: Activity(table.counts_as) for name, table in tables if table.counts_as in set(Activity)}


def _bad_labels(sources: Iterable[Source]) -> Iterator[Problem]:
    for source in sources:
        for name, table in source.table.activity.items():
            if table.counts_as not in set(Activity):
                where, what = f"{source.file} [activity.{name}]", f"no such activity: {table.counts_as!r}"
                yield Problem(where, what, near(table.counts_as, sorted(Activity)))


def _by_precedence(
    rules: Sequence[Rule], stages: Sequence[str]
) -> tuple[tuple[Rule, ...], dict[str, tuple[Rule, ...]]]:
    """Our own rules, and the shipped ones by stage."""
    own = tuple(sorted(_in_order(r for r in rules if r.own), key=lambda r: stages.index(r.stage)))
    return own, {stage: _in_order(r for r in rules if not r.own and r.stage == stage) for stage in stages}


def _in_order(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    return tuple(sorted(rules, key=lambda rule: -rule.weight))


def _patterns(sources: Iterable[Source], bits: Bits, binder: Binder) -> Iterator[Pattern]:
    for source in sources:
        for table in source.table.pattern:
            title, description = (table.where in (part, "both") for part in ("title", "description"))
            near_bits = binder.mask(table.near, f"{source.file} [pattern {table.list}]")
            literal, letters = literal_in(table.regex), letters_in(table.regex)
            regex = re.compile(table.regex)
            yield Pattern(bits[table.list], literal, letters, near_bits, regex, title, description)


def _opened_by_word(patterns: Sequence[Pattern]) -> Memo[str, int]:
    by_run: dict[str, int] = {}
    for place, pattern in enumerate(patterns):
        for run in pattern.letters:
            by_run[run] = by_run.get(run, 0) | 1 << place

    def opened(word: str) -> int:
        if word.isdigit():
            return 0  # numbers hardly repeat, so that none should cost a search
        return reduce(or_, (bits for run, bits in by_run.items() if run in word), 0)

    return Memo(opened, _KEPT)


def _bits(asked: Iterable[bool]) -> int:
    return sum(1 << place for place, yes in enumerate(asked) if yes)


def _mailboxes(partnerships: Iterable[str], lists: Mapping[str, Phrases]) -> dict[str, str]:
    return {
        fold(text): id_
        for id_ in partnerships
        for texts in _texts(lists, f"{id_}.short")
        for text in texts
        if text.isalnum() and len(text) > 2
    }


def _homes(sources: Iterable[Source]) -> dict[str, re.Pattern[str]]:
    return {
        table.id: globs(source.table.pack.home)
        for source in sources
        for table in source.table.partnership
        if source.table.pack.home
    }


def _agencies(directories: Iterable[DirectoryTable], bits: Bits) -> dict[str, str]:
    """The sector of every agency that has names for texts."""
    return {
        agency.id: agency.sector
        for directory in directories
        for agency in directory.agency
        if f"agency.{agency.id}" in bits
    }


def _shared(directories: Sequence[DirectoryTable], bits: Bits) -> dict[str, tuple[int, ...]]:
    """By shared domain the bits of the agencies that may sit behind it."""
    sectors = _agencies(directories, bits)
    return {
        table.domain.casefold(): tuple(
            bits[f"agency.{id_}"] for id_, sector in sectors.items() if sector == table.sector
        )
        for directory in directories
        for table in directory.shared
    }


def _said(headers: Iterable[Header], binder: Binder) -> int:
    return binder.mask((text for h in headers for text in h.names_no_service), "[pack] names_no_service")


def _bare_name(headers: Sequence[Header], binder: Binder, traced: int) -> Test:
    tables = [header.bare_name for header in headers]
    return Test(
        title_any=binder.mask((text for table in tables for text in table.any), "[pack] bare_name"),
        title_only=binder.mask((text for table in tables for text in table.only), "[pack] bare_name")
        | traced,
        title_none=binder.mask((text for table in tables for text in table.none), "[pack] bare_name"),
    )


def _whatever_case(texts: Iterable[str]) -> dict[str, re.Pattern[str]]:
    return {text.casefold(): re.compile(re.escape(text), re.IGNORECASE) for text in texts}

"""Puts a rule book together from packs and agencies files: lists become bits, rules their tests."""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import or_

from calsync.model.classification import Activity
from calsync.model.people import Partnership
from calsync.model.problem import Problem
from calsync.rules.book import (
    EVIDENCE_STAGE,
    OWN_STAGE,
    Conditions,
    OrganisationIndex,
    PartnershipIndex,
    PartnershipMention,
    Rule,
    RuleBook,
    TextPattern,
    Vocabulary,
)
from calsync.rules.language.folding import fold_text, mutate_welsh_word, parse_phrase
from calsync.rules.language.lexicon import Lexicon, PhraseList, bit_positions
from calsync.rules.language.memo import Memo
from calsync.rules.language.regex_literals import required_letters, required_literal
from calsync.rules.organisations import build_directory, compile_globs
from calsync.rules.packs.binding import Binder
from calsync.rules.packs.lint import lint_packs
from calsync.rules.packs.models import DirectoryTable, Header, PartnershipTable
from calsync.rules.packs.phrase_lists import (
    CONTENT_LIST,
    LOCAL_MEANING_LIST,
    MENTION_FORMS,
    LoadedPack,
    collect_phrase_lists,
)
from calsync.validation import suggest_word

ENGINE_VERSION = "1"  # raise it when the engine judges otherwise with the same rules
_CACHE_LIMIT = 200_000  # words remembered
ListBits = Mapping[str, int]


def compile_book(
    sources: Sequence[LoadedPack],
    directories: Sequence[DirectoryTable],
    version: str,
    registered_domain: Callable[[str], str],
) -> tuple[RuleBook, list[Problem]]:
    """The book, and everything found wrong on the way; faults make it unusable.

    version: a digest of everything read. registered: as in `build_directory`.
    """
    lists = collect_phrase_lists(sources, directories)
    lexicon = _lexicon(lists, [source.table.pack for source in sources])
    partnerships = _partnerships(sources)
    stages = tuple(dict.fromkeys(s for source in sources for s in source.table.pack.stages)) or ("rules",)
    quotes = {number: quote for source in sources for number, quote in source.table.quotes.items()}
    binder = Binder(lexicon.bits, stages, partnerships, _labels(sources), quotes)
    binder.problems += _check_labels(sources)
    binder.check_ids(sources)
    rules = [rule for source in sources for rule in binder.bind_rules(source)]
    cues = tuple(cue for source in sources for cue in binder.bind_cues(source))
    partnership_index = _build_partnership_index(sources, partnerships, lists, lexicon.bits)
    organisation_index = _build_organisation_index(directories, lexicon.bits)
    words = _build_vocabulary(
        sources, lists, lexicon, binder, partnership_index.mention_bits, organisation_index.bits
    )
    own, shipped = _by_precedence(rules, stages)
    book = RuleBook(
        version=version,
        packs=tuple(dict.fromkeys(source.name for source in sources)),
        partnerships=partnerships,
        directory=build_directory(directories, registered_domain),
        vocabulary=words,
        partnership_index=partnership_index,
        organisation_index=organisation_index,
        labels=binder.labels,
        quotes=quotes,
        stages=stages,
        rules=shipped,
        own_rules=own,
        cues=cues,
        precedence=_order_rules(own, shipped, stages),
        lists_of_rows=reduce(or_, (cue.row_any | cue.row_none for cue in cues), 0),
        lint_problems=tuple(lint_packs(sources, directories)),
    )
    return book, binder.problems


def _build_vocabulary(
    sources: Sequence[LoadedPack],
    lists: Mapping[str, PhraseList],
    lexicon: Lexicon,
    binder: Binder,
    mention_bits: int,
    organisation_bits: int,
) -> Vocabulary:
    headers = [source.table.pack for source in sources]
    bits = lexicon.bits
    small = frozenset(_phrases_under("stop_words", headers, lists))
    for key in ("stop_words", "not_typos"):
        _bits_under(key, headers, binder)  # finds lists that do not exist
    patterns = tuple(_build_patterns(sources, bits, binder))
    return Vocabulary(
        lexicon=lexicon,
        patterns=patterns,
        patterns_by_word=_index_patterns_by_word(patterns),
        always_tried=_bits_where(not pattern.letters for pattern in patterns),
        title_patterns=_bits_where(pattern.title for pattern in patterns),
        description_patterns=_bits_where(pattern.description for pattern in patterns),
        patterns_of_bits=Memo(
            lambda tried: [(1 << at, patterns[at]) for at in bit_positions(tried)], _CACHE_LIMIT
        ),
        conjunctions=frozenset(fold_text(word) for header in headers for word in header.joiners),
        conjunctions_before=_conjunctions_before(headers, lists),
        stop_words=small,
        filler=_bits_under("filler", headers, binder),
        meets=_bits_under("meeting_words", headers, binder),
        standing_items=_bits_under("standing_items", headers, binder),
        no_service_lists=_bits_under("names_no_service", headers, binder) | mention_bits | organisation_bits,
        content=bits[CONTENT_LIST],
        is_content_word=Memo(
            lambda word: len(word) > 2 and word.isalpha() and word not in small, _CACHE_LIMIT
        ),
        bare_name=_build_bare_name(headers, binder, mention_bits),
        cut_after=_whatever_case(text for header in headers for text in header.cut_after),
    )


def _conjunctions_before(
    headers: Iterable[Header], lists: Mapping[str, PhraseList]
) -> dict[str, frozenset[str]]:
    """By joiner of one language, the words before which it joins: those that no other language has."""
    by_language = _words_by_language(lists)
    found: dict[str, frozenset[str]] = {}
    for header in headers:
        for language, joiners in header.joiners_of.items():
            foreign = [words for other, words in by_language.items() if other != language]
            own = frozenset(by_language.get(language, set()).difference(*foreign))
            found |= {fold_text(word): own for word in joiners}
    return found


def _words_by_language(lists: Mapping[str, PhraseList]) -> dict[str, set[str]]:
    """The words of all named lists, by language, Welsh ones with their mutations."""
    found: dict[str, set[str]] = {}
    for name, phrases in lists.items():
        if name.startswith("'"):
            continue  # a phrase in place is given as every language
        for language, texts in phrases.by_language.items():
            plain = {word.rstrip("*") for text in texts for word in _words_of_phrase(text)}
            known = found.setdefault(language, set())
            known |= (
                {form for word in plain for form in mutate_welsh_word(word)} if language == "cy" else plain
            )
    return found


def _words_of_phrase(phrase: str) -> Iterator[str]:
    return (word for places in parse_phrase(phrase) for index in places for words in index for word in words)


def _build_partnership_index(
    sources: Sequence[LoadedPack],
    partnerships: Iterable[str],
    lists: Mapping[str, PhraseList],
    bits: ListBits,
) -> PartnershipIndex:
    traces = _mentions_by_bit(partnerships, bits)
    tables = list(_partnership_tables(sources))
    return PartnershipIndex(
        mentions=traces,
        mention_bits=sum(traces),
        name_bits={id_: bits.get(f"{id_}.names", 0) for id_ in partnerships},
        local_meaning_bits={id_: bits.get(f"{id_}.{LOCAL_MEANING_LIST}", 0) for id_ in partnerships},
        mailboxes=_partnership_by_mailbox(partnerships, lists),
        team_domains=tuple((table.id, compile_globs(table.domains)) for table in tables if table.domains),
        home_domains=_home_domains(sources),
        one_sector=frozenset(table.id for table in tables if table.one_sector),
    )


def _build_organisation_index(directories: Sequence[DirectoryTable], bits: ListBits) -> OrganisationIndex:
    sectors = _sectors_by_agency(directories, bits)
    return OrganisationIndex(
        sectors={bits[f"agency.{id_}"]: sector for id_, sector in sectors.items()},
        ids={bits[f"agency.{id_}"]: id_ for id_ in sectors},
        bits=sum(bits[f"agency.{id_}"] for id_ in sectors),
        shared_domains=_agency_bits_by_shared_domain(directories, bits),
    )


def _lexicon(lists: Mapping[str, PhraseList], headers: Sequence[Header]) -> Lexicon:
    innocent = _phrases_under("not_typos", headers, lists)
    shorthand = {
        fold_text(short): fold_text(whole) for header in headers for short, whole in header.shorthand.items()
    }
    return Lexicon(lists, innocent, shorthand)


def _phrases_of_list(lists: Mapping[str, PhraseList], name: str) -> Iterable[tuple[str, ...]]:
    return lists[name].by_language.values() if name in lists else ()


def _partnership_tables(sources: Iterable[LoadedPack]) -> Iterator[PartnershipTable]:
    return (table for source in sources for table in source.table.partnership)


def _partnerships(sources: Iterable[LoadedPack]) -> dict[str, Partnership]:
    found: dict[str, Partnership] = {}
    for table in _partnership_tables(sources):
        found[table.id] = Partnership(table.id, table.name, table.name_cy)
    return found


def _mentions_by_bit(partnerships: Iterable[str], bits: ListBits) -> dict[int, PartnershipMention]:
    return {
        bits[f"{id_}.{kind}"]: PartnershipMention(id_, kind)
        for id_ in partnerships
        for kind in MENTION_FORMS
        if f"{id_}.{kind}" in bits
    }


def _labels(sources: Iterable[LoadedPack]) -> dict[str, Activity]:
    tables = (item for source in sources for item in source.table.activity.items())
    return {name: Activity(table.counts_as) for name, table in tables if table.counts_as in set(Activity)}


def _check_labels(sources: Iterable[LoadedPack]) -> Iterator[Problem]:
    for source in sources:
        for name, table in source.table.activity.items():
            if table.counts_as not in set(Activity):
                where, what = f"{source.file} [activity.{name}]", f"no such activity: {table.counts_as!r}"
                yield Problem(where, what, suggest_word(table.counts_as, sorted(Activity)))


def _by_precedence(
    rules: Sequence[Rule], stages: Sequence[str]
) -> tuple[tuple[Rule, ...], dict[str, tuple[Rule, ...]]]:
    """Our own rules, and the shipped ones by stage."""
    own = tuple(sorted(_sort_by_weight(r for r in rules if r.own), key=lambda r: stages.index(r.stage)))
    return own, {
        stage: _sort_by_weight(r for r in rules if not r.own and r.stage == stage) for stage in stages
    }


def _order_rules(
    own: Sequence[Rule], shipped: Mapping[str, Sequence[Rule]], stages: Sequence[str]
) -> tuple[tuple[str, Rule | None, int], ...]:
    """The stage, rule and trigger lists of each rule, by precedence; None where cues are weighed."""
    order: list[tuple[str, Rule | None, int]] = [(OWN_STAGE, rule, rule.trigger_lists) for rule in own]
    for stage in stages:
        if stage == EVIDENCE_STAGE:
            order.append((stage, None, 0))
        order += [(stage, rule, rule.trigger_lists) for rule in shipped[stage]]
    return tuple(order)


def _sort_by_weight(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    return tuple(sorted(rules, key=lambda rule: -rule.weight))


def _build_patterns(sources: Iterable[LoadedPack], bits: ListBits, binder: Binder) -> Iterator[TextPattern]:
    for source in sources:
        for table in source.table.pattern:
            title, description = (table.where in (part, "both") for part in ("title", "description"))
            near_bits = binder.bits_of(table.near, f"{source.file} [pattern {', '.join(table.lists)}]")
            literal, letters = required_literal(table.expression), required_letters(table.expression)
            list_bits = reduce(or_, (bits[name] for name in table.lists))
            regex = re.compile(table.expression)
            yield TextPattern(list_bits, literal, letters, near_bits, regex, title, description)


def _index_patterns_by_word(patterns: Sequence[TextPattern]) -> Memo[str, int]:
    by_run: dict[str, int] = {}
    for index, pattern in enumerate(patterns):
        for run in pattern.letters:
            by_run[run] = by_run.get(run, 0) | 1 << index

    def opened(word: str) -> int:
        if word.isdigit():
            return 0  # numbers hardly repeat, so that none should cost a search
        return reduce(or_, (bits for run, bits in by_run.items() if run in word), 0)

    return Memo(opened, _CACHE_LIMIT)


def _bits_where(flags: Iterable[bool]) -> int:
    return sum(1 << index for index, yes in enumerate(flags) if yes)


def _partnership_by_mailbox(partnerships: Iterable[str], lists: Mapping[str, PhraseList]) -> dict[str, str]:
    return {
        fold_text(text): id_
        for id_ in partnerships
        for texts in _phrases_of_list(lists, f"{id_}.short")
        for text in texts
        if text.isalnum() and len(text) > 2
    }


def _home_domains(sources: Iterable[LoadedPack]) -> dict[str, re.Pattern[str]]:
    return {
        table.id: compile_globs(source.table.pack.home)
        for source in sources
        for table in source.table.partnership
        if source.table.pack.home
    }


def _sectors_by_agency(directories: Iterable[DirectoryTable], bits: ListBits) -> dict[str, str]:
    """The sector of every agency that has names for texts."""
    return {
        agency.id: agency.sector
        for directory in directories
        for agency in directory.agency
        if f"agency.{agency.id}" in bits
    }


def _agency_bits_by_shared_domain(
    directories: Sequence[DirectoryTable], bits: ListBits
) -> dict[str, tuple[int, ...]]:
    """By shared domain the bits of the agencies that may sit behind it."""
    sectors = _sectors_by_agency(directories, bits)
    return {
        table.domain.casefold(): tuple(
            bits[f"agency.{id_}"] for id_, sector in sectors.items() if sector == table.sector
        )
        for directory in directories
        for table in directory.shared
    }


def _given_under(key: str, headers: Iterable[Header], known: Container[str]) -> list[str]:
    """The phrases and lists that packs give under a key of `[pack]`.

    A default list need not exist: packs of before these keys hold the lists without naming them.
    """
    default = Header.model_fields[key].default
    given = (text for header in headers for text in getattr(header, key))
    return [text for text in given if text not in default or text[1:] in known]


def _bits_under(key: str, headers: Iterable[Header], binder: Binder) -> int:
    return binder.bits_of(_given_under(key, headers, binder.bits), f"[pack] {key}")


def _phrases_under(key: str, headers: Iterable[Header], lists: Mapping[str, PhraseList]) -> list[str]:
    """All phrases under a key of `[pack]`, those of lists included; unknown lists are found by the binder."""
    found: list[str] = []
    for text in dict.fromkeys(_given_under(key, headers, lists)):
        if not text.startswith("@"):
            found.append(text)
        elif text[1:] in lists:
            found += [phrase for texts in lists[text[1:]].by_language.values() for phrase in texts]
    return found


def _build_bare_name(headers: Sequence[Header], binder: Binder, mention_bits: int) -> Conditions:
    tables = [header.bare_name for header in headers]
    return Conditions(
        title_any=binder.bits_of((text for table in tables for text in table.any), "[pack] bare_name"),
        title_only=binder.bits_of((text for table in tables for text in table.only), "[pack] bare_name")
        | mention_bits,
        title_none=binder.bits_of((text for table in tables for text in table.none), "[pack] bare_name"),
    )


def _whatever_case(texts: Iterable[str]) -> dict[str, re.Pattern[str]]:
    return {text.casefold(): re.compile(re.escape(text), re.IGNORECASE) for text in texts}

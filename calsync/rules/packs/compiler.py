"""Compiles packs and agencies files into a rule book (`compile_book`); `packs.load` calls it.

Lists of phrases become bits of an integer, conditions become bits of lists.
"""

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import reduce
from operator import or_

from calsync.model.classification import Activity
from calsync.model.people import Partnership
from calsync.model.problem import Problem
from calsync.rules.book import RuleBook
from calsync.rules.categories import collect_category_phrases
from calsync.rules.compiled import (
    EVIDENCE_STAGE,
    OWN_STAGE,
    Conditions,
    OrganisationIndex,
    PartnershipIndex,
    PartnershipMention,
    Rule,
    TextPattern,
    Vocabulary,
)
from calsync.rules.language.folding import (
    CLAUSE_BREAK,
    PHRASE_BREAK,
    QUESTION_MARK,
    fold_text,
    mutate_welsh_word,
    parse_phrase,
)
from calsync.rules.language.lexicon import Lexicon, PhraseList
from calsync.rules.language.memo import Memo
from calsync.rules.language.regex_literals import required_letters, required_literal
from calsync.rules.organisations import build_directory, compile_globs
from calsync.rules.packs.binding import Binder
from calsync.rules.packs.lint import lint_packs
from calsync.rules.packs.models import DirectoryTable, Header
from calsync.rules.packs.phrase_lists import (
    CONTENT_LIST,
    LOCAL_MEANING_LIST,
    MENTION_FORMS,
    LoadedPack,
    collect_phrase_lists,
)
from calsync.validation import suggest_word

ENGINE_VERSION = "1"  # raise it when the engine classifies otherwise with the same rules
_MAX_CACHED_WORDS = 200_000
ListBits = Mapping[str, int]


def compile_book(
    sources: Sequence[LoadedPack],
    directories: Sequence[DirectoryTable],
    version: str,
    registered_domain: Callable[[str], str],
) -> tuple[RuleBook, list[Problem]]:
    """Compile a rule book.

    Args:
        sources: the packs, each after those that it extends.
        directories: the agencies files, our own first.
        version: a digest of everything that was read.
        registered_domain: as for `build_directory`.

    Returns:
        The book and every problem found; the book cannot be used if one of them is a fault.
    """
    headers = [source.table.pack for source in sources]
    lists = collect_phrase_lists(sources, directories)
    lexicon = Lexicon(
        lists,
        typo_free=_phrases_under("not_typos", headers, lists),
        shorthand={
            fold_text(short): fold_text(word)
            for header in headers
            for short, word in header.shorthand.items()
        },
    )
    partnerships = {
        table.id: Partnership(table.id, table.name, table.name_cy)
        for source in sources
        for table in source.table.partnership
    }
    labels, label_problems = _read_labels(sources)
    quotes = {number: quote for source in sources for number, quote in source.table.quotes.items()}
    stages = tuple(dict.fromkeys(stage for header in headers for stage in header.stages)) or ("rules",)
    binder = Binder(lexicon.bits, stages, partnerships, labels, quotes)
    binder.problems += label_problems
    binder.check_ids(sources)
    rules = [rule for source in sources for rule in binder.bind_rules(source)]
    cues = tuple(cue for source in sources for cue in binder.bind_cues(source))
    partnership_index = _build_partnership_index(sources, partnerships, lists, lexicon.bits)
    organisation_index = _build_organisation_index(directories, lexicon.bits)
    vocabulary = _build_vocabulary(sources, lists, lexicon, binder, partnership_index, organisation_index)
    # `sorted` is stable: rules of equal weight stay in the order of their files.
    rules.sort(key=lambda rule: -rule.weight)
    own = tuple(sorted((rule for rule in rules if rule.own), key=lambda rule: stages.index(rule.stage)))
    shipped = {
        stage: tuple(rule for rule in rules if not rule.own and rule.stage == stage) for stage in stages
    }
    book = RuleBook(
        version=version,
        packs=tuple(dict.fromkeys(source.name for source in sources)),
        partnerships=partnerships,
        directory=build_directory(directories, registered_domain),
        vocabulary=vocabulary,
        partnership_index=partnership_index,
        organisation_index=organisation_index,
        labels=labels,
        quotes=quotes,
        category_phrases=collect_category_phrases(partnerships.values(), labels),
        stages=stages,
        rules=shipped,
        own_rules=own,
        cues=cues,
        precedence=_order_rules(own, shipped),
        lists_of_rows=reduce(or_, (cue.row_any | cue.row_none for cue in cues), 0),
        lint_problems=tuple(lint_packs(sources, directories)),
    )
    return book, binder.problems


def _read_labels(sources: Iterable[LoadedPack]) -> tuple[dict[str, Activity], list[Problem]]:
    """The packs' own activities and what they count as; a problem for each that counts as no activity."""
    labels: dict[str, Activity] = {}
    problems: list[Problem] = []
    for source in sources:
        for name, table in source.table.activity.items():
            if table.counts_as in set(Activity):
                labels[name] = Activity(table.counts_as)
            else:
                where, what = f"{source.file} [activity.{name}]", f"no such activity: {table.counts_as!r}"
                problems.append(Problem(where, what, suggest_word(table.counts_as, sorted(Activity))))
    return labels, problems


def _order_rules(
    own: Iterable[Rule], shipped: Mapping[str, Iterable[Rule]]
) -> tuple[tuple[str, Rule | None, int], ...]:
    """The stage, rule and trigger lists of each rule by precedence; None where the cues are weighed."""
    order: list[tuple[str, Rule | None, int]] = [
        (OWN_STAGE, rule, rule.conditions.trigger_lists) for rule in own
    ]
    for stage, rules in shipped.items():
        if stage == EVIDENCE_STAGE:
            order.append((stage, None, 0))
        order += [(stage, rule, rule.conditions.trigger_lists) for rule in rules]
    return tuple(order)


def _build_vocabulary(
    sources: Sequence[LoadedPack],
    lists: Mapping[str, PhraseList],
    lexicon: Lexicon,
    binder: Binder,
    partnership_index: PartnershipIndex,
    organisation_index: OrganisationIndex,
) -> Vocabulary:
    headers = [source.table.pack for source in sources]
    for key in ("stop_words", "not_typos"):
        _bits_under(key, headers, binder)  # only for the problems of lists that do not exist
    conjunctions = frozenset(fold_text(word) for header in headers for word in header.joiners)
    conjunctions_before = _find_conjunctions_before(headers, lists)
    patterns = _compile_patterns(sources, binder)
    return Vocabulary(
        lexicon=lexicon,
        patterns=patterns,
        patterns_by_word=_index_patterns_by_word(patterns),
        always_tried=_set_of_patterns(not pattern.letters for pattern in patterns),
        title_patterns=_set_of_patterns(pattern.title for pattern in patterns),
        description_patterns=_set_of_patterns(pattern.description for pattern in patterns),
        conjunctions=conjunctions,
        conjunctions_before=conjunctions_before,
        clause_ends=frozenset(
            {PHRASE_BREAK, CLAUSE_BREAK, QUESTION_MARK, *conjunctions, *conjunctions_before}
        ),
        stop_words=frozenset(_phrases_under("stop_words", headers, lists)),
        filler=_bits_under("filler", headers, binder),
        meeting_words=_bits_under("meeting_words", headers, binder),
        standing_items=_bits_under("standing_items", headers, binder),
        no_service_lists=_bits_under("names_no_service", headers, binder)
        | partnership_index.mention_bits
        | organisation_index.bits,
        content_bit=lexicon.bits[CONTENT_LIST],
        bare_name=_bind_bare_name(headers, binder, partnership_index.mention_bits),
        cut_after={
            text.casefold(): re.compile(re.escape(text), re.IGNORECASE)
            for header in headers
            for text in header.cut_after
        },
    )


def _find_conjunctions_before(
    headers: Iterable[Header], lists: Mapping[str, PhraseList]
) -> dict[str, frozenset[str]]:
    """Conjunctions of one language, and the words before which they join: those of no other language.

    Welsh "a" (and) joins two clauses before a Welsh word; before an English word it is an article.
    """
    by_language = _words_by_language(lists)
    conjunctions: dict[str, frozenset[str]] = {}
    for header in headers:
        for language, words in header.joiners_of.items():
            of_others = [others for other, others in by_language.items() if other != language]
            following = frozenset(by_language.get(language, set()).difference(*of_others))
            conjunctions |= {fold_text(word): following for word in words}
    return conjunctions


def _words_by_language(lists: Mapping[str, PhraseList]) -> dict[str, set[str]]:
    """The words of all named lists by language, Welsh words with their mutations."""
    by_language: dict[str, set[str]] = {}
    for name, phrase_list in lists.items():
        if name.startswith("'"):
            continue  # a phrase in a rule, whose language is not known
        for language, phrases in phrase_list.by_language.items():
            words = {
                word.rstrip("*")
                for phrase in phrases
                for spelling in parse_phrase(phrase)
                for alternatives in spelling
                for alternative in alternatives
                for word in alternative
            }
            if language == "cy":
                words = {form for word in words for form in mutate_welsh_word(word)}
            by_language.setdefault(language, set()).update(words)
    return by_language


def _compile_patterns(sources: Iterable[LoadedPack], binder: Binder) -> tuple[TextPattern, ...]:
    return tuple(
        TextPattern(
            bits=reduce(or_, (binder.bits[name] for name in table.lists)),
            literal=required_literal(table.expression),
            letters=required_letters(table.expression),
            required_lists=binder.bits_of(table.near, f"{source.file} [pattern {', '.join(table.lists)}]"),
            regex=re.compile(table.expression),
            title=table.where in ("title", "both"),
            description=table.where in ("description", "both"),
        )
        for source in sources
        for table in source.table.pattern
    )


def _index_patterns_by_word(patterns: Sequence[TextPattern]) -> Memo[str, int]:
    patterns_by_run: dict[str, int] = {}
    for index, pattern in enumerate(patterns):
        for run in pattern.letters:
            patterns_by_run[run] = patterns_by_run.get(run, 0) | 1 << index

    def patterns_of_word(word: str) -> int:
        if word.isdigit():
            return 0  # few numbers come twice, so that the memo would not help: no search for them
        return reduce(or_, (patterns for run, patterns in patterns_by_run.items() if run in word), 0)

    return Memo(patterns_of_word, _MAX_CACHED_WORDS)


def _set_of_patterns(flags: Iterable[bool]) -> int:
    """The set of the patterns whose flag is true, as bits by index."""
    return sum(1 << index for index, flag in enumerate(flags) if flag)


def _bind_bare_name(headers: Sequence[Header], binder: Binder, mention_bits: int) -> Conditions:
    tables = [header.bare_name for header in headers]
    where = "[pack] bare_name"
    return Conditions(
        title_any=binder.bits_of((text for table in tables for text in table.any), where),
        title_only=binder.bits_of((text for table in tables for text in table.only), where) | mention_bits,
        title_none=binder.bits_of((text for table in tables for text in table.none), where),
    )


def _build_partnership_index(
    sources: Sequence[LoadedPack],
    partnerships: Iterable[str],
    lists: Mapping[str, PhraseList],
    bits: ListBits,
) -> PartnershipIndex:
    mentions = {
        bits[f"{id_}.{form}"]: PartnershipMention(id_, form)
        for id_ in partnerships
        for form in MENTION_FORMS
        if f"{id_}.{form}" in bits
    }
    mailboxes = {
        fold_text(abbreviation): id_
        for id_ in partnerships
        if f"{id_}.short" in lists
        for abbreviations in lists[f"{id_}.short"].by_language.values()
        for abbreviation in abbreviations
        if abbreviation.isalnum() and len(abbreviation) > 2
    }
    tables = [(table, source.table.pack) for source in sources for table in source.table.partnership]
    return PartnershipIndex(
        mentions=mentions,
        mention_bits=sum(mentions),
        name_bits={id_: bits.get(f"{id_}.names", 0) for id_ in partnerships},
        local_meaning_bits={id_: bits.get(f"{id_}.{LOCAL_MEANING_LIST}", 0) for id_ in partnerships},
        mailboxes=mailboxes,
        team_domains=tuple((table.id, compile_globs(table.domains)) for table, _ in tables if table.domains),
        home_domains={table.id: compile_globs(header.home) for table, header in tables if header.home},
        one_sector=frozenset(table.id for table, _ in tables if table.one_sector),
    )


def _build_organisation_index(directories: Sequence[DirectoryTable], bits: ListBits) -> OrganisationIndex:
    sectors = {
        agency.id: agency.sector
        for directory in directories
        for agency in directory.agency
        if f"agency.{agency.id}" in bits  # those with names for texts
    }
    bit_of = {id_: bits[f"agency.{id_}"] for id_ in sectors}
    return OrganisationIndex(
        sectors={bit_of[id_]: sector for id_, sector in sectors.items()},
        ids={bit: id_ for id_, bit in bit_of.items()},
        bits=sum(bit_of.values()),
        shared_domains={
            shared.domain.casefold(): tuple(
                bit_of[id_] for id_, sector in sectors.items() if sector == shared.sector
            )
            for directory in directories
            for shared in directory.shared
        },
    )


def _texts_under(key: str, headers: Iterable[Header], known: Container[str]) -> list[str]:
    """The phrases and lists that packs give under a key of `[pack]`.

    The list of a key's default need not exist: packs that are older than these keys name no such list.
    """
    default = Header.model_fields[key].default
    texts = (text for header in headers for text in getattr(header, key))
    return [text for text in texts if text not in default or text[1:] in known]


def _bits_under(key: str, headers: Iterable[Header], binder: Binder) -> int:
    return binder.bits_of(_texts_under(key, headers, binder.bits), f"[pack] {key}")


def _phrases_under(key: str, headers: Iterable[Header], lists: Mapping[str, PhraseList]) -> list[str]:
    """All phrases under a key of `[pack]`, with those of its lists; `_bits_under` reports unknown lists."""
    phrases: list[str] = []
    for text in dict.fromkeys(_texts_under(key, headers, lists)):
        if not text.startswith("@"):
            phrases.append(text)
        elif text[1:] in lists:
            phrases += [phrase for texts in lists[text[1:]].by_language.values() for phrase in texts]
    return phrases

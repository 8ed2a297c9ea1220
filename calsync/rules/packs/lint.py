"""Finds likely mistakes in packs and agencies files that can be loaded (`lint_packs`), for `rules check`.

The rule book can be used, so that a night is not stopped.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from babel import Locale

from calsync.model.problem import Problem, Severity
from calsync.rules.language.folding import fold_text
from calsync.rules.organisations import SAMPLE_ENDINGS, compile_globs, strip_sample_ending
from calsync.rules.packs.models import DirectoryTable, PartnershipTable, PhraseTable
from calsync.rules.packs.phrase_lists import LoadedPack
from calsync.validation import suggest_word

_DOMAIN = re.compile(r"(?:\*\.)?(?:[^\W_][\w-]*\.)+[^\W_][\w-]*\.?")


def lint_packs(sources: Sequence[LoadedPack], directories: Sequence[DirectoryTable]) -> list[Problem]:
    """Return all likely mistakes: domains, unknown sectors and languages, names of two partnerships."""
    return [
        *_check_sample_domains(sources, directories),
        *_check_domains(directories),
        *_check_sectors(sources, directories),
        *_check_languages(sources, directories),
        *_check_duplicate_names(sources),
    ]


def _check_sample_domains(
    sources: Sequence[LoadedPack], directories: Sequence[DirectoryTable]
) -> Iterator[Problem]:
    for where, domain in _listed_domains(sources, directories):
        if domain.strip().strip(".").casefold().endswith(SAMPLE_ENDINGS):
            yield Problem(
                where,
                f"{domain} ends like a sample; that ending is ignored when agencies are recognised",
                "write the domain of the agency's real mail addresses",
                Severity.NOTE,
            )


def _listed_domains(
    sources: Sequence[LoadedPack], directories: Sequence[DirectoryTable]
) -> Iterator[tuple[str, str]]:
    """Every mail domain of an agency or of a partnership's team, with its file, table and key."""
    for directory in directories:
        for agency in directory.agency:
            for domain in agency.domains:
                yield f"agencies.toml [agency {agency.id}] domains", domain
        for shared in directory.shared:
            yield "agencies.toml [shared] domain", shared.domain
    for source in sources:
        for partnership in source.table.partnership:
            for domain in partnership.domains:
                yield f"{source.file} [partnership {partnership.id}] domains", domain
        for rule in source.table.rule:
            for domain in rule.when.domains_any:
                yield f"{source.file} [rule {rule.id}] domains_any", domain


def _check_domains(directories: Sequence[DirectoryTable]) -> Iterator[Problem]:
    """Domains of agencies that match no mail, or everybody's."""
    endings = {suffix for directory in directories for suffix in directory.suffixes}
    private = [
        domain
        for directory in directories
        for sector in directory.sector
        if sector.role == "private"
        for domain in sector.domains
        if "." in domain
    ]
    is_private = compile_globs(private).fullmatch if private else lambda _: None
    shared = {shared.domain for directory in directories for shared in directory.shared}
    for directory in directories:
        for agency in directory.agency:
            where = f"agencies.toml [agency {agency.id}] domains"
            for domain in agency.domains:
                stripped = strip_sample_ending(domain)
                if not _DOMAIN.fullmatch(domain.strip()):
                    yield Problem(
                        where, f"{domain!r} is no mail domain", "write what follows the @ of its addresses"
                    )
                # A government has the domain that its councils' domains end in: gov.wales,
                # northmoor.gov.wales.
                elif stripped in endings - shared and agency.sector != "government":
                    hint = "write the organisation's own domain, such as brynfelin.gov.wales"
                    yield Problem(where, f"{domain} is the ending of many organisations' domains", hint)
                elif is_private(stripped):
                    hint = "write the organisation's own domain"
                    yield Problem(
                        where,
                        f"{domain} is a provider of private addresses, so that it matches anybody",
                        hint,
                    )


def _check_sectors(sources: Sequence[LoadedPack], directories: Sequence[DirectoryTable]) -> Iterator[Problem]:
    sectors = {sector.id for directory in directories for sector in directory.sector}
    for directory in directories:
        for agency in directory.agency:
            if agency.sector not in sectors:
                where = f"agencies.toml [agency {agency.id}] sector"
                yield _unknown_name_problem(where, "sector", agency.sector, sectors)
        for shared in directory.shared:
            if shared.sector not in sectors:
                where = f"agencies.toml [shared {shared.domain}] sector"
                yield _unknown_name_problem(where, "sector", shared.sector, sectors)
    roles = {sector.role for directory in directories for sector in directory.sector}
    # `unlisted` is the sector and role of a domain that is in no agencies file.
    named = sectors | roles | {"unlisted"}
    for source in sources:
        for rule in source.table.rule:
            for sector in (*rule.when.sectors_any, *rule.when.sectors_none):
                if sector not in named:
                    yield _unknown_name_problem(
                        f"{source.file} [rule {rule.id}] sectors", "sector", sector, named
                    )


def _check_languages(
    sources: Sequence[LoadedPack], directories: Sequence[DirectoryTable]
) -> Iterator[Problem]:
    # Every language that babel has an English name for: ISO 639 codes.
    known = set(Locale("en").languages)
    for where, table in _phrase_tables(sources, directories):
        for language in table.phrases():
            if language not in known:
                yield _unknown_name_problem(where, "language", language, {"en", "cy"})


def _phrase_tables(
    sources: Sequence[LoadedPack], directories: Sequence[DirectoryTable]
) -> Iterator[tuple[str, PhraseTable]]:
    for source in sources:
        for name, table in source.table.list.items():
            yield f"{source.file} [list.{name}]", table
        for partnership in source.table.partnership:
            for key, value in partnership:
                if isinstance(value, PhraseTable):
                    yield f"{source.file} [partnership {partnership.id}] {key}", value
    for directory in directories:
        for agency in directory.agency:
            for key, value in agency:
                if isinstance(value, PhraseTable):
                    yield f"agencies.toml [agency {agency.id}] {key}", value


def _check_duplicate_names(sources: Sequence[LoadedPack]) -> Iterator[Problem]:
    """Ids, abbreviations and names in a pack of our own that another partnership has.

    Shipped packs of several nations share abbreviations on purpose: the nation of the agencies decides.
    """
    owners: dict[str, PartnershipTable] = {}
    names: dict[str, str] = {}
    # Shipped packs first: a name is theirs.
    for source in sorted(sources, key=lambda source: source.own):
        for table in source.table.partnership:
            where = f"{source.file} [partnership {table.id}]"
            previous = owners.get(table.id)
            if source.own and previous is not None and fold_text(previous.name) != fold_text(table.name):
                yield Problem(
                    where,
                    f"the id {table.id} belongs to {previous.name}; these phrases would be added to it",
                    "choose another id, or give the same name to add to that partnership",
                )
            owners.setdefault(table.id, table)
            for key, phrase in _identifying_phrases(table):
                owner = names.setdefault(fold_text(phrase), table.id)
                if source.own and owner != table.id:
                    yield Problem(
                        f"{where} {key}",
                        f"{phrase!r} belongs to {owner} already, so neither would be recognised by it",
                        "leave it out, or give words of your own that tell the two apart under `otherwise`",
                    )


def _identifying_phrases(table: PartnershipTable) -> Iterator[tuple[str, str]]:
    """The key and the text of everything that names the partnership."""
    yield "id", table.id
    for key in ("short", "names"):
        phrases: Mapping[str, Sequence[str]] = getattr(table, key).phrases()
        for texts in phrases.values():
            for text in texts:
                yield key, text.replace("~", " ")


def _unknown_name_problem(where: str, kind: str, name: str, known: set[str]) -> Problem:
    return Problem(where, f"no such {kind}: {name!r}", suggest_word(name, sorted(known)))

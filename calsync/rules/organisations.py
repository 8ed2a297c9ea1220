"""Looks up the agency of a mail domain, its sector, and whether it counts as a partner (`Directory`).

Several domains of one agency are one agency (Welsh and English names, old and new suffixes). Several agencies
use a *shared* domain; only the text can show which. A trailing `.example` or `.test` is ignored.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from calsync.rules.packs.models import DirectoryTable

PARTNER_ROLE, OWN_ROLE = "partner", "own"
SAMPLE_ENDINGS = (".example", ".test")
UNLISTED = "unlisted"  # the sector of a domain that is in no agencies file


@dataclass(frozen=True, slots=True)
class Organisation:
    """The organisation of a mail domain. shared_domain: the domain, if several agencies use it, else ""."""

    agency: str
    sector: str
    role: str
    shared_domain: str = ""


@dataclass(frozen=True, slots=True)
class SectorMatcher:
    """A sector, with patterns for whole domains and for the part of a domain that names the organisation."""

    id: str
    role: str
    domains: re.Pattern[str] | None
    labels: re.Pattern[str] | None


@dataclass(frozen=True, eq=False)
class Directory:
    """Organisations by mail domain, as `build_directory` makes it from agencies files.

    It caches nothing: `invitations` looks up each set of domains once.

    agencies: by domain. shared: the sector of each shared domain. suffixes: the longest first. replaced: old
    endings of domains and today's. registered_domain: see `build_directory`.
    """

    agencies: Mapping[str, Organisation]
    shared: Mapping[str, str]
    sectors: Sequence[SectorMatcher]
    suffixes: Sequence[str]
    replaced: Mapping[str, str]
    registered_domain: Callable[[str], str]

    def find_organisation(self, domain: str) -> Organisation:
        """The organisation of a domain; an unknown domain is an organisation of the sector `unlisted`."""
        domain = self.normalise_domain(domain)
        label, suffix = self._split_label(domain)
        for known in (domain, f"{label}.{suffix}", *_wildcard_domains(domain)):
            if known in self.agencies:
                return self.agencies[known]
            if known in self.shared:
                return Organisation(f"{self.shared[known]}:{known}", self.shared[known], PARTNER_ROLE, known)
        for sector in self.sectors:
            if (sector.domains and sector.domains.fullmatch(domain)) or (
                sector.labels and sector.labels.fullmatch(label)
            ):
                return Organisation(f"{sector.id}:{_without_council_words(label)}", sector.id, sector.role)
        return Organisation(f"{UNLISTED}:{domain}", UNLISTED, UNLISTED)

    def normalise_domain(self, domain: str) -> str:
        """The domain in lower case, without `.example`; old endings (`.gcsx.gov.uk`) become today's."""
        stripped = strip_sample_ending(domain)
        for old, new in self.replaced.items():
            if stripped.endswith(old):
                return stripped.removesuffix(old) + new
        return stripped

    def _split_label(self, domain: str) -> tuple[str, str]:
        """The organisation's part and the suffix: denbighshire and gov.uk of mail.denbighshire.gov.uk."""
        for suffix in self.suffixes:
            if domain.endswith("." + suffix):
                return domain.removesuffix("." + suffix).rpartition(".")[2], suffix
        label, _, suffix = (self.registered_domain(domain) or domain).partition(".")
        return label, suffix


def _wildcard_domains(domain: str) -> Iterable[str]:
    """`*.b.c` and `*.c` for a.b.c: agencies files may list a domain with everything below it."""
    while "." in domain:
        domain = domain.partition(".")[2]
        yield f"*.{domain}"


_COUNCIL_WORDS = re.compile(r"^(cyngor|council)|(ccbc|cbc|mbc|council|cyngor)$")


def _without_council_words(label: str) -> str:
    letters = label.replace("-", "")
    return _COUNCIL_WORDS.sub("", letters) or letters


_PLACE_WORDS = re.compile(r"^(sir|bro|dinas|ynys|cwm|dyffryn|cyngor)|(shire|county|council|city|vale|cbc)$")
_MIN_COMMON_LETTERS = 4


def is_same_place(domain: str, other: str) -> bool:
    """Whether two council domains name one place: sircelynnog.llyw.cymru, celynshire.gov.wales."""
    left, right = (_PLACE_WORDS.sub("", name.partition(".")[0]) for name in (domain, other))
    shorter = min(len(left), len(right))
    return shorter >= _MIN_COMMON_LETTERS and left[:shorter] == right[:shorter]


def build_directory(tables: Iterable[DirectoryTable], registered_domain: Callable[[str], str]) -> Directory:
    """Build the directory of all agencies files.

    Args:
        tables: the files; of two entries for one domain the first wins, so our own file comes first.
        registered_domain: returns the registered domain of any domain by the public suffix list, or "".
    """
    tables = tuple(tables)
    sectors = [
        SectorMatcher(
            sector.id,
            sector.role,
            compile_globs(sector.domains) if sector.domains else None,
            compile_globs(sector.labels) if sector.labels else None,
        )
        for table in tables
        for sector in table.sector
    ]
    roles = {sector.id: sector.role for sector in reversed(sectors)}
    agencies: dict[str, Organisation] = {}
    for table in tables:
        for agency in table.agency:
            organisation = Organisation(agency.id, agency.sector, roles.get(agency.sector, PARTNER_ROLE))
            for domain in agency.domains:
                agencies.setdefault(strip_sample_ending(domain), organisation)
    return Directory(
        agencies=agencies,
        shared={
            strip_sample_ending(shared.domain): shared.sector
            for table in reversed(tables)
            for shared in table.shared
        },
        sectors=sectors,
        suffixes=sorted({suffix for table in tables for suffix in table.suffixes}, key=len, reverse=True),
        replaced={old: new for table in reversed(tables) for old, new in table.replaced.items()},
        registered_domain=registered_domain,
    )


def compile_globs(texts: Sequence[str]) -> re.Pattern[str]:
    """A pattern whose `fullmatch` matches any of these mail domains; `*` matches anything."""
    globs = map(strip_sample_ending, texts)
    return re.compile("|".join(re.escape(glob).replace(r"\*", ".*") for glob in globs))


def strip_sample_ending(domain: str) -> str:
    """Return the domain in lower case, without the endings that are reserved for samples (RFC 2606)."""
    stripped = domain.strip().strip(".").casefold()
    for ending in SAMPLE_ENDINGS:
        stripped = stripped.removesuffix(ending)
    return stripped

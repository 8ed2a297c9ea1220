"""Who sits behind a mail domain: the agency, its sector, and whether it counts as a partner.

Two domains of one agency are one agency (Welsh and English names, old and new suffixes). A *shared*
domain hides several agencies, which only the text can tell apart. A trailing `.example` is ignored.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from calsync.rules.packs.models import DirectoryTable, SectorTable

PARTNER_ROLE, OWN_ROLE = "partner", "own"
SAMPLE_ENDINGS = (".example", ".test")
UNLISTED = "unlisted"  # the sector of a domain that neither the directory nor a pattern knows


@dataclass(frozen=True, slots=True)
class Organisation:
    """What one mail domain stands for. shared: the domain, if several agencies sit behind it."""

    agency: str
    sector: str
    role: str
    shared_domain: str = ""


@dataclass(frozen=True, slots=True)
class SectorMatcher:
    """A sector, ready to be tried on a domain and on the label that names the organisation."""

    id: str
    role: str
    domains: re.Pattern[str] | None
    labels: re.Pattern[str] | None


@dataclass(frozen=True, eq=False)
class Directory:
    """Looks up mail domains.

    It remembers nothing: who asks for every meeting does it once for each set of domains (`invited`).
    """

    agencies: Mapping[str, Organisation]
    shared: Mapping[str, str]
    sectors: Sequence[SectorMatcher]
    suffixes: Sequence[str]
    replaced: Mapping[str, str]
    registered_domain: Callable[[str], str]

    def find_organisation(self, domain: str) -> Organisation:
        """What sits behind this domain; an unknown one is a seat of its own, sector `unlisted`."""
        return self._find_organisation(self.normalise_domain(domain))

    def normalise_domain(self, domain: str) -> str:
        """Lower case, without `.example`, old secure suffixes replaced by today's."""
        plain = strip_sample_ending(domain)
        for old, new in self.replaced.items():
            if plain.endswith(old):
                return plain.removesuffix(old) + new
        return plain

    def _find_organisation(self, domain: str) -> Organisation:
        label, suffix = self._split_label(domain)
        for known in (domain, f"{label}.{suffix}", *_wildcard_domains(domain)):
            if known in self.agencies:
                return self.agencies[known]
            if known in self.shared:
                return Organisation(f"{self.shared[known]}:{known}", self.shared[known], PARTNER_ROLE, known)
        for kind in self.sectors:
            if (kind.domains and kind.domains.fullmatch(domain)) or (
                kind.labels and kind.labels.fullmatch(label)
            ):
                return Organisation(f"{kind.id}:{_without_council_words(label)}", kind.id, kind.role)
        return Organisation(f"{UNLISTED}:{domain}", UNLISTED, UNLISTED)

    def _split_label(self, domain: str) -> tuple[str, str]:
        """The part that names the organisation, and the rest: mail.denbighshire.gov.uk is denbighshire."""
        for suffix in self.suffixes:
            if domain.endswith("." + suffix):
                return domain.removesuffix("." + suffix).rpartition(".")[2], suffix
        label, _, suffix = (self.registered_domain(domain) or domain).partition(".")
        return label, suffix


def _wildcard_domains(domain: str) -> Iterable[str]:
    while "." in domain:
        domain = domain.partition(".")[2]
        yield f"*.{domain}"


_COUNCIL_WORDS = re.compile(r"^(cyngor|council)|(ccbc|cbc|mbc|council|cyngor)$")


def _without_council_words(label: str) -> str:
    bare = label.replace("-", "")
    return _COUNCIL_WORDS.sub("", bare) or bare


_PLACE_WORDS = re.compile(r"^(sir|bro|dinas|ynys|cwm|dyffryn|cyngor)|(shire|county|council|city|vale|cbc)$")
_MIN_COMMON_LETTERS = 4


def is_same_place(domain: str, other: str) -> bool:
    """Whether two council domains plainly name one place: sircelynnog.llyw.cymru, celynshire.gov.wales."""
    left, right = (_PLACE_WORDS.sub("", name.partition(".")[0]) for name in (domain, other))
    shorter = min(len(left), len(right))
    return shorter >= _MIN_COMMON_LETTERS and left[:shorter] == right[:shorter]


def build_directory(tables: Iterable[DirectoryTable], registered_domain: Callable[[str], str]) -> Directory:
    """The directory of all agencies files; earlier files win, so our own comes first.

    registered: gives the registered domain of any domain by the public suffix list, or "".
    """
    read = tuple(tables)
    kinds = [_kind(sector) for table in read for sector in table.sector]
    roles = {kind.id: kind.role for kind in reversed(kinds)}
    agencies: dict[str, Organisation] = {}
    for table in read:
        for agency in table.agency:
            seat = Organisation(agency.id, agency.sector, roles.get(agency.sector, PARTNER_ROLE))
            for domain in agency.domains:
                agencies.setdefault(strip_sample_ending(domain), seat)
    suffixes = sorted({s for table in read for s in table.suffixes}, key=len, reverse=True)
    return Directory(
        agencies=agencies,
        shared={strip_sample_ending(s.domain): s.sector for table in reversed(read) for s in table.shared},
        sectors=kinds,
        suffixes=suffixes,
        replaced={old: new for table in reversed(read) for old, new in table.replaced.items()},
        registered_domain=registered_domain,
    )


def _kind(sector: SectorTable) -> SectorMatcher:
    return SectorMatcher(sector.id, sector.role, _some(sector.domains), _some(sector.labels))


def _some(texts: Sequence[str]) -> re.Pattern[str] | None:
    return compile_globs(texts) if texts else None


def compile_globs(texts: Sequence[str]) -> re.Pattern[str]:
    """A pattern that matches any of these whole mail domains, `*` standing for anything."""
    plain = map(strip_sample_ending, texts)
    return re.compile("|".join(re.escape(text).replace(r"\*", ".*") for text in plain))


def strip_sample_ending(domain: str) -> str:
    """Return the domain in lower case, without the endings that are reserved for samples (RFC 2606)."""
    plain = domain.strip().strip(".").casefold()
    for ending in SAMPLE_ENDINGS:
        plain = plain.removesuffix(ending)
    return plain

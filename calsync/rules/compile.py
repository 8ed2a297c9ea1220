"""Turns pack tables into a rule book: lists become bits, rules their tests; what does not fit is named."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from calsync.model.classification import Activity, Kind, Scope
from calsync.model.people import Partnership
from calsync.model.problem import Problem
from calsync.rules.book import Cue, Pattern, Rule, RuleBook, Test, Trace
from calsync.rules.directory import build_directory
from calsync.rules.faults import near
from calsync.rules.fold import fold
from calsync.rules.lexicon import Lexicon, Phrases
from calsync.rules.pack import (
    CueTable,
    DirectoryTable,
    Header,
    PackTable,
    PartnershipTable,
    PhraseTable,
    RuleTable,
)

ENGINE = "1"  # raise it when the engine judges otherwise with the same rules
_KINDS = ("names", "short", "groups", "belongs", "hints")
_LOCAL = "otherwise"
CONTENT = "content"  # the list that the engine fills: a word that may name a service


@dataclass(frozen=True, slots=True)
class Source:
    """A pack as read: its name, its file, and whether it is our own."""

    name: str
    file: str
    own: bool
    table: PackTable


def compile_book(
    sources: Sequence[Source],
    directories: Sequence[DirectoryTable],
    version: str,
    registered: Callable[[str], str],
) -> tuple[RuleBook, list[Problem]]:
    """The book, and everything found wrong on the way; faults make it unusable."""
    return _Binding(sources, directories).bind(version, registered)


class _Binding:
    """One compilation: the lists gathered, the phrases named in place, the problems found."""

    def __init__(self, sources: Sequence[Source], directories: Sequence[DirectoryTable]) -> None:
        self.sources = sources
        self.directories = directories
        self.problems: list[Problem] = []
        self.lists: dict[str, Phrases] = {}
        self.labels = {
            name: Activity(table.counts_as)
            for source in sources
            for name, table in source.table.activity.items()
        }
        for source in sources:
            self._gather(source)
        self._gather_named()
        self.lists.setdefault(CONTENT, Phrases({}))
        for source in sources:
            self._gather_inline(source)
            bare = source.table.pack.bare_name
            self._inline((*bare.any, *bare.only))
        innocent = [w for texts in self._list("not_typos").values() for w in texts]
        shorthand = {
            fold(short): fold(whole)
            for source in sources
            for short, whole in source.table.pack.shorthand.items()
        }
        self.lexicon = Lexicon(self.lists, innocent, shorthand)
        self.bits = self.lexicon.bits

    def _list(self, name: str) -> Mapping[str, tuple[str, ...]]:
        return self.lists[name].by_language if name in self.lists else {}

    def _gather(self, source: Source) -> None:
        for name, table in source.table.list.items():
            self._add(name, table)
        for partnership in source.table.partnership:
            for kind in (*_KINDS, _LOCAL):
                table = getattr(partnership, kind)
                self._add(f"{partnership.id}.{kind}", table, covers=kind in ("names", "groups"))
        for pattern in source.table.pattern:
            self.lists.setdefault(pattern.list, Phrases({}))

    def _gather_named(self) -> None:
        for directory in self.directories:
            for agency in directory.agency:
                for kind in ("names", "short"):
                    self._add(f"agency.{agency.id}", getattr(agency, kind), covers=kind == "names")

    def _gather_inline(self, source: Source) -> None:
        tables: list[RuleTable | CueTable] = [*source.table.rule, *source.table.cue]
        for table in tables:
            self._inline(_texts(table))

    def _inline(self, texts: Iterable[str]) -> None:
        for text in texts:
            if not text.startswith("@"):
                self.lists.setdefault(f"'{text}", Phrases({"en": (text,), "cy": (text,)}))

    def _add(self, name: str, table: PhraseTable, *, covers: bool = False) -> None:
        given = {language: tuple(texts) for language, texts in table.phrases().items()}
        if not given and not table.covers and "." in name:
            return
        held = self.lists.get(name, Phrases({}))
        merged = {
            language: (*held.by_language.get(language, ()), *given.get(language, ()))
            for language in {*held.by_language, *given}
        }
        self.lists[name] = Phrases(merged, held.covers or table.covers or covers)

    def bind(self, version: str, registered: Callable[[str], str]) -> tuple[RuleBook, list[Problem]]:
        """Everything put together."""
        headers = [source.table.pack for source in self.sources]
        stages = tuple(dict.fromkeys(stage for header in headers for stage in header.stages)) or ("rules",)
        partnerships = self._partnerships()
        rules = [rule for source in self.sources for rule in self._rules(source, stages, partnerships)]
        shipped = [rule for rule in rules if not rule.own]
        traces = {
            self.bits[f"{id_}.{kind}"]: Trace(id_, kind)
            for id_ in partnerships
            for kind in _KINDS
            if f"{id_}.{kind}" in self.bits
        }
        shared, named = self._shared()
        book = RuleBook(
            version=version,
            packs=tuple(source.name for source in self.sources),
            partnerships=partnerships,
            directory=build_directory(self.directories, registered),
            lexicon=self.lexicon,
            stages=stages,
            rules={
                stage: tuple(sorted((r for r in shipped if r.stage == stage), key=lambda rule: -rule.weight))
                for stage in stages
            },
            own_rules=tuple(
                sorted(
                    (rule for rule in rules if rule.own),
                    key=lambda rule: (stages.index(rule.stage), -rule.weight),
                )
            ),
            cues=tuple(cue for source in self.sources for cue in self._cues(source)),
            patterns=tuple(self._patterns()),
            labels=self.labels,
            traces=traces,
            traced=sum(traces),
            name_bits={
                id_: sum(bit for bit, trace in traces.items() if trace == Trace(id_, "names"))
                for id_ in partnerships
            },
            otherwise={
                id_: self.bits[f"{id_}.{_LOCAL}"] for id_ in partnerships if f"{id_}.{_LOCAL}" in self.bits
            },
            mailboxes=self._mailboxes(partnerships),
            team_domains=self._team_domains(),
            only_with={
                table.id: _globs(table.only_with) for table in self._partnership_tables() if table.only_with
            },
            shared_names=shared,
            named=named,
            joiners=frozenset(fold(word) for header in headers for word in header.joiners),
            filler=self.bits.get("filler", 0),
            meets=self.bits.get("meets", 0),
            said=self._said(headers, traces),
            small=frozenset(w for texts in self._list("small").values() for w in texts),
            content=self.bits.get(CONTENT, 0),
            bare_name=self._bare_name(headers),
            orgs={
                self.bits[f"agency.{agency.id}"]: agency.sector
                for directory in self.directories
                for agency in directory.agency
                if f"agency.{agency.id}" in self.bits
            },
            cut_after=_any_of([text for header in headers for text in header.cut_after]),
        )
        self._check_ids()
        return book, self.problems

    def _partnerships(self) -> dict[str, Partnership]:
        found: dict[str, Partnership] = {}
        for table in self._partnership_tables():
            held = found.get(table.id)
            found[table.id] = Partnership(
                table.id, table.name, table.name_cy or (held.name_cy if held else "")
            )
        return found

    def _partnership_tables(self) -> Iterable[PartnershipTable]:
        return (table for source in self.sources for table in source.table.partnership)

    def _mailboxes(self, partnerships: Iterable[str]) -> dict[str, str]:
        return {
            fold(text).replace(" ", ""): id_
            for id_ in partnerships
            for texts in self._list(f"{id_}.short").values()
            for text in texts
            if text.isalnum()
        }

    def _team_domains(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        return tuple(
            (table.id, _globs(table.domains)) for table in self._partnership_tables() if table.domains
        )

    def _shared(self) -> tuple[dict[str, tuple[int, ...]], dict[int, str]]:
        shared: dict[str, tuple[int, ...]] = {}
        named = {
            self.bits[f"agency.{agency.id}"]: agency.id
            for directory in self.directories
            for agency in directory.agency
            if f"agency.{agency.id}" in self.bits
        }
        for directory in self.directories:
            for table in directory.shared:
                bits = [self._bit(f"@{name}" if not name.startswith("@") else name, "agencies.toml")
                        for name in table.names]  # fmt: skip
                of_sector = [
                    self.bits[f"agency.{agency.id}"]
                    for agency in directory.agency
                    if agency.sector == table.sector and f"agency.{agency.id}" in self.bits
                ]
                named |= {bit: name for bit, name in zip(bits, table.names, strict=True) if bit}
                shared.setdefault(table.domain.casefold(), tuple(bit for bit in (*bits, *of_sector) if bit))
        return shared, named

    def _patterns(self) -> Iterable[Pattern]:
        for source in self.sources:
            for table in source.table.pattern:
                yield Pattern(
                    self.bits[table.list],
                    re.compile(table.regex),
                    table.where in ("title", "both"),
                    table.where in ("description", "both"),
                )

    def _rules(
        self, source: Source, stages: Sequence[str], partnerships: Mapping[str, Partnership]
    ) -> Iterable[Rule]:
        for table in source.table.rule:
            where = f"{source.file} [rule {table.id}]"
            stage = table.stage or stages[0]
            if stage not in stages:
                self._fault(where, f"no such stage: {stage!r}", near(stage, stages))
                stage = stages[0]
            if table.partnership not in ("keep", "", "none") and table.partnership not in partnerships:
                self._fault(
                    where,
                    f"no such partnership: {table.partnership!r}",
                    near(table.partnership, partnerships),
                )
            for id_ in table.when.partnerships:
                if id_ not in partnerships:
                    self._fault(where, f"no such partnership: {id_!r}", near(id_, partnerships))
            activity = self._activity(table.activity or "unclear", where)
            yield Rule(
                id=table.id,
                stage=stage,
                why=table.why,
                weight=table.weight,
                own=source.own,
                test=self._test(table, where),
                scope=self._scope(table.scope or "inter_agency", where),
                activity=activity,
                label=table.activity if table.activity in self.labels else "",
                partnership="" if table.partnership == "none" else table.partnership,
                kind=Kind(table.kind),
                example=table.example,
                leaves=table.leaves,
            )

    def _cues(self, source: Source) -> Iterable[Cue]:
        for table in source.table.cue:
            where = f"{source.file} [cue {table.id}]"
            when = table.when
            if table.side not in ("process", "service_improvement", "operational"):
                sides = ("process", "service_improvement", "operational")
                self._fault(where, f"no such side: {table.side!r}", near(table.side, sides))
            yield Cue(
                id=table.id,
                why=table.why,
                side=table.side,
                weight=table.weight,
                own=source.own,
                any=self._mask(when.any, where),
                with_any=self._mask(when.with_any, where),
                none=self._mask(when.none, where),
                segment_any=self._mask(when.segment_any, where),
                row_any=self._mask(when.row_any, where),
                row_none=self._mask(when.row_none, where),
                partnerships=frozenset(when.partnerships),
                partnership=when.partnership,
                example=table.example,
                leaves=table.leaves,
            )

    def _test(self, table: RuleTable, where: str) -> Test:
        when = table.when
        values: dict[str, object] = {}
        for slot in fields(Test):
            given = getattr(when, slot.name)
            if slot.name == "all":
                values["all"] = tuple(self._mask(group, where) for group in given)
            elif slot.name in ("sectors_any", "sectors_none", "partnerships"):
                values[slot.name] = frozenset(given)
            elif isinstance(given, tuple):
                values[slot.name] = self._mask(given, where)
            else:
                values[slot.name] = given
        return Test(**values)  # type: ignore[arg-type]

    def _said(self, headers: Iterable[Header], traces: Mapping[int, Trace]) -> int:
        said = (text for header in headers for text in header.names_no_service)
        agencies = sum(bit for name, bit in self.bits.items() if name.startswith("agency."))
        return self._mask(said, "[pack] names_no_service") | sum(traces) | agencies

    def _bare_name(self, headers: Iterable[Header]) -> Test:
        tables = [header.bare_name for header in headers]
        known = [self.bits[f"{table.id}.{kind}"] for table in self._partnership_tables()
                 for kind in _KINDS if f"{table.id}.{kind}" in self.bits]  # fmt: skip
        return Test(
            title_any=self._mask((text for table in tables for text in table.any), "[pack] bare_name"),
            title_only=self._mask((text for table in tables for text in table.only), "[pack] bare_name")
            | sum(set(known)),
        )

    def _mask(self, texts: Iterable[str], where: str) -> int:
        mask = 0
        for text in texts:
            mask |= self._bit(text, where)
        return mask

    def _bit(self, text: str, where: str) -> int:
        name = text[1:] if text.startswith("@") else f"'{text}"
        if name not in self.bits:
            lists = [known for known in self.bits if not known.startswith("'")]
            self._fault(where, f"no such list: @{name}", near(name, lists))
        return self.bits.get(name, 0)

    def _activity(self, name: str, where: str) -> Activity:
        if name in self.labels:
            return self.labels[name]
        if name not in set(Activity):
            self._fault(where, f"no such activity: {name!r}", near(name, [*Activity, *self.labels]))
            return Activity.UNCLEAR
        return Activity(name)

    def _scope(self, name: str, where: str) -> Scope:
        if name not in set(Scope):
            self._fault(where, f"no such scope: {name!r}", near(name, list(Scope)))
            return Scope.INTER_AGENCY
        return Scope(name)

    def _check_ids(self) -> None:
        seen: dict[str, str] = {}
        for source in self.sources:
            tables: list[RuleTable | CueTable] = [*source.table.rule, *source.table.cue]
            for table in tables:
                if table.id in seen:
                    self._fault(
                        f"{source.file} [{table.id}]",
                        f"the id is taken by {seen[table.id]}",
                        "give one of them another id",
                    )
                seen[table.id] = source.file

    def _fault(self, where: str, what: str, hint: str) -> None:
        self.problems.append(Problem(where, what, hint))


def _texts(table: RuleTable | CueTable) -> Iterable[str]:
    for name, value in table.when:
        if name in ("sectors_any", "sectors_none", "partnerships") or not isinstance(value, tuple):
            continue
        for part in value:
            yield from (part,) if isinstance(part, str) else part


def _any_of(texts: Sequence[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(map(re.escape, texts)), re.IGNORECASE) if texts else None


def _globs(texts: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(text.casefold()).replace(r"\*", ".*") for text in texts))

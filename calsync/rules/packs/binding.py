"""Compiles the rules and cues of packs (`Binder`): names of lists, stages and partnerships are looked up."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields

from calsync.model.classification import Activity, MeetingKind, Scope
from calsync.model.problem import Problem
from calsync.rules.compiled import Conditions, Cue, Rule
from calsync.rules.organisations import compile_globs
from calsync.rules.packs.models import CueTable, RuleTable
from calsync.rules.packs.phrase_lists import LoadedPack
from calsync.validation import suggest_word

_SIDES = ("process", "service_improvement", "operational")
_SET_CONDITIONS = ("sectors_any", "sectors_none", "partnerships")


@dataclass(slots=True)
class Binder:
    """Compiles rules and cues; every name that is not known is added to `problems`.

    bits: of lists, by name. stages, partnerships: all that there are. labels: the packs' own activities.
    quotes: the words of the coding manual, by the number of its rule.
    """

    bits: Mapping[str, int]
    stages: Sequence[str]
    partnerships: Iterable[str]
    labels: Mapping[str, Activity]
    quotes: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)

    def bind_rules(self, source: LoadedPack) -> Iterator[Rule]:
        """The rules of a pack, compiled."""
        for table in source.table.rule:
            yield self._bind_rule(table, source)

    def _bind_rule(self, table: RuleTable, source: LoadedPack) -> Rule:
        where = f"{source.file} [rule {table.id}]"
        for id_ in (*table.when.partnerships, table.partnership):
            if id_ not in ("keep", "", "none"):
                self.check_known("partnership", id_, self.partnerships, where)
        stage = table.stage or (source.table.pack.stages or self.stages)[0]
        if not self.check_known("stage", stage, self.stages, where):
            stage = self.stages[0]
        conditions = self._bind_conditions(table, where)
        scope = table.scope or str(Scope.INTER_AGENCY)
        is_known_scope = self.check_known("scope", scope, list(Scope), where)
        return Rule(
            id=table.id,
            stage=stage,
            why=table.why,
            manual=self._manual_rules(table, source, where),
            weight=table.weight,
            own=source.own,
            conditions=conditions,
            scope=Scope(scope) if is_known_scope else Scope.INTER_AGENCY,
            activity=self._bind_activity(table.activity or str(Activity.UNCLEAR), where),
            label=table.activity if table.activity in self.labels else "",
            partnership="" if table.partnership == "none" else table.partnership,
            kind=MeetingKind(table.kind),
            example=table.example,
            leaves=table.leaves,
        )

    def _bind_conditions(self, table: RuleTable, where: str) -> Conditions:
        values: dict[str, object] = {}
        for condition in fields(Conditions):  # named as the keys of `models.When`
            name, value = condition.name, getattr(table.when, condition.name)
            if name == "all":
                values[name] = tuple(self.bits_of(group, where) for group in value)
            elif name == "domains_any":
                values[name] = compile_globs(value) if value else None
            elif name in _SET_CONDITIONS:
                values[name] = frozenset(value)
            else:
                values[name] = self.bits_of(value, where) if isinstance(value, tuple) else value
        return Conditions(**values)  # type: ignore[arg-type]

    def _bind_activity(self, name: str, where: str) -> Activity:
        if name in self.labels:
            return self.labels[name]
        known = self.check_known("activity", name, [*Activity, *self.labels], where)
        return Activity(name) if known else Activity.UNCLEAR

    def bind_cues(self, source: LoadedPack) -> Iterator[Cue]:
        """The cues of a pack, compiled."""
        for table in source.table.cue:
            yield self._bind_cue(table, source)

    def _bind_cue(self, table: CueTable, source: LoadedPack) -> Cue:
        where = f"{source.file} [cue {table.id}]"
        self.check_known("side", table.side, _SIDES, where)
        when = table.when
        return Cue(
            id=table.id,
            why=table.why,
            manual=self._manual_rules(table, source, where),
            side=table.side,
            weight=table.weight,
            own=source.own,
            any=self.bits_of(when.any, where),
            with_any=self.bits_of(when.with_any, where),
            none=self.bits_of(when.none, where),
            segment_any=self.bits_of(when.segment_any, where),
            row_any=self.bits_of(when.row_any, where),
            row_none=self.bits_of(when.row_none, where),
            partnerships=frozenset(when.partnerships),
            partnership=when.partnership,
            example=table.example,
            leaves=table.leaves,
        )

    def _manual_rules(self, table: RuleTable | CueTable, source: LoadedPack, where: str) -> tuple[str, ...]:
        """The known rules of the coding manual that a rule or cue applies, by number."""
        numbers = table.manual or source.table.pack.manual
        return tuple(
            number for number in numbers if self.check_known("rule of the manual", number, self.quotes, where)
        )

    def bits_of(self, texts: Iterable[str], where: str) -> int:
        """The bits of phrases and of lists (`@name`)."""
        bits = 0
        for text in texts:
            name = text[1:] if text.startswith("@") else f"'{text}"
            if name in self.bits:
                bits |= self.bits[name]
            else:
                names = [known for known in self.bits if not known.startswith("'")]
                self.check_known("list", name, names, where)
        return bits

    def check_known(self, kind: str, name: str, names: Iterable[str], where: str) -> bool:
        """Whether the name is known; if not, add a problem with the likely spelling."""
        if name in set(names):
            return True
        self.problems.append(Problem(where, f"no such {kind}: {name!r}", suggest_word(name, sorted(names))))
        return False

    def check_ids(self, sources: Iterable[LoadedPack]) -> None:
        """Add a problem for each id that two rules or cues have."""
        seen: dict[str, str] = {}
        for source in sources:
            tables: list[RuleTable | CueTable] = [*source.table.rule, *source.table.cue]
            for table in tables:
                if table.id in seen:
                    what, hint = f"the id is taken in {seen[table.id]}", "give one of them another id"
                    self.problems.append(Problem(f"{source.file} [{table.id}]", what, hint))
                seen[table.id] = source.file

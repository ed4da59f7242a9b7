"""Says which settings of servers are in effect: which programs read them, and what overrides them.

Opens no file: a configuration that nobody read is a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from scanner.facts import fact
from scanner.formats.config_model import Directive
from scanner.link.setting_commands import command_settings
from scanner.link.setting_files import Files, linked_files
from scanner.link.world import Linked, World
from scanner.model import Fact, FactKind, Gap, GapKind
from scanner.rules_servers import DirectiveRule, ServerRule, any_of
from scanner.server_settings import INCLUDE, SWITCH, UNREAD, consequence, judge

BY_NAME = frozenset({"ini", "words", "assignments", "folded", "properties"})
"""Syntaxes in which blocks of one name are one block, in whatever file they stand."""
_RANK = {"started": 2, "installed": 1, "no": 0}
_PROGRAMS = (FactKind.ELF, FactKind.SCRIPT, FactKind.JAVA_ARCHIVE)


def link(world: World) -> Linked:
    """SETTING_IN_EFFECT facts of the servers that are in the image, and gaps."""
    stated: dict[str, dict[str, list[Fact]]] = {}
    for each in world.facts.of(FactKind.SERVER_SETTING):
        stated.setdefault(each.text("software"), {}).setdefault(each.path, []).append(each)
    present = _programs(world)
    links = linked_files(world)
    facts: list[Fact] = []
    gaps: list[Gap] = []
    for software, rule in sorted(world.rules.servers.items()):
        programs = _of_server(rule, present, world)
        if programs:
            found = _Server(rule, programs, stated.get(software, {}), links, world)
            facts.extend(found.facts())
            facts.extend(command_settings(rule, programs[0], world))
            gaps.extend(found.gaps)
    return Linked(tuple(facts), gaps=tuple(gaps))


def _programs(world: World) -> dict[str, list[str]]:
    """Programs, scripts and jars of the image, by file name."""
    found: dict[str, list[str]] = {}
    for kind in _PROGRAMS:
        for each in world.facts.of(kind):
            found.setdefault(each.path.rpartition("/")[2], []).append(each.path)
    return found


def _of_server(rule: ServerRule, present: dict[str, list[str]], world: World) -> tuple[str, ...]:
    """Where the server's programs lie, those that the image starts first."""
    pattern = any_of(rule.programs)
    found = {path for name, paths in present.items() if pattern.fullmatch(name) for path in paths}
    return tuple(sorted(found, key=lambda path: (path not in world.start.programs, path)))


Scope = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Placed:
    """A setting at its place among those that one program reads."""

    fact: Fact
    scope: Scope


@dataclass
class _Reading:
    """What one program reads, in its order."""

    reached: str
    settings: list[_Placed] = field(default_factory=list)


class _Server:
    """One server of the image with all files that may be its configuration."""

    def __init__(
        self,
        rule: ServerRule,
        programs: tuple[str, ...],
        stated: dict[str, list[Fact]],
        links: Mapping[str, str],
        world: World,
    ) -> None:
        self._rule = rule
        self._programs = programs
        self._world = world
        self._files = Files(rule, world, stated, links)
        self.gaps: list[Gap] = []

    def facts(self) -> Iterator[Fact]:
        best: dict[int, tuple[Fact, str]] = {}
        for reading in self._readings():
            for each in _effective(reading.settings, self._rule):
                told = best.get(id(each))
                if told is None or _RANK[told[1]] < _RANK[reading.reached]:
                    best[id(each)] = (each, reading.reached)
            yield from self._defaults(reading)
        for each in self._files.all():
            if each.text("topic") not in (INCLUDE, SWITCH, UNREAD):
                _, reached = best.get(id(each), (each, "no"))
                self._note_unknown(each, reached)
                yield self._in_effect(each, reached)

    def _readings(self) -> Iterator[_Reading]:
        """Each set of files that is read together."""
        started, named = self._files.named_by_start(any_of(self._rule.programs))
        for path in named:
            yield self._read((path,), "started")
        roots = self._files.roots()
        reached = "started" if started else "installed"
        for group in (roots,) if self._rule.merged else tuple((root,) for root in roots):
            if group:
                yield self._read(group, reached)

    def _read(self, roots: Iterable[str], reached: str) -> _Reading:
        reading = _Reading(reached)
        for root in roots:
            self._enter(root, root, (), reading, frozenset())
        return reading

    def _enter(
        self, path: str, root: str, outer: Scope, reading: _Reading, above: frozenset[str]
    ) -> None:
        if path in above or len(above) > 10 or len(reading.settings) > 20_000:
            return
        if not self._files.was_seen(path):
            self._note(path, "it is not where this server's configuration is looked for", reading)
        for each in self._files.at(path):
            topic = each.text("topic")
            scope = self._scope(each, outer)
            if topic == UNREAD:
                self._note(path, each.text("value"), reading)
            elif topic == INCLUDE:
                for inner in self._files.included(each, root):
                    self._enter(inner, root, scope, reading, above | {path})
            else:
                reading.settings.append(_Placed(each, scope))

    def _scope(self, each: Fact, outer: Scope) -> Scope:
        if self._rule.syntax in BY_NAME:
            return (each.text("block"),) if each.text("block") else ()
        numbers = each.text("scope").split(".") if each.text("scope") else []
        return (*outer, *((each.path, number) for number in numbers))

    def _note(self, path: str, reason: str, reading: _Reading) -> None:
        self.gaps.append(
            Gap(
                GapKind.NOT_SUPPORTED,
                path,
                f"the TLS settings that {self._rule.name} reads there are unknown: {reason}",
                caps=reading.reached == "started",
            )
        )

    def _note_unknown(self, each: Fact, reached: str) -> None:
        """A value of which no word is known, such as a variable that a script fills in."""
        if reached == "started" and each.texts("unknown") and not each.texts("algorithms"):
            line, words = each.text("line"), ", ".join(each.texts("unknown")[:3])[:100]
            self.gaps.append(
                Gap(
                    GapKind.NOT_VERIFIED,
                    each.path,
                    f"what {each.text('directive')} in line {line} allows is unknown: {words}",
                    caps=False,
                )
            )

    def _in_effect(self, each: Fact, reached: str, *, written: bool = True) -> Fact:
        names = ("directive", "value", "line", "block", "topic", "state", "algorithms")
        more = ("unapproved", "unknown", "only_unapproved", "refused", "advice")
        attributes = {
            name: each.attributes[name] for name in (*names, *more) if name in each.attributes
        }
        return fact(
            FactKind.SETTING_IN_EFFECT,
            each.path,
            evidence=each.evidence,
            software=self._rule.id,
            program=self._programs[0],
            reached=reached,
            written=written,
            **attributes,
        )

    # --- defaults --------------------------------------------------------------------------

    def _defaults(self, reading: _Reading) -> Iterator[Fact]:
        """What a started program does where its configuration is silent."""
        if reading.reached != "started":
            return
        for entry, rule in enumerate(self._rule.directives):
            switches = [each for each in reading.settings if _is_switch(each, rule.needs)]
            if not rule.default or not switches:
                continue
            own = [each for each in reading.settings if each.fact.text("entry") == str(entry)]
            for switch in switches:
                if not any(_governs(each, switch, rule) for each in own):
                    yield from self._default(entry, rule, switch.fact)
                    break

    def _default(self, entry: int, rule: DirectiveRule, switch: Fact) -> Iterator[Fact]:
        name = rule.shown or rule.name
        directive = Directive(name, (rule.default,), switch.number("line"))
        found = judge(rule, entry, directive, (rule.default,), self._world.rules)
        if not found.unapproved:
            return
        yield fact(
            FactKind.SETTING_IN_EFFECT,
            switch.path,
            evidence=(
                f"{switch.path}:{directive.line} {switch.text('directive')} {switch.text('value')} "
                f"without {name}, which is then {rule.default} and"
                + consequence(found.unapproved, rule.advice),
            ),
            software=self._rule.id,
            program=self._programs[0],
            directive=name,
            value=rule.default,
            line=directive.line,
            block=switch.text("block"),
            topic=rule.topic,
            algorithms=found.allowed.names,
            unapproved=found.unapproved,
            only_unapproved=found.only_unapproved,
            refused=False,
            advice=rule.advice,
            reached="started",
            written=False,
        )


def _is_switch(placed: _Placed, name: str) -> bool:
    return placed.fact.text("topic") == SWITCH and placed.fact.text("entry") == name


def _effective(settings: list[_Placed], rule: ServerRule) -> Iterator[Fact]:
    """Settings that nothing overrides, and whose switch is on where they need one."""
    own = [each for each in settings if each.fact.text("topic") != SWITCH]
    for placed in _not_repeated(own, rule):
        directive = rule.directives[int(placed.fact.text("entry"))]
        if not directive.needs:
            yield placed.fact
            continue
        same = [each for each in own if each.fact.text("entry") == placed.fact.text("entry")]
        switches = [each for each in settings if _is_switch(each, directive.needs)]
        if any(
            _governs(placed, switch, directive)
            and not any(_is_nearer(other, placed, switch, directive) for other in same)
            for switch in switches
        ):
            yield placed.fact


def _not_repeated(settings: list[_Placed], rule: ServerRule) -> Iterator[_Placed]:
    kept: dict[object, _Placed] = {}
    for number, each in enumerate(settings):
        entry = each.fact.text("entry")
        repeats = rule.directives[int(entry)].repeats
        key: object = number if repeats == "all" else (entry, each.scope)
        if key not in kept or repeats != "first":
            kept[key] = each
    yield from kept.values()


def _governs(setting: _Placed, switch: _Placed, rule: DirectiveRule) -> bool:
    """Whether the setting holds where the switch stands: in its block, or around it."""
    return rule.everywhere or switch.scope[: len(setting.scope)] == setting.scope


def _is_nearer(other: _Placed, setting: _Placed, switch: _Placed, rule: DirectiveRule) -> bool:
    return (
        not rule.everywhere
        and rule.repeats != "all"
        and len(other.scope) > len(setting.scope)
        and _governs(other, switch, rule)
    )

"""Decides what is switched on for the enforced condition, from what is in the image.

Pure: reads facts and rules and makes environment variables and files. Touches no container.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from scanner.model import Fact, FactKind, Gap, GapKind, ImageConfig
from scanner.rulebook import Enforce, ModuleRule, RuleBook, RuntimeRule
from scanner.simulate.go_switches import GO_ONLY, fork_variables, honors_fips140, is_boring
from scanner.simulate.openssl_conf import enforced_config
from scanner.simulate.openssl_copies import BARE_NAME, provider_places
from scanner.simulate.provider import HOW_TO_GET, FipsProvider, Libc, provider_section

FOLDER = "/.fips-scanner"
CONFIG = f"{FOLDER}/openssl.cnf"
PROVIDER = f"{FOLDER}/fips.so"

_PROVIDERS_SINCE = 3
"""The major version of OpenSSL that brought providers."""

_JOINED = {"GODEBUG": ",", "JAVA_TOOL_OPTIONS": " ", "JDK_JAVA_OPTIONS": " ", "NODE_OPTIONS": " "}
"""Variables that hold a list, and what separates its items: the image's own items stay."""

_RUNTIME_FILES: Mapping[str, tuple[str, ...]] = {"java": (r"libjvm\.so",)}
"""What a process of a runtime has in its memory."""

_SECURITY_FILE = "-Djava.security.properties="
_OF_THEIR_OWN = frozenset({"openssl", "openssl-fips-provider", "go-crypto", "go-fips140"})
"""Modules whose switches need more than a variable; see the sections below."""

_GLIBC_PACKAGE = re.compile(r"(?:\d+:)?(\d+)\.(\d+)")
_GLIBC_FILE = re.compile(r"/libc-(\d+)\.(\d+)\.so$")

_MADE_FOR = "the build of the started program obeys it"
_Rule = TypeVar("_Rule", ModuleRule, RuntimeRule)


@dataclass(frozen=True, slots=True)
class Switch:
    """One thing that is switched on, and what it is meant to reach."""

    id: str
    """Of the module or runtime in the rules."""
    text: str
    """For a person: `GODEBUG=fips140=only`."""
    libraries: tuple[str, ...] = ()
    """Regular expressions on the file names of the libraries it reaches."""
    programs: tuple[str, ...] = ()
    """Paths of the programs it reaches, where they are known."""
    environment: tuple[tuple[str, str], ...] = ()
    """What it sets, before it is joined with the image's own."""
    evidence: str = ""
    """Why it takes effect on `programs` as soon as they run, where that is known."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a container of the image is told to allow approved algorithms only."""

    switches: tuple[Switch, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    """Complete values, the image's own included."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    missing: tuple[Switch, ...] = ()
    """What should be switched on and cannot be; the gaps say why."""
    gaps: tuple[Gap, ...] = ()


class Facts:
    """The facts that a plan and its verification ask for."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._facts = tuple(facts)
        self.uses = self.of(FactKind.USE)
        self.workload = tuple(use for use in self.uses if use.text("role") != "tool")
        self.states = self.of(FactKind.OPENSSL_STATE)
        self.go_builds = self.of(FactKind.GO_BUILD)

    def of(self, kind: FactKind) -> tuple[Fact, ...]:
        """All facts of `kind`."""
        return tuple(each for each in self._facts if each.kind is kind)

    def one(self, kind: FactKind, path: str) -> Fact | None:
        """The fact of `kind` on `path`, or None."""
        return next((each for each in self.of(kind) if each.path == path), None)

    @property
    def modules(self) -> frozenset[str]:
        """IDs of all modules that the image holds or uses, and that may have an approved mode."""
        held = {each.text("module") for each in self.of(FactKind.MODULE_CODE)}
        modes: dict[str, set[str]] = {}
        for use in self.uses:
            modes.setdefault(use.text("module"), set()).add(use.text("activation"))
        # A switch that a build does not know would be set, and look as if it did something.
        without = {module for module, found in modes.items() if found == {"none"}}
        return frozenset((held | set(modes)) - without)

    def openssl3_users(self) -> tuple[str, ...]:
        """Programs of the workload that reach OpenSSL 3 or later."""
        return tuple(
            dict.fromkeys(
                use.path
                for use in self.workload
                if use.text("module") == "openssl-fips-provider"
                or (
                    use.text("module") == "openssl"
                    and _major(use.text("module_version")) >= _PROVIDERS_SINCE
                )
            )
        )

    def has_openssl3(self) -> bool:
        """Whether the image holds OpenSSL 3 or later in any form."""
        return bool(
            self.openssl3_users()
            or any(_major(state.text("version")) >= _PROVIDERS_SINCE for state in self.states)
            or any(
                code.text("module") == "openssl"
                and _major(code.text("version")) >= _PROVIDERS_SINCE
                for code in self.of(FactKind.MODULE_CODE)
            )
        )

    def openssl_state(self) -> Fact | None:
        """The state of the libcrypto that most programs of the workload reach."""
        counts = [use.text("library") for use in self.workload]
        states = [
            state for state in self.states if _major(state.text("version")) >= _PROVIDERS_SINCE
        ]
        return max(
            states,
            key=lambda state: counts.count(state.text("library") or state.path),
            default=None,
        )


def image_provider(facts: Facts) -> str:
    """The path of the image's own FIPS provider, where the enforced condition would need it."""
    state = facts.openssl_state()
    if state is None or state.text("activation") in ("on", "host"):
        return ""
    return state.text("provider")


def make_plan(
    facts: Facts,
    config: ImageConfig,
    rules: RuleBook,
    *,
    own_provider: FipsProvider | None,
    provider: FipsProvider | None,
) -> Plan:
    """The switches for an image.

    Args:
        own_provider: the one in the image, at `image_provider(facts)`; what production would run.
        provider: one of this machine, for an image that has none.
    """
    switches: list[Switch] = []
    files: dict[str, bytes] = {}
    missing: list[Switch] = []
    gaps: list[Gap] = []
    if facts.has_openssl3():
        openssl = _openssl(facts, config, own_provider, provider)
        switches += openssl.switches
        files.update(openssl.files)
        missing += openssl.missing
        gaps += openssl.gaps
    switches += _patched_openssl1(facts)
    go = _go(facts)
    switches += go.switches
    gaps += go.gaps
    missing += go.missing
    others = _by_rules(facts, rules)
    switches += others.switches
    files.update(others.files)
    environment = _environment(switches, config)
    return Plan(tuple(switches), environment, files, tuple(missing), tuple(gaps))


def _environment(switches: Sequence[Switch], config: ImageConfig) -> dict[str, str]:
    environment: dict[str, str] = {}
    for switch in switches:
        for name, value in switch.environment:
            separator = _JOINED.get(name)
            before = environment.get(name) or config.env_get(name) or ""
            environment[name] = _joined(before, value, separator) if separator else value
    return environment


def _text(variables: Iterable[tuple[str, str]]) -> str:
    return " ".join(f"{name}={value}" for name, value in variables)


def _joined(before: str, value: str, separator: str) -> str:
    """The items of `value` after those of `before`, of which none with the same name is kept."""
    items = [item for item in value.split(separator) if item]
    if _SECURITY_FILE in before:
        # A JVM reads one such file only, and the image's own may be what turns FIPS on.
        items = [item for item in items if not item.startswith(_SECURITY_FILE)]
    names = tuple(item.partition("=")[0] + "=" for item in items)
    kept = [item for item in before.split(separator) if item and not item.startswith(names)]
    return separator.join([*kept, *items])


# --- OpenSSL -------------------------------------------------------------------------------


def _openssl(
    facts: Facts, config: ImageConfig, own: FipsProvider | None, other: FipsProvider | None
) -> Plan:
    state = facts.openssl_state()
    libraries = (r"libcrypto[-.].*",)
    if state is not None and state.text("activation") == "on" and not state.flag("broken"):
        text = f"the image's own OpenSSL configuration {state.text('config')}".rstrip()
        return Plan((Switch("openssl", text, libraries),))
    if state is not None and state.text("activation") == "host":
        force = ("OPENSSL_FORCE_FIPS_MODE", "1")
        text = "OPENSSL_FORCE_FIPS_MODE=1"
        return Plan((Switch("openssl", text, libraries, environment=(force,)),))
    # With a folder in the environment all copies look there: one path is all there is.
    places = () if config.env_get("OPENSSL_MODULES") else provider_places(facts)
    if own is not None and state is not None:
        at = state.text("provider")
        others = [place for place in places if place != at] if at in places else []
        section = provider_section(own, BARE_NAME if others else at)
        text = f"the image's own FIPS provider {own.version} at {at}"
        files = dict.fromkeys(others, own.content)
    elif other is not None and not (reason := _unusable(other, facts, config)):
        section = provider_section(other, BARE_NAME if places else PROVIDER)
        text = f"{other.described} (sha256 {other.sha256[:12]}…)"
        files = dict.fromkeys(places or (PROVIDER,), other.content)
    else:
        reason = _unusable(other, facts, config) if other else "this machine has no FIPS provider"
        gap = Gap(
            GapKind.NO_PROVIDER,
            "enforced",
            f"OpenSSL 3 was left unrestricted: {reason}; {HOW_TO_GET}",
            caps=bool(facts.openssl3_users()),
        )
        return Plan(missing=(Switch("openssl", "FIPS provider", libraries),), gaps=(gap,))
    image_config = state.text("config") if state and state.flag("config_found") else ""
    file = state.text("config_file") if state else ""
    image_text = facts.one(FactKind.OPENSSL_CONFIG_FILE, file) if image_config else None
    written = enforced_config(
        section,
        image_config,
        image_text.text("text") if image_text else "",
        for_node=not _has_old_node(facts),
    )
    files[CONFIG] = written.encode()
    switch = Switch(
        "openssl", f"OPENSSL_CONF with {text}", libraries, environment=(("OPENSSL_CONF", CONFIG),)
    )
    return Plan((switch,), files=files)


def _has_old_node(facts: Facts) -> bool:
    """Whether there is a Node.js with an OpenSSL before 3, which ends at a section on providers."""
    return any(
        code.text("module") == "openssl" and _major(code.text("version")) < _PROVIDERS_SINCE
        for runtime in facts.of(FactKind.RUNTIME)
        if runtime.text("name") == "node"
        for code in facts.of(FactKind.MODULE_CODE)
        if code.path == runtime.path
    )


def _patched_openssl1(facts: Facts) -> list[Switch]:
    """Red Hat's 1.1.1 and its kin have FIPS code of their own, and a variable that starts it."""
    patched = any(
        code.text("module") == "openssl"
        and _major(code.text("version")) < _PROVIDERS_SINCE
        and code.text("fips") not in ("", "no")
        for code in facts.of(FactKind.MODULE_CODE)
    )
    if not patched:
        return []
    force = ("OPENSSL_FORCE_FIPS_MODE", "1")
    libraries = (r"libcrypto[-.].*so\.1.*",)
    return [Switch("openssl-1", "OPENSSL_FORCE_FIPS_MODE=1", libraries, environment=(force,))]


def _unusable(provider: FipsProvider, facts: Facts, config: ImageConfig) -> str:
    """Why `provider` cannot be loaded in the image, or `""`."""
    architecture = config.platform.architecture
    if provider.architecture != architecture:
        return f"the FIPS provider {provider.source} is not for {architecture}"
    return provider.refused_by(image_libc(facts))


def image_libc(facts: Facts) -> Libc:
    """The C library of the programs that use OpenSSL 3; of all programs, where none is known to."""
    elves = {elf.path: elf for elf in facts.of(FactKind.ELF)}
    users = [elves[path] for path in facts.openssl3_users() if path in elves]
    loaders = [name for elf in users or elves.values() if (name := elf.text("interpreter"))]
    musl = [name for name in loaders if "ld-musl" in name]
    if musl and 2 * len(musl) >= len(loaders):
        return Libc("musl")
    packages = (
        _GLIBC_PACKAGE.match(package.text("version"))
        for package in facts.of(FactKind.PACKAGE)
        if package.text("name") in ("libc6", "glibc")
    )
    # Up to 2.33 the version is in the file's name, which is all that images without a list have.
    files = (_GLIBC_FILE.search(path) for path in elves)
    found = next((each for each in (*packages, *files) if each), None)
    if found is None:
        return Libc("glibc" if loaders else "")
    return Libc("glibc", (int(found[1]), int(found[2])))


# --- Go ------------------------------------------------------------------------------------


def _go(facts: Facts) -> Plan:
    """`GODEBUG=fips140=only` for Go since 1.24, what their builds know for forks that use OpenSSL.

    BoringCrypto builds stop at once with the former, and some of the latter do: then it is not
    set.
    """
    honoring = tuple(b.path for b in facts.go_builds if honors_fips140(b))
    boring = tuple(b.path for b in facts.go_builds if is_boring(b))
    told = fork_variables(facts.go_builds)
    forks = tuple(path for paths in told.values() for path in paths)
    switches = tuple(
        Switch("go-openssl", _text(variables), (), paths, variables, _MADE_FOR)
        for variables, paths in told.items()
    )
    if not honoring:
        return Plan(switches)
    only = Switch("go", f"GODEBUG={GO_ONLY}", (), honoring, (("GODEBUG", GO_ONLY),), _MADE_FOR)
    if not boring and not forks:
        return Plan((*switches, only))
    reason = (
        f"{only.text} was not set, because {(*boring, *forks)[0]} is built with another module and "
        f"would refuse to start with it; {honoring[0]} ran unrestricted"
    )
    gap = Gap(GapKind.NOT_RUN, "enforced", reason)
    return Plan(switches, missing=(only,), gaps=(gap,))


# --- everything that a variable of the rules switches ----------------------------------------


def _by_rules(facts: Facts, rules: RuleBook) -> Plan:
    """Switches for modules and runtimes whose rules name variables or files."""
    runtimes = {each.text("name") for each in facts.of(FactKind.RUNTIME)}
    if facts.of(FactKind.JAVA_RUNTIME):
        runtimes.add("java")
    found: list[tuple[str, Enforce | None, tuple[str, ...]]] = [
        *((rule.id, rule.enforce, rule.libraries) for rule in _named(rules.modules, facts.modules)),
        *(
            (rule.id, rule.enforce, _RUNTIME_FILES.get(rule.id, ()))
            for rule in _named(rules.runtimes, runtimes)
        ),
    ]
    switches: list[Switch] = []
    files: dict[str, bytes] = {}
    for id_, enforce, libraries in found:
        if enforce is None or id_ in _OF_THEIR_OWN:
            continue
        files.update({path: content.encode() for path, content in enforce.files.items()})
        environment = tuple(sorted(enforce.env.items()))
        if text := _text(environment):
            switches.append(Switch(id_, text, libraries, environment=environment))
    return Plan(tuple(switches), files=files)


def _named(rules: Mapping[str, _Rule], ids: Iterable[str]) -> Iterator[_Rule]:
    return (rules[id_] for id_ in sorted(ids) if id_ in rules)


def _major(version: str) -> int:
    found = re.match(r"\d+", version)
    return int(found[0]) if found else 0

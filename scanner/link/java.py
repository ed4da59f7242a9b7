"""Says which provider serves a JVM of the image, and which Java crypto libraries come along.

Judges no provider; a program may also register one by itself, which no file tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from scanner.link.java_classpath import ClassPath, class_path
from scanner.link.java_integrity import integrity_states
from scanner.link.java_options import (
    JvmOptions,
    java_launches,
    option_facts,
    options_in_effect,
)
from scanner.link.java_registered import OPENJDK, approves, module_of, registered
from scanner.link.java_security import Settings, semeru_profile, settings_of
from scanner.link.java_settings import tls_settings
from scanner.link.world import Linked, World
from scanner.model import Activation, CryptoUse, Fact, FactKind, Gap, GapKind, Module, UseKind

Purpose = Literal["crypto", "hash-only", "unknown"]

_NAMES = {
    OPENJDK: "OpenJDK SunJCE and friends",
    "bc-fips": "Bouncy Castle FIPS",
    "bctls-fips": "Bouncy Castle FIPS TLS",
    "bouncy-castle": "Bouncy Castle",
    "accp": "Amazon Corretto Crypto Provider",
    "accp-fips": "Amazon Corretto Crypto Provider FIPS",
    "conscrypt": "Conscrypt",
    "boringssl": "BoringSSL",
    "nss": "NSS",
    "openjceplus-fips": "IBM OpenJCEPlusFIPS",
}
_WITH_MODE = frozenset({"bc-fips", "bctls-fips", "accp-fips"})
_AS_MODULES = {
    "org.bouncycastle.fips.core": "bc-fips",
    "org.bouncycastle.provider": "bouncy-castle",
}
"""Names of Java modules, as libraries declare them."""
_APPROVED_ONLY = "org.bouncycastle.fips.approved_only"


@dataclass(frozen=True, slots=True)
class _Jvm:
    home: str
    program: str
    version: str
    openj9: bool
    modules: frozenset[str]
    """Linked into it; empty where that is not known."""


def link(world: World) -> Linked:
    """JVM_OPTIONS facts, and the uses of crypto by JVMs and by archives with crypto inside."""
    jars = [each for each in world.facts.of(FactKind.MODULE_CODE) if each.text("form") == "jar"]
    jvms = tuple(_jvms(world))
    states = tuple(integrity_states(world))
    if not jvms:
        without = _without_runtime(world, jars)
        return replace(without, facts=(*without.facts, *states))
    facts = (*option_facts(world), *states)
    homes = tuple(each.home for each in jvms)
    starts = tuple(
        _Start(each, class_path(world, each, homes)) for each in options_in_effect(world)
    )
    uses: list[CryptoUse] = []
    registered: set[str] = set()
    for jvm in jvms:
        for start in starts:
            use = _use_of_jvm(world, jvm, start, jars)
            registered.add(use.module.path)
            uses.append(use)
        uses.extend(_linked_in(world, jvm))
    uses.extend(_use_of_jar(world, each, starts) for each in jars if each.path not in registered)
    started = (each.options for each in starts)
    facts = (*facts, *tls_settings(world, tuple((j.home, j.program) for j in jvms), started))
    return Linked(facts, tuple(dict.fromkeys(uses)))


def _without_runtime(world: World, jars: list[Fact]) -> Linked:
    """Nothing in the image is known to run Java: what archives hold is told all the same."""
    launch = next(iter(java_launches(world)), None)
    gaps: tuple[Gap, ...] = ()
    if launch is not None:
        reason = "it starts java, and no Java runtime was recognized in the image"
        gaps = (Gap(GapKind.NOT_SUPPORTED, launch[0].source, reason),)
    uses = (
        _use(
            each.text("container") or each.path,
            UseKind.BUNDLED,
            _module(world, each),
            Activation.UNKNOWN,
            "no Java runtime was recognized in the image; what loads it is not known",
            *each.evidence,
            purpose="unknown",
        )
        for each in jars
    )
    return Linked(option_facts(world) if launch or jars else (), tuple(uses), gaps)


@dataclass(frozen=True, slots=True)
class _Start:
    """One way in which the image starts a JVM."""

    options: JvmOptions
    path: ClassPath

    def loads(self, jar: Fact) -> bool | None:
        """Whether the class path reaches an archive; None where that cannot be told."""
        if self.path.position(jar) is not None:
            return True
        return None if self.path.untold else False


def _jvms(world: World) -> Iterator[_Jvm]:
    """One for each home; a `release` file knows more than the name of a folder."""
    homes: dict[str, Fact] = {}
    for each in world.facts.of(FactKind.JAVA_RUNTIME):
        home = world.view.resolve(each.text("home")) or each.text("home")
        if home.endswith("/jre") and home.removesuffix("/jre") in homes:
            continue
        if home not in homes or each.path.endswith("/release"):
            homes[home] = each
    for home, told in sorted(homes.items()):
        programs = (world.view.resolve(f"{home}{each}") for each in ("/bin/java", "/jre/bin/java"))
        program = next((each for each in programs if each is not None), told.path)
        modules = frozenset(told.texts("modules"))
        yield _Jvm(home, program, told.text("version"), told.flag("openj9"), modules)


# --- uses ----------------------------------------------------------------------------------


def _use_of_jvm(world: World, jvm: _Jvm, start: _Start, jars: list[Fact]) -> CryptoUse:
    options = start.options
    settings = settings_of(world, jvm.home, options)
    first = settings.providers[0] if settings.providers else ""
    if jvm.openj9 and (profile := semeru_profile(settings, options)) is not None:
        return _use_of_semeru(world, jvm, profile, first)
    if _follows_host(jvm, settings, options):
        module = _nss(world)
        reason = "fips.provider.1 takes over where the kernel's FIPS flag reads 1"
        evidence = f"fips.provider.1={settings.fips_providers[0]}"
        return _use(jvm.program, UseKind.LOADED, module, Activation.HOST, reason, evidence)
    wanted = module_of(first)
    evidence = f"{settings.source}: security.provider.1={first}" if first else ""
    if wanted == OPENJDK:
        if (inserted := _inserted(world, jvm, start, jars)) is not None:
            return inserted
        module = Module(OPENJDK, _name(world, OPENJDK), jvm.version, jvm.program)
        reason = _why_openjdk(options, settings)
        return _use(jvm.program, UseKind.BUILTIN, module, Activation.NONE, reason, evidence)
    jar = _jar_for(wanted, jars, start)
    obstacle = _out_of_reach(jar, start)
    if jar is None or obstacle:
        # Providers of java.security are loaded by the system class loader, which sees its class
        # path and no archive inside an archive. The JVM passes over the others without a word.
        module = Module(OPENJDK, _name(world, OPENJDK), jvm.version, jvm.program)
        reason = f"{first.split()[0]} is registered first, but {obstacle}"
        return _use(jvm.program, UseKind.BUILTIN, module, Activation.NONE, reason, evidence)
    if start.loads(jar) is None:
        activation = Activation.UNKNOWN
        reason = (
            f"registered first; whether {jar.path} is on the class path cannot be told: "
            f"{start.path.untold}"
        )
    else:
        activation, reason = _mode(jar, options, settings, approves(world))
    return _use(jvm.program, UseKind.LOADED, _module(world, jar), activation, reason, evidence)


def _use_of_semeru(world: World, jvm: _Jvm, profile: str, first: str) -> CryptoUse:
    """The use of what a profile of Semeru allows; which module that is, its name says."""
    reason = f"-Dsemeru.fips=true reaches the JVM, with the profile {profile}"
    if profile.startswith("NSS"):
        return _use(jvm.program, UseKind.LOADED, _nss(world), Activation.ON, reason, first)
    module = Module("openjceplus-fips", _name(world, "openjceplus-fips"), jvm.version)
    activation = Activation.ON
    if not profile.startswith("OpenJCEPlusFIPS"):
        reason = "-Dsemeru.fips=true reaches the JVM; which profile it takes is not known"
        activation = Activation.UNKNOWN
    return _use(jvm.program, UseKind.BUILTIN, module, activation, reason, first)


def _linked_in(world: World, jvm: _Jvm) -> Iterator[CryptoUse]:
    """The uses of libraries that jlink put into the runtime itself, where no archive is left."""
    for name, library in _AS_MODULES.items():
        if name in jvm.modules:
            module = Module(library, _name(world, library), "", f"{jvm.home}/lib/modules")
            has_mode = library in _WITH_MODE
            reason = f"{name} was linked into the runtime"
            if has_mode:
                reason += "; it verifies its own jar, and there is none"
            activation = Activation.UNKNOWN if has_mode else Activation.NONE
            yield _use(jvm.program, UseKind.BUILTIN, module, activation, reason, name)


def _inserted(world: World, jvm: _Jvm, start: _Start, jars: list[Fact]) -> CryptoUse | None:
    """The use of a FIPS provider that the application's own classes put before the JDK's.

    Whether they do so before anything else is asked for, their bytes do not tell.
    """
    for each in registered(world):
        if not (each.call.flag("own") and each.inserts and each.module in ("bc-fips", "accp")):
            continue
        jar = _jar_for(each.module, jars, start)
        if jar is None or jar.text("module") not in _WITH_MODE:
            continue
        reason = f"no java.security registers it; the program itself does: {each.said}"
        module = _module(world, jar)
        return _use(jvm.program, UseKind.LOADED, module, Activation.UNKNOWN, reason, each.said)
    return None


def _out_of_reach(jar: Fact | None, start: _Start) -> str:
    """Why the JVM itself does not find a provider, or `""`."""
    if jar is None:
        return "no jar in the image holds it"
    if jar.text("container"):
        return "only a jar inside another archive holds it"
    if start.loads(jar) is False:
        return f"the class path does not name {jar.path}"
    return ""


def _use_of_jar(world: World, jar: Fact, starts: tuple[_Start, ...]) -> CryptoUse:
    """A library in an archive that no security file registers: the program itself may."""
    consumer = jar.text("container") or jar.path
    module = _module(world, jar)
    purpose: Purpose = "crypto"
    approved = [_approved_only(each.options, {}) for each in starts]
    rule = world.rules.modules.get(jar.text("module"))
    if rule is not None and rule.approved_mode == "build" and module.id != "accp-fips":
        reason = f"{module.name} runs in its approved mode or not at all"
        activation = Activation.ON
    elif jar.text("module") not in _WITH_MODE:
        reason = f"{module.name} has no approved mode"
        activation = Activation.NONE
    elif not any(each.loads(jar) for each in starts):
        untold = next((f": {each.path.untold}" for each in starts if each.path.untold), "")
        reason = f"found, and nothing shows that it is loaded{untold}"
        activation, purpose = Activation.UNKNOWN, "unknown"
    elif jar.text("module") == "accp-fips" or all(approved):
        reason = "no java.security registers it; whether a program does is not known"
        activation = Activation.UNKNOWN
    elif None in approved:
        reason = f"no java.security registers it, and {_APPROVED_ONLY} cannot be told"
        activation = Activation.UNKNOWN
    elif (call := approves(world)) is not None:
        reason = f"the program may put it into approved mode: {call.evidence[0]}"
        activation = Activation.UNKNOWN
    else:
        reason = f"no java.security registers it, and {_APPROVED_ONLY} is not set"
        activation = Activation.OFF
    callers = (each.said for each in registered(world) if each.module == jar.text("module"))
    told = (*jar.evidence, *islice(callers, 3))
    return _use(consumer, UseKind.BUNDLED, module, activation, reason, *told, purpose=purpose)


def _use(
    consumer: str,
    kind: UseKind,
    module: Module,
    activation: Activation,
    reason: str,
    *evidence: str,
    purpose: Purpose = "crypto",
) -> CryptoUse:
    return CryptoUse(
        consumer=consumer,
        kind=kind,
        module=module,
        activation=activation,
        activation_reason=reason,
        purpose=purpose,
        evidence=tuple(each for each in evidence if each),
    )


def _why_openjdk(options: JvmOptions, settings: Settings) -> str:
    if options.security_file and settings.refuses_overlay:
        return "security.overridePropertiesFile=false: -Djava.security.properties is not read"
    if options.named_file and not options.security_file:
        return f"{options.named_file} does not exist, and the JVM says nothing about it"
    return "the JDK's own providers have no approved mode"


def _mode(
    jar: Fact, options: JvmOptions, settings: Settings, call: Fact | None
) -> tuple[Activation, str]:
    module = jar.text("module")
    if module in ("bc-fips", "bctls-fips"):
        approved = _approved_only(options, settings.other)
        if approved is None:
            return Activation.UNKNOWN, f"registered first; {_APPROVED_ONLY}: {options.untold}"
        if approved:
            return Activation.ON, f"registered first, and {_APPROVED_ONLY}=true"
        if call is not None:
            said = call.evidence[0]
            return Activation.UNKNOWN, f"registered first; the program may approve: {said}"
        return Activation.OFF, (
            f"registered first, but {_APPROVED_ONLY} is not true: it also does what is not approved"
        )
    if module == "accp-fips":
        return Activation.ON, "registered first; its AWS-LC is always in its approved mode"
    return Activation.NONE, "registered first, and it has no approved mode"


def _approved_only(options: JvmOptions, settings: Mapping[str, str]) -> bool | None:
    """None where it cannot be told."""
    said = options.property(_APPROVED_ONLY)
    if said is None:
        said = settings.get(_APPROVED_ONLY, "")
    if said.lower() != "true" and options.untold:
        return None
    return said.lower() == "true"


def _follows_host(jvm: _Jvm, settings: Settings, options: JvmOptions) -> bool:
    """Red Hat's builds switch to `fips.provider.N` by themselves."""
    return (
        bool(settings.fips_providers)
        # jlink takes along what a program names, and no program names this one.
        and (not jvm.modules or "jdk.crypto.cryptoki" in jvm.modules)
        and module_of(settings.fips_providers[0]) == "nss"
        and settings.other.get("security.useSystemPropertiesFile", "") != "false"
        and options.property("com.redhat.fips") != "false"
    )


def _jar_for(module: str, jars: list[Fact], start: _Start) -> Fact | None:
    """The archive that holds `module`: the first on the class path, else one that stands alone."""
    wanted = (module, "accp-fips") if module == "accp" else (module,)
    fitting = [each for each in jars if each.text("module") in wanted]

    def order(jar: Fact) -> tuple[bool, bool, int, str]:
        at = start.path.position(jar)
        return bool(jar.text("container")), at is None, at or 0, jar.path

    return min(fitting, key=order, default=None)


def _module(world: World, jar: Fact) -> Module:
    module = jar.text("module")
    return Module(module, _name(world, module), jar.text("version"), jar.path)


def _nss(world: World) -> Module:
    code = [each for each in world.facts.of(FactKind.MODULE_CODE) if each.text("module") == "nss"]
    code.sort(key=lambda each: ("softokn" not in each.path, each.path))
    found = next(iter(code), None)
    return Module(
        "nss",
        _name(world, "nss"),
        found.text("version") if found else "",
        found.path if found else "",
    )


def _name(world: World, module: str) -> str:
    rule = world.rules.modules.get(module)
    return rule.name if rule is not None else _NAMES.get(module, module)

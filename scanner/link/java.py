"""Says which provider serves a JVM of the image, and which Java crypto libraries come along.

Judges no provider; a program may also register one by itself, which no file tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scanner.link.java_options import JvmOptions, option_facts, options_in_effect
from scanner.link.world import Linked, World
from scanner.model import Activation, CryptoUse, Fact, FactKind, Module, UseKind

OPENJDK = "openjdk-jce"
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
_APPROVED_ONLY = "org.bouncycastle.fips.approved_only"
# Beginning or part of a provider's entry in java.security → module.
_PROVIDERS = (
    ("BouncyCastleFipsProvider", "bc-fips"),
    ("BCFIPS", "bc-fips"),
    ("BouncyCastleJsseProvider", "bctls-fips"),
    ("BouncyCastleProvider", "bouncy-castle"),
    ("AmazonCorrettoCryptoProvider", "accp"),
    ("Conscrypt", "conscrypt"),
    ("conscrypt", "conscrypt"),
    ("OpenJCEPlusFIPS", "openjceplus-fips"),
    ("nss.fips.cfg", "nss"),
    ("NSS-FIPS", "nss"),
)


@dataclass(frozen=True, slots=True)
class _Jvm:
    home: str
    program: str
    version: str
    openj9: bool


def link(world: World) -> Linked:
    """JVM_OPTIONS facts, and the uses of crypto by JVMs and by archives with crypto inside."""
    if not world.facts.of(FactKind.JAVA_RUNTIME):
        return Linked()
    facts = option_facts(world)
    options = options_in_effect(facts)
    jars = [each for each in world.facts.of(FactKind.MODULE_CODE) if each.text("form") == "jar"]
    uses: list[CryptoUse] = []
    registered: set[str] = set()
    for jvm in _jvms(world):
        use = _use_of_jvm(world, jvm, options, jars)
        registered.add(use.module.path)
        uses.append(use)
    uses.extend(_use_of_jar(world, each, options) for each in jars if each.path not in registered)
    return Linked(facts, tuple(uses))


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
        yield _Jvm(home, program, told.text("version"), told.flag("openj9"))


# --- providers -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Settings:
    """Provider lists and other settings in effect for one JVM."""

    providers: tuple[str, ...]
    fips_providers: tuple[str, ...]
    other: dict[str, str]
    source: str


def _settings(world: World, jvm: _Jvm, options: JvmOptions) -> _Settings:
    master = next(
        (
            found
            for each in ("conf/security", "jre/lib/security", "lib/security")
            if (path := world.view.resolve(f"{jvm.home}/{each}/java.security"))
            and (found := world.facts.one(FactKind.JAVA_SECURITY, path))
        ),
        None,
    )
    overlay = (
        world.facts.one(FactKind.JAVA_SECURITY, options.security_file)
        if options.security_file
        else None
    )
    layers = [overlay] if options.replaces and overlay else [master, overlay]
    values: dict[str, str] = {}
    source = ""
    for layer in layers:
        if layer is not None:
            source = layer.path if layer.texts("providers") else source
            values.update(
                (key, value)
                for key, _, value in (each.partition("=") for each in layer.texts("properties"))
            )
    return _Settings(
        _in_order("security", values), _in_order("fips", values), values, source or "java.security"
    )


def _in_order(kind: str, values: dict[str, str]) -> tuple[str, ...]:
    """Providers 1, 2, 3 …; the JVM stops at the first number that is missing."""
    found: list[str] = []
    while value := values.get(f"{kind}.provider.{len(found) + 1}"):
        found.append(value)
    return tuple(found)


def _module_of(provider: str) -> str:
    return next((module for mark, module in _PROVIDERS if mark in provider), OPENJDK)


# --- uses ----------------------------------------------------------------------------------


def _use_of_jvm(world: World, jvm: _Jvm, options: JvmOptions, jars: list[Fact]) -> CryptoUse:
    settings = _settings(world, jvm, options)
    first = settings.providers[0] if settings.providers else ""
    if options.property("semeru.fips") == "true" and jvm.openj9:
        module = Module("openjceplus-fips", _name(world, "openjceplus-fips"), jvm.version)
        reason = "-Dsemeru.fips=true reaches the JVM"
        return _use(jvm.program, UseKind.BUILTIN, module, Activation.ON, reason, first)
    if _follows_host(settings, options):
        module = _nss(world)
        reason = "fips.provider.1 takes over where the kernel's FIPS flag reads 1"
        evidence = f"fips.provider.1={settings.fips_providers[0]}"
        return _use(jvm.program, UseKind.LOADED, module, Activation.HOST, reason, evidence)
    wanted = _module_of(first)
    evidence = f"{settings.source}: security.provider.1={first}" if first else ""
    if wanted == OPENJDK:
        module = Module(OPENJDK, _name(world, OPENJDK), jvm.version, jvm.program)
        reason = _why_openjdk(options)
        return _use(jvm.program, UseKind.BUILTIN, module, Activation.NONE, reason, evidence)
    jar = _jar_for(wanted, jars)
    if jar is None or jar.text("container"):
        # Providers of java.security are loaded by the system class loader, which sees no
        # archive inside an archive. The JVM passes over them without a word.
        where = (
            "no jar in the image holds it"
            if jar is None
            else "only a jar inside another archive holds it"
        )
        module = Module(OPENJDK, _name(world, OPENJDK), jvm.version, jvm.program)
        reason = f"{first.split()[0]} is registered first, but {where}"
        return _use(jvm.program, UseKind.BUILTIN, module, Activation.NONE, reason, evidence)
    activation, reason = _mode(jar, options, settings)
    return _use(jvm.program, UseKind.LOADED, _module(world, jar), activation, reason, evidence)


def _use_of_jar(world: World, jar: Fact, options: JvmOptions) -> CryptoUse:
    """A library in an archive that no security file registers: the program itself may."""
    consumer = jar.text("container") or jar.path
    module = _module(world, jar)
    if jar.text("module") not in ("bc-fips", "bctls-fips", "accp-fips"):
        reason = f"{module.name} has no approved mode"
        activation = Activation.NONE
    elif jar.text("module") == "accp-fips" or _approved_only(options, {}):
        reason = "no java.security registers it; whether a program does is not known"
        activation = Activation.UNKNOWN
    else:
        reason = f"no java.security registers it, and {_APPROVED_ONLY} is not set"
        activation = Activation.OFF
    return _use(consumer, UseKind.BUNDLED, module, activation, reason, *jar.evidence)


def _use(
    consumer: str,
    kind: UseKind,
    module: Module,
    activation: Activation,
    reason: str,
    *evidence: str,
) -> CryptoUse:
    return CryptoUse(
        consumer=consumer,
        kind=kind,
        module=module,
        activation=activation,
        activation_reason=reason,
        evidence=tuple(each for each in evidence if each),
    )


def _why_openjdk(options: JvmOptions) -> str:
    if options.named_file and not options.security_file:
        return f"{options.named_file} does not exist, and the JVM says nothing about it"
    return "the JDK's own providers have no approved mode"


def _mode(jar: Fact, options: JvmOptions, settings: _Settings) -> tuple[Activation, str]:
    module = jar.text("module")
    if module in ("bc-fips", "bctls-fips"):
        if _approved_only(options, settings.other):
            return Activation.ON, f"registered first, and {_APPROVED_ONLY}=true"
        return Activation.OFF, (
            f"registered first, but {_APPROVED_ONLY} is not true: it also does what is not approved"
        )
    if module == "accp-fips":
        return Activation.ON, "registered first; its AWS-LC is always in its approved mode"
    return Activation.NONE, "registered first, and it has no approved mode"


def _approved_only(options: JvmOptions, settings: dict[str, str]) -> bool:
    said = options.property(_APPROVED_ONLY)
    return (said if said is not None else settings.get(_APPROVED_ONLY, "")).lower() == "true"


def _follows_host(settings: _Settings, options: JvmOptions) -> bool:
    """Red Hat's builds switch to `fips.provider.N` by themselves."""
    return (
        bool(settings.fips_providers)
        and _module_of(settings.fips_providers[0]) == "nss"
        and settings.other.get("security.useSystemPropertiesFile", "") != "false"
        and options.property("com.redhat.fips") != "false"
    )


def _jar_for(module: str, jars: list[Fact]) -> Fact | None:
    """The archive that holds `module`; one that stands alone before one inside another."""
    wanted = (module, "accp-fips") if module == "accp" else (module,)
    fitting = [each for each in jars if each.text("module") in wanted]
    fitting.sort(key=lambda each: (bool(each.text("container")), each.path))
    return next(iter(fitting), None)


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

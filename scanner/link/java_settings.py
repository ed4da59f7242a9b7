"""States which TLS protocols, suites and groups options and security properties leave to a JVM.

Judges them by the rules' TLS table; a program may choose others by itself, which no file tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scanner.cipher_lists import names, protocols
from scanner.facts import fact
from scanner.link.java_options import JvmOptions, java_launches
from scanner.link.java_security import Settings, settings_of
from scanner.link.world import World
from scanner.model import Fact, FactKind

_DISABLED = "jdk.tls.disabledAlgorithms"
_BY_PROPERTY = {
    "jdk.tls.client.protocols": "protocols",
    "jdk.tls.server.protocols": "protocols",
    "https.protocols": "protocols",
    "jdk.tls.client.cipherSuites": "suites",
    "jdk.tls.server.cipherSuites": "suites",
    "https.cipherSuites": "suites",
    "jdk.tls.namedGroups": "groups",
}
_ENABLED = ("TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")
"""What a JVM speaks by default unless it is disabled."""
_ADVICE = {
    "protocols": "TLSv1.3,TLSv1.2",
    "suites": "TLS_AES_256_GCM_SHA384,TLS_AES_128_GCM_SHA256,"
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,"
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "groups": "secp256r1,secp384r1,secp521r1",
}


@dataclass(frozen=True, slots=True)
class _Allowed:
    algorithms: tuple[str, ...]
    unknown: tuple[str, ...]


def tls_settings(
    world: World, jvms: tuple[tuple[str, str], ...], starts: Iterable[JvmOptions]
) -> tuple[Fact, ...]:
    """SETTING_IN_EFFECT facts of the JVMs, given by their home and their program."""
    is_started = any(True for _ in java_launches(world))
    found: list[Fact] = []
    for options in starts:
        for home, program in jvms:
            settings = settings_of(world, home, options)
            for each in (*_of_options(world, options, settings), *_of_file(world, settings)):
                path = each.path or program
                made = _fact(world, path, program, each, started=is_started)
                if made is not None and made not in found:
                    found.append(made)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Setting:
    path: str
    directive: str
    value: str
    topic: str
    allowed: _Allowed
    advice: str


def _of_options(world: World, options: JvmOptions, settings: Settings) -> Iterator[_Setting]:
    for name, topic in _BY_PROPERTY.items():
        if value := options.property(name):
            allowed = _allowed(world, topic, value)
            left = tuple(e for e in allowed.algorithms if e not in _disabled(settings))
            # Where nothing is left no handshake succeeds: then what is written counts.
            allowed = _Allowed(left or allowed.algorithms, allowed.unknown)
            advice = f"-D{name}={_ADVICE[topic]}"
            yield _Setting("", f"-D{name}", value, topic, allowed, advice)


def _of_file(world: World, settings: Settings) -> Iterator[_Setting]:
    """Old protocols that java.security leaves enabled."""
    if (value := settings.other.get(_DISABLED)) is None:
        return
    left = tuple(each for each in _ENABLED if each not in _disabled(settings))
    unapproved = [each for each in left if not _is_approved(world, "protocols", each)]
    if unapproved:
        missing = ", ".join(
            each.replace("TLS 1.0", "TLSv1").replace(" ", "v") for each in left[:-2]
        )
        advice = f"{_DISABLED}={value}, {missing}" if value else f"{_DISABLED}={missing}"
        path = settings.set_in[_DISABLED]
        yield _Setting(path, _DISABLED, value, "protocols", _Allowed(left, ()), advice)


def _disabled(settings: Settings) -> frozenset[str]:
    words = settings.other.get(_DISABLED, "").split(",")
    return frozenset(name for each in words if (name := protocols.protocol(each)))


def _allowed(world: World, topic: str, value: str) -> _Allowed:
    tls = world.rules.tls
    found: dict[str, None] = {}
    unknown: list[str] = []
    for word in names.split(value):
        if topic == "protocols":
            name = protocols.protocol(word)
        elif topic == "suites":
            name = names.suite(word, tls)
        else:
            name = names.group(word, tls)
        if name is None:
            unknown.append(word)
        else:
            found[name] = None
    return _Allowed(tuple(found), tuple(unknown))


def _is_approved(world: World, topic: str, name: str) -> bool:
    tls = world.rules.tls
    found = {"protocols": tls.protocol, "suites": tls.suite, "groups": tls.group}[topic](name)
    return found is not None and found.approved


def _fact(world: World, path: str, program: str, each: _Setting, *, started: bool) -> Fact | None:
    algorithms = each.allowed.algorithms
    unapproved = tuple(e for e in algorithms if not _is_approved(world, each.topic, e))
    if not algorithms and not each.allowed.unknown:
        return None
    said = f"{each.directive}={each.value}"[:300]
    if unapproved:
        said = f"{said}: allows {', '.join(unapproved)}, write: {each.advice}"
    only = bool(algorithms) and len(unapproved) == len(algorithms)
    return fact(
        FactKind.SETTING_IN_EFFECT,
        path,
        software="java",
        program=program,
        directive=each.directive,
        value=each.value,
        line=0,
        block="",
        topic=each.topic,
        written=True,
        algorithms=algorithms,
        unapproved=unapproved,
        unknown=each.allowed.unknown,
        only_unapproved=only,
        refused=only,
        advice=each.advice if unapproved else "",
        reached="started" if started else "installed",
        evidence=(said,),
    )

"""Holds what running processes showed against what the files of the image say of them.

States facts and gaps. It never makes a use better than the files do: one run is one run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from scanner.facts import fact
from scanner.model import (
    Activation,
    CryptoUse,
    Fact,
    FactKind,
    Gap,
    GapKind,
    ImageConfig,
    TlsEndpoint,
)
from scanner.rulebook import RuleBook
from scanner.simulate.plan import Facts
from scanner.simulate.processes import Process
from scanner.simulate.watch import Observation

_IN_EFFECT = (Activation.ON.value, Activation.HOST.value)
_IN_GO = frozenset({"go-fips140", "go-crypto"})
_FIPS140_ON = frozenset({"on", "only", "debug", "auto"})
_GO_ASKS = ("GOLANG_FIPS", "GOFIPS")
_JVM_VARIABLES = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS")
_JVM_OPTIONS = (
    "-Djava.security.properties=",
    "-Dorg.bouncycastle.fips.",
    "-Dsecurity.useSystemPropertiesFile=",
    "-Dcom.redhat.fips=",
    "-Dsemeru.",
)
"""How JVM options begin that decide on FIPS; others may hold passwords and are not looked at."""


# --- who speaks TLS --------------------------------------------------------------------------


def tls_servers(condition: str, seen: Observation, facts: Facts) -> list[Fact]:
    """Who is behind each port that speaks TLS.

    One fact for each use in the processes that hold the port; one on the program when there is
    no use in them. Where nobody can be seen to hold the port, all processes are taken to; where
    no process can be seen, the fact is on the run.
    """
    made: dict[tuple[str, str, int], Fact] = {}
    for endpoint in seen.tls:
        if not endpoint.suites:
            continue
        holders = [each for each in seen.processes if endpoint.port in each.ports]
        for each in _behind(condition, endpoint, holders or seen.processes, facts):
            made.setdefault((each.path, each.text("program"), endpoint.port), each)
    return list(made.values())


def _behind(
    condition: str, endpoint: TlsEndpoint, holders: Sequence[Process], facts: Facts
) -> Iterator[Fact]:
    unapproved = tuple(name for name in endpoint.unapproved if name not in endpoint.signatures)

    def server(path: str, program: str, evidence: str, **known: bool) -> Fact:
        return fact(
            FactKind.TLS_SERVER,
            # Where even the program cannot be seen, the run is the place.
            path or condition,
            condition=condition,
            port=endpoint.port,
            program=program,
            go=facts.one(FactKind.GO_BUILD, program) is not None,
            unapproved=unapproved,
            evidence=(evidence,),
            **known,
        )

    told = f"port {endpoint.port} accepts {', '.join(unapproved[:6]) or 'approved algorithms only'}"
    programs = sorted({each.program for each in holders}) or [""]
    if holders and not any(_may_serve(each, facts) for each in holders):
        for program in programs:
            unknown = (
                f"port {endpoint.port} speaks TLS from {program or 'the container'}, in which no "
                "cryptography was found"
            )
            yield server(program, program, unknown, known=False)
        return
    serving = [
        (use.path, process.program)
        for process in holders
        for use in _uses_in(process, facts)
        if use.text("purpose") != "hash-only"
    ]
    for path, program in serving:
        yield server(path, program, told, known=True)
    if not serving:
        # Code that no use explains serves it, or nobody could be looked at.
        for program in programs:
            yield server(program, program, told)


def unseen_servers(condition: str, seen: Observation) -> list[Gap]:
    """The gap of ports that speak TLS while no process could be looked into."""
    ports = ", ".join(str(each.port) for each in seen.tls if each.suites)
    if not ports or seen.processes:
        return []
    reason = (
        f"port {ports} speaks TLS, and no process could be looked into from here: that a program "
        "of the uses table serves it is taken for granted"
    )
    return [Gap(GapKind.NOT_SUPPORTED, condition, reason, caps=False)]


def _uses_in(process: Process, facts: Facts) -> Iterator[Fact]:
    """Uses of the program, and of what it has loaded."""
    for use in facts.uses:
        if use.path == process.program or use.path in process.mapped:
            yield use


def _may_serve(process: Process, facts: Facts) -> bool:
    """Whether the process holds cryptography that the files show, and not for hashing only."""
    loaded = {*process.mapped, process.program}
    hashing: set[str] = set()
    for use in facts.uses:
        places = {use.path, use.text("library")} - {""}
        if use.text("purpose") == "hash-only":
            hashing |= places
        elif not loaded.isdisjoint(places):
            return True
    code = {each.path for each in facts.of(FactKind.MODULE_CODE)} - hashing
    return not loaded.isdisjoint(code)


# --- what their environment says -------------------------------------------------------------


def run_settings(
    condition: str, processes: Iterable[Process], facts: Facts, config: ImageConfig
) -> list[Fact]:
    """Uses whose approved mode is on by the files, and not by the environment of the process."""
    made: dict[tuple[str, str], Fact] = {}
    for process in processes:
        for use in _uses_in(process, facts):
            if use.text("activation") not in _IN_EFFECT or (use.path, use.text("module")) in made:
                continue
            found = _contradiction(process, use, facts, config)
            if found is not None:
                activation, reason = found
                made[(use.path, use.text("module"))] = fact(
                    FactKind.RUN_SETTING,
                    use.path,
                    condition=condition,
                    module=use.text("module"),
                    activation=activation.value,
                    reason=reason,
                    evidence=(f"{use.path}: {reason}",),
                )
    return list(made.values())


def _contradiction(
    process: Process, use: Fact, facts: Facts, config: ImageConfig
) -> tuple[Activation, str] | None:
    build = facts.one(FactKind.GO_BUILD, use.path)
    if build is not None and use.path == process.program:
        found = _go(process, use, build)
        if found is not None:
            return found
        if use.text("module") in _IN_GO:
            return None
    state = facts.one(FactKind.OPENSSL_STATE, use.text("library"))
    if state is not None and use.text("library") in process.mapped:
        return _openssl(process, state, config)
    if any(path.endswith("/libjvm.so") for path in process.mapped):
        return _java(process, facts, config)
    return None


def _go(process: Process, use: Fact, build: Fact) -> tuple[Activation, str] | None:
    value = _fips140(process.variable("GODEBUG") or "")
    mode = value if value is not None else build.text("default_fips140")
    if mode in _FIPS140_ON:
        return None
    said = (
        f"the running program's environment says GODEBUG=fips140={value}"
        if value is not None
        else "nothing in the running program's environment switches fips140 on"
    )
    if use.text("module") in _IN_GO:
        return Activation.OFF, said
    asked = any(process.variable(name) == "1" for name in _GO_ASKS)
    if not build.flag("openssl_backend") or asked or "requirefips" in build.texts("tags"):
        return None
    if use.text("activation") == Activation.HOST.value:
        return None
    return Activation.UNKNOWN, f"{said}, nor asks for FIPS in another way"


def _fips140(godebug: str) -> str | None:
    """The fips140 setting in a value of GODEBUG, as Go reads it: the last one counts."""
    found = [each[8:] for each in godebug.split(",") if each.startswith("fips140=")]
    return found[-1] if found else None


def _openssl(process: Process, state: Fact, config: ImageConfig) -> tuple[Activation, str] | None:
    """OpenSSL's state was found out with the image's environment; another one may change it."""
    folder = state.text("provider").rpartition("/")[0]
    same = {"OPENSSL_CONF": state.text("config"), "OPENSSL_MODULES": folder}
    names = ["OPENSSL_CONF", "OPENSSL_MODULES"]
    if state.flag("reads_kernel_flag"):
        names.append("OPENSSL_FORCE_FIPS_MODE")
    for name in names:
        now, then = process.variable(name), config.env_get(name)
        if now == then or (now and now == same.get(name)):
            continue
        said = f"no {name}" if now is None else f"{name}={now}"
        return Activation.UNKNOWN, (
            f"the running program's environment has {said}, other than the image's, and what that "
            "makes of OpenSSL was not inspected"
        )
    return None


def _java(process: Process, facts: Facts, config: ImageConfig) -> tuple[Activation, str] | None:
    known = {
        option
        for each in facts.of(FactKind.JVM_OPTIONS)
        if each.text("reaches_jvm") != "no"
        for option in each.texts("options")
    }
    for name in _JVM_VARIABLES:
        now = _deciding(process.variable(name) or "")
        then = _deciding(config.env_get(name) or "")
        odd = [*sorted(now - then - known), *sorted(then - now)]
        if odd:
            change = "sets" if odd[0] in now else "lacks"
            return Activation.UNKNOWN, (
                f"the running program's {name} {change} {odd[0]}, other than the image's"
            )
    return None


def _deciding(options: str) -> set[str]:
    return {each for each in options.split() if each.startswith(_JVM_OPTIONS)}


def preloaded(condition: str, processes: Iterable[Process], facts: Facts) -> list[Gap]:
    """Libraries that LD_PRELOAD puts before all others, and that may change who serves crypto.

    One of the image's files without cryptography, such as an allocator, changes nothing.
    """
    if not facts.uses:
        return []
    elves = {each.path for each in facts.of(FactKind.ELF)}
    code = {each.path for each in facts.of(FactKind.MODULE_CODE)}
    symbols = {
        each.path
        for each in facts.of(FactKind.CRYPTO_SYMBOLS)
        if each.text("direction") == "exports"
    }
    found: dict[str, str] = {}
    for process in processes:
        for item in (process.variable("LD_PRELOAD") or "").replace(":", " ").split():
            # A link may lead to the file that is mapped, so its name counts up to `.so`.
            stem = item.rpartition("/")[2].partition(".so")[0] + ".so"
            for path in process.mapped:
                if not path.rpartition("/")[2].startswith(stem):
                    continue
                if path not in elves:
                    found[path] = "which is no file of the image"
                elif path in code | symbols:
                    found[path] = "which holds cryptography"
    return [
        Gap(
            GapKind.NOT_VERIFIED,
            path,
            f"{condition}: LD_PRELOAD puts it before all libraries of a running program, {why}; "
            "which module serves that program then is not known",
        )
        for path, why in sorted(found.items())
    ]


def unexplained(
    condition: str, processes: Iterable[Process], facts: Facts, rules: RuleBook
) -> list[Gap]:
    """Crypto libraries in the memory of a program of which no use says why they are there.

    The files show neither what is loaded by hand (dlopen) nor by which code.
    """
    code = {
        each.path: each.text("module")
        for each in facts.of(FactKind.MODULE_CODE)
        if each.text("form") == "library"
    }
    found: dict[tuple[str, str], str] = {}
    for process in processes:
        uses = tuple(_uses_in(process, facts))
        known = {use.text("module") for use in uses}
        served = {use.text("library") for use in uses}
        loaded = {path: code[path] for path in process.mapped if path in code}
        # What a module is built on comes with it, whoever loads it.
        for module in {*known, *loaded.values()} & set(rules.modules):
            known |= {*rules.modules[module].implemented_by, *rules.modules[module].backends}
        for path, module in loaded.items():
            if module not in known and path not in served:
                found[process.program or condition, path] = module
    return [
        Gap(
            GapKind.NOT_VERIFIED,
            program,
            f"{condition}: it has {path} ({rules.modules[module].name}) loaded, and nothing in the "
            "files says what of it uses that; its module, mode and use are not judged",
        )
        for (program, path), module in sorted(found.items())
        if module in rules.modules
    ]


# --- what that makes of the uses --------------------------------------------------------------


def as_seen(uses: Iterable[CryptoUse], facts: Iterable[Fact]) -> tuple[CryptoUse, ...]:
    """`uses` with the approved mode that a run showed, where the files say better of it."""
    told = {
        (each.path, each.text("module")): each
        for each in facts
        if each.kind is FactKind.RUN_SETTING
    }
    return tuple(
        replace(
            use,
            activation=Activation(seen.text("activation")),
            activation_reason=seen.text("reason"),
            evidence=(*use.evidence, *seen.evidence),
        )
        if (seen := told.get((use.consumer, use.module.id))) is not None
        else use
        for use in uses
    )

"""Checks that what was switched on for a run took effect, before anything is concluded from it.

A wrong module path makes even SHA-256 fail, and Python then falls back to its own hashes: a
setting alone proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from scanner.model import FactKind, LogMatch, TlsEndpoint
from scanner.simulate.box import Box
from scanner.simulate.compare import why_not_held
from scanner.simulate.plan import Facts, Plan, Switch
from scanner.simulate.probes.asking import alone, inside
from scanner.simulate.processes import Process
from scanner.simulate.watch import Observation

_PROOF = b"only approved"
_PYTHON = (
    "import _hashlib as h; h.openssl_sha256(b'')\n"
    "try: h.openssl_md5(b'')\n"
    f"except ValueError: print('{_PROOF.decode()}')"
)
_NODE = (
    "const c = require('crypto'); c.createHash('sha256');"
    f"try {{ c.createHash('md5') }} catch (e) {{ console.log('{_PROOF.decode()}') }}"
)
_ACTIVE = re.compile(rb"name:.*fips.*\n.*version:.*\n\s*status:\s*active", re.IGNORECASE)
_REFUSED = re.compile(r"CHACHA20|^x25519$|^x448$", re.IGNORECASE)
"""What every OpenSSL in FIPS mode, and Go in only mode, refuses in TLS."""
_PICKED_UP = b"Picked up JAVA_TOOL_OPTIONS"
_PROBE_SECONDS = 10.0
_PROBE_OUTPUT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Verification:
    """Which switches took effect."""

    evidence: tuple[str, ...] = ()
    """One sentence for each that did."""
    unproven: tuple[Switch, ...] = ()
    """Those that should have had an effect in this run and showed none."""
    doubts: tuple[str, ...] = ()
    """What does not follow from the evidence, one sentence each."""

    @property
    def complete(self) -> bool:
        """Whether something took effect, and nothing that should have did not."""
        return bool(self.evidence) and not self.unproven


def is_of_fips(verification: Verification, plan: Plan) -> bool:
    """Whether a difference from the baseline is of FIPS mode and not of our own making.

    A variable that nobody reads changes nothing, and many programs link a library that they
    never ask. A file that could not be loaded may break a program all the same.
    """
    if not verification.unproven:
        return True
    return bool(verification.evidence) and not any(
        path in value
        for switch in verification.unproven
        if switch in plan.switches
        for _, value in switch.environment
        for path in plan.files
    )


Run = Callable[[Sequence[str]], bytes]
"""Runs a program of the image under the switches; its output, empty when it cannot be run."""


def verify(
    plan: Plan,
    baseline: Observation,
    enforced: Observation,
    facts: Facts,
    new_matches: Iterable[tuple[str, LogMatch]],
    run: Run,
) -> Verification:
    """What shows, in the enforced run or beside it, that the switches of `plan` took effect.

    Args:
        new_matches: log lines of the enforced run that only FIPS mode explains, each with the
            runtime that prints them.
        run: to ask a program of the image, where the run itself shows nothing.
    """
    evidence: list[str] = []
    unproven: list[Switch] = []
    refusing = _refuses(baseline.tls, enforced.tls)
    matches = tuple(new_matches)
    for switch in (*plan.switches, *plan.missing):
        shown = "" if switch in plan.missing else _shown(switch, plan, enforced, facts, run)
        if not shown and switch not in plan.missing:
            if switch.id in ("openssl", "go"):
                shown = refusing
            family = switch.id.partition("-")[0]
            lines = [match.line for runtime, match in matches if runtime.startswith(family)]
            if not shown and lines:
                shown = f"it logs: {lines[0]}"
        if shown:
            evidence.append(f"{switch.text}: {shown}")
        elif _is_used(switch, enforced, facts):
            unproven.append(switch)
    return Verification(tuple(evidence), tuple(unproven), _doubts(evidence, enforced))


def _shown(switch: Switch, plan: Plan, seen: Observation, facts: Facts, run: Run) -> str:
    if switch.id == "openssl":
        return _openssl(switch, seen.processes, facts, run)
    shown = _environment(switch, plan, seen)
    is_over = not (seen.running and seen.processes)
    return shown or (_as_started(switch, facts) if is_over else "")


def _is_used(switch: Switch, seen: Observation, facts: Facts) -> bool:
    """Whether the run used what the switch is for.

    Where the processes could not be seen, or no longer, the started program is asked for; what a
    script starts is not known, so that is taken to use it.
    """
    users = _users(switch, facts)
    if any(_reaches(switch, each) or not each.mapped.isdisjoint(users) for each in seen.processes):
        return True
    if seen.running and seen.processes:
        return False
    started = _started(facts)
    known = any(use.path == started for use in facts.uses) or started in users
    return started in users if known else bool(users)


def _reaches(switch: Switch, process: Process) -> bool:
    """Whether `process` has something in its memory that the switch is for."""
    if not process.mapped.isdisjoint(switch.programs):
        return True
    names = {path.rpartition("/")[2] for path in process.mapped}
    return any(re.fullmatch(pattern, name) for pattern in switch.libraries for name in names)


# --- OpenSSL -------------------------------------------------------------------------------


_BY_TOOL = "shows that only approved algorithms are served"


def _openssl(switch: Switch, processes: Sequence[Process], facts: Facts, run: Run) -> str:
    for process in processes:
        loaded = next((path for path in process.mapped if path.endswith("/fips.so")), None)
        if loaded is not None:
            return f"{loaded} is loaded by the running program"
    users = [each for each in processes if why_not_held(each)]
    ours = [name for name, _ in switch.environment]
    if ours and users and all(each.variable(name) is None for each in users for name in ours):
        return ""  # another program, started by us with the variable, shows nothing of them
    for path, arguments, proof in _tools(facts):
        output = run([path, *arguments])
        if proof.search(output):
            return f"{path} {_BY_TOOL}"
    return ""


def _doubts(evidence: Sequence[str], seen: Observation) -> tuple[str, ...]:
    """Programs of which a tool that serves only approved algorithms shows nothing.

    Those behind TLS ports are left out: they are told with their ports.
    """
    if not any(each.endswith(_BY_TOOL) for each in evidence):
        return ()
    asked = {each.port for each in seen.tls}
    others = (each for each in seen.processes if asked.isdisjoint(each.ports))
    found = {(each.program, why) for each in others if (why := why_not_held(each))}
    return tuple(
        f"{program or 'a program'} {why}: that the provider works is shown by another program, and "
        "not that this one uses it"
        for program, why in sorted(found)
    )


def _tools(facts: Facts) -> list[tuple[str, list[str], re.Pattern[bytes]]]:
    """Programs of the image that can tell OpenSSL's state, and what they must answer."""
    tools = [
        (elf.path, ["list", "-providers"], _ACTIVE)
        for elf in facts.of(FactKind.ELF)
        if elf.path.endswith("/bin/openssl")
    ]
    proof = re.compile(re.escape(_PROOF))
    for runtime in facts.of(FactKind.RUNTIME):
        if runtime.text("name") == "python":
            tools.append((runtime.path, ["-c", _PYTHON], proof))
        elif runtime.text("name") == "node":
            tools.append((runtime.path, ["-e", _NODE], proof))
    return tools[:6]


def _refuses(before: Sequence[TlsEndpoint], after: Sequence[TlsEndpoint]) -> str:
    """TLS ports that took AES-GCM and ChaCha20 or X25519, and now take AES-GCM alone."""
    now = {endpoint.port: endpoint for endpoint in after}
    for endpoint in before:
        later = now.get(endpoint.port)
        offered = {name for name in (*endpoint.suites, *endpoint.groups) if _REFUSED.search(name)}
        if later is None or not offered or not any("_GCM_" in name for name in later.suites):
            continue
        left = {name for name in (*later.suites, *later.groups) if _REFUSED.search(name)}
        if not left:
            gone = ", ".join(sorted(offered)[:3])
            return f"port {endpoint.port} takes AES-GCM and no longer {gone}"
    return ""


# --- switches by environment -----------------------------------------------------------------


def _environment(switch: Switch, plan: Plan, seen: Observation) -> str:
    """What shows that a program which obeys the variables has got them."""
    wanted = {f"{name}={plan.environment[name]}" for name, _ in switch.environment}
    for process in seen.processes:
        if wanted <= process.environment and _reaches(switch, process):
            return "it is in the running program's environment"
    if "JAVA_TOOL_OPTIONS" in dict(switch.environment) and _PICKED_UP in seen.log:
        return "the JVM says that it picked it up"
    return ""


def _as_started(switch: Switch, facts: Facts) -> str:
    """For programs that have ended: the engine set the variables, and the program obeys them."""
    started = _started(facts)
    if switch.programs:
        return switch.evidence if started in switch.programs else ""
    users = _users(switch, facts)
    return "the program was started with it" if not started or started in users else ""


def _started(facts: Facts) -> str:
    """The program that the image starts, or `""`."""
    return next((each.text("program") for each in facts.of(FactKind.COMMAND)), "")


def _users(switch: Switch, facts: Facts) -> tuple[str, ...]:
    """Programs that reach what the switch is for."""
    if switch.id == "openssl":
        return facts.openssl3_users()
    if switch.programs:
        return switch.programs
    return tuple(use.path for use in facts.workload if use.text("module") == switch.id)


# --- asking a program of the image -------------------------------------------------------------


def in_box(box: Box) -> Run:
    """Run programs in a container that is running."""
    ask = inside(box, limit=_PROBE_OUTPUT, seconds=_PROBE_SECONDS)
    return lambda command: ask(command).output


def in_own_box(make: Callable[[tuple[str, ...]], Box]) -> Run:
    """Run each program in a container of its own, for images that end at once."""
    ask = alone(make, limit=_PROBE_OUTPUT, seconds=_PROBE_SECONDS)
    return lambda command: ask(command).output

"""Compares what was seen under a FIPS condition with the baseline: what breaks, what leaks.

Pure, and careful: where it is not proven that the condition took effect, a difference is only
a change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from scanner.model import Difference, Effect, LogMatch, TlsEndpoint
from scanner.simulate.last_words import new_lines
from scanner.simulate.processes import Process
from scanner.simulate.tls import NO_ANSWER
from scanner.simulate.tls_table import Approval
from scanner.simulate.traffic import HTTP, STEP, compare_steps
from scanner.simulate.watch import Observation

_EPHEMERAL = 32768
_WHOLE = frozenset({"exit", "ready", "health"})
"""Differences of the container as a whole."""
_SINGLE = frozenset({"port", HTTP, STEP})
"""Those that count each for itself."""

_OPENSSL3 = re.compile(r"libcrypto(-\w+)?\.so\.3")
_NEVER_IN_A_MODULE = re.compile(
    r"CHACHA20|_RC4_|CAMELLIA|_ARIA_|_SEED_|_IDEA_|_MD5$|^x25519$|^x448$"
)
_IN_OPENSSL_PROVIDERS = re.compile(r"^x25519$|^x448$")
"""Of these, what OpenSSL's providers serve with `fips=yes`, 3.0 and 3.1.2 among them
(`fips_keyexch` in providers/fips/fipsprov.c); later ones mark it `fips=no`."""
"""What no FIPS module serves. Other names may be not approved for a protocol and still be
served by a module in approved mode, such as static RSA or hybrid groups: those do not show that
a program brings its own cryptography."""


def compare(
    baseline: Observation,
    enforced: Observation,
    *,
    new_matches: Iterable[LogMatch],
    breaking_rules: frozenset[str],
    approval: Approval,
    exposed: Sequence[int],
    verified: bool,
    told: bool = True,
) -> tuple[Difference, ...]:
    """All differences, worst effect first within each subject.

    Args:
        new_matches: log matches of the enforced run that the baseline did not have.
        breaking_rules: IDs of log rules whose messages mean that something broke.
        verified: whether what differs is known to be of the switches.
        told: whether all crypto libraries are known to allow approved algorithms only: nothing
            leaks that nobody stopped.
    """
    found = [
        *_life(baseline, enforced),
        *_ports(baseline, enforced, frozenset(exposed)),
        *compare_steps(baseline.steps, enforced.steps),
        *_tls(baseline.tls, enforced, approval),
        *_logs(new_matches, breaking_rules),
    ]
    lines = new_lines(baseline.log, enforced.log)
    checked = new_lines(baseline.complaint, enforced.complaint)
    found = [
        replace(each, log=(checked if each.what == "health" else ()) or lines)
        if _has_reason(each)
        else each
        for each in found
    ]
    if not told:
        found = [each for each in found if each.effect is not Effect.LEAKS]
    if not verified:
        found = [_unproven(each) for each in found if each.effect is not Effect.LEAKS]
    return tuple(found)


def _has_reason(difference: Difference) -> bool:
    """Whether the end of the log may say why."""
    return difference.what in _WHOLE | _SINGLE and difference.effect is not Effect.CHANGES


def doubtful(found: Iterable[Difference]) -> tuple[Difference, ...]:
    """Those that chance can make as well: the containers are to be run once more."""
    return tuple(
        each for each in found if each.effect is Effect.BREAKS and each.what in _WHOLE | _SINGLE
    )


def settled(
    found: Sequence[Difference], again: Sequence[Difference], *, baseline: bool = False
) -> tuple[Difference, ...]:
    """`found`, with what is doubtful told as flaky where `again` does not show it.

    Args:
        again: the differences when one of the two was run once more.
        baseline: whether that was the baseline.
    """
    unsure = doubtful(found)
    what = "the baseline did not work" if baseline else "not so"
    return tuple(
        replace(
            each, effect=Effect.FLAKY, detail=f"{each.detail}; {what} when it was run once more"
        )
        if each in unsure and not _holds(each, doubtful(again))
        else each
        for each in found
    )


def unconfirmed(found: Iterable[Difference]) -> tuple[Difference, ...]:
    """`found`, where there could be no second look: what is doubtful is only a change."""
    return tuple(
        replace(each, effect=Effect.CHANGES, detail=f"{each.detail}; it was not run once more")
        if doubtful((each,))
        else each
        for each in found
    )


def _holds(difference: Difference, again: Iterable[Difference]) -> bool:
    """Whether a run that differs as `again` says broke in the same way.

    A container may crash with another code each time, or be looked at before it does: what
    counts is that it did not work.
    """
    if difference.what in _WHOLE:
        return any(each.what in _WHOLE for each in again)
    return any(
        each.what in ("exit", "ready")
        or (each.what, each.baseline) == (difference.what, difference.baseline)
        for each in again
    )


def _unproven(difference: Difference) -> Difference:
    if difference.effect is Effect.NEVER_WORKED:
        return difference
    return replace(difference, effect=Effect.CHANGES)


def how_it_ended(seen: Observation) -> str:
    """For people: how a container was when observation ended."""
    if seen.stopped:
        return f"stopped: {seen.stopped}"
    if seen.exit_code is None:
        return "running"
    memory = " (out of memory)" if seen.out_of_memory else ""
    return f"exited with {seen.exit_code}{memory}"


def _life(before: Observation, after: Observation) -> Iterator[Difference]:
    was, now = how_it_ended(before), how_it_ended(after)
    worked = before.running or before.exit_code == 0
    if was != now:
        told = "it still runs" if after.running and not after.stopped else f"it {now}"
        if before.stopped or after.stopped:
            effect, then = Effect.CHANGES, "in the baseline"
        elif not worked:
            effect, then = Effect.NEVER_WORKED, "it did not work in the baseline either"
        else:
            fails = not after.running and not (after.exit_code == 0 and not before.running)
            effect, then = (Effect.BREAKS if fails else Effect.CHANGES), "in the baseline"
        yield Difference("exit", effect, f"{told}; {then}: {was}", was, now)
    if not (worked and after.running):
        return
    if before.ready_seconds is not None and after.ready_seconds is None:
        never = f"it never showed {after.awaited}" if after.awaited else "it never listened"
        yield Difference(
            "ready",
            Effect.BREAKS,
            f"{never}; in the baseline it did after {before.ready_seconds:.1f} s",
            f"{before.ready_seconds:.1f} s",
            "never",
        )
    if before.health == "healthy" and after.health != "healthy":
        if after.health == "starting":
            # It was not asked often enough to fail: slow is not unhealthy.
            effect = Effect.CHANGES
            detail = f"the image's own health check had no verdict after {after.seconds:.0f} s"
        else:
            effect = Effect.BREAKS
            detail = f"the image's own health check says {after.health or 'nothing'}"
        yield Difference("health", effect, detail, before.health, after.health)


def _ports(
    before: Observation, after: Observation, exposed: frozenset[int]
) -> Iterator[Difference]:
    if not (before.running and after.running) or after.ready_seconds is None:
        return

    def lasting(ports: Iterable[int]) -> set[int]:
        return {port for port in ports if port < _EPHEMERAL or port in exposed}

    was, now = lasting(before.ports), lasting(after.ports)
    for port in sorted(was - now):
        yield Difference(
            "port", Effect.BREAKS, f"{port}/tcp is no longer listened on", f"{port}/tcp", ""
        )
    for port in sorted(now - was):
        yield Difference("port", Effect.CHANGES, f"{port}/tcp is new", "", f"{port}/tcp")


def _tls(
    before: Sequence[TlsEndpoint], after: Observation, approval: Approval
) -> Iterator[Difference]:
    later: Mapping[int, TlsEndpoint] = {endpoint.port: endpoint for endpoint in after.tls}
    for was in before:
        now = later.get(was.port)
        if now is None or _is_incomplete(was) or _is_incomplete(now):
            continue  # a lost port is a difference of its own, an incomplete picture a gap
        if was.suites and not now.suites:
            detail = f"port {was.port} accepts no cipher suite any more"
            yield Difference(
                "tls-suite", Effect.BREAKS, detail, f"{len(was.suites)} suites", now.error or "none"
            )
            continue
        for what, old, new, approved in (
            ("tls-protocol", was.protocols, now.protocols, approval.protocol),
            ("tls-suite", was.suites, now.suites, approval.suite),
            ("tls-group", was.groups, now.groups, approval.group),
            ("tls-signature", was.signatures, now.signatures, approval.signature),
        ):
            verb = "signs with" if what == "tls-signature" else "accepts"
            for name in old:
                if name not in new:
                    effect = Effect.CHANGES if approved(name) else Effect.RESTRICTS
                    detail = f"port {was.port} no longer {verb} {name}"
                    yield Difference(what, effect, detail, name, "")
                elif not approved(name) and _leaks(name, was.port, after):
                    detail = f"port {was.port} still {verb} {name}"
                    yield Difference(what, Effect.LEAKS, detail, name, name)
            for name in new:
                if name not in old:
                    detail = f"port {was.port} now {verb} {name}"
                    yield Difference(what, Effect.CHANGES, detail, "", name)
        yield from _certificates(was, now)
        yield from _extended_master_secret(was, now)


def _certificates(was: TlsEndpoint, now: TlsEndpoint) -> Iterator[Difference]:
    # Many images make their own at each start: only what it is made of counts.
    old, new = _leaf(was), _leaf(now)
    if old and new and old != new:
        detail = f"port {was.port} sends another certificate: {new}"
        yield Difference("tls-certificate", Effect.CHANGES, detail, old, new)


def _leaf(endpoint: TlsEndpoint) -> str:
    if not endpoint.certificates:
        return ""
    leaf = endpoint.certificates[0]
    return f"{leaf.key}, signed by {leaf.signature}"


def _extended_master_secret(was: TlsEndpoint, now: TlsEndpoint) -> Iterator[Difference]:
    # Completing it shows no leak: modules validated before the rule of 2023, and builds that do
    # not check, complete it as well.
    if was.completes_without_ems and now.completes_without_ems is False:
        detail = f"port {was.port} no longer completes TLS 1.2 without extended master secret"
        yield Difference("tls-ems", Effect.RESTRICTS, detail, "completed", "refused")
    elif was.completes_without_ems is False and now.completes_without_ems:
        detail = f"port {was.port} now completes TLS 1.2 without extended master secret"
        yield Difference("tls-ems", Effect.CHANGES, detail, "refused", "completed")


def _leaks(name: str, port: int, seen: Observation) -> bool:
    """Whether accepting `name` shows that something else than a FIPS module served it."""
    if not _NEVER_IN_A_MODULE.search(name):
        return False
    holders = [each for each in seen.processes if port in each.ports] or seen.processes
    if any(why_not_held(each) for each in holders):
        return False
    has_provider = any(path.endswith("/fips.so") for each in holders for path in each.mapped)
    return not (has_provider and _IN_OPENSSL_PROVIDERS.search(name))


def why_not_held(process: Process) -> str:
    """Why nothing holds a process with OpenSSL 3 to approved algorithms, as far as was seen.

    Returns:
        What the process has, for people; `""` where it is held, or has no OpenSSL 3.
    """
    names = {path.rpartition("/")[2] for path in process.mapped}
    if not any(map(_OPENSSL3.match, names)) or "fips.so" in names:
        return ""
    unset = ", and no variable OPENSSL_CONF" if process.variable("OPENSSL_CONF") is None else ""
    return f"has OpenSSL in its memory without a FIPS provider{unset}"


def _is_incomplete(endpoint: TlsEndpoint) -> bool:
    return endpoint.error.endswith(NO_ANSWER)


def _logs(matches: Iterable[LogMatch], breaking: frozenset[str]) -> Iterator[Difference]:
    for match in matches:
        effect = Effect.BREAKS if match.rule in breaking else Effect.CHANGES
        yield Difference("log", effect, f"{match.meaning}: {match.line}", "", match.rule)

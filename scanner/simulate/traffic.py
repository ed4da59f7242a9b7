"""Gives a container something to do: a request to each port that speaks HTTP, and the user's steps.

Compares how they went in two runs; which run proves what is judged elsewhere.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from scanner.facts import fact
from scanner.model import Difference, Effect, Fact, FactKind, StepResult
from scanner.simulate.box import Box
from scanner.simulate.http import Answer, NoAnswer, Request, ask
from scanner.simulate.scenario.model import Scenario
from scanner.simulate.scenario.run import MAX_LOG, run_steps

HTTP, STEP = "http", "step"
"""Subjects of differences: the request that is sent anyway, and what the user asked for."""
PATIENCE = 5.0
"""Seconds of one request."""
ALONE = "is not run in the baseline and fails: "
"""How the difference of a step begins, after its name, that has no baseline to be held against."""
MAX_PORTS = 16
"""Ports, lowest first, to which a request is sent that nobody asked for."""
_GREETING = 1.0
"""Seconds."""
_AT_ONCE = 4
_WANTS_TLS = re.compile(r"requires TLS|plain HTTP|HTTP request to an HTTPS server", re.IGNORECASE)
"""In what servers of HTTPS answer to a request in plain HTTP: Tomcat; nginx, Apache and Python's
cheroot; Go."""
_SENT_ANYWAY = re.compile(r"GET https?://:\d+/")


def perform(
    box: Box,
    scenario: Scenario,
    condition: str,
    address: str,
    ports: Iterable[int],
    tls_ports: Iterable[int],
    *,
    known: Sequence[StepResult] | None = None,
    deadline: float = float("inf"),
) -> tuple[StepResult, ...]:
    """Let the container do what it is asked: first a request to each port, then the user's steps.

    Args:
        address: of the container, as seen from here.
        ports: on which it listens for others than itself.
        tls_ports: those of them that speak TLS.
        known: how it went in the baseline, of which this is the comparison; None for the baseline.
        deadline: monotonic time; what might last longer is not begun.

    Raises:
        EngineError: the engine no longer knows the container, or does not answer.
    """
    own = {step.name for step in scenario.steps}
    sent: tuple[StepResult, ...] = ()
    # With less time than usual, a slow answer would look like none.
    if time.monotonic() + PATIENCE <= deadline:
        sent = exercise(address, ports, tls_ports, PATIENCE, known=known)
    return (
        *(each for each in sent if each.name not in own),
        *run_steps(box, scenario, condition, address, deadline),
    )


def exercise(
    address: str,
    ports: Iterable[int],
    tls_ports: Iterable[int],
    seconds: float,
    *,
    known: Sequence[StepResult] | None = None,
) -> tuple[StepResult, ...]:
    """Send `GET /` to each port, in HTTP or HTTPS; to `MAX_PORTS` of them.

    In the baseline, ports that do not answer in HTTP are left out: they speak something else.
    Elsewhere, only those are asked that did in the baseline, and in the same way.

    Args:
        seconds: of each request.
        known: what the baseline gave; None for the baseline.
    """
    secure = frozenset(tls_ports)
    listening = sorted(set(ports))
    if known is None:
        requests = [Request(port, secure=port in secure) for port in listening[:MAX_PORTS]]
    else:
        names = {each.name for each in known}
        both = (Request(port, secure=tls) for port in listening for tls in (False, True))
        requests = [each for each in both if str(each) in names]
    if not requests:
        return ()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        results = list(pool.map(lambda request: _get(address, request, seconds), requests))
    return tuple(step for step, in_http in results if in_http or known is not None)


def _get(address: str, request: Request, seconds: float) -> tuple[StepResult, bool]:
    """How a request went, and whether it was answered in HTTP."""
    begin = time.monotonic()
    answer = ask(address, request, seconds)
    took = round(time.monotonic() - begin, 2)
    if isinstance(answer, NoAnswer):
        return StepResult(str(request), False, str(answer), took), False
    if answer.status == 400 and not request.secure and _WANTS_TLS.search(answer.said()):
        return StepResult(str(request), False, f"{answer}: it wants TLS", took), False
    return StepResult(str(request), answer.status < 500, str(answer), took, _log(answer)), True


def _log(answer: Answer) -> str:
    return answer.said()[-MAX_LOG:] if answer.status >= 500 else ""


def speaks_ssh(address: str, port: int) -> bool:
    """Whether `port` greets as SSH servers do, at once and before they are asked anything."""
    try:
        with socket.create_connection((address, port), timeout=_GREETING) as connection:
            connection.settimeout(_GREETING)
            return connection.recv(8).startswith(b"SSH-")
    except OSError:
        return False


def compare_steps(
    baseline: Sequence[StepResult], other: Sequence[StepResult]
) -> tuple[Difference, ...]:
    """What went differently, in order. A step that fails in the baseline too never worked."""
    before = {each.name: each for each in baseline}
    found = []
    for now in other:
        was = before.get(now.name)
        if was is None:
            if not now.passed:
                detail = f"{now.name} {ALONE}{now.detail}"
                found.append(_difference(now, Effect.CHANGES, detail, "not run", "fails"))
        elif was.passed and not now.passed:
            detail = f"{now.name}: {now.detail}; in the baseline: {was.detail or 'passed'}"
            found.append(_difference(now, Effect.BREAKS, detail, "passed", "fails"))
        elif now.passed and not was.passed:
            detail = f"{now.name} passes; in the baseline: {was.detail}"
            found.append(_difference(now, Effect.CHANGES, detail, "fails", "passed"))
        elif now.passed and now.detail != was.detail:
            detail = f"{now.name}: {now.detail}; in the baseline: {was.detail}"
            found.append(_difference(now, Effect.CHANGES, detail, was.detail, now.detail))
    return tuple(found)


def _difference(
    step: StepResult, effect: Effect, detail: str, before: str, after: str
) -> Difference:
    # Without the reason, which may be worded differently when it is looked at once more.
    what = HTTP if _SENT_ANYWAY.fullmatch(step.name) else STEP
    return Difference(what, effect, detail, f"{step.name}: {before}", f"{step.name}: {after}")


def step_facts(steps: Iterable[StepResult], condition: str) -> list[Fact]:
    """A fact for each step."""
    return [
        fact(
            FactKind.STEP,
            condition=condition,
            name=each.name,
            passed=each.passed,
            detail=each.detail,
            evidence=(f"{each.name}: {each.detail or 'passed'}",),
        )
        for each in steps
    ]

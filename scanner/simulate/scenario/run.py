"""Carries out the steps of a scenario in one container, and says how each went.

A step that fails stops none of the others. What a failure means is judged elsewhere.
"""

from __future__ import annotations

import re
import time

from scanner.model import Gap, GapKind, StepResult
from scanner.simulate.box import NOT_STARTED, Box, BoxState
from scanner.simulate.http import MAX_ANSWER, Answer, NoAnswer, ask
from scanner.simulate.scenario.model import ExecStep, HttpStep, Scenario, Step, WaitFor
from scanner.simulate.watch import Awaited, Observation

MAX_OUTPUT = 2**20
MAX_LOG = 1000
"""Characters of the end of an output that are kept."""
_ASKED_EVERY = 0.5
_PATIENCE = 2.0
"""Seconds that a request which asks for readiness may take."""
_REFUSED = re.compile(
    r'OCI runtime .* exec: "[^"]*": (?:stat \S+: )?(?P<engine>[^:]+)'
    r"|^fips-node: .*: (?P<helper>[^:]+)$"
)
_Outcome = tuple[str, str]
"""What was seen instead of what was expected, or `""`; and the output."""


def run_steps(
    box: Box, scenario: Scenario, condition: str, address: str, deadline: float = float("inf")
) -> tuple[StepResult, ...]:
    """Carry out the steps that `scenario` has for `condition`, in order.

    Args:
        address: of the container, as seen from here.
        deadline: monotonic time; steps that might last longer are not begun.

    Raises:
        EngineError: the engine no longer knows the container, or does not answer.
    """
    results = []
    for step in scenario.steps:
        if condition not in step.conditions or time.monotonic() + step.timeout > deadline:
            continue
        begin = time.monotonic()
        if box.state().running:
            detail, output = _outcome(box, step, address)
        else:
            detail, output = "the container had ended", ""
        results.append(
            StepResult(
                name=step.name,
                passed=not detail,
                detail=scenario.hidden(detail),
                seconds=round(time.monotonic() - begin, 2),
                log=scenario.hidden(output.strip()[-MAX_LOG:]) if detail else "",
            )
        )
    return tuple(results)


def step_gaps(scenario: Scenario, condition: str, results: tuple[StepResult, ...]) -> list[Gap]:
    """What the steps of `condition` leave open: those not begun, and those that prove nothing."""
    asked = [step.name for step in scenario.steps if condition in step.conditions]
    done = {each.name for each in results}
    gaps = []
    if missing := [name for name in asked if name not in done]:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        reason = (
            f"step `{missing[0]}`{more} was not begun: the container had ended, or what was left "
            "of the time for all runs was too short (--timeout gives more)"
        )
        gaps.append(Gap(GapKind.NOT_RUN, condition, reason))
    if condition != "baseline":
        return gaps
    for each in results:
        if each.name in asked and not each.passed:
            reason = (
                f"step `{each.name}` failed in the baseline ({each.detail}), so nothing can be "
                "said of it under FIPS conditions"
            )
            gaps.append(Gap(GapKind.NOTHING_OBSERVED, condition, reason))
    return gaps


def never_ready(baseline: Observation) -> list[Gap]:
    """The gap of a baseline that did not show what the user waits for."""
    if not baseline.awaited or baseline.ready_seconds is not None or baseline.stopped:
        return []
    ended = "" if baseline.running else ", and it ended"
    reason = (
        f"it did not show {baseline.awaited} within {baseline.seconds:.0f} s{ended}, so what it "
        "does once it is ready was not seen; --ready-timeout waits longer"
    )
    return [Gap(GapKind.NOTHING_OBSERVED, "baseline", reason)]


def _outcome(box: Box, step: Step, address: str) -> _Outcome:
    return _ask(step, address) if isinstance(step, HttpStep) else _execute(box, step)


def _ask(step: HttpStep, address: str) -> _Outcome:
    answer = ask(address, step.request, step.timeout)
    if isinstance(answer, NoAnswer):
        return str(answer), ""
    if step.status is None and answer.status >= 400:
        return f"{answer}, not success", answer.said()
    if step.status is not None and answer.status != step.status:
        return f"{answer}, not {step.status}", answer.said()
    body = answer.body.decode("utf-8", "replace")
    if step.body and not re.search(step.body, body, re.MULTILINE):
        where = f"the first {MAX_ANSWER // 2**10} KiB of its body" if answer.cut else "its body"
        return f"{answer}, and `{step.body}` is not in {where}", answer.said()
    return "", ""


def _execute(box: Box, step: ExecStep) -> _Outcome:
    ended = box.execute(step.command, limit=MAX_OUTPUT, seconds=step.timeout)
    if ended is None:
        return f"it did not end within {step.timeout:g} s", ""
    code, content = ended
    output = content.decode("utf-8", "replace")
    if code != step.exit_code:
        if code in NOT_STARTED:
            return f"it could not be started: {_why_not(output)}", ""
        expected = "" if step.exit_code == 0 else f", not {step.exit_code}"
        return f"exit code {code}{expected}", output
    if step.output and not re.search(step.output, output, re.MULTILINE):
        return f"`{step.output}` is not in its output", output
    return "", output


def _why_not(output: str) -> str:
    """Why a program could not be started, in the same words whoever was to start it."""
    text = " ".join(output.split())
    found = _REFUSED.search(text)
    reason = (found["engine"] or found["helper"]) if found else text[:300]
    return reason[:1].lower() + reason[1:]


def awaited(wait_for: WaitFor) -> Awaited:
    """What `watch` waits for."""
    next_time = 0.0

    def by_log(box: Box, state: BoxState, ports: frozenset[int]) -> bool:
        del state, ports
        log = box.log()[0].decode("utf-8", "replace")
        return re.search(wait_for.log, log, re.MULTILINE) is not None

    def by_port(box: Box, state: BoxState, ports: frozenset[int]) -> bool:
        return wait_for.port in ports or box.connect(state.address, wait_for.port, 0.5)

    def by_request(box: Box, state: BoxState, ports: frozenset[int]) -> bool:
        nonlocal next_time
        del box, ports
        if wait_for.request is None or time.monotonic() < next_time:
            return False
        answer = ask(state.address, wait_for.request, _PATIENCE)
        next_time = time.monotonic() + _ASKED_EVERY
        return isinstance(answer, Answer) and answer.status < 400

    met = by_log if wait_for.log else by_port if wait_for.port else by_request
    return Awaited(str(wait_for), met)

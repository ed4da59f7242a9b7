"""Shows a policy: each setting with its value, where that comes from, and what it means.

Applies nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from rich.text import Text

from scanner.model import Policy, Question, Severity, Waiver
from scanner.report.escape import encodable, visible
from scanner.report.look import Look
from scanner.report.page import Page
from scanner.report.sections.policy import SOON, until
from scanner.rules_targets import Target

DEFAULT = "default"
_MARGIN = 16


def policy_page(
    policy: Policy,
    *,
    severities: Mapping[str, Severity],
    target: Target | None,
    today: date,
    look: Look | None = None,
) -> str:
    """The policy for people.

    Args:
        severities: id of a check → how bad it is by its rule.
        target: what is known of the policy's target.
    """
    page = Page(look or Look())
    source = visible(policy.source) if policy.source else "no file: the defaults hold"
    page.heading("Policy", source)
    for name, (value, meaning) in _settings(policy).items():
        _setting(page, policy, name, value, meaning)
    _target(page, policy, target)
    if policy.overrides:
        page.heading("Rules", "that are something else to this team")
        for each in policy.overrides:
            by_rule = severities.get(each.rule)
            value = "off" if each.off else str(each.severity)
            was = f", {by_rule} by its rule" if by_rule else ""
            lines: list[str | Text] = [
                f"{value}{was}  (line {each.line})",
                Text(visible(each.reason, 500), "dim"),
            ]
            page.labeled(visible(each.rule), [""], indent=2, at=_MARGIN)
            page.labeled("", lines, indent=2, at=_MARGIN)
    if policy.waivers:
        page.heading("Waivers", _count(policy, today))
        for waiver in sorted(policy.waivers, key=lambda each: (each.expires, each.line)):
            _waiver(page, waiver, today)
    return page.result()


def policy_json(
    policy: Policy,
    *,
    severities: Mapping[str, Severity],
    target: Target | None,
    today: date,
) -> str:
    """The policy for programs: in ASCII, with sorted keys."""
    gate = policy.gate
    values: dict[str, object] = {
        "gate.fail_on": gate.fail_on.value if gate.fail_on else None,
        "gate.min_score": gate.min_score,
        "gate.verdict": gate.verdict.value if gate.verdict else None,
        "gate.questions": [each.value for each in gate.questions],
        "target": policy.target,
        "conditions": list(policy.conditions),
    }
    document: dict[str, Any] = {
        "source": policy.source,
        "settings": {
            name: {"value": value, "origin": policy.origins.get(name, DEFAULT)}
            for name, value in values.items()
        },
        "target_name": target.name if target else "",
        "rules": [
            {
                "rule": each.rule,
                "severity": None if each.off else each.severity,
                "off": each.off,
                "rule_severity": severities.get(each.rule),
                "reason": encodable(each.reason),
                "line": each.line,
            }
            for each in policy.overrides
        ],
        "waivers": [
            {
                "rule": each.rule,
                "pattern": encodable(each.pattern),
                "image": encodable(each.image),
                "reason": encodable(each.reason),
                "owner": encodable(each.owner),
                "expires": each.expires.isoformat(),
                "days_left": (each.expires - today).days,
                "expired": each.expires < today,
                "line": each.line,
            }
            for each in policy.waivers
        ],
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _settings(policy: Policy) -> dict[str, tuple[str, str]]:
    """Name → value and meaning."""
    gate = policy.gate
    every = gate.questions == tuple(Question)
    severity = gate.fail_on
    return {
        "gate.fail_on": (
            severity.value if severity else "never",
            f"a finding that is {severity} or worse fails" if severity else "every finding passes",
        ),
        "gate.min_score": (
            "-" if gate.min_score is None else str(gate.min_score),
            "every score passes"
            if gate.min_score is None
            else f"a score below {gate.min_score} fails, without what is waived",
        ),
        "gate.verdict": (
            gate.verdict.value if gate.verdict else "-",
            f"anything worse than {gate.verdict} fails, without what is waived"
            if gate.verdict
            else "the verdict alone fails nothing, unless it is undetermined",
        ),
        "gate.questions": (
            "all" if every else ", ".join(each.value for each in gate.questions),
            "findings on every question fail"
            if every
            else "findings on other questions do not fail",
        ),
        "conditions": (
            ", ".join(policy.conditions),
            "how containers are run; in the baseline they always are",
        ),
    }


def _setting(page: Page, policy: Policy, name: str, value: str, meaning: str) -> None:
    origin = visible(policy.origins.get(name, DEFAULT))
    text = Text(value, style="bold")
    text.append(f"  ({origin})", style="dim")
    page.labeled(name, [text, Text(meaning, style="dim")], indent=2, at=_MARGIN + 2)


def _target(page: Page, policy: Policy, target: Target | None) -> None:
    if target is None:
        _setting(page, policy, "target", policy.target, "not in these rules")
        return
    _setting(page, policy, "target", policy.target, visible(target.name))
    shown = [Text(f"shows {visible(each)}", style="dim") for each in target.shows]
    more = Text(f"more: fips-scanner explain {visible(target.id)}", style="dim")
    page.labeled("", [*shown, more], indent=2, at=_MARGIN + 2)


def _count(policy: Policy, today: date) -> str:
    expired = sum(each.expires < today for each in policy.waivers)
    return f"{len(policy.waivers)}" + (f", {expired} expired" if expired else "")


def _waiver(page: Page, waiver: Waiver, today: date) -> None:
    days = (waiver.expires - today).days
    label = (
        Text("EXPIRED", style="bold red")
        if days < 0
        else Text("ends soon", style="yellow")
        if days <= SOON
        else Text("in force")
    )
    image = f" in {visible(waiver.image)}" if waiver.image != "*" else ""
    page.labeled(
        label,
        [
            f"{visible(waiver.rule)} for {visible(waiver.pattern, 500)}{image}, line {waiver.line}",
            f"until {until(waiver.expires, today)}, {visible(waiver.owner)}",
            Text(visible(waiver.reason, 500), style="dim"),
        ],
        indent=2,
        at=_MARGIN - 3,
    )

"""Shows targets to people: where images run, what nodes show there, and what breaks.

Says what the rule's own file says, and of its certificates what their dates say on a day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial

from rich.text import Text

from scanner.cmvp import status_on
from scanner.report.page import Page
from scanner.report.rule_words import certificate_words
from scanner.rulebook import RuleBook, Target
from scanner.rules_targets import system_words

Write = Callable[[Page], None]
_AT = 18
SIMULATED = {
    "crypto-policies": "/etc/crypto-policies with the policy FIPS of the image, where it has one"
}
"""What a simulated node shows besides the kernel's flag."""


def target_pages(rules: RuleBook, today: date) -> Iterator[tuple[str, Write]]:
    """Every id of a target, and what writes its page."""
    for each in rules.targets.values():
        yield each.id, partial(_target, rule=each, rules=rules, today=today)


def target_rows(rules: RuleBook) -> dict[str, list[tuple[str, str]]]:
    """What `rules list` shows of them: id and a few words."""
    return {"targets": sorted((each.id, each.name) for each in rules.targets.values())}


def simulated_words(rule: Target) -> list[str]:
    """What the node condition shows a container on this target."""
    return ["/proc/sys/crypto/fips_enabled reads 1", *(SIMULATED[each] for each in rule.mounts)]


def environment_words(rule: Target) -> str:
    """Which certificates name the system of its nodes."""
    if not rule.environments:
        return "no claim: every certificate counts as it does without a target"
    systems = ", ".join(map(system_words, rule.environments))
    return f"certificates that name {systems}, in images of that system"


def _target(page: Page, rule: Target, rules: RuleBook, today: date) -> None:
    page.paragraph(Text(rule.name, style="bold"))
    page.paragraph(Text(f"target {rule.id}, checked {rule.checked}", style="dim"))
    page.blank()
    _row(page, "node", [system_words(rule.host) if rule.host else "any system"])
    _row(page, "runtime", [rule.runtime])
    _row(page, "FIPS mode by", [rule.switched_on])
    _row(page, "containers see", list(rule.shows))
    _row(page, "simulated", simulated_words(rule))
    _row(page, "counts there", [environment_words(rule)])
    known = {each.certificate: each for each in rules.certificates}
    kernels = [
        f"{status_on(found, today)} on {today}: {certificate_words(found)}"
        for number in rule.kernel.certificates
        if (found := known.get(number)) is not None
    ]
    _row(page, "kernel", [*kernels, rule.kernel.sentence])
    _row(page, "breaks there", [f"{each.what}: {each.why}" for each in rule.breaks])
    _row(page, "not certain", list(rule.uncertain))
    if rule.references:
        page.heading("References")
        for url in dict.fromkeys((*rule.references, *(each.source for each in rule.breaks))):
            page.line(Text(url), indent=2)


def _row(page: Page, label: str, lines: list[str]) -> None:
    shown = [" ".join(line.split()) for line in lines]
    if shown:
        page.labeled(Text(label, style="dim"), shown, indent=2, at=_AT)

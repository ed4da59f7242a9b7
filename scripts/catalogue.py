"""Writes docs/catalogue.md: all that the scanner knows, from the rules, for people to read.

`python -m scripts.catalogue`. Says what the rules say, in the words of `fips-scanner explain`, and
nothing that depends on the day: dates of certificates, never their status.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from scanner.certificates import Certificate
from scanner.model import Question
from scanner.report.rule_words import (
    EFFECTS,
    MODES,
    RECALLED,
    certificate_words,
    condition_words,
    cover_words,
    switch_words,
)
from scanner.report.target_pages import environment_words, simulated_words
from scanner.rulebook import (
    CheckRule,
    Distribution,
    LogRule,
    ModuleRule,
    RuleBook,
    RuntimeRule,
    Target,
)
from scanner.rules_base import Identified
from scanner.rules_packages import PackageFile
from scanner.rules_servers import ServerRule
from scanner.rules_sources import SourceRule
from scripts.building import ROOT

TARGET = ROOT / "docs" / "catalogue.md"
ABOUT = {
    Question.MODULE: "which module serves a use of cryptography",
    Question.VALIDATION: "whether that module and version is on an active certificate",
    Question.ACTIVATION: "whether its approved mode is switched on",
    Question.USAGE: "whether only approved algorithms are used",
    Question.COMPATIBILITY: "whether it starts and serves on a FIPS node",
}
INTRODUCTION = """\
# Catalogue

What the scanner recognizes, why it matters, and what to do: all of `rules/`, in the words of
`fips-scanner explain NAME`. Written by `make catalogue`; do not edit.
"""

_Rule = TypeVar("_Rule", bound=Identified)


def catalogue(rules: RuleBook) -> str:
    """The page as Markdown."""
    checks = sorted(rules.checks.values(), key=lambda rule: (rule.severity.rank, rule.id))
    sections = (
        ("Modules", "Libraries and modules of cryptography, and what shows them.",
         [_module(each, rules.certificates) for each in _by_id(rules.modules.values())]),
        ("Runtimes", "Languages, and how a simulated run switches their cryptography.",
         [_runtime(each) for each in _by_id(rules.runtimes.values())]),
        ("Servers and tools", "Whose configuration is read, and which settings are judged.",
         [_server(each) for each in _by_id(rules.servers.values())]),
        ("Packages", "Packages of language ecosystems that bring or bind cryptography.",
         [_packages(each) for each in _by_id(rules.packages.files)]),
        ("Source code", "How interpreted code asks for cryptography, by language.",
         [_source(each) for each in _by_id(rules.sources)]),
        ("Distributions", "What the packages of distributions are worth as modules.",
         [_distribution(each) for each in _by_id(rules.distributions)]),
        ("Targets", "Where images are meant to run, and what FIPS nodes show there.",
         [_target(each) for each in _by_id(rules.targets.values())]),
        ("Log messages", "What programs print when FIPS breaks them.",
         [_log(each) for each in _by_id(rules.logs)]),
        ("Certificates", "What CMVP lists. Whether one is active depends on the day: "
         "`fips-scanner explain NUMBER` says.", [_certificates(rules.certificates)]),
    )  # fmt: skip
    parts = [INTRODUCTION, "## Contents\n"]
    for question in Question:
        found = [each for each in checks if each.question is question]
        rows = [(each.id, each.severity.value, each.title) for each in found]
        parts += [f"**{question.value.capitalize()}**: {ABOUT[question]}\n", _table(rows)]
    for title, _, pages in sections:
        anchor = title.lower().replace(" ", "-")
        parts.append(f"- [{title}](#{anchor}) ({len(pages)})")
    for question in Question:
        parts.append(f"\n## Checks: {question.value}\n\nAbout {ABOUT[question]}.\n")
        parts += [_check(each) for each in checks if each.question is question]
    for title, text, pages in sections:
        parts += [f"\n## {title}\n\n{text}\n", *pages]
    return "\n".join(parts).rstrip() + "\n"


def _by_id(rules: Iterable[_Rule]) -> list[_Rule]:
    return sorted(rules, key=lambda rule: rule.id)


def _table(rows: Iterable[tuple[str, str, str]]) -> str:
    lines = ["| check | severity | |", "|---|---|---|"]
    lines += [f"| [{id_}](#{id_}) | {severity} | {_cell(text)} |" for id_, severity, text in rows]
    return "\n".join(lines) + "\n"


def _check(rule: CheckRule) -> str:
    best = rule.verdict.value if rule.verdict else "open"
    lines = [
        f"### {rule.id}\n",
        f"**{_text(rule.title)}**\n",
        f"Severity {rule.severity.value}, confidence {rule.confidence.value}; "
        f"best verdict with this finding: {best}.\n",
        _prose(rule.why),
        f"**Fix.** {_prose(rule.fix)}",
        f"Found when, looking at one {rule.scope}:\n",
    ]
    for words, conditions in (
        ("all of", rule.when.all),
        ("any of", rule.when.any),
        ("none of", rule.when.none),
    ):
        lines += [f"- {words}: `{condition_words(each)}`" for each in conditions]
    return "\n".join([*lines, *_references(rule.references)]) + "\n"


def _module(rule: ModuleRule, certificates: Sequence[Certificate]) -> str:
    prints = rule.fingerprint
    covering = [
        f"[{certificate_words(each)}]({each.source})"
        for each in sorted(certificates, key=lambda one: -(one.certificate or 0))
        if any(cover.module == rule.id for cover in each.covers)
    ]
    lines = [f"### {rule.id}\n", f"**{rule.name}**. Approved mode: {MODES[rule.approved_mode]}.\n"]
    lines += [f"{_line(rule.note)}\n"] if rule.note else []
    lines += [f"- library: `{each}`" for each in rule.libraries]
    if prints is not None:
        said = f" ({RECALLED})" if rule.recalled else ""
        lines += [f"- code shown by{said}: {_codes(group)}" for group in prints.require]
        lines += [f"- but not with: {_codes(prints.forbid)}"] if prints.forbid else []
        lines += [f"- a FIPS build by: {_codes(prints.fips)}"] if prints.fips else []
    if rule.lookalikes:
        lines.append(f"- no proof: {_codes(rule.lookalikes, ', ')}")
    if rule.enforce and rule.enforce.env:
        lines.append(f"- enforced by: {_codes(switch_words(rule.enforce.env), ', ')}")
    lines += [f"- certificate {each}" for each in covering]
    lines += [] if covering else ["- no certificate that the scanner knows"]
    return "\n".join([*lines, *_references(rule.references)]) + "\n"


def _runtime(rule: RuntimeRule) -> str:
    lines = [f"### {rule.id}\n", f"**{rule.name}**\n"]
    lines += [f"{_line(rule.note)}\n"] if rule.note else []
    if rule.enforce and rule.enforce.env:
        lines.append(f"- enforced by: {_codes(switch_words(rule.enforce.env), ', ')}")
    return "\n".join([*lines, *_references(rule.references)]) + "\n"


def _server(rule: ServerRule) -> str:
    lines = [f"### {rule.id}\n", f"**{rule.name}**\n"]
    lines += [f"{_line(rule.note)}\n"] if rule.note else []
    lines += [f"- reads: {_codes(rule.files, ', ')}"] if rule.files else []
    advice = dict.fromkeys(
        (each.shown or each.name, each.topic, each.advice) for each in rule.directives
    )
    lines += [f"- `{name}` ({topic}): `{_line(text)}`" for name, topic, text in advice]
    lines += [f"- FIPS builds: {_line(each)}" for each in rule.fips_variants]
    return "\n".join([*lines, *_references(rule.references)]) + "\n"


def _packages(rule: PackageFile) -> str:
    lines = [
        f"### packages of {rule.ecosystem}\n",
        "| package | crypto | module | |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {each.name} | {each.crypto} | {each.module or ''} | {_cell(each.what)} |"
        for each in sorted(rule.packages, key=lambda one: one.name.lower())
    ]
    return "\n".join(lines) + "\n"


def _source(rule: SourceRule) -> str:
    lines = [
        f"### source-{rule.id}\n",
        f"**{rule.language}**: files {_codes(rule.grammars, ', ')}\n",
    ]
    for api in rule.apis:
        text = _codes(api.names, ", ")
        lines.append(f"- {text}: {api.algorithm}" if api.algorithm else f"- {text}")
    lines += [f"- counts as harmless with `{e.keyword}={e.value}`" for e in rule.harmless]
    return "\n".join([*lines, *_references(rule.references)]) + "\n"


def _distribution(rule: Distribution) -> str:
    lines = [
        f"### {rule.id}\n",
        f"**{rule.name}** ({', '.join(rule.systems)}): {_line(rule.sentence)}\n",
    ]
    return "\n".join([*lines, *_references(rule.references)]) + "\n"


def _target(rule: Target) -> str:
    lines = [f"### {rule.id}\n", f"**{rule.name}**\n"]
    lines += [f"- FIPS mode by: {_line(rule.switched_on)}"]
    lines += [f"- containers see: {_line(each)}" for each in rule.shows]
    lines += [f"- simulated: {each}" for each in simulated_words(rule)]
    lines += [
        f"- counts there: {environment_words(rule)}",
        f"- kernel: {_line(rule.kernel.sentence)}",
    ]
    lines += [f"- breaks there: {_line(each.what)}: {_line(each.why)}" for each in rule.breaks]
    lines += [f"- not certain: {_line(each)}" for each in rule.uncertain]
    sources = dict.fromkeys((*rule.references, *(each.source for each in rule.breaks)))
    return "\n".join([*lines, *_references(tuple(sources))]) + "\n"


def _log(rule: LogRule) -> str:
    lines = [
        f"### {rule.id}\n",
        f"**{_line(rule.meaning)}**\n",
        f"Of {rule.runtime}: {EFFECTS[rule.effect]}; "
        f"{'only under FIPS' if rule.fips_specific else 'with other causes, too'}; "
        f"confidence {rule.confidence.value}.\n",
        *([f"    {each}" for each in rule.examples.match[0].splitlines()]),
        f"\n**Fix.** {_prose(rule.fix)}",
        f"Source: {_line(rule.source)}",
    ]
    return "\n".join([*lines, *_references(rule.references)]) + "\n"


def _certificates(certificates: Iterable[Certificate]) -> str:
    lines = ["| certificate | standard | validated | sunset | covers |", "|---|---|---|---|---|"]
    for each in sorted(
        certificates, key=lambda one: (one.vendor, one.module, one.certificate or 0)
    ):
        sunset = f"{each.sunset or ''}{' (interim)' if each.interim else ''}"
        sunset += f", historical by {each.historical_by}" if each.historical_by else ""
        covers = "<br>".join(_cell(cover_words(cover)) for cover in each.covers)
        name = f"[{_cell(certificate_words(each))}]({each.source})"
        lines.append(
            f"| {name} | {each.standard} level {each.level} | {each.validated or ''} | {sunset} "
            f"| {covers} |"
        )
    return "\n".join(lines) + "\n"


def _prose(text: str) -> str:
    """Paragraphs as they are; lines that are meant to be pasted are indented, which is code."""
    return text.strip() + "\n"


def _references(references: Sequence[str]) -> Iterator[str]:
    if references:
        yield "\n" + " ".join(f"<{each}>" for each in references)


def _codes(texts: Iterable[str], between: str = " or ") -> str:
    return between.join(f"`{each}`" for each in texts)


def _line(text: str) -> str:
    return " ".join(text.split())


def _text(text: str) -> str:
    return text.replace("<", "\\<").replace("*", "\\*")


def _cell(text: str) -> str:
    return _text(_line(text)).replace("|", "\\|")


def main() -> int:
    """Write the page."""
    TARGET.write_text(catalogue(RuleBook.load()))
    sys.stderr.write(f"wrote {TARGET.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

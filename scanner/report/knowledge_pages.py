"""Shows rules of servers, packages and source code to people: each kind's page and list.

Says what the rule's own file says, and nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from rich.text import Text

from scanner.report.page import Page
from scanner.rulebook import RuleBook
from scanner.rules_packages import PackageFile, PackageRule
from scanner.rules_servers import ServerRule

Write = Callable[[Page], None]
_AT = 18


def knowledge_pages(rules: RuleBook) -> Iterator[tuple[str, Write]]:
    """Every id of a server, every name of a package, and what writes its page."""
    for server in rules.servers.values():
        yield server.id, partial(_server, rule=server)
    for file in rules.packages.files:
        for package in file.packages:
            yield package.name, partial(_package, rule=package, file=file)


def knowledge_rows(rules: RuleBook) -> dict[str, list[tuple[str, str]]]:
    """What `rules list` shows of them: id and a few words."""
    return {
        "servers": sorted((each.id, each.name) for each in rules.servers.values()),
        "packages": sorted(
            (each.name, f"{file.ecosystem:<8}  {each.what}")
            for file in rules.packages.files
            for each in file.packages
        ),
    }


def _server(page: Page, rule: ServerRule) -> None:
    page.paragraph(Text(rule.name, style="bold"))
    page.paragraph(Text(f"server {rule.id}, programs {', '.join(rule.programs)}", style="dim"))
    if rule.note:
        page.blank()
        page.paragraph(" ".join(rule.note.split()))
    page.blank()
    _row(page, "reads", list(rule.files))
    _row(page, "FIPS builds", list(rule.fips_variants))
    page.heading("Settings that are judged")
    for each in dict.fromkeys(
        (each.shown or each.name, each.topic, each.advice) for each in rule.directives
    ):
        name, topic, advice = each
        page.labeled(Text(name, style="cyan"), [topic, *advice.splitlines()], indent=2, at=_AT)
    _references(page, rule.references)


def _package(page: Page, rule: PackageRule, file: PackageFile) -> None:
    page.paragraph(Text(rule.name, style="bold"))
    page.paragraph(Text(f"package of {file.ecosystem}, crypto: {rule.crypto}", style="dim"))
    page.blank()
    _row(page, "what", [" ".join(rule.what.split())])
    _row(page, "module", [rule.module] if rule.module else [])
    _row(page, "algorithms", [", ".join(rule.algorithms)] if rule.algorithms else [])
    _row(page, "seen in", [rule.source])


def _row(page: Page, label: str, lines: list[str]) -> None:
    if lines:
        page.labeled(Text(label, style="dim"), lines, indent=2, at=_AT)


def _references(page: Page, references: tuple[str, ...]) -> None:
    if references:
        page.heading("References")
        for each in references:
            page.line(Text(each), indent=2)

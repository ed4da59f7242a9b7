"""Packages that compute in interpreted code, and who imports them."""

from __future__ import annotations

from datetime import date

from scanner.facts import fact
from scanner.judge import judge
from scanner.link.packages import link
from scanner.link.world import FactIndex, World
from scanner.model import Activation, Fact, FactKind, ImageConfig, ValidationStatus

from .worlds import LINUX, rules, tree

PATH = "/app/node_modules/elliptic/package.json"


def package(*, tool: bool = False, code: str = "interpreted") -> Fact:
    return fact(
        FactKind.LANGUAGE_PACKAGE,
        PATH,
        ecosystem="npm",
        name="elliptic",
        version="6.6.1",
        crypto="own",
        code=code,
        tool=tool,
    )


def imported(path: str, *, language: str = "javascript", own: bool = True) -> Fact:
    return fact(
        FactKind.SOURCE_CALL,
        path,
        language=language,
        api="import elliptic",
        own=own,
        evidence=(f"{path}:1: imports elliptic",),
    )


def world(*facts: Fact) -> World:
    config = ImageConfig(platform=LINUX)
    return World(FactIndex(facts), tree([each.path for each in facts]), config, rules())


def test_own_code_imports_a_package_that_is_installed() -> None:
    (use,) = link(world(package(), imported("/app/b.js"), imported("/app/a.js"))).uses
    assert use.consumer == "/app/a.js"
    assert (use.module.name, use.module.version, use.module.path) == ("elliptic", "6.6.1", PATH)
    assert use.activation is Activation.NONE
    assert use.evidence == ("/app/a.js:1: imports elliptic", "/app/b.js:1: imports elliptic")


def test_no_use() -> None:
    assert link(world(package())).uses == ()
    assert link(world(imported("/app/a.js"))).uses == ()
    assert link(world(package(), imported("/app/a.py", language="python"))).uses == ()
    assert link(world(package(), imported("/app/a.js", own=False))).uses == ()
    assert link(world(package(tool=True), imported("/app/a.js"))).uses == ()
    assert link(world(package(code="compiled"), imported("/app/a.js"))).uses == ()


def test_what_it_means() -> None:
    facts = (package(), imported("/app/a.js"))
    judgment = judge(link(world(*facts)).uses, facts, rules(), date(2026, 11, 24))
    assert {finding.id for finding in judgment.findings} == {
        "package-interpreted-crypto-imported",
        "package-interpreted-crypto-installed",
    }
    assert [use.validation.status for use in judgment.uses] == [ValidationStatus.NONE]
    alone = judge((), (package(),), rules(), date(2026, 11, 24))
    assert [finding.id for finding in alone.findings] == ["package-interpreted-crypto-installed"]

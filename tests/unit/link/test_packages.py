"""Packages that compute in interpreted code, and who imports them."""

from __future__ import annotations

from datetime import date

from scanner.facts import fact
from scanner.judge import judge
from scanner.link.packages import link
from scanner.link.world import FactIndex, World
from scanner.model import Activation, Fact, FactKind, GapKind, ImageConfig, ValidationStatus

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


def compiled(
    ecosystem: str = "gem", *, module: str = "bcrypt", code: str = "compiled", tool: bool = False
) -> Fact:
    return fact(
        FactKind.LANGUAGE_PACKAGE,
        "/a/specifications/bcrypt-3.1.18.gemspec",
        ecosystem=ecosystem,
        name="bcrypt",
        version="3.1.18",
        crypto="own",
        code=code,
        module=module,
        tool=tool,
    )


def code_of(module: str) -> Fact:
    return fact(FactKind.MODULE_CODE, "/a/bcrypt_ext.so", module=module, form="embedded")


def test_module_of_a_package_that_no_file_was_recognized_as_caps() -> None:
    (gap,) = link(world(compiled())).gaps
    assert (gap.kind, gap.subject, gap.caps) == (GapKind.NOT_VERIFIED, compiled().path, True)
    assert "brings bcrypt" in gap.reason
    (other,) = link(world(compiled(), code_of("argon2"), imported("/app/a.js"))).gaps
    assert other == gap


def test_no_gap_where_files_or_checks_speak_of_the_package() -> None:
    assert link(world(compiled(), code_of("bcrypt"))).gaps == ()
    assert link(world(compiled(module=""))).gaps == ()
    assert link(world(compiled(code=""))).gaps == ()
    assert link(world(compiled(tool=True))).gaps == ()
    assert link(world(compiled("cargo"))).gaps == ()

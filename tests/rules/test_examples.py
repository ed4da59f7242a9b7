"""Every rule's own examples are its tests."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

import hyperscan
import pytest

from scanner.cmvp import status_on, validate
from scanner.fingerprint import Fingerprints
from scanner.lint import lint
from scanner.match import evaluate
from scanner.model import Fact, Module, ValidationStatus
from scanner.rulebook import Certificate, CheckRule, LogRule, ModuleExample, RuleBook
from scanner.simulate.logs import match_log

RULES = RuleBook.load()
FIXTURES = Path(__file__).parent.parent / "fixtures" / "modules"


def test_lint_is_content() -> None:
    assert [str(problem) for problem in lint() if not problem.warning] == []


@pytest.mark.parametrize(
    ("rule", "facts", "expected"),
    [
        pytest.param(rule, facts, expected, id=f"{rule.id}-{expected}-{index}")
        for rule in RULES.checks.values()
        for expected, examples in (
            (True, rule.examples.match),
            (False, rule.examples.no_match),
        )
        for index, facts in enumerate(examples)
    ],
)
def test_check(rule: CheckRule, facts: tuple[Fact, ...], expected: bool) -> None:
    assert bool(evaluate(rule, facts)) is expected


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        pytest.param(rule, text, expected, id=f"{rule.id}-{expected}-{index}")
        for rule in RULES.logs
        for expected, examples in ((1, rule.examples.match), (0, rule.examples.no_match))
        for index, text in enumerate(examples)
    ],
)
def test_log(rule: LogRule, text: str, expected: int) -> None:
    assert len(match_log(f"start\n{text}\nend\n".encode(), (rule,))) == expected


def test_log_patterns_in_one_database() -> None:
    database = hyperscan.Database()
    database.compile(
        expressions=[rule.pattern.encode() for rule in RULES.logs],
        ids=list(range(len(RULES.logs))),
        flags=[hyperscan.HS_FLAG_SINGLEMATCH] * len(RULES.logs),
    )
    for number, rule in enumerate(RULES.logs):
        for text in rule.examples.match:
            found: list[int] = []
            database.scan(text.encode(), lambda which, *_, found=found: found.append(which))
            assert number in found, rule.id


def _bytes(module: str, example: ModuleExample) -> bytes:
    if example.file:
        # `../other/file`, also where the module has no folder of its own.
        return Path(os.path.normpath(FIXTURES / module / example.file)).read_bytes()
    return b"\0" + b"\0".join(text.encode() for text in example.texts) + b"\0"


@pytest.mark.parametrize(
    ("module", "example", "expected"),
    [
        pytest.param(rule.id, example, expected, id=f"{rule.id}-{expected}-{index}")
        for rule in RULES.modules.values()
        for expected, examples in (
            (True, rule.examples.match),
            (False, rule.examples.no_match),
        )
        for index, example in enumerate(examples)
    ],
)
def test_module(module: str, example: ModuleExample, expected: bool) -> None:
    hits = {hit.module: hit for hit in FINGERPRINTS.scan((_bytes(module, example),)).hits}
    assert (module in hits) is expected
    if not expected:
        return
    hit = hits[module]
    if example.version:
        assert hit.versions[:1] == (example.version,)
    if example.fips:
        assert bool(hit.fips) is (example.fips != "no")


FINGERPRINTS = Fingerprints(RULES.modules)


@pytest.mark.parametrize("rule", RULES.certificates, ids=lambda rule: rule.id)
def test_certificate(rule: Certificate) -> None:
    """What a certificate names exactly has its status, or a better one from another."""
    day = rule.validated or rule.checked
    for cover in rule.covers:
        exact = [each.text for each in cover.versions if each.text]
        packages = [
            f"{each.name.text} {version.text}".strip()
            for each in cover.packages
            for version in (each.versions or (each.name,))
            if each.name.text and version.text
        ]
        places = [
            (each.id, version.text or re.match(r"[\d.]*", version.matches)[0])  # type: ignore[index]
            for each in cover.environments
            for version in each.version
        ] or [(each.id, "") for each in cover.environments]
        for version in exact or ([""] if packages else []):
            for os_id, os_version in places or [("anything", "1")]:
                module = Module(
                    cover.module, cover.module, version, package=packages[0] if packages else ""
                )
                expected = status_on(rule, day) if cover.versions_known else None
                found = validate(module, os_id, os_version, RULES.certificates, day)
                if expected is not None:
                    assert found.status in (expected, ValidationStatus.ACTIVE), found.reason
                assert found.status is not ValidationStatus.NONE, found.reason


@pytest.mark.parametrize("rule", RULES.certificates, ids=lambda rule: rule.id)
def test_certificate_alone_is_not_for_another_module(rule: Certificate) -> None:
    day = (rule.validated or rule.checked) + timedelta(days=1)
    other = Module("no-such-module", "X", "3.1.2", package="libssl3 3.1.2")
    assert validate(other, "rhel", "9", (rule,), day).status is ValidationStatus.NONE


def test_tls_table_is_about_names_and_codes() -> None:
    tls = RULES.tls
    suite = tls.suite("TLS_CHACHA20_POLY1305_SHA256")
    assert suite is not None
    assert suite.number == 0x1303
    assert not suite.approved
    assert suite.why
    for name, approved in (
        ("TLS_AES_128_GCM_SHA256", True),
        ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", True),
        ("TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", True),
        ("TLS_RSA_WITH_AES_128_GCM_SHA256", False),
        ("TLS_RSA_WITH_RC4_128_MD5", False),
        ("TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", False),
        ("TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", False),
        ("TLS_ECDHE_RSA_WITH_ARIA_128_GCM_SHA256", False),
        ("TLS_DH_anon_WITH_AES_128_GCM_SHA256", False),
    ):
        found = tls.suite(name)
        assert found is not None, name
        assert found.approved is approved, name
    for name, code, approved in (
        ("secp256r1", 23, True),
        ("x25519", 29, False),
        ("X25519MLKEM768", 0x11EC, True),
        ("ffdhe2048", 256, True),
    ):
        group = tls.group(name)
        assert group is not None, name
        assert (group.number, group.approved) == (code, approved)
    assert [each.name for each in tls.protocols if each.approved] == ["TLS 1.2", "TLS 1.3"]
    known = {each.name for each in tls.protocols}
    assert all(set(each.protocols) <= known for each in tls.suites)

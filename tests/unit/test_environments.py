"""What an active certificate is worth on a target, and what the judge says of it."""

from __future__ import annotations

from datetime import date

import pytest

from scanner.environments import on_target
from scanner.facts import fact
from scanner.judge import assess, judge
from scanner.model import GENERIC, Activation, CryptoUse, Fact, FactKind, Module, Severity, UseKind
from scanner.rulebook import RuleBook
from scanner.rules_targets import system_words

RULES = RuleBook.load()
DAY = date(2026, 11, 25)
UBI = ("rhel", "9.6")
UBUNTU = ("ubuntu", "22.04")


def provider(version: str) -> CryptoUse:
    module = Module("openssl-fips-provider", "OpenSSL FIPS provider", version, "/usr/lib/fips.so")
    return CryptoUse("/usr/sbin/nginx", UseKind.LOADED, module, activation=Activation.HOST)


RHEL_9 = provider("3.0.7-395c1a240fbfffd8")
UBUNTU_22 = provider("3.0.5-0ubuntu0.1+Fips2.1")
UPSTREAM = provider("3.1.2")
OLD = provider("3.0.8")


def release(system: tuple[str, str]) -> Fact:
    return fact(FactKind.OS_RELEASE, "/etc/os-release", id=system[0], version=system[1])


def standing(use: CryptoUse, system: tuple[str, str], target: str) -> tuple[str, str]:
    [known] = assess([use], [release(system)], RULES, DAY)
    found = on_target(known, *system, RULES.certificates, RULES.targets.get(target))
    return (found.standing.value, found.sentence) if found else ("", "")


@pytest.mark.parametrize(
    ("use", "system", "target", "expected"),
    [
        (RHEL_9, UBI, "openshift", "node"),
        (RHEL_9, UBI, "aks-azurelinux3", "elsewhere"),
        (RHEL_9, UBI, "aks-ubuntu2204", "elsewhere"),
        (UBUNTU_22, UBUNTU, "aks-ubuntu2204", "node"),
        (UBUNTU_22, UBUNTU, "openshift", "elsewhere"),
        (UPSTREAM, ("alpine", "3.23.0"), "openshift", "unnamed"),
        # The image has the node's system, and the certificate is of a project, for none.
        (UPSTREAM, UBUNTU, "aks-ubuntu2204", "unnamed"),
        (UPSTREAM, ("", ""), "aks-azurelinux3", "unnamed"),
        # Whatever is not validated is no question of environments.
        (OLD, UBUNTU, "aks-ubuntu2204", ""),
        (RHEL_9, ("fedora", "43"), "openshift", ""),
        # Nothing is claimed of nodes that nobody named.
        (RHEL_9, UBI, GENERIC, ""),
        (RHEL_9, UBI, "", ""),
    ],
)
def test_a_certificate_and_the_node(
    use: CryptoUse, system: tuple[str, str], target: str, expected: str
) -> None:
    assert standing(use, system, target)[0] == expected


def test_it_is_said_in_words() -> None:
    assert standing(RHEL_9, UBI, "aks-azurelinux3")[1] == (
        "on aks-azurelinux3: certificate #4857 names rhel 9, and the node has azurelinux 3"
    )
    assert "Security Policy" in standing(UPSTREAM, UBI, "openshift")[1]


def test_an_expired_certificate_is_no_question_of_the_node() -> None:
    """By then it is said of the module that it is not validated."""
    [known] = assess([RHEL_9], [release(UBI)], RULES, date(2029, 10, 29))
    assert on_target(known, *UBI, RULES.certificates, RULES.targets["aks-azurelinux3"]) is None


def ids(target: str, use: CryptoUse = RHEL_9, system: tuple[str, str] = UBI) -> dict[str, Severity]:
    judgment = judge([use], [release(system)], RULES, DAY, target)
    return {each.id: each.severity for each in judgment.findings if each.id.startswith("target-")}


def test_the_judge_says_it_and_leaves_the_verdict_open() -> None:
    elsewhere = "target-environment-elsewhere"
    assert ids("openshift") == {}
    assert ids(GENERIC) == {}
    assert ids("aks-azurelinux3") == {elsewhere: Severity.LOW}
    assert ids("openshift", UPSTREAM) == {"target-environment-unnamed": Severity.INFO}
    judgment = judge([RHEL_9], [release(UBI)], RULES, DAY, "aks-azurelinux3")
    [found] = [each for each in judgment.findings if each.id == elsewhere]
    assert found.verdict is None
    assert "the node has azurelinux 3" in found.evidence[0]
    # A use is a use, wherever it runs: nothing is stored in it that depends on the target.
    assert judgment.uses == judge([RHEL_9], [release(UBI)], RULES, DAY, "openshift").uses


@pytest.mark.parametrize("target", sorted(RULES.targets))
def test_targets_that_come_with_the_scanner(target: str) -> None:
    rule = RULES.targets[target]
    assert rule.checked <= DAY
    assert (rule.host is None) is (target == GENERIC)
    assert bool(rule.mounts) is (target == "openshift"), "said of no other runtime in any source"
    if rule.host is not None:
        assert system_words(rule.host) == system_words(rule.environments[0])

import re
from datetime import date

import pytest
from rich.cells import cell_len

from scanner.errors import UsageError
from scanner.report.rule_pages import KINDS, explain, rule_list
from scanner.rulebook import RuleBook

DAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def rules() -> RuleBook:
    return RuleBook.load()


def test_the_page_of_a_check_says_everything_its_file_says(rules: RuleBook) -> None:
    rule = rules.checks["java-opts-not-read"]
    page = " ".join(explain(rules, rule.id, DAY).split())
    for text in (rule.title, rule.why, rule.question, rule.id, *rule.references):
        assert " ".join(text.split()) in page
    assert 'ENV JAVA_TOOL_OPTIONS="-Djava.security.properties=/opt/fips/java.security"' in page
    assert "jvm options: source is CATALINA_OPTS or JAVA_ARGS or JAVA_OPTS" in page
    assert "reaches jvm" not in page  # attributes are called as in the rule
    assert "reaches_jvm is no" in page


@pytest.mark.parametrize("name", ["openssl-provider-4985", "cmvp-4985", "4985", "#4985", " 4985 "])
def test_a_certificate_is_known_by_its_number(rules: RuleBook, name: str) -> None:
    page = explain(rules, name, DAY)
    assert "#4985" in page
    assert re.search(r"on 2026-11-23 +active", page)


def test_the_status_of_a_certificate_is_that_of_the_day(rules: RuleBook) -> None:
    assert re.search(r"on 2026-09-21 +active", explain(rules, "4282", date(2026, 9, 21)))
    assert re.search(r"on 2026-09-22 +historical", explain(rules, "4282", date(2026, 9, 22)))


def test_the_kernel_of_a_target_has_the_status_of_the_day(rules: RuleBook) -> None:
    page = explain(rules, "aks-azurelinux3", date(2026, 9, 21))
    assert "active on 2026-09-21: #4277" in page
    assert "historical on 2026-09-22: #4277" in explain(rules, "aks-azurelinux3", date(2026, 9, 22))
    assert "/etc/crypto-policies" in explain(rules, "openshift", DAY)
    assert "no claim" in explain(rules, "generic", DAY)


def test_a_module_page_names_its_certificates(rules: RuleBook) -> None:
    page = explain(rules, "go-fips140", DAY)
    assert "#5247 active" in page
    assert "none that the scanner knows" in explain(rules, "ring", DAY)


def test_every_rule_has_a_page_of_80_columns(rules: RuleBook) -> None:
    ids = [
        *rules.checks,
        *(each.id for each in rules.logs),
        *rules.modules,
        *rules.runtimes,
        *(each.id for each in rules.certificates),
        *(each.id for each in rules.distributions),
        *rules.targets,
        *(each.name for each in rules.algorithms.algorithms),
    ]
    assert len(ids) > 150
    code = re.compile(r" {11}|  https?://")
    for id_ in ids:
        page = explain(rules, id_, DAY)
        assert id_ in page
        for line in page.splitlines():
            assert cell_len(line) <= 80 or code.match(line), line


def test_an_unknown_rule_gets_a_suggestion(rules: RuleBook) -> None:
    with pytest.raises(UsageError, match=r"did you mean .*go-plain-crypto"):
        explain(rules, "go-plain-cripto", DAY)
    with pytest.raises(UsageError, match="rules list"):
        explain(rules, "cmvp-1", DAY)


def test_the_list_has_every_rule_in_a_line_of_its_own(rules: RuleBook) -> None:
    lines = rule_list(rules).splitlines()
    first = {line.split()[0] for line in lines if line.startswith("  ")}
    assert set(rules.checks) | set(rules.modules) | {each.id for each in rules.logs} <= first
    assert {f"{kind.capitalize()}" for kind in KINDS} == {
        line.split()[0] for line in lines if line and not line.startswith(" ")
    }
    severities = [line.split()[1] for line in lines[1 : len(rules.checks) + 1]]
    assert severities == sorted(severities, key=["critical", "high", "medium", "low", "info"].index)


def test_the_list_can_be_narrowed(rules: RuleBook) -> None:
    shown = rule_list(rules, ["modules"])
    assert "go-fips140" in shown
    assert "go-plain-crypto" not in shown


@pytest.mark.parametrize(
    "name", ["ChaCha20-Poly1305", "chacha20-poly1305@openssh.com", "1.2.840.113549.1.9.16.3.18"]
)
def test_an_algorithm_is_explained_by_any_of_its_names(rules: RuleBook, name: str) -> None:
    page = explain(rules, name, DAY)
    assert page.lstrip().startswith("ChaCha20-Poly1305\n")
    assert re.search(r"on 2026-11-23 +not approved", page)
    assert re.search(r"SSH +chacha20-poly1305@openssh.com", page)
    assert (f"which you called {name}" in page) is (name != "ChaCha20-Poly1305")


def test_the_state_of_an_algorithm_is_that_of_the_day(rules: RuleBook) -> None:
    page = explain(rules, "3des-cbc", DAY)
    assert re.search(r"on 2026-11-23 +limited", page)
    assert re.search(r"new data +no", page)
    assert "before 2024-01-01: approved" in page
    assert re.search(r"new data +yes", explain(rules, "3des-cbc", date(2023, 12, 31)))
    assert "joined with" in explain(rules, "X25519MLKEM768", DAY)


def test_a_cipher_suite_is_explained_by_its_parts(rules: RuleBook) -> None:
    page = explain(rules, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", DAY)
    assert "RSA PKCS #1 v1.5: not approved" in page
    assert re.search(r"approved +no", page)


def test_a_distribution_is_explained(rules: RuleBook) -> None:
    assert "no certificate covers any package of Alpine Linux" in " ".join(
        explain(rules, "alpine", DAY).split()
    )


def test_a_server_is_explained_by_the_settings_that_are_judged(rules: RuleBook) -> None:
    page = explain(rules, "nginx", DAY)
    assert "ssl_protocols TLSv1.2 TLSv1.3;" in page
    assert r"/etc/nginx/nginx\.conf" in page


def test_a_package_is_explained_by_its_name(rules: RuleBook) -> None:
    page = explain(rules, "PyNaCl", DAY)
    assert "package of pypi, crypto: " in page


def test_a_fingerprint_that_nobody_saw_says_so(rules: RuleBook) -> None:
    assert "not confirmed on a real file" in explain(rules, "libressl", DAY)
    assert "not confirmed on a real file" not in explain(rules, "libsodium", DAY)

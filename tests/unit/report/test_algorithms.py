"""The algorithm audit in the text report: what matters by name, the rest in numbers."""

from __future__ import annotations

from dataclasses import replace

from scanner.model import AlgorithmCall, ConditionResult
from scanner.report.look import Look
from scanner.report.page import Page
from scanner.report.sections.algorithms import calls

LIBRARY = "/usr/lib/libcrypto.so.3"
CALLS = (
    AlgorithmCall(
        "/usr/bin/app", "MD5_Init", "MD5", LIBRARY, "/usr/bin/app+0x10", 3, approved=False
    ),
    AlgorithmCall(
        "/usr/bin/app", "EVP_MD_fetch", "MD5", LIBRARY, "/usr/bin/app+0x20", 2, 2, approved=False
    ),
    AlgorithmCall(
        "/usr/bin/app", "EVP_MD_fetch(-fips)", "MD5", LIBRARY, "/usr/bin/app+0x30", approved=False
    ),
    AlgorithmCall("/usr/bin/app", "EVP_get_digestbyname", "MD5", LIBRARY, approved=False),
    AlgorithmCall("/usr/bin/app", "EVP_MD_fetch", "SHA256", LIBRARY, count=9, approved=True),
    AlgorithmCall("/usr/bin/app", "SSL_CTX_new", "TLS", "/usr/lib/libssl.so.3"),
    AlgorithmCall("", "go crypto/md5", "MD5\x1b[2J", count=2, failed=1, approved=False),
)


def shown(found: tuple[AlgorithmCall, ...], *, verbose: bool = False) -> str:
    page = Page(Look(width=100, verbose=verbose))
    calls(page, (ConditionResult("enforced", True, calls=found), ConditionResult("node", True)))
    return page.result()


def test_what_matters_is_shown_and_the_rest_counted() -> None:
    assert shown(CALLS) == (
        "Algorithms asked for  by the programs of the run: enforced\n"
        "  a program that is not known\n"
        "    MD5\\x1b[2J by go crypto/md5, 2 times: refused 1 of 2, not approved\n"
        "  /usr/bin/app\n"
        "    MD5 by MD5_Init, 3 times: granted, not approved (from /usr/bin/app+0x10)\n"
        "    MD5 by EVP_MD_fetch, 2 times: refused, not approved (from /usr/bin/app+0x20)\n"
        "  Approved and granted: SHA256; not approved, but looked up only, for no "
        "security, or chosen by\n"
        "    clients: 2; settings, and names that no rule knows: 1.\n"
    )


def test_verbose_shows_all() -> None:
    text = shown(CALLS, verbose=True)
    assert "MD5 by EVP_MD_fetch(-fips), once: granted" in text
    assert "TLS by SSL_CTX_new, once: granted (of" in text
    assert "Approved and granted" not in text


def test_many_are_counted() -> None:
    many = tuple(
        AlgorithmCall("/app", "EVP_MD_fetch", f"X{n}", failed=1, approved=False) for n in range(20)
    )
    assert "and 12 more calls (--verbose shows all)" in shown(many)


def test_only_names_can_be_unknown_to_the_rules() -> None:
    suites = AlgorithmCall("/app", "SSL_CTX_set_cipher_list", "ECDHE-RSA-CHACHA20", failed=1)
    assert "ECDHE-RSA-CHACHA20 by SSL_CTX_set_cipher_list, once: refused\n" in shown((suites,))
    assert "once: refused, unknown to the rules\n" in shown((replace(suites, api="EVP_MD_fetch"),))


def test_without_calls_there_is_no_section() -> None:
    assert shown(()).strip() == ""

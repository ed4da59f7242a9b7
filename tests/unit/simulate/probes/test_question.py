"""What answers of probes say: hostile lines, incomplete ones, names and approval."""

from __future__ import annotations

import json

import pytest

from scanner.rulebook import RuleBook
from scanner.simulate.probes.question import Answer, Question, lines, offers_of

QUESTION = Question("/usr/lib/libcrypto.so.3", ("ask",))


@pytest.fixture(scope="module")
def rules() -> RuleBook:
    return RuleBook.load()


def line(kind: str, name: str, worked: object = True) -> bytes:
    return json.dumps({"kind": kind, "name": name, "worked": worked, "why": ""}).encode() + b"\n"


END = line("end", "complete")


def test_an_answer_becomes_offers_with_approval(rules: RuleBook) -> None:
    output = (
        line("library", "OpenSSL 3.5.9")
        + line("digest", "MD5", False)
        + line("digest", "SHA2-256")
        + line("digest", "of tomorrow")
        + line("cipher", "DES-EDE3-CBC")
        + line("exchange", "X25519MLKEM768")
        + END
    )
    offers, failure = offers_of(QUESTION, Answer(output), rules)
    assert failure == ""
    told = {each.algorithm: (each.offered, each.approved) for each in offers}
    assert told == {
        "OpenSSL 3.5.9": (True, None),
        "MD5": (False, False),
        "SHA2-256": (True, True),
        "of tomorrow": (True, None),
        "DES-EDE3-CBC": (True, True),  # for what exists already
        "X25519MLKEM768": (True, True),
        "complete": (True, None),
    }
    assert {each.provider for each in offers} == {QUESTION.provider}


@pytest.mark.parametrize(
    ("code", "name", "approved"),
    [
        ("0x1301", "TLS_AES_128_GCM_SHA256", True),
        ("0x1303", "TLS_CHACHA20_POLY1305_SHA256", False),
        ("0xfefe", "0xfefe", None),
        ("0xnope", "0xnope", None),
    ],
)
def test_a_suite_gets_its_name_by_its_code(
    code: str, name: str, approved: bool | None, rules: RuleBook
) -> None:
    offers, _ = offers_of(QUESTION, Answer(line("tls", code) + END), rules)
    assert [(each.algorithm, each.approved) for each in offers if each.kind == "tls"] == [
        (name, approved)
    ]


@pytest.mark.parametrize(
    ("answer", "words", "complete"),
    [
        (Answer(line("digest", "MD5") + b"Traceback\nImportError: no ssl\n"), "ImportError", False),
        (Answer(line("digest", "MD5") + line("end", "it crashed", False)), "it crashed", False),
        (Answer(line("digest", "MD5"), "it did not end within 10 s"), "did not end", False),
        (Answer(line("digest", "MD5") + END), "", True),
    ],
)
def test_an_incomplete_answer_says_so(
    answer: Answer, words: str, complete: bool, rules: RuleBook
) -> None:
    offers, failure = offers_of(QUESTION, answer, rules)
    assert words in failure
    assert bool(failure) is not complete
    assert [each.offered for each in offers if each.kind == "probe"] == [complete]


def test_nothing_told_is_no_offer(rules: RuleBook) -> None:
    offers, failure = offers_of(QUESTION, Answer(b"ld.so: not found\n"), rules)
    assert offers == ()
    assert "ld.so: not found" in failure


def test_what_is_no_line_of_an_answer_is_passed_over() -> None:
    nested = b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"\n"
    output = (
        nested + b'{"kind": 1, "name": "x"}\n{"kind": "digest"}\n{broken\n[1]\n{"a": []}\n\xff\n'
    )
    (only,) = lines(output + line("digest", "MD5", "yes"))
    assert (only.name, only.worked) == ("MD5", False)


def test_an_answer_has_bounds(rules: RuleBook) -> None:
    many = b"".join(line("digest", f"{number}{'x' * 300}") for number in range(5_000))
    offers, failure = offers_of(QUESTION, Answer(many + END), rules)
    assert len(offers) < 1_000
    assert "more than" in failure
    assert max(len(each.algorithm) for each in offers) < 100

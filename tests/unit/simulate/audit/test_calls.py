"""What was noted becomes calls with what the rules say of them, and facts for the checks."""

from __future__ import annotations

import pytest

from scanner.facts import fact
from scanner.model import AlgorithmCall, FactKind, GapKind
from scanner.rulebook import RuleBook
from scanner.simulate.audit import call_facts, read_calls
from scanner.simulate.audit.record import PATH, empty_record
from scanner.simulate.box import Box
from scanner.simulate.plan import Facts
from tests.unit.simulate.audit.written import Entry, written

RULES = RuleBook.load()
APP, LIBCRYPTO = "/usr/bin/app", "/usr/lib/x86_64-linux-gnu/libcrypto.so.3"
FACTS = Facts((fact(FactKind.ELF, LIBCRYPTO), fact(FactKind.ELF, APP)))


START: Entry = ("start", "start", 0, 0xFFFF, 1, 0, 0)


class Ended(Box):
    """A container that has ended: only its output and one file are left."""

    def __init__(self, record: bytes | None, log: bytes = b"") -> None:
        self._record, self._output = record, log

    def log(self) -> tuple[bytes, bool]:
        return self._output, False

    def read_file(self, path: str, limit: int) -> bytes | None:
        assert path == PATH
        assert self._record is None or len(self._record) <= limit
        return self._record


def noted(*calls: Entry) -> tuple[AlgorithmCall, ...]:
    objects = (APP, "/lib/x86_64-linux-gnu/libcrypto.so.3", "/opt/x/../lib/plug.so")
    found, gaps = read_calls(Ended(written(objects, (START, *calls))), FACTS, RULES)
    assert gaps == ()
    return found


def test_calls_for_the_same_are_one_whatever_case_and_place() -> None:
    [md5] = noted(("EVP_MD_fetch", "md5", 0, 1, 2, 1, 0), ("EVP_MD_fetch", "MD5", 2, 1, 5, 0, 0))
    assert md5 == AlgorithmCall(
        program=APP,
        api="EVP_MD_fetch",
        algorithm="MD5",
        library=LIBCRYPTO,
        caller="/opt/lib/plug.so+0x1234",
        count=7,
        failed=1,
        approved=False,
    )


@pytest.mark.parametrize(
    ("api", "algorithm", "approved"),
    [
        ("EVP_MD_fetch", "SHA2-256", True),
        ("EVP_MD_fetch", "SHA1", True),
        ("EVP_MD_fetch", "MD5", False),
        ("EVP_MD_fetch", "house-hash", None),
        ("HMAC_Init_ex", "HMAC-SHA2-256", True),
        ("HMAC_Init_ex", "HMAC-MD5", False),
        ("PKCS5_PBKDF2_HMAC", "PBKDF2-SHA512", True),
        ("PKCS5_PBKDF2_HMAC", "PBKDF2-MD5", False),
        ("EVP_DigestSignInit", "RSA-MD5", False),
        ("EVP_DigestSignInit", "RSA-SHA256", True),
        ("java Signature", "MD5withRSA", False),
        ("java Signature", "SHA256withRSA", True),
        ("java Cipher", "DES/ECB/PKCS5Padding", False),
        ("java Cipher", "AES/GCM/NoPadding", True),
        ("java Cipher", "PBEWithMD5AndDES", False),
        ("java Mac", "HmacMD5", False),
        ("SSL_connect", "TLSv1.3", True),
        ("SSL_connect", "TLSv1", False),
        ("SSL_connect", "TLSv1.1", False),
        ("SSL_connect", "TLS_CHACHA20_POLY1305_SHA256", False),
        ("SSL_connect", "TLS_AES_128_GCM_SHA256", True),
        ("SSL_connect", "x25519", False),
        ("SSL_connect", "secp256r1", True),
        # A list or a setting is no algorithm, whatever its name.
        ("SSL_CTX_set_cipher_list", "RC4", None),
        ("SSL_CTX_new", "TLS", None),
    ],
)
def test_what_the_rules_say(api: str, algorithm: str, approved: bool | None) -> None:
    [call] = noted((api, algorithm, 0, 1, 1, 0, 0))
    assert call.approved is approved


def test_facts_leave_out_what_shows_no_use() -> None:
    calls = noted(
        ("EVP_MD_fetch", "MD5", 0, 1, 3, 3, 0),
        ("EVP_MD_fetch", "MD4", 0, 1, 1, 1, 1),
        ("EVP_get_digestbyname", "md5", 0, 1, 1, 0, 0),
        ("EVP_get_digestbyname", "md2", 0, 1, 1, 1, 0),
        ("SSL_do_handshake", "x25519", 0, 1, 1, 0, 2),
        ("EVP_CipherInit_ex", "AES-128-GCM", 0, 1, 4, 1, 0),
    )
    # Nothing is lost to the report.
    assert len(calls) == 6
    assert "EVP_MD_fetch(-fips)" in {each.api for each in calls}
    facts = call_facts(calls, "enforced", RULES)
    assert [
        (each.text("algorithm"), each.text("refused"), each.text("approved")) for each in facts
    ] == [("AES-128-GCM", "some", "yes"), ("MD5", "all", "no"), ("md2", "all", "no")]
    assert {each.path for each in facts} == {APP}
    assert facts[1].evidence == (
        f"{APP}: MD5 by EVP_MD_fetch of {LIBCRYPTO}, 3 times, refused, from {APP}+0x1234",
    )


def test_a_limited_algorithm_is_told_as_such() -> None:
    [sha1] = call_facts(noted(("EVP_MD_fetch", "SHA1", 0, 1, 1, 0, 0)), "enforced", RULES)
    assert sha1.text("approved") == "limited"


def test_a_record_that_was_overwritten_or_removed_is_a_gap() -> None:
    calls, [gap] = read_calls(Ended(b"no record"), FACTS, RULES)
    assert (calls, gap.kind, gap.caps) == ((), GapKind.UNREADABLE, False)
    dynamic = Facts((fact(FactKind.ELF, APP, linkage="dynamic"),))
    _, [gap] = read_calls(Ended(None), dynamic, RULES)
    assert gap.kind is GapKind.UNREADABLE
    # Where only a JVM's output is read there is no record.
    assert read_calls(Ended(None), FACTS, RULES) == ((), ())


def test_calls_for_which_there_was_no_room_are_a_gap() -> None:
    content = bytearray(written((APP,), (START,)))
    content[8] = 1
    _, [gap] = read_calls(Ended(bytes(content)), FACTS, RULES)
    assert gap.kind is GapKind.TOO_MANY


def test_an_interposer_that_nobody_loaded_saw_nothing_and_says_so() -> None:
    _, [gap] = read_calls(Ended(empty_record()), FACTS, RULES)
    assert gap.kind is GapKind.NOTHING_OBSERVED

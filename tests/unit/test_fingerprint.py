"""Module code in real bytes: every example of every module rule, and the limits of a scan."""

from __future__ import annotations

import pickle
from functools import cache
from pathlib import Path

import pytest

from scanner.fingerprint import MATCH_SIZE, MAX_VALUES, Fingerprints, Hit, LibraryNames, Scan
from scanner.rulebook import ModuleRule, RuleBook
from scanner.rules_model import ModuleExample

FIXTURES = Path(__file__).parents[1] / "fixtures" / "modules"


@cache
def modules() -> dict[str, ModuleRule]:
    return dict(RuleBook.load().modules)


@cache
def prints() -> Fingerprints:
    return Fingerprints(modules())


def content(module: str, example: ModuleExample) -> bytes:
    if example.file:
        return (FIXTURES / module / example.file).resolve().read_bytes()
    return b"\0".join(text.encode() for text in ("", *example.texts, ""))


def hit(module: str, data: bytes) -> Hit | None:
    return next((each for each in prints().scan([data]).hits if each.module == module), None)


MATCHES = [(key, e) for key, rule in modules().items() for e in rule.examples.match]
NO_MATCHES = [(key, e) for key, rule in modules().items() for e in rule.examples.no_match]
FIXTURE_FILES = sorted(
    path
    for path in FIXTURES.glob("*/*")
    if path.is_file() and path.suffix not in (".py", ".pyc", ".yaml")
)


@pytest.mark.parametrize(("module", "example"), MATCHES, ids=lambda v: getattr(v, "file", "") or v)
def test_is_recognized(module: str, example: ModuleExample) -> None:
    found = hit(module, content(module, example))
    assert found is not None
    if example.version:
        assert example.version in found.versions
    if example.fips:
        assert bool(found.fips) is (example.fips == "yes")


@pytest.mark.parametrize(
    ("module", "example"), NO_MATCHES, ids=lambda v: (getattr(v, "file", "") or str(v))[:40]
)
def test_is_not_mistaken(module: str, example: ModuleExample) -> None:
    assert hit(module, content(module, example)) is None


@pytest.mark.parametrize("path", FIXTURE_FILES, ids=lambda p: p.name)
def test_each_file_is_taken_for_its_own_module_alone(path: Path) -> None:
    # What one rule takes for its own, another must not: the fixtures prove it for all of them.
    companions = {
        "aws-lc/awscrt-0.38.1-awscrt.abi3.so": {"aws-lc", "s2n"},
        "aws-lc/uv-0.13.9-uv": {"aws-lc", "rustls"},
        "ring/deltalake-1.6.6-internal.abi3.so": {"ring", "rustls", "aws-lc"},
        "s2n/awscrt-0.16.26-awscrt.abi3.so": {"aws-lc", "s2n"},
        "aws-lc-fips/pdf_oxide_fips-0.3.78-pdf_oxide.abi3.so": {"aws-lc-fips", "ring", "rustls"},
        # Python in WebAssembly, with an OpenSSL of its own.
        "boringssl/workerd-1.20241106.1-workerd": {"boringssl", "openssl"},
        "boringssl/pyarrow-26.0.1-libarrow_flight.so.2600": {"openssl"},
    }
    name = f"{path.parent.name}/{path.name}"
    found = {each.module for each in prints().scan([path.read_bytes()]).hits}
    only_users = {f"{module}/{each.file}" for module, each in NO_MATCHES if each.file}
    own: set[str] = set() if name in only_users else {path.parent.name}
    assert found == companions.get(name, own)


def test_every_lookalike_stays_one() -> None:
    for module, rule in modules().items():
        data = b"\0".join(text.encode() for text in ("", *rule.lookalikes, ""))
        found = hit(module, data)
        assert found is None, f"{module}: {found}"


@pytest.mark.parametrize("size", [1, 7, 64, MATCH_SIZE - 1, MATCH_SIZE, 1000])
def test_chunks_may_end_anywhere(size: int) -> None:
    data = (FIXTURES / "openssl" / "debian12-libcrypto.so.3").read_bytes()
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    assert prints().scan(chunks).hits == prints().scan([data]).hits
    [found] = prints().scan([data]).hits
    assert found.values["modules_dir"] == "/usr/lib/x86_64-linux-gnu/ossl-modules"
    assert found.values["openssl_dir"] == "/usr/lib/ssl"


def test_the_kernel_flag_is_seen_where_a_build_reads_it() -> None:
    reads = hit(
        "openssl", (FIXTURES / "openssl" / "pymssql-2.4.6-libcrypto.so.1.1.1k").read_bytes()
    )
    ignores = hit("openssl", (FIXTURES / "openssl" / "debian12-libcrypto.so.3").read_bytes())
    assert reads is not None
    assert reads.kernel_flag
    assert ignores is not None
    assert not ignores.kernel_flag


def test_a_text_repeated_without_end_is_bounded() -> None:
    data = (FIXTURES / "openssl" / "debian12-libcrypto.so.3").read_bytes()
    flood = b"".join(
        b"\0OpenSSL 3.%d.%d 1 Jan 2026" % (i % 99, i // 99 % 99) for i in range(50_000)
    )
    [found] = prints().scan([data, flood]).hits
    assert len(found.versions) == MAX_VALUES
    assert found.versions[0] == "3.0.22"


def test_nothing_in_nothing() -> None:
    assert prints().scan([]) == Scan()
    assert prints().scan([b""]) == Scan()
    assert Fingerprints({}).scan([b"x"]) == Scan()


def test_it_can_be_sent_to_another_process() -> None:
    data = (FIXTURES / "gnutls" / "debian12-libgnutls.so.30").read_bytes()
    expected = prints().scan([data]).hits
    assert pickle.loads(pickle.dumps(prints())).scan([data]).hits == expected


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("libcrypto.so.3", "openssl"),
        ("libcrypto-64b40125.so.1.1.1k", "openssl"),
        ("libssl-fa202293.so.3", "openssl"),
        ("libcrypto.so.10", "openssl"),
        ("libcrypto.so.1.0.2k", "openssl"),
        ("libcrypto.so.3.0.7", "openssl"),
        ("libcrypto.so.46", "libressl"),
        ("libcrypto.so.53.0.0", "libressl"),
        ("libssl3.so", "nss"),
        ("libgnutls.so.30.34.3", "gnutls"),
        ("libhogweed.so.6", "nettle"),
        ("libcrypto++.so.8", "cryptopp"),
        ("libk5crypto.so.3", ""),
        ("libcryptsetup.so.12", ""),
        ("libsslcommon.so.2", ""),
        ("libc.so.6", ""),
    ],
)
def test_library_names(name: str, module: str) -> None:
    assert LibraryNames(modules()).module(name) == module


def test_patterns_end_with_something_that_ends_the_value() -> None:
    # A pattern that may end within a value would report its beginning at the end of a chunk.
    for module, rule in modules().items():
        if rule.fingerprint is None:
            continue
        for pattern in (rule.fingerprint.version, *rule.fingerprint.values.values()):
            assert not pattern.endswith((")", "+", "*", "?")), f"{module}: {pattern}"


# --- constants ---------------------------------------------------------------------------------


def constants() -> dict[str, tuple[bytes, ...]]:
    return {rule.name: rule.patterns for rule in RuleBook.load().constants}


def fractions_of_roots(root: int, bits: int) -> list[int]:
    """The first bits of the fractional parts of the roots of the first primes, as FIPS 180-4."""
    primes = (2, 3, 5, 7)
    scale = 1 << bits * root
    found = []
    for prime in primes:
        low, high = 0, prime << bits
        while low + 1 < high:
            middle = (low + high) // 2
            low, high = (middle, high) if middle**root <= prime * scale else (low, middle)
        found.append(low & ((1 << bits) - 1))
    return found


def digits_of_pi(count: int) -> list[bytes]:
    """The first words of the fractional part of pi, by Machin's formula."""
    bits = 32 * count
    one = 1 << (bits + 64)

    def arctan_of_inverse(number: int) -> int:
        power, total, divisor = one // number, 0, 1
        while power:
            total += power // divisor if divisor % 4 == 1 else -(power // divisor)
            power, divisor = power // number**2, divisor + 2
        return total

    pi = 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239)) >> 64
    fraction = (pi & ((1 << bits) - 1)).to_bytes(bits // 8, "big")
    return [fraction[at : at + 4] for at in range(0, len(fraction), 4)]


def inverse(byte: int) -> int:
    """In the field of FIPS 197; 0 for 0."""

    def times(a: int, b: int) -> int:
        product = 0
        while b:
            product ^= a if b & 1 else 0
            a = (a << 1) ^ (0x11B if a & 0x80 else 0)
            b >>= 1
        return product

    return next((other for other in range(256) if times(byte, other) == 1), 0)


def s_box(byte: int) -> int:
    b = inverse(byte)
    return 0x63 ^ b ^ _left(b, 1) ^ _left(b, 2) ^ _left(b, 3) ^ _left(b, 4)


def _left(byte: int, by: int) -> int:
    return (byte << by | byte >> (8 - by)) & 0xFF


def test_constants_are_those_of_the_standards() -> None:
    known = constants()
    sha256 = b"".join(word.to_bytes(4, "big") for word in fractions_of_roots(3, 32))
    assert sha256 in known["SHA-256"]
    sha512 = b"".join(word.to_bytes(8, "little") for word in fractions_of_roots(3, 64)[:2])
    assert sha512 in known["SHA-512"]
    box = bytes(map(s_box, range(256)))
    assert box[:16] in known["AES"]
    assert bytes(box.index(byte) for byte in range(16)) in known["AES"]
    powers = [1]
    while len(powers) < 10:  # of x in its field, as many as AES-128 has rounds
        powers.append(powers[-1] << 1 ^ (0x11B if powers[-1] & 0x80 else 0))
    assert bytes(powers) in known["AES"]
    assert b"expand 32-byte k" in known["ChaCha20 or Salsa20"]
    pi = digits_of_pi(18 + 4)
    assert b"".join(pi[:4]) in known["Blowfish"]
    assert b"".join(word[::-1] for word in pi[:4]) in known["Blowfish"]
    # 18 words of the P-array come before the S-boxes.
    assert b"".join(pi[18:22]) in known["Blowfish"]
    assert b"".join(word[::-1] for word in pi[18:22]) in known["Blowfish"]
    order = 2**252 + 27742317777372353535851937790883648493
    assert order.to_bytes(32, "little")[:16] in known["Curve25519"]
    assert (
        b"".join(bytes([each]) + bytes(7) for each in order.to_bytes(32, "little")[:3])
        in (known["Curve25519"])
    )
    n = int("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
    assert n.to_bytes(32, "big")[16:] in known["NIST curve P-256"]
    assert n.to_bytes(32, "little")[:16] in known["NIST curve P-256"]


@pytest.mark.parametrize(
    ("instruction", "found"),
    [
        ("660f3adfc101", True),  # aeskeygenassist xmm0, xmm1, 1, as in Debian's libgnutls
        ("66450f3adfc801", True),  # … xmm9, xmm8, 1
        ("c4e379dfc101", True),  # vaeskeygenassist xmm0, xmm1, 1
        ("660f38dcc1", False),  # aesenc xmm0, xmm1: Go's runtime hashes with it
    ],
)
def test_aes_without_tables_is_told_by_its_key_expansion(instruction: str, found: bool) -> None:
    rules = RuleBook.load()
    data = b"\x90" * 100 + bytes.fromhex(instruction) + b"\x90" * 100
    seen = Fingerprints(rules.modules, rules.constants).scan([data[:103], data[103:]])
    assert seen.constants == (("AES",) if found else ())


def test_constants_and_the_mark_of_go_are_found_anywhere() -> None:
    rules = RuleBook.load()
    scanner = Fingerprints(rules.modules, rules.constants)
    for rule in rules.constants:
        for pattern in rule.patterns:
            data = b"\0" * 1000 + pattern + b"\1" * 1000
            for cut in (0, 1000, 1005, 1000 + len(pattern)):
                assert scanner.scan([data[:cut], data[cut:]]).constants == (rule.name,)
    assert scanner.scan([b"..\xff Go buildinf:.."]) == Scan(marks=frozenset({"go"}))
    assert scanner.scan([b"expand 32-byte x, Go buildinf:"]) == Scan()

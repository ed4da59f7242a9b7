"""What the Go inspector states of programs that were built in different ways."""

from __future__ import annotations

import io
import re
import struct
from functools import cache
from pathlib import Path

import pytest

from scanner.formats import go_fipsinfo
from scanner.formats.elf import read_elf
from scanner.formats.go_pclntab import read_function_names
from scanner.image.files import MemoryFile
from scanner.inspectors import go
from scanner.inspectors.go import GoInspector
from scanner.model import Fact, FactKind, FileEntry, FileKind, Gap, GapKind
from scanner.rulebook import RuleBook

FIXTURES = Path(__file__).parents[2] / "fixtures"


@cache
def inspector() -> GoInspector:
    return go.make(RuleBook.load())


def inspect(data: bytes) -> list[Fact | Gap]:
    file = MemoryFile(FileEntry("/app", FileKind.FILE, len(data), 0o755, 0, 0), data)
    assert inspector().wants(file.entry, file.head)
    return list(inspector().inspect(file))


def build(name: str) -> Fact:
    [fact, *others] = inspect((FIXTURES / "go" / name).read_bytes())
    assert isinstance(fact, Fact)
    assert fact.kind is FactKind.GO_BUILD
    assert all(_kind(each) is FactKind.LANGUAGE_PACKAGE for each in others)
    return fact


def test_a_line_of_text_uses_no_crypto() -> None:
    fact = build("go1.27-hello-stripped")
    assert fact.texts("packages") == ()
    assert (fact.text("boring_code"), fact.text("frozen_code")) == ("absent", "")


@pytest.mark.parametrize("name", ["go1.27-hash", "go1.27-libsum.so"])
def test_hashing_alone(name: str) -> None:
    assert build(name).texts("packages") == ("crypto/sha256",)


@pytest.mark.parametrize(
    "name",
    [
        "go1.15-esbuild",
        "go1.16-esbuild",
        "go1.19-esbuild",
        "go1.21-go",
        "go1.27-web",
        "go1.27-web-386",
        "go1.27-web-s390x",
        "go1.27-web-pie-stripped",
    ],
)
def test_a_tls_client(name: str) -> None:
    fact = build(name)
    assert {"crypto/tls", "crypto/x509", "crypto/aes"} <= set(fact.texts("packages"))
    assert not [p for p in fact.texts("packages") if "internal" in p or p.startswith("vendor/")]
    # TLS itself links ChaCha20-Poly1305 and does not offer it in FIPS mode: no bypass.
    assert fact.texts("bypasses") == ()
    assert fact.text("toolchain") == "upstream"
    assert (fact.text("boring_code"), fact.text("frozen_code")) == ("absent", "")


@pytest.mark.parametrize(
    "name", ["go1.27-web-fips-v1.0.0-stripped", "go1.27-web-fips-v1.0.0-no-sections"]
)
def test_the_frozen_module(name: str) -> None:
    fact = build(name)
    assert fact.text("frozen_code") == "v1.0.0-c2097c7c"
    assert fact.text("gofips140") == "v1.0.0-c2097c7c"
    assert fact.text("default_fips140") == "on"
    assert fact.texts("tags") == ("fips140v1.0",)


def test_the_module_in_process() -> None:
    assert build("go1.27-web-fips-inprocess").text("frozen_code") == "v1.26.0"


def test_latest_is_a_mode_without_a_frozen_module() -> None:
    fact = build("go1.27-web-fips-latest")
    assert (fact.text("gofips140"), fact.text("default_fips140")) == ("latest", "on")
    assert fact.text("frozen_code") == ""


def test_boringcrypto_with_and_without_its_code() -> None:
    inside, marked = build("go1.27-web-boring-stripped"), build("go1.27-web-boring-nocgo")
    assert inside.texts("experiments") == marked.texts("experiments") == ("boringcrypto",)
    assert (inside.text("cgo"), marked.text("cgo")) == ("1", "0")
    assert inside.text("boring_code") == "present"
    assert marked.text("boring_code") == "absent"
    assert not inside.flag("openssl_backend")


def test_who_imports_fipsonly_shows_it() -> None:
    restricted = build("go1.27-fipsonly-boring-stripped")
    assert restricted.text("boring_code") == "present"
    assert "crypto/tls/fipsonly" in restricted.texts("packages")
    assert "crypto/tls/fipsonly" not in build("go1.27-web-boring-stripped").texts("packages")


def test_packages_that_bypass_the_module() -> None:
    fact = build("go1.24-tls-client.so")
    assert "golang.org/x/crypto/chacha20poly1305" in fact.texts("bypasses")
    assert "golang.org/x/crypto/hkdf" in fact.texts("packages")
    assert "golang.org/x/crypto/hkdf" not in fact.texts("bypasses")
    assert any(each.startswith("golang.org/x/crypto@") for each in fact.texts("dependencies"))


def test_microsofts_toolchain_that_a_tag_told_to_use_openssl() -> None:
    # Its build information holds neither GOEXPERIMENT nor microsoft_systemcrypto, which came later.
    fact = build("go1.24-microsoft.so")
    assert fact.text("toolchain") == "microsoft"
    assert fact.flag("openssl_backend")
    assert fact.flag("systemcrypto")
    assert fact.texts("experiments") == ()


@pytest.mark.parametrize(
    ("instead", "backend", "boring"),
    [
        # Names as openshift/check-payload looks for them; no such toolchain could be had here.
        (b"crypto/internal/boring._Cfunc__goboringcrypto_DLOPEN_OPENSSL", True, "absent"),
        (b"vendor/github.com/golang-fips/openssl/v2.dlopen", True, "absent"),
        (b"crypto/internal/boring._Cfunc__goboringcrypto_SHA256_Init", False, "present"),
    ],
)
def test_who_stands_behind_the_names(instead: bytes, backend: bool, boring: str) -> None:
    whole = (FIXTURES / "go" / "go1.27-web").read_bytes()
    start = whole.index(b"crypto/x509/pkix.")
    room = whole[start : start + len(instead)]
    assert len(room) == len(instead)
    # Whole names give way, so that the table stays one.
    end = whole.index(b"\0", start + len(instead))
    name = instead + b"." * (end - start - len(instead))
    [fact] = inspect(whole[:start] + name + whole[end:])
    assert isinstance(fact, Fact)
    assert fact.flag("openssl_backend") is backend
    assert fact.text("boring_code") == boring


def test_a_broken_function_table_leaves_the_build_and_a_gap() -> None:
    whole = (FIXTURES / "go" / "go1.27-web-fips-v1.0.0-stripped").read_bytes()
    at = whole.index(b"\xf1\xff\xff\xff\0\0\1\x08")
    seen = inspect(whole[: at + 8] + b"\xff" * 8 + whole[at + 16 :])
    [gap] = [each for each in seen if isinstance(each, Gap)]
    [fact] = [each for each in seen if isinstance(each, Fact)]
    assert gap.kind is GapKind.MALFORMED
    assert fact.text("gofips140") == "v1.0.0-c2097c7c"
    assert (fact.text("frozen_code"), fact.text("boring_code")) == ("", "unknown")


def test_obfuscated_names_are_a_gap() -> None:
    # As garble leaves them: import paths are single words, the runtime keeps its own.
    whole = (FIXTURES / "go" / "go1.27-web").read_bytes()
    stream = io.BytesIO(whole)
    names = read_function_names(stream, read_elf(stream))
    assert names is not None
    hidden = [
        each if each.startswith((b"runtime.", b"main.")) else _hidden(each)
        for each in names.data.split(b"\0")
    ]
    seen = inspect(whole.replace(names.data, b"\0".join(hidden)))
    [gap] = [each for each in seen if isinstance(each, Gap)]
    [fact] = [each for each in seen if isinstance(each, Fact)]
    assert gap.caps
    assert "obfuscated" in gap.reason
    assert (fact.texts("packages"), fact.text("boring_code")) == ((), "unknown")


def _hidden(name: bytes) -> bytes:
    package, dot, rest = name.rpartition(b".")
    return re.sub(rb"[^A-Za-z0-9]", b"_", b"x" + package[1:]) + dot + rest


def test_code_and_data_in_one_segment() -> None:
    whole = bytearray((FIXTURES / "go" / "go1.27-web-fips-v1.0.0-no-sections").read_bytes())
    start, count = struct.unpack_from("<Q", whole, 0x20)[0], struct.unpack_from("<H", whole, 56)[0]
    for header in range(start, start + 56 * count, 56):
        struct.pack_into("<I", whole, header + 4, 7)
    [fact] = inspect(bytes(whole))
    assert isinstance(fact, Fact)
    assert fact.text("frozen_code") == "v1.0.0-c2097c7c"


def test_what_is_linked_for_tls_alone() -> None:
    fact = build("go1.27-web-calls")
    assert fact.flag("calls_read")
    assert fact.texts("callers") == ()
    assert {"ChaCha20-Poly1305", "MD5", "RC4"} <= set(fact.texts("tls_only"))
    # Approved for some uses, so of no interest here.
    assert "SHA-1" not in fact.texts("unapproved")


@pytest.mark.parametrize("name", ["go1.27-md5-calls", "go1.27-smd5-arm64-pie-calls"])
def test_who_calls_what_is_not_approved(name: str) -> None:
    fact = build(name)
    assert fact.texts("callers") == ("MD5 by main", "RC4 by main")
    assert (fact.texts("called"), fact.texts("called_digests")) == (("RC4",), ("MD5",))
    assert set(fact.texts("unapproved")) - set(fact.texts("tls_only")) == {"MD5", "RC4"}
    assert "ChaCha20-Poly1305" in fact.texts("tls_only")


def test_an_inlined_constructor_leaves_its_interface_table() -> None:
    # chacha20poly1305.New was inlined, so that no call of it is in the code.
    fact = build("go1.19-wireguard-calls")
    caller = "golang.zx2c4.com/wireguard/device"
    assert f"ChaCha20-Poly1305 by {caller}" in fact.texts("callers")
    assert f"X25519 by {caller}" in fact.texts("callers")
    assert fact.texts("tls_only") == ()
    assert fact.texts("protocols") == ("WireGuard",)


def test_where_code_is_not_searched_nothing_is_for_tls_alone() -> None:
    # The code was cut away, so that its table no longer says where functions begin.
    fact = build("go1.27-web")
    assert not fact.flag("calls_read")
    assert "MD5" in fact.texts("unapproved")
    assert fact.texts("tls_only") == fact.texts("called") == ()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("go1.24-tls-client.so", {"golang.org/x/crypto": "v0.46.0"}),
        # Debian's builds name no modules, so that there is no version.
        ("go1.19-wireguard-calls", {"golang.org/x/crypto": "", "golang.zx2c4.com/wireguard": ""}),
        ("go1.27-web", {}),
    ],
)
def test_modules_with_code_in_the_program(name: str, expected: dict[str, str]) -> None:
    found = [
        each
        for each in inspect((FIXTURES / "go" / name).read_bytes())
        if isinstance(each, Fact) and each.kind is FactKind.LANGUAGE_PACKAGE
    ]
    assert {each.text("name"): each.text("version") for each in found} == expected
    assert {each.text("crypto") for each in found} <= {"own"}


def test_protocols_and_algorithms() -> None:
    assert build("go1.27-web").texts("protocols") == ("TLS",)
    assert build("go1.27-hash").texts("protocols") == ()
    assert build("go1.27-hash").texts("algorithms") == ("SHA2-256",)
    direct = build("go1.24-tls-client.so")
    assert "ChaCha20-Poly1305" in direct.texts("algorithms")


@pytest.mark.parametrize("name", ["go1.27-subtle-fips-v1.0.0", "go1.27-subtle-fips-v1.0.0-s390x"])
def test_the_checksum_of_the_frozen_module(name: str) -> None:
    whole = (FIXTURES / "go" / name).read_bytes()
    [intact] = [each for each in inspect(whole) if _kind(each) is FactKind.INTEGRITY]
    assert isinstance(intact, Fact)
    assert intact.text("form") == "go"
    assert intact.text("stored") == intact.text("computed") != ""


def test_no_checksum_is_stated_without_a_frozen_module() -> None:
    assert [_kind(each) for each in inspect((FIXTURES / "go" / "go1.27-web").read_bytes())] == [
        FactKind.GO_BUILD
    ]


def test_a_checksum_that_covers_nothing_in_the_file_is_a_gap() -> None:
    whole = bytearray((FIXTURES / "go" / "go1.27-subtle-fips-v1.0.0").read_bytes())
    struct.pack_into("<Q", whole, whole.index(go_fipsinfo.MAGIC) + 56, 1 << 60)
    [gap] = [each for each in inspect(bytes(whole)) if isinstance(each, Gap)]
    assert gap.caps
    assert "altered cannot be told" in gap.reason


def _kind(seen: Fact | Gap) -> FactKind | None:
    return seen.kind if isinstance(seen, Fact) else None


def test_programs_of_other_languages_are_none() -> None:
    assert inspect((FIXTURES / "elf" / "app-pie").read_bytes()) == []
    assert inspect((FIXTURES / "elf" / "libfoo-no-sections.so").read_bytes()) == []

"""What the binary inspector states of ELF and PE files."""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path

import pytest

from scanner.image.files import MemoryFile
from scanner.inspectors import binary
from scanner.inspectors.binary import BinaryInspector
from scanner.model import Fact, FactKind, FileEntry, FileKind, Gap, GapKind
from scanner.rulebook import RuleBook

FIXTURES = Path(__file__).parents[2] / "fixtures"


@cache
def inspector() -> BinaryInspector:
    return binary.make(RuleBook.load())


def inspect(path: str, data: bytes) -> list[Fact | Gap]:
    file = MemoryFile(FileEntry(path, FileKind.FILE, len(data), 0o755, 0, 0), data)
    assert inspector().wants(file.entry, file.head)
    return list(inspector().inspect(file))


def elf(name: str) -> bytes:
    return (FIXTURES / "elf" / name).read_bytes()


def code_of(*names: str) -> bytes:
    return b"".join((FIXTURES / "modules" / name).read_bytes() for name in names)


def codes(path: str, data: bytes) -> dict[str, Fact]:
    return {
        each.text("module"): each
        for each in inspect(path, data)
        if isinstance(each, Fact) and each.kind is FactKind.MODULE_CODE
    }


def test_a_program_states_how_it_is_linked() -> None:
    [fact] = inspect("/usr/bin/app", elf("app-pie"))
    assert isinstance(fact, Fact)
    assert fact.kind is FactKind.ELF
    assert fact.text("linkage") == "dynamic"
    assert fact.texts("needed") == ("libfoo.so.1",)
    assert fact.texts("runpath") == ("$ORIGIN/../lib",)
    assert fact.flag("executable")


def test_imports_of_a_crypto_library_are_stated() -> None:
    _, symbols = inspect("/usr/lib/libfoo.so.1", elf("libfoo.so.1"))
    assert isinstance(symbols, Fact)
    assert symbols.kind is FactKind.CRYPTO_SYMBOLS
    assert (symbols.text("module"), symbols.text("direction")) == ("openssl", "imports")
    assert symbols.texts("symbols") == ("EVP_DigestInit_ex",)


def test_the_form_follows_the_name() -> None:
    data = elf("libfoo-sysv.so") + code_of("openssl/debian12-libcrypto.so.3")
    [library] = codes("/usr/lib/libcrypto.so.3", data).values()
    assert library.text("form") == "library"
    assert library.text("version") == "3.0.22"
    assert library.text("modules_dir") == "/usr/lib/x86_64-linux-gnu/ossl-modules"
    assert not library.flag("hashed_name")
    [bundled] = codes("/app/psycopg2.libs/libcrypto-fb8d5b21.so.3", data).values()
    assert bundled.text("form") == "library"
    assert bundled.flag("hashed_name")
    [inside] = codes("/app/_rust.abi3.so", data).values()
    assert inside.text("form") == "static"


def test_a_provider_is_told_by_its_entry_point() -> None:
    data = elf("libprovider.so") + code_of("openssl-fips-provider/debian13-fips.so")
    found = codes("/usr/lib/x86_64-linux-gnu/ossl-modules/fips.so", data)
    assert list(found) == ["openssl-fips-provider"]
    assert found["openssl-fips-provider"].text("form") == "provider"
    assert found["openssl-fips-provider"].text("version") == "3.5.9"


def test_a_fips_build_of_1_1_1_says_so() -> None:
    data = elf("libfoo-sysv.so") + code_of("openssl/pymssql-2.4.6-libcrypto.so.1.1.1k")
    [code] = codes("/app/pymssql.libs/libcrypto-64b40125.so.1.1.1k", data).values()
    assert code.text("version") == "1.1.1k"
    assert code.text("fips")
    assert code.flag("reads_kernel_flag")


def test_a_program_that_only_names_a_version_holds_no_module() -> None:
    assert not codes("/usr/sbin/nginx", elf("app-pie") + code_of("openssl/debian12-nginx"))


def test_several_modules_in_one_file() -> None:
    found = codes("/bin/uv", elf("app-static") + code_of("aws-lc/uv-0.13.9-uv"))
    assert set(found) == {"aws-lc", "rustls"}


def test_a_packed_program_is_a_gap() -> None:
    whole = bytearray(elf("app-static"))
    whole[0x28:0x30] = bytes(8)
    whole[0x3C:0x40] = bytes(4)
    end = 64 + 56 * struct.unpack_from("<H", whole, 0x38)[0]
    seen = inspect("/app/packed", bytes(whole[:end]) + b"\0\0\0\0UPX!" + bytes(256))
    [gap] = [each for each in seen if isinstance(each, Gap)]
    assert (gap.kind, gap.subject, gap.caps) == (GapKind.PACKED, "/app/packed", True)


def test_a_broken_file_is_a_gap() -> None:
    whole = bytearray(elf("libfoo.so.1"))
    struct.pack_into("<H", whole, 0x38, 0xFFFF)
    [gap] = inspect("/lib/broken.so", bytes(whole))
    assert isinstance(gap, Gap)
    assert gap.kind is GapKind.MALFORMED


@pytest.mark.parametrize("name", ["st.o"])
def test_object_files_are_passed_over(name: str) -> None:
    assert inspect("/usr/lib/gcc/crtbegin.o", elf(name)) == []


def test_a_static_library_names_what_it_would_bring() -> None:
    [stated] = inspect(
        "/usr/lib/libcrypto.a", b"!<arch>\n" + code_of("openssl/debian12-libcrypto.a")
    )
    assert isinstance(stated, Fact)
    assert (stated.kind, stated.text("form")) == (FactKind.ARCHIVE, "static-library")
    assert stated.texts("members") == ("openssl 3.0.22",)
    assert inspect("/usr/lib/libm.a", b"!<arch>\n" + elf("app-pie")) == []


def test_webassembly_with_cryptography_is_a_gap() -> None:
    def of(name: str) -> list[Fact | Gap]:
        return inspect(f"/app/{name}", (FIXTURES / "wasm" / name).read_bytes())

    [gap] = of("argon2-browser-1.18.0.wasm")
    assert isinstance(gap, Gap)
    assert (gap.kind, gap.caps) == (GapKind.NOT_SUPPORTED, True)
    assert "argon2" in gap.reason
    assert of("llhttp.wasm") == []


def test_packages_that_are_archives_of_the_same_form_are_none() -> None:
    entry = FileEntry("/x.deb", FileKind.FILE, 100, 0o644, 0, 0)
    assert not inspector().wants(entry, b"!<arch>\ndebian-binary")


def test_an_assembly() -> None:
    [fact] = inspect("/app/a.dll", (FIXTURES / "pe" / "managed.dll").read_bytes())
    assert isinstance(fact, Fact)
    assert fact.kind is FactKind.PE
    assert fact.flag("managed")


def test_other_files_are_not_wanted() -> None:
    entry = FileEntry("/bin/x", FileKind.FILE, 5000, 0o755, 0, 0)
    assert not inspector().wants(entry, b"#!/bin/sh\n")
    assert not inspector().wants(entry, b"")


def test_what_tells_crypto_from_hashing() -> None:
    names = ("EVP_DigestInit_ex", "EVP_sha256", "SHA256_Update", "EVP_EncryptInit_ex")
    assert inspector().telling("openssl", names) == ("EVP_EncryptInit_ex",)


def test_a_library_without_known_code_is_taken_by_name_and_interface() -> None:
    # Compiled for this test: 24 functions called SymCryptX00 to SymCryptX23.
    [code] = codes("/usr/lib/libsymcrypt.so.103", elf("libsymcrypt.so.103")).values()
    assert (code.text("module"), code.text("form"), code.text("version")) == (
        "symcrypt",
        "library",
        "",
    )
    assert not codes("/usr/lib/libcrypto.so.3", elf("libfoo-sysv.so"))


def test_constants_in_a_program_are_stated() -> None:
    data = elf("app-pie") + b"expand 32-byte k"
    found = [each for each in inspect("/usr/bin/app", data) if isinstance(each, Fact)]
    [traces] = [each for each in found if each.kind is FactKind.TRACES]
    assert traces.texts("constants") == ("ChaCha20 or Salsa20",)
    assert not traces.flag("go")

"""Function names of Go programs, in the four layouts that Go has used."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest

from scanner.formats.elf import ElfError, read_elf
from scanner.formats.go_pclntab import (
    FunctionNames,
    PclntabError,
    package_of,
    read_function_names,
)

FIXTURES = Path(__file__).parents[2] / "fixtures" / "go"
PROGRAMS = sorted(p for p in FIXTURES.iterdir() if p.name.startswith("go1"))


def names(name: str) -> FunctionNames:
    stream = io.BytesIO((FIXTURES / name).read_bytes())
    found = read_function_names(stream, read_elf(stream))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("go1.15-esbuild", "1.2"),
        ("go1.16-esbuild", "1.16"),
        ("go1.17-esbuild", "1.16"),
        ("go1.19-esbuild", "1.18"),
        ("go1.21-go", "1.20"),
        ("go1.27-web", "1.20"),
        ("go1.27-web-386", "1.20"),
        ("go1.27-web-s390x", "1.20"),
        ("go1.27-web-pie-stripped", "1.20"),
        ("go1.27-web-fips-v1.0.0-no-sections", "1.20"),
    ],
)
def test_every_layout_and_machine(name: str, layout: str) -> None:
    found = names(name)
    assert found.layout == layout
    assert "crypto/tls" in {package_of(each) for each in found.beginning("crypto/")}


def test_only_names_that_begin_so() -> None:
    found = FunctionNames("1.20", b"crypto/aes.New\0type:.eq.crypto/tls.Config\0xcrypto/des.New\0")
    assert list(found.beginning("crypto/")) == ["crypto/aes.New"]
    assert list(found.beginning()) == []


def test_a_line_of_text_links_no_crypto() -> None:
    assert not list(names("go1.27-hello-stripped").beginning("crypto/", "crypto."))


def test_boringcrypto_code_is_seen_where_it_is() -> None:
    call = "crypto/internal/boring._Cfunc__goboringcrypto_"
    assert list(names("go1.27-web-boring-stripped").beginning(call))
    assert not list(names("go1.27-web-boring-nocgo").beginning(call))


@pytest.mark.parametrize(
    ("function", "package"),
    [
        ("crypto/tls.(*Conn).Handshake", "crypto/tls"),
        ("main.main", "main"),
        ("golang.org/x/crypto/ssh.NewClient.func1", "golang.org/x/crypto/ssh"),
        ("github.com/square/go-jose%2ev2.Encrypt", "github.com/square/go-jose.v2"),
        ("slices.SortFunc[go.shape.*crypto/x509.Certificate]", "slices"),
        ("crypto/internal/fips140/v1.0.0-c2/aes.New", "crypto/internal/fips140/v1.0.0-c2/aes"),
    ],
)  # fmt: skip
def test_package_of(function: str, package: str) -> None:
    assert package_of(function) == package


def test_a_program_without_imports_is_not_obfuscated() -> None:
    # Go 1.27, `println("x")`: what the runtime pushes into other packages, and assembly.
    plain = ("main.main", "runtime.main", "os/signal.signal_enable", "time.now", "memeqbody.abi0")
    assert not FunctionNames("1.20", "\0".join(plain * 9).encode()).obfuscated()
    words = [f"kX{number}q.Zf{number}" for number in range(10)]
    assert FunctionNames("1.20", "\0".join((*plain, *words)).encode()).obfuscated()
    assert not FunctionNames("1.20", "\0".join(("fmt.Println", *words)).encode()).obfuscated()


def test_a_program_of_another_language_has_no_table() -> None:
    stream = io.BytesIO((FIXTURES.parent / "elf" / "app-pie").read_bytes())
    assert read_function_names(stream, read_elf(stream)) is None


def test_any_damage_ends_in_a_result_or_an_error() -> None:
    chance = random.Random(2)
    for path in PROGRAMS:
        whole = path.read_bytes()
        for _ in range(60):
            damaged = bytearray(whole[: chance.choice([len(whole), chance.randrange(len(whole))])])
            for _ in range(6):
                if damaged:
                    damaged[chance.randrange(len(damaged))] = chance.choice([0, 0xFF, 0x80, 0x7F])
            stream = io.BytesIO(damaged)
            try:
                read_function_names(stream, read_elf(stream))
            except (ElfError, PclntabError):
                continue

"""Where an image may hold cryptography that no fact names."""

from __future__ import annotations

import dataclasses

import pytest

from scanner.facts import fact
from scanner.link.hidden import gaps
from scanner.link.world import World
from scanner.model import Fact, FactKind, Gap, GapKind

from .worlds import code, elf, library, world

APP = "/app/server"
PLUGIN = "/app/plugin.so"


def traces(path: str, *constants: str, go: bool = False) -> Fact:
    return fact(FactKind.TRACES, path, constants=constants, go=go)


def owned(package: str, *files: str) -> tuple[Fact, Fact]:
    return (
        fact(FactKind.PACKAGE, manager="dpkg", name=package, version="1", source=package),
        fact(FactKind.PACKAGE_FILES, manager="dpkg", name=package, files=files),
    )


def found(here: World) -> list[Gap]:
    return list(gaps(here, ()))


@pytest.mark.parametrize("constants", [("AES",), ("SHA-256", "SHA-512")])
def test_program_with_constants_of_its_own_caps(constants: tuple[str, ...]) -> None:
    [gap] = found(world(elf(APP, linkage="static"), traces(APP, *constants)))
    assert (gap.kind, gap.subject, gap.caps) == (GapKind.NOT_VERIFIED, APP, True)
    assert ", ".join(constants) in gap.reason


def test_known_code_explains_them() -> None:
    static = code(APP, "openssl", "3.0.15", form="static")
    go = fact(FactKind.GO_BUILD, APP, packages=("crypto/aes",))
    for explained in (static, go):
        assert found(world(elf(APP), traces(APP, "AES"), explained)) == []
    # Names that were made unreadable explain nothing.
    assert found(world(elf(APP), traces(APP, "AES"), fact(FactKind.GO_BUILD, APP, packages=())))


def test_libraries_count_by_their_ciphers_and_owners() -> None:
    assert found(world(library(PLUGIN), traces(PLUGIN, "AES")))
    # SQLite and Python draw random numbers with ChaCha20, libcrypt hashes passwords with Blowfish.
    for harmless in ("SHA-256", "ChaCha20 or Salsa20"):
        assert found(world(library(PLUGIN), traces(PLUGIN, harmless))) == []
    libcrypt = "/usr/lib/x86_64-linux-gnu/libcrypt.so.1.1.0"
    assert found(world(library(libcrypt), traces(libcrypt, "Blowfish"))) == []
    # What an application brings is npm's bcrypt, or the like.
    assert found(world(library(PLUGIN), traces(PLUGIN, "Blowfish")))
    system = "/usr/lib/x86_64-linux-gnu/libdb-5.3.so"
    mine = owned("libdb5.3", system)
    assert found(world(library(system), traces(system, "AES"), *mine)) == []
    assert found(world(library(system), traces(system, "AES")))


def test_what_a_package_puts_outside_the_library_folders_counts() -> None:
    perl = "/usr/lib/x86_64-linux-gnu/perl5/5.36/auto/Crypt/Rijndael/Rijndael.so"
    mine = owned("libcrypt-rijndael-perl", perl)
    assert found(world(library(perl), traces(perl, "AES"), *mine))
    engine = "/usr/lib/x86_64-linux-gnu/engines-3/padlock.so"
    mine = owned("libssl3", engine)
    assert found(world(library(engine), traces(engine, "AES"), *mine)) == []


def test_tools_of_the_distribution_count_when_they_are_started() -> None:
    here = world(elf("/usr/bin/apt"), traces("/usr/bin/apt", "AES"), *owned("apt", "/usr/bin/apt"))
    assert found(here) == []
    config = dataclasses.replace(here.config, cmd=("/usr/bin/apt", "update"))
    assert found(dataclasses.replace(here, config=config))
    # Hashes in a program of the distribution: coreutils, busybox.
    tool = "/usr/bin/sha256sum"
    assert found(world(elf(tool), traces(tool, "SHA-256"), *owned("coreutils", tool))) == []


def test_go_mark_without_a_build_caps() -> None:
    [gap] = found(world(elf(APP), traces(APP, go=True)))
    assert gap.caps
    assert "mark of a Go program" in gap.reason
    build = fact(FactKind.GO_BUILD, APP, packages=())
    assert found(world(elf(APP), traces(APP, go=True), build)) == []


@pytest.mark.parametrize(
    ("form", "caps"),
    [
        ("native-zip", True),
        ("native-tar", True),
        ("nested", True),
        ("self-extracting", True),
        ("packed-behind-program", True),
        ("data-behind-program", True),
        ("tar", False),
    ],
)
def test_archives(form: str, caps: bool) -> None:
    archive = fact(FactKind.ARCHIVE, "/opt/x", form=form, members=("a",) * (form == "nested"))
    [gap] = found(world(archive))
    assert (gap.subject, gap.caps) == ("/opt/x", caps)
    assert found(world(archive, *owned("x", "/opt/x"))) == []


def test_a_static_library_hides_nothing() -> None:
    assert found(world(fact(FactKind.ARCHIVE, "/opt/l.a", form="static-library"))) == []

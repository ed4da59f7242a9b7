from __future__ import annotations

import io
import lzma
import struct
import tarfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from scanner.certificates import Certificate
from scanner.cmvp import validate
from scanner.errors import UsageError
from scanner.formats.elf import read_elf
from scanner.model import Module, ValidationStatus
from scanner.rulebook import RuleBook
from scanner.simulate import provider as module
from scanner.simulate.provider import (
    MARK,
    UNKNOWN_LIBC,
    FipsProvider,
    Libc,
    cache_path,
    find_provider,
    import_provider,
    known_providers,
    provider_section,
    read_provider,
)


def shared_object(machine: int = 62, version: bytes = b"3.5.9") -> bytes:
    """The parts of a `fips.so` that are read: its header and some of its texts."""
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, machine) + bytes(44)
    texts = [b"OSSL_provider_init", b"GLIBC_2.2.5", b"GLIBC_2.34", b"GLIBC_2.4", b"9.9.9"]
    named = [b"OpenSSL FIPS Provider", b"self test", version, b""]
    return header + b"\0".join([*texts, *named])


def linked_with(needed: bytes, version: bytes = b"3.5.9", machine: int = 62) -> bytes:
    """A `fips.so` with the dynamic section that tells which C library it is linked with."""
    strings = b"\0" + needed + b"\0"
    texts = b"\0OSSL_provider_init\0OpenSSL FIPS Provider\0" + version + b"\0"
    at = 64 + 2 * 56
    dynamic = struct.pack("<8Q", 1, 1, 5, at + 64, 10, len(strings), 0, 0)
    size = at + len(dynamic) + len(strings) + len(texts)
    header = struct.pack(
        "<4s5B7xHHIQQQIHHHHHH",
        *(b"\x7fELF", 2, 1, 1, 0, 0, 3, machine, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0),
    )
    load = struct.pack("<IIQQQQQQ", 1, 4, 0, 0, 0, size, size, 8)
    section = struct.pack("<IIQQQQQQ", 2, 4, at, at, at, len(dynamic), len(dynamic), 8)
    return header + load + section + dynamic + strings + texts


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that has no provider yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(module, "_system_folders", lambda: iter(()))
    monkeypatch.setattr(module, "PACKAGED", tmp_path / "packaged")
    return tmp_path / "fips-scanner" / "providers"


def debian_package(content: bytes, name: str = "./usr/lib/x/ossl-modules/fips.so") -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    members = (("debian-binary", b"2.0\n"), ("data.tar.xz", lzma.compress(data.getvalue())))
    package = b"!<arch>\n"
    for member, body in members:
        package += f"{member:<16}{0:<12}{0:<6}{0:<6}{644:<8}{len(body):<10}`\n".encode()
        package += body + b"\n" * (len(body) & 1)
    return package


def test_what_is_read_off_a_provider() -> None:
    provider = read_provider(shared_object(), "x")
    assert (provider.version, provider.architecture) == ("3.5.9", "amd64")
    assert provider.glibc == (2, 34)
    assert read_provider(shared_object(183), "x").architecture == "arm64"


def test_provider_in_a_debian_package() -> None:
    assert read_provider(debian_package(shared_object()), "x.deb").content == shared_object()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x7fELF",
        b"MZ" + bytes(100),
        shared_object().replace(b"OSSL_provider_init", b"ossl_provider_init"),
        debian_package(shared_object(), "./usr/lib/legacy.so"),
        debian_package(shared_object())[:200],
        b"!<arch>\ndata.tar.xz".ljust(56) + b"not a number" + bytes(20),
    ],
)
def test_what_is_no_provider_is_refused_with_advice(content: bytes) -> None:
    with pytest.raises(UsageError, match="--fips-provider FILE"):
        read_provider(content, "x")


def test_module_mac_has_the_form_and_value_of_openssl() -> None:
    # printf x | openssl dgst -sha256 -mac HMAC -macopt hexkey:<OpenSSL's FIPS_KEY>
    provider = FipsProvider("x", b"x", "3.5.9", "amd64", (2, 34))
    assert provider.module_mac == MAC_OF_X
    assert f"module-mac = {MAC_OF_X}" in provider_section(provider, "/x/fips.so")
    assert "module = /x/fips.so" in provider_section(provider, "/x/fips.so")


MAC_OF_X = (
    "01:D2:85:99:BA:F1:36:A6:4B:66:DD:52:E9:78:EF:5F:"
    "D8:DB:F3:DE:02:53:88:9D:C6:23:E7:66:93:44:E6:BF"
)


def test_explicit_file_must_be_there_and_fit(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        find_provider("amd64", tmp_path / "none")
    file = tmp_path / "fips.so"
    file.write_bytes(shared_object(183))
    with pytest.raises(UsageError, match="is for arm64, the image for amd64"):
        find_provider("amd64", file)
    found = find_provider("arm64", file)
    assert found is not None
    assert found.content == shared_object(183)


def test_imported_provider_is_found_again(cache: Path) -> None:
    path = import_provider(debian_package(shared_object(22)), "x.deb")
    assert path == cache / "s390x-glibc" / "fips.so"
    assert [each.name for each in path.parent.iterdir()] == ["fips.so"]
    found = find_provider("s390x")
    assert found is not None
    assert found.source == str(path)
    assert cache_path(found) == path


def test_provider_kept_by_earlier_versions_is_found(cache: Path) -> None:
    (cache / "amd64").mkdir(parents=True)
    (cache / "amd64" / "fips.so").write_bytes(shared_object())
    assert [each.libc for each in known_providers()] == ["glibc"]


def test_broken_file_in_the_cache_is_passed_over(cache: Path) -> None:
    (cache / "s390x").mkdir(parents=True)
    (cache / "s390x" / "fips.so").write_bytes(b"half a file")
    assert find_provider("s390x") is None


@pytest.mark.parametrize(
    ("content", "libc", "needs"),
    [
        (shared_object(), "glibc", "the GNU C library 2.34 or later"),
        (linked_with(b"libc.so"), "musl", "musl"),
        (linked_with(b"libc.musl-x86_64.so.1"), "musl", "musl"),
        (linked_with(b"libdl.so.2"), "", "no C library"),
    ],
)
def test_which_c_library_a_provider_needs(content: bytes, libc: str, needs: str) -> None:
    provider = read_provider(content, "x")
    assert (provider.libc, provider.needs) == (libc, needs)


def test_the_test_data_is_an_elf_file() -> None:
    assert read_elf(io.BytesIO(linked_with(b"libc.so"))).needed == ("libc.so",)


OLD = shared_object(version=b"3.5.7-simulation").replace(b"GLIBC_2.34", b"GLIBC_2.17")
MUSL = linked_with(b"libc.so", version=b"3.5.7-simulation")


@pytest.mark.parametrize(
    ("libc", "version"),
    [
        (Libc("glibc", (2, 41)), "3.5.9"),
        (Libc("glibc", (2, 34)), "3.5.9"),
        (Libc("glibc", (2, 31)), "3.5.7-simulation"),
        (Libc("glibc"), "3.5.7-simulation"),
        (Libc("musl"), "3.5.7-simulation"),
        (UNKNOWN_LIBC, "3.5.9"),
    ],
)
def test_the_first_that_loads_in_the_image_is_found(cache: Path, libc: Libc, version: str) -> None:
    for content in (MUSL, OLD, shared_object()):
        import_provider(content)
    found = find_provider("amd64", libc=libc)
    assert found is not None
    assert found.version == version
    assert not found.refused_by(libc)
    assert find_provider("arm64", libc=libc) is None


def test_what_was_built_is_kept_apart_and_comes_last(cache: Path) -> None:
    import_provider(OLD)
    assert import_provider(MUSL) == cache / "built" / "amd64-musl" / "fips.so"
    import_provider(shared_object())
    assert [each.for_simulation for each in known_providers()] == [False, True, True]
    (cache.parents[1] / "packaged" / "amd64-musl").mkdir(parents=True)
    (cache.parents[1] / "packaged" / "amd64-musl" / "fips.so").write_bytes(MUSL)
    assert len(known_providers()) == 3


@pytest.mark.parametrize(
    ("libc", "reason"),
    [
        (Libc("musl"), "the image uses musl, and the FIPS provider needs the GNU C library 2.34"),
        (Libc("glibc", (2, 31)), "the image has the GNU C library 2.31, and the FIPS provider"),
        (Libc("glibc", (2, 34)), ""),
        (Libc("glibc"), ""),
        (UNKNOWN_LIBC, ""),
    ],
)
def test_why_a_provider_cannot_be_loaded(cache: Path, libc: Libc, reason: str) -> None:
    import_provider(shared_object())
    found = find_provider("amd64", libc=libc)
    assert found is not None
    assert found.refused_by(libc).startswith(reason)
    assert bool(found.refused_by(libc)) == bool(reason)


def test_a_provider_for_musl_is_refused_by_the_gnu_c_library() -> None:
    reason = read_provider(MUSL, "x").refused_by(Libc("glibc", (2, 41)))
    assert reason == "the image uses the GNU C library, and the FIPS provider needs musl"


def test_what_was_built_for_simulation_says_so() -> None:
    assert read_provider(OLD, "x").described == (
        "FIPS provider 3.5.7 built for simulation, not a validated module"
    )
    assert read_provider(shared_object(), "x").described == "FIPS provider 3.5.9"


@pytest.fixture(scope="module")
def certificates() -> tuple[Certificate, ...]:
    return tuple(RuleBook.load().certificates)


@pytest.mark.parametrize("os_id", ["", "debian", "chainguard", "rhel"])
@pytest.mark.parametrize("version", ["3.0.8", "3.0.9", "3.1.2", "3.5.4"])
def test_no_certificate_covers_what_was_built_for_simulation(
    version: str, os_id: str, certificates: tuple[Certificate, ...]
) -> None:
    day = date(2026, 3, 1)
    of_release = Module("openssl-fips-provider", "OpenSSL FIPS Provider", version)
    assert validate(of_release, os_id, "", certificates, day).status is not ValidationStatus.NONE
    built = replace(of_release, version=f"{version}{MARK}")
    assert validate(built, os_id, "", certificates, day).status is ValidationStatus.NONE

from __future__ import annotations

import io
import lzma
import struct
import tarfile
from pathlib import Path

import pytest

from scanner.errors import UsageError
from scanner.simulate.provider import (
    FipsProvider,
    cache_path,
    find_provider,
    import_provider,
    provider_section,
    read_provider,
)


def shared_object(machine: int = 62, version: bytes = b"3.5.9") -> bytes:
    """The parts of a `fips.so` that are read: its header and some of its texts."""
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, machine) + bytes(44)
    texts = [b"OSSL_provider_init", b"GLIBC_2.2.5", b"GLIBC_2.34", b"GLIBC_2.4", b"9.9.9"]
    named = [b"OpenSSL FIPS Provider", b"self test", version, b""]
    return header + b"\0".join([*texts, *named])


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


def test_imported_provider_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = import_provider(debian_package(shared_object(22)), "x.deb")
    assert path == cache_path("s390x")
    assert [each.name for each in path.parent.iterdir()] == ["fips.so"]
    found = find_provider("s390x")
    assert found is not None
    assert found.source == str(path)


def test_broken_file_in_the_cache_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache_path("s390x").parent.mkdir(parents=True)
    cache_path("s390x").write_bytes(b"half a file")
    assert find_provider("s390x") is None

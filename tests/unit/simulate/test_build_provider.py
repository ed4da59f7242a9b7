from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from scanner.errors import ScannerError, UsageError
from scanner.simulate.native import build_provider as module
from scanner.simulate.native.build_provider import TARGETS, build_provider

MUSL = TARGETS["amd64-musl"]
CONFIGURE = """#!/bin/sh
# Does what OpenSSL's does as far as files go: makes a Makefile and a header.
set -e
mkdir -p include/openssl providers
printf '%s\\n' '# define OPENSSL_VERSION_STR "3.9.1"' > include/openssl/opensslv.h
printf '%s\\n' '# define OPENSSL_FULL_VERSION_STR "3.9.1-dev"' >> include/openssl/opensslv.h
printf 'build_generated:\\n\\t{generated}\\nproviders/fips.so:\\n\\t{built}\\n' > Makefile
"""


@pytest.fixture(autouse=True)
def _compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "_compiler", lambda: tmp_path / "zig")


def archive(path: Path, files: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(text), 0o755
            tar.addfile(info, io.BytesIO(text.encode()))
    return path


def release(path: Path, generated: str = "true", built: str = "true") -> Path:
    configure = CONFIGURE.replace("{generated}", generated).replace("{built}", built)
    return archive(
        path, {"openssl/Configure": configure, "openssl/providers/fips/fipsprov.c": "int x;"}
    )


def test_targets_are_what_images_call_them() -> None:
    assert set(TARGETS) == {"amd64-glibc", "amd64-musl", "arm64-glibc", "arm64-musl"}
    assert {target.triple for target in TARGETS.values() if target.libc == "glibc"} == {
        "x86_64-linux-gnu.2.17",
        "aarch64-linux-gnu.2.17",
    }


@pytest.mark.parametrize(
    "files",
    [{}, {"a/b": "c"}, {"openssl/providers/fips/fipsprov.c": ""}, {"../Configure": "outside"}],
)
def test_what_is_no_release_of_openssl_is_refused(tmp_path: Path, files: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="is not a release archive of OpenSSL 3"):
        build_provider(archive(tmp_path / "x.tar.gz", files), MUSL)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"no archive")
    with pytest.raises(UsageError, match="is not a release archive"):
        build_provider(tmp_path / "x", MUSL)
    with pytest.raises(UsageError, match=r"cannot read .*none: No such file"):
        build_provider(tmp_path / "none", MUSL)


def test_an_archive_that_is_too_large_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_SOURCE", 10)
    with pytest.raises(UsageError, match="is not a release archive"):
        build_provider(release(tmp_path / "x.tar.gz"), MUSL)


def test_a_build_that_fails_ends_with_its_own_last_words(tmp_path: Path) -> None:
    source = release(tmp_path / "x.tar.gz", built="echo fips.c: error: no luck; exit 1")
    with pytest.raises(ScannerError, match=r"cannot build x.tar.gz for amd64-musl: .*no luck"):
        build_provider(source, MUSL)


def test_the_version_says_what_the_provider_is_for(tmp_path: Path) -> None:
    shown = "@sed s/^/error:/ include/openssl/opensslv.h; exit 1"
    with pytest.raises(ScannerError, match=r'VERSION_STR "3\.9\.1-simulation"$'):
        build_provider(release(tmp_path / "x.tar.gz", built=shown), MUSL)


def test_a_source_that_states_its_version_otherwise_is_refused(tmp_path: Path) -> None:
    source = release(tmp_path / "x.tar.gz", generated="echo > include/openssl/opensslv.h")
    with pytest.raises(UsageError, match="states no version"):
        build_provider(source, MUSL)


def test_missing_tools_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None if name == "perl" else name)
    with pytest.raises(UsageError, match="needs perl: apt-get install"):
        build_provider(release(tmp_path / "x.tar.gz"), MUSL)

"""Builds FIPS providers for simulated runs from the source of Debian's OpenSSL, once for all tests.

Sources and packages come through apt, which verifies them, with lists of its own: the machine's
are not touched.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from scanner.errors import ScannerError
from scanner.simulate.native import build_provider
from scanner.simulate.native.build_provider import TARGETS, Target
from scripts.base_images import debian_mirror
from scripts.building import CACHE, fail, fetch_package, one_at_a_time, run, say

ZIG = "ziglang==0.17.1"
SUITE = "trixie"
"""Has OpenSSL 3.5, the series that is in process for FIPS 140-3. Its provider loads in libcrypto
3.0 too, and unlike that of 3.0.20 it does not take X25519 and X448 for approved."""
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
FOLDER = CACHE / "providers"


def provider(target: Target) -> Path:
    """The `fips.so` for `target`; built when it is missing or any of its inputs changed."""
    with one_at_a_time("providers"):
        package = fetch_package(ZIG)
        source = openssl_source()
        digest = hashlib.sha256("\n".join([ZIG, target.name]).encode())
        for path in (source, Path(build_provider.__file__)):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        built = FOLDER / f"{target.name}-{digest.hexdigest()[:16]}" / "fips.so"
        if not built.exists():
            say(f"building the FIPS provider for {target.name} from {source.name}")
            sys.path.append(str(package))
            try:
                made = build_provider.build_provider(source, target)
            except ScannerError as error:
                fail(str(error))
            finally:
                sys.path.remove(str(package))
            built.parent.mkdir(parents=True, exist_ok=True)
            partial = built.with_name("part")
            partial.write_bytes(made.content)
            partial.rename(built)
    return built


def openssl_source() -> Path:
    """OpenSSL's release archive as Debian keeps it, unchanged."""
    kept = sorted(FOLDER.glob("openssl_*.orig.tar.gz"))
    if kept:
        return kept[-1]
    apt = _apt(SUITE, "deb-src")
    shown = _output(["apt-cache", "showsrc", "--only-source", "openssl"], apt)
    versions = set(re.findall(r"^Version: (\S+)$", shown, re.MULTILINE))
    # The archive may list a version before all of its mirrors have it.
    command = ["apt-get", "source", "-qq", "--download-only", "--tar-only"]
    for version in sorted(versions, key=_numbers, reverse=True):
        if _succeeds([*command, f"openssl={version}"], apt):
            break
    else:
        listed = ", ".join(sorted(versions)) or "none is listed"
        fail(f"apt can fetch no source of OpenSSL in {SUITE}: {listed}")
    return max(FOLDER.glob("openssl_*.orig.tar.gz"))


def fetch_packages(suite: str, *names: str) -> list[Path] | None:
    """Packages of a Debian suite, unpacked nowhere; None when the archive no longer has it."""
    folder = FOLDER / "packages" / suite
    kept = [next(iter(folder.glob(f"{name}_*.deb")), None) for name in names]
    if None in kept:
        folder.mkdir(parents=True, exist_ok=True)
        apt = _apt(suite, "deb")
        # Named with their suite, since a newer one that is installed here is the first choice.
        wanted = [f"{name}/{suite}" for name in names]
        if not _succeeds(["apt-get", "download", "-qq", *wanted], apt, folder):
            return None
        kept = [next(iter(folder.glob(f"{name}_*.deb")), None) for name in names]
    return [path for path in kept if path is not None]


def _apt(suite: str, kind: str) -> dict[str, str]:
    """The environment in which apt knows one suite of Debian, of this machine's own archive."""
    mirror = debian_mirror()
    if mirror is None:
        fail("this machine's apt knows no Debian archive to take OpenSSL's source from")
    folder = CACHE / "apt" / f"{suite}-{kind}"
    for name in ("lists/partial", "archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    (folder / "sources.list").write_text(f"{kind} {signed}{mirror} {suite} main\n")
    (folder / "apt.conf").write_text(
        f'Dir::State "{folder}";\n'
        f'Dir::Cache "{folder}";\n'
        f'Dir::Etc::sourcelist "{folder}/sources.list";\n'
        'Dir::Etc::sourceparts "-";\n'
        'APT::Sandbox::User "root";\n'
    )
    FOLDER.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "APT_CONFIG": str(folder / "apt.conf")}
    _succeeds(["apt-get", "update", "-qq"], environment)
    return environment


def _output(command: Sequence[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.stdout


def _succeeds(command: Sequence[str], environment: dict[str, str], folder: Path = FOLDER) -> bool:
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, check=False)
    return done.returncode == 0


def _numbers(version: str) -> list[int]:
    return [int(each) for each in re.findall(r"\d+", version)]


def unpacked(package: Path) -> Path:
    """A folder with the files of a Debian package."""
    folder = package.with_suffix("")
    if not folder.exists():
        part = folder.with_name(f"{folder.name}.part")
        run(["dpkg-deb", "-x", str(package), str(part)])
        part.rename(folder)
    return folder


def main(names: Sequence[str]) -> int:
    """Build the providers named, or all; returns the exit code."""
    if unknown := set(names) - set(TARGETS):
        say(f"no such target: {', '.join(sorted(unknown))}; there are: {', '.join(TARGETS)}")
        return 2
    for name in names or TARGETS:
        started = time.monotonic()
        built = provider(TARGETS[name])
        digest = hashlib.sha256(built.read_bytes()).hexdigest()
        print(f"{name:12} {digest} {time.monotonic() - started:4.0f} s  {built.relative_to(CACHE)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

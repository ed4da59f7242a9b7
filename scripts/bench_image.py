"""Makes the archive that `bench.py` scans: a Debian image of 2.2 GB with 49,000 files.

Packages are downloaded with apt and passed from the package into the archive: nothing is
installed, nothing is executed, and nothing is written outside the cache directory.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

SIZE = 2_200_000_000
FILES = 49_000

BASE = """
    base-files bash coreutils dash debianutils dpkg apt libc6 libc-bin libssl3 libssl3t64 openssl
    libgcrypt20 libgnutls30 libgnutls30t64 libnettle8 libnettle8t64 libsodium23 libnss3 zlib1g
    perl-base sed grep tar gzip util-linux login passwd libcurl4 libcurl4t64 curl openssh-client
    python3-minimal libpython3-stdlib ca-certificates git nginx libmbedcrypto7 libmbedcrypto16
    python3\\.\\d+-minimal libpython3\\.\\d+-minimal libpython3\\.\\d+-stdlib python3-cryptography
"""
"""What any such image has, crypto libraries and their users first."""

LARGE = """
    openjdk-\\d+-jre-headless nodejs libnode\\d+ golang-\\d\\.\\d+-go libllvm\\d+ postgresql-\\d+
    mariadb-server-core docker\\.io containerd podman chromium libreoffice-core firefox-esr
    libwebkit2gtk-4\\.1-0 qemu-system-x86 libclang-cpp\\d+ rustc gcc-\\d+ g\\+\\+-\\d+ cpp-\\d+
    thunderbird kubernetes-client clang-\\d+ gdb cmake erlang-base ghc libqt5webengine5 gitaly
    libqt6webenginecore6 blender-data inkscape gimp rclone restic caddy prometheus hugo consul
    linux-image-\\d.*-amd64 linux-image-\\d.*-arm64 texlive-binaries wireshark-common mono-devel
"""
"""Few files, many bytes."""

MANY = """
    golang-\\d\\.\\d+-src libboost\\d\\.\\d+-dev linux-headers-\\d.*-common python3-numpy
    python3-django python3-pandas python3-sympy perl-modules-\\d\\.\\d+ ruby\\d\\.\\d+
    libruby\\d\\.\\d+ python3-scipy
    python3-pip python3-matplotlib manpages-dev vim-runtime libpython3\\.\\d+-testsuite erlang-src
    linux-headers-\\d.*-common-rt python3-botocore python3-azure ansible-core ansible tzdata npm
    adwaita-icon-theme oxygen-icon-theme libreoffice-help-en-us
"""
"""Many files, few bytes."""


def main() -> None:
    """Make the archive, unless it is there. Prints its path."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=SIZE, help="bytes of content")
    parser.add_argument("--files", type=int, default=FILES, help="regular files")
    arguments = parser.parse_args()
    archive = archive_path(arguments.size, arguments.files)
    if not archive.exists():
        make(archive, arguments.size, arguments.files)
    print(archive)


def archive_path(size: int = SIZE, files: int = FILES) -> Path:
    """Where the archive lies, or will lie."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "fips-scanner-bench" / f"debian-{size}-{files}.tar"


def make(archive: Path, size: int, files: int) -> None:
    """Write the archive."""
    downloads = archive.parent / "packages"
    downloads.mkdir(parents=True, exist_ok=True)
    layer = archive.with_suffix(".layer")
    builder = LayerWriter(layer, size, files)
    names = known_packages()
    queues = {group: iter(expand(text, names)) for group, text in GROUPS.items()}
    done: set[str] = set()
    while not builder.full:
        name = next_package(queues, builder)
        if name is None:
            print("no packages are left; the archive stays smaller", file=sys.stderr)
            break
        if name in done:
            continue
        done.add(name)
        package = download(name, downloads)
        if package is not None:
            print(f"{builder.bytes >> 20:5} MiB {builder.files:6} files  {name}", file=sys.stderr)
            builder.add(name, package)
            package.unlink()
    digest = builder.finish()
    partial = archive.with_suffix(".partial")
    pack(partial, layer, digest)
    layer.unlink()
    partial.rename(archive)


GROUPS = {"base": BASE, "large": LARGE, "many": MANY}


def next_package(queues: dict[str, Iterator[str]], builder: LayerWriter) -> str | None:
    """The base first; then whatever brings the archive nearer to what it lacks more."""
    lacks_files = builder.files / builder.max_files < builder.bytes / builder.max_bytes
    for group in ("base", "many" if lacks_files else "large", "many", "large"):
        name = next(queues[group], None)
        if name is not None:
            return name
    return None


def known_packages() -> list[str]:
    """The names of all packages that apt knows."""
    output = subprocess.run(["apt-cache", "pkgnames"], check=True, capture_output=True, text=True)
    return output.stdout.split()


def expand(patterns: str, names: list[str]) -> Iterator[str]:
    """The packages that patterns stand for: of several, the one with the highest numbers."""
    for pattern in patterns.split():
        found = [name for name in names if re.fullmatch(pattern, name)]
        if found:
            yield max(found, key=lambda name: [int(part) for part in re.findall(r"\d+", name)])


def download(name: str, folder: Path) -> Path | None:
    """The package's file, or None when it cannot be had."""
    result = subprocess.run(
        ["apt-get", "-qq", "download", name],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    found = sorted(folder.glob(f"{name}_*.deb"))
    if result.returncode or not found:
        print(f"skipped {name}: {result.stderr.strip()[:200]}", file=sys.stderr)
        return None
    return found[-1]


class LayerWriter:
    """Writes the image's only layer."""

    def __init__(self, path: Path, max_bytes: int, max_files: int) -> None:
        self.max_bytes = max_bytes
        self.max_files = max_files
        self.bytes = 0
        self.files = 0
        self._path = path
        self._seen: set[str] = set()
        self._status: list[str] = []
        self._tar = tarfile.open(path, "w", format=tarfile.GNU_FORMAT)  # noqa: SIM115
        for name in ("bin", "sbin", "lib", "lib64"):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, f"usr/{name}"
            self._tar.addfile(link)
            self._seen.add(name)

    @property
    def full(self) -> bool:
        """Whether both targets are met, or one is and no more of the other is to be had."""
        return self.bytes >= self.max_bytes or self.files >= self.max_files

    def add(self, name: str, package: Path) -> None:
        """Pass the package's files into the layer until it is full."""
        control = subprocess.run(
            ["dpkg-deb", "--field", str(package)], check=True, capture_output=True, text=True
        ).stdout
        self._status.append(control.replace("\n", "\nStatus: install ok installed\n", 1))
        listed: list[str] = []
        with (
            subprocess.Popen(
                ["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE
            ) as unpacking,
            tarfile.open(fileobj=unpacking.stdout, mode="r|") as files,
        ):
            for member in files:
                self._add_member(files, member)
                listed.append("/" + member.name.removeprefix("./"))
                files.members.clear()  # type: ignore[attr-defined]
        self._add_text(f"var/lib/dpkg/info/{name}.list", "\n".join(listed) + "\n")

    def _add_member(self, files: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        path = re.sub(r"^(bin|sbin|lib|lib64)(?=/|$)", r"usr/\1", member.name.removeprefix("./"))
        if path in self._seen or not path.strip("./") or (self.full and member.isreg()):
            return
        self._seen.add(path)
        member.name = path
        if member.islnk():
            member.linkname = re.sub(
                r"^(bin|sbin|lib|lib64)/", r"usr/\1/", member.linkname.removeprefix("./")
            )
            if member.linkname not in self._seen:
                return
        if member.isreg():
            self.files += 1
            self.bytes += member.size
        self._tar.addfile(member, files.extractfile(member) if member.isreg() else None)

    def _add_text(self, path: str, text: str) -> None:
        info = tarfile.TarInfo(path)
        data = text.encode()
        info.size = len(data)
        self._tar.addfile(info, io.BytesIO(data))
        self.files += 1

    def finish(self) -> str:
        """Write the package database and the end. Returns the layer's SHA-256."""
        self._add_text("var/lib/dpkg/status", "\n".join(self._status))
        self._tar.close()
        with self._path.open("rb") as layer:
            return hashlib.file_digest(layer, "sha256").hexdigest()


def pack(path: Path, layer: Path, digest: str) -> None:
    """Write the docker archive around the layer."""
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Env": ["PATH=/usr/sbin:/usr/bin"], "Cmd": ["nginx"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
    ).encode()
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": ["bench:latest"], "Layers": [f"{digest}/layer.tar"]}]
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        archive.add(layer, f"{digest}/layer.tar")
        for file_name, data in ((name, config), ("manifest.json", json.dumps(manifest).encode())):
            info = tarfile.TarInfo(file_name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


if __name__ == "__main__":
    main()

"""Brings the packages of the corpus here, with the package managers' own clients.

Unpacks them below `.cache/corpus`, which is no part of the repository; runs nothing of them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import docker

from scripts.building import CACHE, build, build_context
from scripts.corpus.entries import Entry

ROOM = CACHE / "corpus"
TAGS = ("manylinux_2_34", "manylinux_2_31", "manylinux_2_28", "manylinux_2_27", "manylinux_2_26",
        "manylinux_2_24", "manylinux_2_17", "manylinux2014", "manylinux_2_12", "manylinux2010",
        "manylinux_2_5", "manylinux1")  # fmt: skip


class CannotFetchError(Exception):
    """A package is not to be had; says why in a line."""


def fetch(client: docker.DockerClient, entry: Entry) -> Path:
    """The folder of an entry's files, downloaded unless it is here already."""
    folder = ROOM / "files" / entry.id
    if not folder.exists():
        part = ROOM / "part" / entry.id
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        if entry.pip:
            _wheel(entry.pip, entry.python, part)
        elif entry.deb:
            _deb(client, entry.deb, part)
        else:
            _npm(entry.npm, part)
        folder.parent.mkdir(parents=True, exist_ok=True)
        part.rename(folder)
    return folder


def helpers(entry: Entry) -> Path:
    """A folder with the wheels that an entry needs to be asked."""
    folder = ROOM / "helpers" / f"{'-'.join(entry.with_) or 'none'}-{entry.python}"
    if not folder.exists():
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for package in entry.with_:
            _wheel(package, entry.python, part)
        part.rename(folder)
    return folder


def wheel_file(package: str, python: str = "3.11") -> Path:
    """A downloaded wheel, kept as it is."""
    folder = ROOM / "wheels" / f"{package}-{python}"
    if not folder.exists():
        part = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        abi = f"cp{python.replace('.', '')}"
        _run(
            sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check",
            "--no-deps", "--only-binary=:all:", "--implementation", "cp",
            "--python-version", python, "--abi", abi, "--abi", f"{abi}m",
            "--abi", "abi3", "--abi", "none",
            *(f"--platform={tag}_x86_64" for tag in TAGS), "-d", str(part), package,
        )  # fmt: skip
        part.rename(folder)
    return next(folder.glob("*.whl"))


def _wheel(package: str, python: str, into: Path) -> None:
    wheel = wheel_file(package, python)
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            path = Path(archive.extract(member, into))
            if path.is_file() and (mode := member.external_attr >> 16 & 0o777):
                path.chmod(mode)
    # The unpacked files are enough.
    shutil.rmtree(wheel.parent)


def _npm(package: str, into: Path) -> None:
    _run("npm", "pack", "--silent", f"--pack-destination={into}", package)
    archive = next(into.glob("*.tgz"))
    with tarfile.open(archive) as tar:
        tar.extractall(into, filter="data")
    archive.unlink()


def _deb(client: docker.DockerClient, package: str, into: Path) -> None:
    suite, _, name = package.partition("/")
    text = (
        f"FROM fips-scanner/base:{suite}\nRUN apt-get update\nWORKDIR /deb\n"
        f"RUN apt-get download {name} && mkdir /out && dpkg-deb -x *.deb /out\n"
    )
    tag = f"fips-corpus/deb:{suite}-{name.replace('+', 'p')}"
    build(client, tag, build_context({}, {"Dockerfile": text.encode()}))
    container = client.containers.create(tag, ["true"])
    try:
        with tempfile.TemporaryFile() as spool:
            for chunk in container.get_archive("/out")[0]:
                spool.write(chunk)
            spool.seek(0)
            with tarfile.open(fileobj=spool) as tar:
                tar.extractall(into / "part", filter=_inside)  # noqa: S202 - stricter than "data"
    finally:
        container.remove(force=True)
    for each in (into / "part" / "out").iterdir():
        each.rename(into / each.name)
    shutil.rmtree(into / "part")


def _inside(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
    """Leave out links that lead out of the package."""
    try:
        return tarfile.data_filter(member, path)
    except tarfile.FilterError:
        return None


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise CannotFetchError(f"{command[-1]}: {lines[-1][:200]}")

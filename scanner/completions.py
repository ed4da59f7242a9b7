"""What a shell may complete a word to: images of the engine, rules, targets.

Answers within a second and never complains: where nothing can be known, there is nothing to offer.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import re
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SECONDS = 0.7
"""How long the engine is waited for."""
PREFIX = "docker:"
"""Says that an image is the engine's."""
_DEFAULT = "unix:///var/run/docker.sock"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*")
"""Some shells evaluate what they are offered: nothing else is passed on."""
_MOST = 4 * 2**20
_TITLE = re.compile(rb"^(?:name|title|module): *['\"]?([^'\"|>\s][^\n]*)$", re.MULTILINE)
_SCHEMES = ("docker:", "registry:", "oci:", "docker-archive:", "dir:", "compose:", "dockerfile:")


def images(incomplete: str) -> Iterator[str]:
    """Names of images in the engine, with `docker:` before them where that was begun."""
    prefix = PREFIX if incomplete.startswith(PREFIX) else ""
    if not prefix and incomplete.startswith(_SCHEMES):
        return
    wanted = incomplete.removeprefix(prefix)
    for name in sorted(set(_local_images())):
        if name.startswith(wanted) and _NAME.fullmatch(name):
            yield f"{prefix}{name}"


def rules(
    incomplete: str, folders: Iterable[Path], kinds: Sequence[str] = ()
) -> Iterator[tuple[str, str]]:
    """Ids of rules of `kinds` (folders of rules; all if empty), each with what it is."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in folder.glob("*/*.yaml"):
            wanted = not kinds or path.parent.name in kinds
            if wanted and path.stem.startswith(incomplete) and _NAME.fullmatch(path.stem):
                found.setdefault(path.stem, _title(path))
    yield from sorted(found.items())


def _title(path: Path) -> str:
    with contextlib.suppress(OSError), path.open("rb") as file:
        said = _TITLE.search(file.read(4096))
        if said:
            # Only what no shell takes for more than a text.
            return re.sub(r"[^\w .,/()#+-]", "", said[1].decode(errors="replace"))[:80]
    return ""


def _local_images() -> list[str]:
    with contextlib.suppress(OSError, ValueError, http.client.HTTPException, AttributeError):
        listed = _get("/images/json")
        return [str(name) for each in listed for name in each.get("RepoTags") or ()]
    return []


def _get(path: str) -> Any:  # noqa: ANN401 - whatever the engine answers
    address = urlsplit(_address())
    connection = http.client.HTTPConnection(
        address.hostname or "engine", address.port, timeout=SECONDS
    )
    if address.scheme == "unix":
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(SECONDS)
        connection.sock.connect(address.path)
    elif address.scheme not in ("tcp", "http"):
        raise ValueError(f"{address.scheme} is not asked while somebody waits")
    with contextlib.closing(connection):
        connection.request("GET", path)
        return json.loads(connection.getresponse().read(_MOST))


def _address(environment: Mapping[str, str] = os.environ) -> str:
    """Of the engine that scans use, as far as that is told without asking."""
    if environment.get("DOCKER_HOST"):
        return environment["DOCKER_HOST"]
    folder = Path(environment.get("DOCKER_CONFIG") or Path.home() / ".docker")
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        settings = json.loads((folder / "config.json").read_text())
        name = environment.get("DOCKER_CONTEXT") or settings["currentContext"]
        if name != "default":
            key = hashlib.sha256(name.encode()).hexdigest()
            meta = json.loads((folder / "contexts/meta" / key / "meta.json").read_text())
            return str(meta["Endpoints"]["docker"]["Host"])
    return _DEFAULT

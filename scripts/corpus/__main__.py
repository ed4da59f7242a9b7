"""`python -m scripts.corpus [ENTRY…]`: fetches, asks, looks, compares, writes docs/precision.md.

Needs a container engine and the package archives; the parts below do the work.
"""

from __future__ import annotations

import sys

import docker

from scanner.rulebook import RuleBook
from scripts.building import ROOT, connect, say
from scripts.corpus import gobuild
from scripts.corpus.ask import IMAGES, ask, debian_image
from scripts.corpus.compare import Outcome, Result, compare
from scripts.corpus.detect import detect
from scripts.corpus.entries import FOLDER, Entry, read
from scripts.corpus.fetch import CannotFetchError, fetch
from scripts.corpus.table import page

TARGET = ROOT / "docs" / "precision.md"
FIRST_SCAN = FOLDER / "held-out.md"


def main(names: list[str]) -> int:
    """Measure the entries called so, or all; only of all is the page written."""
    entries = [each for each in read() if not names or each.id in names]
    client = connect()
    rules = RuleBook.load()
    results: list[Result] = []
    files: dict[str, int] = {}
    absent: dict[str, str] = {}
    for entry in entries:
        if entry.debian:
            debian_image(client, entry)
    for entry in entries:
        say(entry.id)
        try:
            found, count = _measure(client, entry, rules)
        except (CannotFetchError, RuntimeError) as error:
            say(f"{entry.id}: {error}")
            absent[entry.id] = str(error)
            continue
        results += found
        files[entry.id] = count
        for each in found:
            if each.outcome is not Outcome.RIGHT:
                say(f"  {each.outcome}: {each.module} in {each.path} ({each.seen} / {each.told})")
    if not names:
        first_scan = FIRST_SCAN.read_text() if FIRST_SCAN.exists() else ""
        TARGET.write_text(page(entries, results, files, absent, first_scan))
        say(f"wrote {TARGET.relative_to(ROOT)}")
    return 0


def _measure(
    client: docker.DockerClient, entry: Entry, rules: RuleBook
) -> tuple[tuple[Result, ...], int]:
    if entry.debian:
        told = ask(client, entry, None)
        seen, count = detect(f"docker:{IMAGES[entry.debian]}", rules)
        return compare(entry.id, told, seen), count
    folder = gobuild.build(client, entry) if entry.go else fetch(client, entry)
    told = ask(client, entry, folder)
    seen, count = detect(f"dir:{folder}", rules)
    return compare(entry.id, told, seen), count


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

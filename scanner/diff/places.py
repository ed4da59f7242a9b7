"""Tells which places of two images are the same, though versions in their paths differ.

Compares texts; looks into no image.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scanner.model.image import split_source

# A checksum in a file's name, as wheels and bundlers put there; of a store path, its hash.
_HASH = re.compile(r"(?<![A-Za-z0-9])(?=[0-9a-f]*[0-9])[0-9a-f]{8,64}(?![A-Za-z0-9])")
_STORE = re.compile(r"(?<=/store/)[0-9a-z]{32}(?=-)")
# With dots it is a version wherever it stands (`python3.11`); without, only where it stands by
# itself (`.so.3`, `java-17-openjdk`): `md5`, `aes256` and `lib64` are names.
_VERSION = re.compile(r"\d+(?:\.\d+)+[A-Za-z0-9+~]*|(?<![A-Za-z0-9])\d+(?![A-Za-z0-9])")

_LONGEST = 4096
"""Characters of a path. A report that holds longer ones was not made by a scan."""


def without_versions(place: str) -> str:
    """`place` with `#` for each version and checksum in it."""
    if len(place) > _LONGEST:
        return place
    return _VERSION.sub("#", _HASH.sub("#", _STORE.sub("#", place)))


@dataclass(frozen=True, slots=True)
class Pairing:
    """Places of an old and of a new image."""

    pairs: tuple[tuple[str, str], ...]
    removed: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def moved(self) -> tuple[tuple[str, str], ...]:
        """Pairs that are not called the same."""
        return tuple(each for each in self.pairs if each[0] != each[1])


def paired(old: Iterable[str], new: Iterable[str]) -> Pairing:
    """Each place of `new` with the one of `old` that it was.

    Equal places first, and of the others those that are equal but for versions. Where there are
    more of these than there were, none is paired: which one came new cannot be told.
    """
    before, after = dict.fromkeys(old), dict.fromkeys(new)
    pairs = [(each, each) for each in after if each in before]
    left = _grouped(each for each in before if each not in after)
    for key, places in _grouped(each for each in after if each not in before).items():
        if len(places) <= len(left.get(key, ())):
            pairs += zip(left[key], places, strict=False)
    old_taken, new_taken = ({each[side] for each in pairs} for side in (0, 1))
    return Pairing(
        tuple(sorted(pairs, key=lambda each: each[1])),
        tuple(sorted(each for each in before if each not in old_taken)),
        tuple(sorted(each for each in after if each not in new_taken)),
    )


def _grouped(places: Iterable[str]) -> dict[str, Sequence[str]]:
    groups: dict[str, list[str]] = {}
    for each in places:
        groups.setdefault(without_versions(each), []).append(each)
    return {key: sorted(group) for key, group in groups.items()}


_HUB = ("docker.io/", "index.docker.io/")


def repository_of(reference: str) -> str:
    """The name of an image without source, tag and digest: what stays when it is updated."""
    source, name = split_source(reference)
    if source in ("docker-archive", "dir"):
        return without_versions(name)
    name = name.partition("@")[0]
    head, slash, last = name.rpartition("/")
    name = f"{head}{slash}{last.partition(':')[0]}"
    for hub in _HUB:
        name = name.removeprefix(hub)
    return name.removeprefix("library/") or reference

"""Tells whose configuration a path may be: every file of an image is held against all servers.

Looks at names alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from itertools import product

from scanner.rules_servers import ServerRule, any_of

_ENDING = re.compile(r"\\\.(\w+\??\w*|\((?:\w+\??\w*\|?)+\))$")
r"""How most patterns end: `\.conf`, `\.ya?ml`, `\.(yml|toml)`."""


class ConfigPaths:
    """The paths of all servers, sorted by the extension that they demand."""

    def __init__(self, servers: Mapping[str, ServerRule]) -> None:
        self._by_ending: dict[str, list[tuple[str, str]]] = {}
        for each in servers.values():
            for pattern in (*each.files, *each.also):
                for ending in _endings(pattern):
                    self._by_ending.setdefault(ending, []).append((pattern, each.id))

    def owners(self, path: str) -> set[str]:
        """The servers whose configuration `path` may be."""
        name = path.rfind("/") + 1
        dot = path.rfind(".", name)
        found: set[str] = set()
        for ending in ("", path[dot + 1 :]) if dot >= 0 else ("",):
            group = self._groups.get(ending)
            if group is not None:
                found.update(group.owners(path, name))
        return found

    @cached_property
    def _groups(self) -> dict[str, _Group]:
        return {ending: _Group(patterns) for ending, patterns in self._by_ending.items()}


class _Group:
    """Patterns that demand the same extension, or none."""

    def __init__(self, patterns: list[tuple[str, str]]) -> None:
        self._patterns = patterns

    def owners(self, path: str, name: int) -> list[str]:
        if self._names.fullmatch(path, name) is None and self._paths.fullmatch(path) is None:
            return []
        return [owner for pattern, owner in self._compiled if pattern.fullmatch(path)]

    @cached_property
    def _compiled(self) -> list[tuple[re.Pattern[str], str]]:
        return [(re.compile(pattern), owner) for pattern, owner in self._patterns]

    @cached_property
    def _names(self) -> re.Pattern[str]:
        return any_of(each[3:] for each, _ in self._patterns if _is_name(each))

    @cached_property
    def _paths(self) -> re.Pattern[str]:
        return any_of(each for each, _ in self._patterns if not _is_name(each))


def _is_name(pattern: str) -> bool:
    """Whether a pattern is about the file's name, in whatever folder."""
    return pattern.startswith(".*/") and "/" not in pattern[3:].replace("[^/]", "")


def _endings(pattern: str) -> tuple[str, ...]:
    """The extensions of the paths that `pattern` matches; `""` where they may have any."""
    found = _ENDING.search(pattern)
    if found is None:
        return ("",)
    words = found[1].strip("()").split("|")
    return tuple(one for word in words for one in _optional(word))


def _optional(word: str) -> tuple[str, ...]:
    """`ya?ml` is `yaml` and `yml`."""
    parts = re.findall(r"(\w)(\??)", word)
    return tuple("".join(chosen) for chosen in product(*((c, "") if o else (c,) for c, o in parts)))

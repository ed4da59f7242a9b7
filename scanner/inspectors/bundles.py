"""States which packages with cryptography a bundler put into one file of JavaScript.

esbuild and webpack name the files that a bundle was made of, unless it was made small; of those
that name nothing, nothing is told here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.image import ImageFile
from scanner.inspectors.package_facts import package_fact
from scanner.model import Fact, FileEntry
from scanner.rulebook import RuleBook

MAX_BUNDLE = 16 << 20
MIN_BUNDLE = 1 << 10

_SUFFIXES = (".js", ".mjs", ".cjs")
_NAME = rb"node_modules/((?:@[\w.-]{1,60}/)?[\w.-]{1,60})/[\w./@-]{1,200}"
_MADE_OF = re.compile(
    # esbuild: a comment above each file, and a name for each module of the older kind
    rb"^// (?:\.\./){0,10}" + _NAME + rb'$|^ {2}"(?:\.\./){0,10}' + _NAME + rb'"\('
    # webpack, above each module
    rb'|^/\*\*\*/ "\./' + _NAME + rb'"(?::|$)',
    re.MULTILINE,
)


class BundleInspector:
    """LANGUAGE_PACKAGE facts of bundles."""

    name = "bundles"

    def __init__(self, rules: RuleBook) -> None:
        self._packages = rules.packages

    def wants(self, entry: FileEntry, head: bytes) -> bool:  # noqa: ARG002
        path = entry.path
        return (
            path.endswith(_SUFFIXES)
            and MIN_BUNDLE <= entry.size <= MAX_BUNDLE
            and "/node_modules/" not in path
        )

    def inspect(self, file: ImageFile) -> Iterator[Fact]:
        content = file.read(MAX_BUNDLE)
        if b"node_modules/" not in content:
            return
        found = {next(filter(None, each.groups())) for each in _MADE_OF.finditer(content)}
        for name in sorted(each.decode("ascii", "replace") for each in found):
            if (rule := self._packages.find("npm", name)) is not None:
                yield package_fact(file.entry.path, "npm", rule, "", shown_by="code")


def make(rules: RuleBook) -> BundleInspector:
    """The inspector with the packages that `rules` lists."""
    return BundleInspector(rules)

"""States which Erlang applications with cryptography are there, and if FIPS mode is asked for.

Goes by the resource files that every build leaves; native code in them is found as files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from scanner.facts import fact
from scanner.image import ImageFile
from scanner.inspectors.package_facts import package_fact
from scanner.model import Fact, FactKind, FileEntry, Gap
from scanner.rulebook import RuleBook
from scanner.rules_packages import PackageTable

MAX_RESOURCE = 1 << 20

_RESOURCE = re.compile(r".*/ebin/(?P<name>[a-z][A-Za-z0-9_]{0,80})\.app")
_VERSION = re.compile(rb"\{\s{0,20}vsn\s{0,20},\s{0,20}\"([^\"]{1,60})\"")
_COMMENT = re.compile(rb"^[ \t]{0,200}[%#].*", re.MULTILINE)
# `{crypto, [{fips_mode, true}]}` in a sys.config, `-crypto fips_mode true` in a vm.args.
_IN_TERM = re.compile(
    rb"\{\s{0,40}crypto\s{0,40},\s{0,40}\[[^\[\]]{0,500}\{\s{0,40}fips_mode\s{0,40},\s{0,40}"
    rb"(true|false)\s{0,40}\}"
)
_IN_ARGUMENTS = re.compile(
    rb"^\s{0,40}-crypto\s{1,40}fips_mode\s{1,40}(true|false)\b", re.MULTILINE
)


class ErlangInspector:
    """LANGUAGE_PACKAGE facts of applications, and SYSTEM_POLICY facts of their FIPS mode."""

    name = "erlang"

    def __init__(self, packages: PackageTable) -> None:
        self._packages = packages

    def wants(self, entry: FileEntry, head: bytes) -> bool:  # noqa: ARG002
        path = entry.path
        if path.endswith(".app"):
            found = _RESOURCE.fullmatch(path)
            return found is not None and self._packages.find("hex", found["name"]) is not None
        return path.endswith(("/sys.config", "/vm.args", "/vm.args.src", "/sys.config.src"))

    def inspect(self, file: ImageFile) -> Iterable[Fact | Gap]:
        content = file.read(MAX_RESOURCE)
        if file.entry.path.endswith(".app"):
            return self._application(file.entry.path, content)
        return _policy(file.entry.path, content)

    def _application(self, path: str, content: bytes) -> Iterator[Fact]:
        found = _RESOURCE.fullmatch(path)
        rule = self._packages.find("hex", found["name"]) if found else None
        if found is None or rule is None:
            return
        version = _VERSION.search(content)
        told = version[1].decode("utf-8", "replace") if version else ""
        yield package_fact(path, "hex", rule, told)


def _policy(path: str, content: bytes) -> Iterator[Fact]:
    # Comments become empty, so that lines keep their numbers.
    text = _COMMENT.sub(b"", content)
    found = _IN_TERM.search(text) or _IN_ARGUMENTS.search(text)
    if found:
        value = found[1].decode()
        yield fact(
            FactKind.SYSTEM_POLICY,
            path,
            evidence=(found[0].decode("utf-8", "replace").strip()[:200],),
            component="erlang",
            name="fips_mode",
            value=value,
            line=text.count(b"\n", 0, found.end()) + 1,
            state="fips" if value == "true" else "off",
            unapproved=(),
            advice="",
        )


def make(rules: RuleBook) -> ErlangInspector:
    """The inspector, by the packages that `rules` know."""
    return ErlangInspector(rules.packages)

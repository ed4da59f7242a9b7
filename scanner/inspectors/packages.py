"""States which installed packages of interpreted languages bring or bind cryptography.

Goes by what package managers leave behind, and by the lists in `rules/packages`. Says nothing of
whether a package is used. Of packages that no list names it says at most which files are theirs.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from scanner.facts import fact
from scanner.image import ImageFile
from scanner.inspectors.package_facts import package_fact
from scanner.model import Fact, FactKind, FileEntry, Gap
from scanner.rulebook import RuleBook
from scanner.rules_packages import PackageRule

MAX_METADATA = 4 << 20
MAX_RECORD_CHUNKS = 4
"""Of 1 MiB, of the list of a package's files."""
MAX_LISTED = 20_000
"""Packages of one `installed.json`."""

_PYPI = re.compile(
    r".*/(?P<name>[^/]+?)(?:-(?P<version>\d[^/-]*))?(?:-[^/]*)?\.(?:dist|egg)-info"
    r"(?:/(?:METADATA|PKG-INFO))?"
)
_PYPI_ENDS = (".dist-info/METADATA", ".egg-info/PKG-INFO", ".egg-info")
_RECORD = re.compile(r"(?P<folder>.*)/(?P<name>[^/]+)-\d[^/-]*\.dist-info/RECORD")
_RECORDED_PROGRAM = re.compile(r"(?:\.\./){0,6}(?P<program>bin/[^/]+)")
_PYTHON_FOLDERS = ("/site-packages", "/dist-packages")
_NPM = re.compile(
    r".*/(?:node_modules|usr/share/nodejs|usr/lib/nodejs)/"
    r"(?P<name>@[^/@]+/[^/]+|[^/@]+)/package\.json"
)
_NPM_NAME = re.compile(rb'"name"\s{0,20}:\s{0,20}"([^"\\]{1,214})"')
_GEM = re.compile(r".*/specifications/(?:default/)?(?P<name>[^/]+?)-(?P<version>\d[^/-]*)[^/]*")
_CRAN = re.compile(r".*/(?:site-)?library/(?P<name>[A-Za-z][A-Za-z0-9.]*)/DESCRIPTION")
_CRAN_VERSION = re.compile(rb"^Version:\s{0,20}([\w.-]{1,100})", re.MULTILINE)
_DEBIAN_PHP = re.compile(r"/usr/share/php/(?P<name>[^/]+)/autoload\.php")
_PERL_VERSION = re.compile(rb"\bVERSION\s{0,20}=\s{0,20}['\"]?v?([\d._]{1,30})")
_PERL_FOLDERS = re.compile(
    r".*/(?:perl5?/5\.[\d.]+|share/perl5|perl5|site_perl|vendor_perl)(?:/[\w.-]+-linux[\w-]*)?/"
)
_PERL_CORE = re.compile(r"/usr/(?:share|lib(?:/[\w-]+)?)/perl(?:-base)?/|/usr/local/lib/perl5/5\.")
_TOOLS = re.compile(
    r".*/node_modules/(?:npm|corepack|yarn|pnpm)/"
    r"|/usr/share/nodejs/(?:npm|corepack|yarn)/"
    r"|.*/(?:site|dist)-packages/(?:pip|setuptools)/"
    r"|.*/specifications/default/"
)


class PackageInspector:
    """LANGUAGE_PACKAGE facts of six languages; LANGUAGE_FILES of Python."""

    name = "packages"

    def __init__(self, rules: RuleBook) -> None:
        self._table = rules.packages
        self._perl_files = {
            "/" + each.name.replace("::", "/") + ".pm": each for each in rules.packages.of("cpan")
        }
        self._php_names = {
            name: each for each in rules.packages.of("composer") for name in each.imports
        }
        self._sources = tuple({suffix for each in rules.sources for suffix in each.grammars})
        self._perl_ends = {path.rpartition("/")[2] for path in self._perl_files}

    def wants(self, entry: FileEntry, head: bytes) -> bool:
        path = entry.path
        if path.endswith("/package.json"):
            return self._npm(path, head) is not None
        if path.endswith(_PYPI_ENDS):
            found = _PYPI.fullmatch(path)
            return found is not None and self._table.find("pypi", found["name"]) is not None
        if path.endswith(".dist-info/RECORD"):
            return _RECORD.fullmatch(path) is not None
        if path.endswith(".gemspec"):
            found = _GEM.fullmatch(path)
            return found is not None and self._table.find("gem", found["name"]) is not None
        if path.endswith(".pm"):
            return path.rpartition("/")[2] in self._perl_ends and self._perl(path) is not None
        if path.endswith("/autoload.php"):
            return self._debian_php(path) is not None
        if path.endswith("/DESCRIPTION"):
            return self._cran(path) is not None
        return path.endswith("/composer/installed.json")

    def inspect(self, file: ImageFile) -> Iterable[Fact | Gap]:
        path = file.entry.path
        if path.endswith("/package.json"):
            return self._of_npm(file)
        if path.endswith("/composer/installed.json"):
            return self._of_composer(file)
        if path.endswith(".pm"):
            return self._of_perl(file)
        if path.endswith("/RECORD"):
            return self._of_record(file)
        if path.endswith(".gemspec"):
            return self._of_gem(path)
        if path.endswith("/DESCRIPTION"):
            return self._of_cran(file)
        if path.endswith("/autoload.php"):
            rule = self._debian_php(path)
            return (_fact("composer", path, rule, ""),) if rule else ()
        return self._of_pypi(file)

    # --- by ecosystem ----------------------------------------------------------------------

    def _of_gem(self, path: str) -> Iterator[Fact]:
        found = _GEM.fullmatch(path)
        rule = self._table.find("gem", found["name"]) if found else None
        if found and rule:
            yield _fact("gem", path, rule, found["version"].removesuffix(".gemspec"))

    def _cran(self, path: str) -> PackageRule | None:
        found = _CRAN.fullmatch(path)
        return self._table.find("cran", found["name"]) if found else None

    def _of_cran(self, file: ImageFile) -> Iterator[Fact]:
        rule = self._cran(file.entry.path)
        if rule is not None:
            told = _CRAN_VERSION.search(file.head)
            yield _fact("cran", file.entry.path, rule, told[1].decode() if told else "")

    def _debian_php(self, path: str) -> PackageRule | None:
        """Debian installs PHP packages by the names of their name spaces, and without a list."""
        found = _DEBIAN_PHP.fullmatch(path)
        return self._php_names.get(found["name"]) if found else None

    def _of_pypi(self, file: ImageFile) -> Iterator[Fact]:
        path = file.entry.path
        found = _PYPI.fullmatch(path)
        rule = self._table.find("pypi", found["name"]) if found else None
        if found is None or rule is None:
            return
        version = found["version"] or ""
        if not version:  # an egg in a folder of its own names it inside
            told = re.search(rb"^Version:\s*(\S{1,100})", file.head, re.MULTILINE)
            version = told[1].decode("ascii", "replace") if told else ""
        yield _fact("pypi", path, rule, version)

    def _of_record(self, file: ImageFile) -> Iterator[Fact]:
        """What `pip install --target` puts beside own code, and programs, which are in `bin`."""
        found = _RECORD.fullmatch(file.entry.path)
        if found is None:
            return
        folder = found["folder"]
        is_usual = folder.endswith(_PYTHON_FOLDERS)
        # What is not read of a longer list stays the image's own code.
        content = b"".join(islice(file.chunks(), MAX_RECORD_CHUNKS))
        lines = content.decode("utf-8", "replace").splitlines()
        listed = [line.partition(",")[0] for line in lines]
        # Of what no index gave: the application itself may be installed in this way.
        is_local = any(each.endswith(".dist-info/direct_url.json") for each in listed)
        files: list[str] = []
        for each in listed:
            if program := _RECORDED_PROGRAM.fullmatch(each):
                # With --target they are moved after the list was written.
                place = each if is_usual else program["program"]
                files.append(posixpath.normpath(f"{folder}/{place}"))
            elif not (is_usual or is_local) and each.endswith(self._sources) and ".." not in each:
                files.append(f"{folder}/{each}")
        if files:
            yield fact(
                FactKind.LANGUAGE_FILES,
                file.entry.path,
                ecosystem="pypi",
                name=found["name"],
                files=tuple(files),
            )

    def _npm(self, path: str, head: bytes) -> PackageRule | None:
        found = _NPM.fullmatch(path)
        if found is None:
            return None
        # An alias in package.json installs a package in a folder of another name.
        told = _NPM_NAME.search(head)
        name = told[1].decode("utf-8", "replace") if told else ""
        return self._table.find("npm", found["name"]) or self._table.find("npm", name)

    def _of_npm(self, file: ImageFile) -> Iterator[Fact]:
        rule = self._npm(file.entry.path, file.head)
        if rule is None:
            return
        content = json.loads(file.read(MAX_METADATA))
        version = content.get("version") if isinstance(content, dict) else None
        yield _fact("npm", file.entry.path, rule, version if isinstance(version, str) else "")

    def _of_composer(self, file: ImageFile) -> Iterator[Fact]:
        content = json.loads(file.read(MAX_METADATA))
        listed = content.get("packages") if isinstance(content, dict) else content
        vendor = file.entry.path.removesuffix("/composer/installed.json")
        for each in listed[:MAX_LISTED] if isinstance(listed, list) else ():
            name = each.get("name") if isinstance(each, dict) else None
            rule = self._table.find("composer", name) if isinstance(name, str) else None
            if rule is not None:
                version = str(each.get("version", "")).removeprefix("v")
                yield _fact("composer", f"{vendor}/{rule.name}", rule, version)

    def _perl(self, path: str) -> PackageRule | None:
        folder = _PERL_FOLDERS.match(path)
        if folder is None or _PERL_CORE.match(path):
            return None
        return self._perl_files.get("/" + path[folder.end() :])

    def _of_perl(self, file: ImageFile) -> Iterator[Fact]:
        rule = self._perl(file.entry.path)
        if rule is not None:
            told = _PERL_VERSION.search(file.head)
            version = told[1].decode("ascii", "replace") if told else ""
            yield _fact("cpan", file.entry.path, rule, version)


def _fact(ecosystem: str, path: str, rule: PackageRule, version: str) -> Fact:
    return package_fact(path, ecosystem, rule, version, tool=_TOOLS.match(path) is not None)


def make(rules: RuleBook) -> PackageInspector:
    """The inspector with the packages that `rules` lists."""
    return PackageInspector(rules)

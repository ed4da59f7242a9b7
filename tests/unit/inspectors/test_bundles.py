"""Packages inside bundles of JavaScript."""

from __future__ import annotations

import pytest

from scanner.image.files import MemoryFile
from scanner.inspectors.bundles import make
from scanner.model import FileEntry, FileKind
from tests.unit.link.worlds import rules

# Lines of what esbuild 0.28 and webpack 5.112 make of a program that requires crypto-js.
ESBUILD = """
// node_modules/crypto-js/core.js
var require_core = __commonJS({
  "node_modules/crypto-js/core.js"(exports2, module2) {
"""
NOBLE = "\n// ../../node_modules/@noble/hashes/_md.js\n"
WEBPACK = '\n/***/ "./node_modules/crypto-js/core.js"\n/*!****'
WEBPACK_4 = '\n/***/ "./node_modules/crypto-js/core.js":\n/*!****'


def packages(text: str, path: str = "/app/dist/main.js") -> list[str]:
    content = text.encode() + b"\n" * 1024
    entry = FileEntry(path, FileKind.FILE, len(content), 0o644, 0, 0)
    inspector = make(rules())
    if not inspector.wants(entry, content[:4096]):
        return []
    return [each.text("name") for each in inspector.inspect(MemoryFile(entry, content))]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (ESBUILD, ["crypto-js"]),
        (NOBLE, ["@noble/hashes"]),
        (WEBPACK, ["crypto-js"]),
        (WEBPACK_4, ["crypto-js"]),
        (ESBUILD + NOBLE, ["@noble/hashes", "crypto-js"]),
        ("\n// node_modules/express/lib/express.js\n", []),
    ],
)
def test_a_bundle_names_what_it_was_made_of(text: str, names: list[str]) -> None:
    assert packages(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "const path = 'node_modules/crypto-js/core.js';",
        "  // see node_modules/crypto-js/core.js for how it is done\n",
        "alias: {\n    crypto: 'node_modules/crypto-js/core.js',\n}",
    ],
)
def test_a_mention_is_no_package(text: str) -> None:
    assert packages(text) == []


def test_installed_packages_are_told_by_themselves() -> None:
    assert packages(ESBUILD, "/app/node_modules/x/dist/bundle.js") == []

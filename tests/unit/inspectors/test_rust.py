"""Crates with cryptography in real Rust programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.inspectors.binary import BinaryInspector
from scanner.model import Fact, FactKind
from scanner.rulebook import RuleBook
from tests.fixtures.native.sparse import expand

from .files import seen


@pytest.fixture(scope="module")
def inspector() -> BinaryInspector:
    return BinaryInspector(RuleBook.load())


def facts(inspector: BinaryInspector, name: str, folder: Path) -> list[Fact]:
    data = expand(name, folder).read_bytes()
    return [each for each in seen(inspector, "/app/x", data) if isinstance(each, Fact)]


def packages(found: list[Fact]) -> dict[str, tuple[str, str]]:
    return {
        each.text("name"): (each.text("version"), each.text("shown_by"))
        for each in found
        if each.kind is FactKind.LANGUAGE_PACKAGE
    }


def test_what_is_linked_and_what_is_only_listed(inspector: BinaryInspector, tmp_path: Path) -> None:
    found = facts(inspector, "uv-0.13.9", tmp_path)
    crates = packages(found)
    assert crates["aes"] == ("0.8.4", "code")
    assert crates["rustls"] == ("0.23.46", "code")
    assert crates["ring"] == ("0.17.14", "list")
    assert "serde_json" not in crates
    (code,) = [f for f in found if f.text("module") == "rustcrypto" and f.text("form") == "static"]
    assert code.evidence == ("aes 0.8.4", "blake3 1.8.7", "rsa 0.9.10")


def test_a_library_that_only_hashes(inspector: BinaryInspector, tmp_path: Path) -> None:
    crates = packages(facts(inspector, "swc-core-1.16.22.node", tmp_path))
    assert set(crates) == {"blake3", "sha2"}


def test_a_program_without_cryptography(inspector: BinaryInspector, tmp_path: Path) -> None:
    found = facts(inspector, "debian12-ripgrep-13.0.0", tmp_path)
    assert {each.kind for each in found} == {FactKind.ELF}

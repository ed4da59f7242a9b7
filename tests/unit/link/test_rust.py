"""What Rust programs do with crates of their own."""

from __future__ import annotations

import pytest

from scanner.facts import fact
from scanner.link.rust import link
from scanner.model import Activation, Fact, FactKind, UseKind

from .worlds import elf, rules, world


def crate(name: str, shown_by: str = "code", path: str = "/app/x") -> Fact:
    rule = rules().packages.find("cargo", name)
    assert rule is not None
    return fact(
        FactKind.LANGUAGE_PACKAGE,
        path,
        ecosystem="cargo",
        name=name,
        version="1.0.0",
        crypto=rule.crypto,
        module=rule.module or "",
        algorithms=rule.algorithms,
        shown_by=shown_by,
    )


@pytest.mark.parametrize(
    ("crates", "purpose"),
    [
        ([crate("sha2"), crate("blake3")], "hash-only"),
        ([crate("sha2"), crate("aes")], "crypto"),
        ([crate("sha2"), crate("hmac")], "crypto"),
        ([crate("aes", "list")], "unknown"),
        ([crate("aes", "list"), crate("sha2")], "hash-only"),
    ],
)
def test_purpose(crates: list[Fact], purpose: str) -> None:
    (use,) = link(world(elf("/app/x"), *crates)).uses
    assert (use.consumer, use.kind, use.purpose) == ("/app/x", UseKind.STATIC, purpose)
    assert use.activation is Activation.NONE


@pytest.mark.parametrize("name", ["ring", "rustls", "openssl-sys", "aws-lc-fips-sys"])
def test_crates_that_have_a_module_are_told_by_its_code(name: str) -> None:
    assert link(world(elf("/app/x"), crate(name))).uses == ()

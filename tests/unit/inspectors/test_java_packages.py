"""Maven packages that bring or bind cryptography, by what their archives say."""

from __future__ import annotations

import pytest

from scanner.inspectors.java import JavaInspector
from scanner.model import Fact, FactKind
from tests.unit.link.worlds import rules

from .files import seen
from .test_java import jar, pom

INSPECTOR = JavaInspector(rules())


def packages(path: str, data: bytes) -> list[Fact]:
    found = seen(INSPECTOR, path, data)
    return [e for e in found if isinstance(e, Fact) and e.kind is FactKind.LANGUAGE_PACKAGE]


def test_a_package_is_known_by_what_its_build_left_in_it() -> None:
    data = jar(pom("com.google.crypto.tink", "tink", "1.20.0"))
    (found,) = packages("/app/lib/renamed.jar", data)
    assert (found.text("name"), found.text("version")) == ("com.google.crypto.tink:tink", "1.20.0")
    assert (found.text("crypto"), found.text("code")) == ("own", "interpreted")


def test_or_by_its_name() -> None:
    (found,) = packages("/app/lib/jbcrypt-0.4.jar", jar({"org/mindrot/jbcrypt/BCrypt.class": b""}))
    assert (found.text("name"), found.text("version")) == ("org.mindrot:jbcrypt", "0.4")


def test_each_of_those_that_were_merged_into_an_archive_is_told() -> None:
    inner = jar({**pom("org.jasypt", "jasypt", "1.9.3"), **pom("io.netty", "netty-tcnative", "2")})
    found = packages("/app.jar", jar({"BOOT-INF/lib/all.jar": inner}))
    assert [each.text("name") for each in found] == ["org.jasypt:jasypt", "io.netty:netty-tcnative"]
    assert {each.path for each in found} == {"/app.jar!/BOOT-INF/lib/all.jar"}


@pytest.mark.parametrize(
    ("path", "entries"),
    [
        ("/app/lib/tink.jar", pom("org.other", "tink", "1")),
        ("/app/lib/jbcrypt-tools-1.0.jar", {"a.class": b""}),
        ("/app/lib/jbcrypt.jar", {"a.class": b""}),
        # what its build left in it counts, not its name
        ("/app/lib/jbcrypt-0.4.jar", pom("com.example", "app", "1")),
    ],
)
def test_others_are_left_out(path: str, entries: dict[str, bytes | str]) -> None:
    assert packages(path, jar(entries)) == []

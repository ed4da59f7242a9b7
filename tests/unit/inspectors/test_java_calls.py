"""What Java classes ask for by name, and whose classes they are.

`Calls.class` is made by javac 17 of the `Calls.java` beside it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.formats import jar as jar_format
from scanner.inspectors.java import JavaInspector
from scanner.model import Fact, FactKind, Gap, GapKind
from tests.unit.link.worlds import rules

from .files import seen
from .test_java import MANIFEST, jar, pom

INSPECTOR = JavaInspector(rules())
CLASS = (Path(__file__).parents[2] / "fixtures" / "java" / "Calls.class").read_bytes()
NAME = "com/example/Calls.class"
MD5 = "MessageDigest.getInstance(MD5) in Calls.java:7"


def calls(path: str, data: bytes) -> list[Fact]:
    found = seen(INSPECTOR, path, data)
    return [e for e in found if isinstance(e, Fact) and e.kind is FactKind.SOURCE_CALL]


def md5(path: str, data: bytes) -> Fact:
    (found,) = [each for each in calls(path, data) if each.text("algorithm") == "MD5"]
    return found


def test_a_class_in_a_folder_is_read_and_judged_by_the_table() -> None:
    told = {
        (each.text("api"), each.text("algorithm")): each.text("approved")
        for each in calls(f"/app/classes/{NAME}", CLASS)
    }
    assert told == {
        ("MessageDigest.getInstance", "MD5"): "no",
        ("MessageDigest.getInstance", "SHA-256"): "yes",
        ("Cipher.getInstance", "DES/ECB/PKCS5Padding"): "no",
        ("Cipher.getInstance", ""): "",
        ("Mac.getInstance", "HmacMD5"): "no",
        ("Signature.getInstance", "MD5withRSA"): "no",
        ("KeyPairGenerator.getInstance", "DSA"): "limited",
        ("Security.insertProviderAt", "com.example.Calls$Own"): "",
    }


def test_a_call_says_where_it_stands() -> None:
    found = md5("/app.jar", jar({NAME: CLASS}))
    assert (found.path, found.attributes["line"], found.attributes["count"]) == ("/app.jar", 7, 1)
    assert found.evidence == (MD5,)


@pytest.mark.parametrize(
    ("path", "entries"),
    [
        ("/app.jar", {NAME: CLASS}),
        ("/opt/app/service.jar", {NAME: CLASS, **pom("com.example", "service", "1")}),
        ("/srv/app.jar", {f"BOOT-INF/classes/{NAME}": CLASS}),
        ("/usr/local/tomcat/webapps/ROOT.war", {f"WEB-INF/classes/{NAME}": CLASS}),
        # Gradle's application plugin puts it among its libraries; it says nothing of itself.
        ("/app/lib/app.jar", {MANIFEST: "Manifest-Version: 1.0\n", NAME: CLASS}),
        # merged with libraries: what shares the main class's package
        (
            "/app-all.jar",
            {
                MANIFEST: "Main-Class: com.example.Main\n",
                NAME: CLASS,
                **pom("com.example", "app", "1"),
                **pom("org.x", "x", "1"),
            },
        ),
    ],
)
def test_own_code(path: str, entries: dict[str, bytes | str]) -> None:
    found = md5(path, jar(entries))
    assert found.flag("own")
    assert found.text("package") == ""


@pytest.mark.parametrize(
    ("path", "entries", "package"),
    [
        ("/app/lib/x-1.2.jar", {NAME: CLASS, **pom("org.x", "x", "1.2")}, "org.x:x"),
        ("/usr/share/java/x-1.2.jar", {NAME: CLASS}, "x"),
        (
            "/opt/kafka/libs/x.jar",
            {MANIFEST: "Automatic-Module-Name: org.x.y\n", NAME: CLASS},
            "org.x.y",
        ),
        ("/app.jar", {"BOOT-INF/lib/x-2.0.jar": jar({NAME: CLASS})}, "x"),
        (
            "/app-all.jar",
            {
                MANIFEST: "Main-Class: org.other.Main\n",
                NAME: CLASS,
                **pom("com.example", "app", "1"),
                **pom("org.x", "x", "1"),
            },
            "app-all",
        ),
        # packages of well-known libraries, moved or not
        ("/app.jar", {"com/acme/shaded/org/apache/x/Calls.class": CLASS}, "app"),
        ("/app.jar", {"com/acme/bouncycastle/x/Calls.class": CLASS}, "app"),
        ("/x.war", {"WEB-INF/classes/org/springframework/x/Calls.class": CLASS}, "x"),
        # of a layered archive only its own folder counts: the rest is the launcher
        ("/srv/app.jar", {"BOOT-INF/classes/a.txt": "", NAME: CLASS}, "app"),
    ],
)
def test_code_of_others(path: str, entries: dict[str, bytes | str], package: str) -> None:
    found = md5(path, jar(entries))
    assert not found.flag("own")
    assert found.text("package") == package


def test_a_module_of_an_ear_is_own_and_its_libraries_are_not() -> None:
    war = jar({f"WEB-INF/classes/{NAME}": CLASS})
    ear = jar({"web.war": war, "lib/x.jar": jar({NAME: CLASS})})
    assert {each.path: each.flag("own") for each in calls("/app.ear", ear)} == {
        "/app.ear!/web.war": True,
        "/app.ear!/lib/x.jar": False,
    }


def test_classes_without_such_calls_say_nothing() -> None:
    assert (
        calls("/app.jar", jar({NAME: CLASS.replace(b"getInstance", b"getSomething")[:400]})) == []
    )


def test_providers_that_a_class_registers_and_the_mode_that_it_sets_are_told() -> None:
    data = (Path(__file__).parents[2] / "fixtures" / "java" / "Registers.class").read_bytes()
    told = [
        (each.text("api"), each.text("algorithm").rpartition(".")[2], each.text("approved"))
        for each in calls("/app/classes/com/example/Registers.class", data)
    ]
    assert told == [
        ("AmazonCorrettoCryptoProvider.install", "AmazonCorrettoCryptoProvider", ""),
        ("CryptoServicesRegistrar.setApprovedOnlyMode", "", ""),
        ("Security.insertProviderAt", "AmazonCorrettoCryptoProvider", ""),
        ("Security.insertProviderAt", "BouncyCastleFipsProvider", ""),
        ("Security.insertProviderAt", "Conscrypt", ""),
        ("System.setProperty", "approved_only", ""),  # of other properties nothing is said
    ]


def test_what_was_seen_before_a_class_that_is_too_large_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = jar({NAME: CLASS, "com/example/Huge.class": b"\0" * 5000})
    monkeypatch.setattr(jar_format, "MAX_LOOKED_AT", 3000)
    found = seen(INSPECTOR, "/app.jar", data)
    (gap,) = [each for each in found if isinstance(each, Gap)]
    assert (gap.kind, gap.caps) == (GapKind.TOO_LARGE, False)
    assert len(calls("/app.jar", data)) == len(calls("/app.jar", jar({NAME: CLASS})))

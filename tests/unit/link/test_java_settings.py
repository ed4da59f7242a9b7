"""TLS settings of a JVM. What each leaves was asked of Java 17: `getDefaultSSLParameters`."""

from __future__ import annotations

import pytest

from scanner.link.java import link
from scanner.model import Fact, FactKind

from .java_worlds import HOME, JAVA, MASTER, START, SUN, image, security

STOCK = "SSLv3, TLSv1, TLSv1.1, DTLSv1.0, RC4, DES, 3DES_EDE_CBC, anon, NULL"


def settings(options: str, *, disabled: str = STOCK, overlay: str | None = None) -> list[Fact]:
    facts = [security(MASTER, *SUN, settings=(f"jdk.tls.disabledAlgorithms={disabled}",))]
    if overlay is not None:
        facts.append(
            security("/app/tls.security", settings=(f"jdk.tls.disabledAlgorithms={overlay}",))
        )
        options += " -Djava.security.properties=/app/tls.security"
    linked = link(image(*facts, env={"JAVA_TOOL_OPTIONS": options}, command=START))
    return [each for each in linked.facts if each.kind is FactKind.SETTING_IN_EFFECT]


def test_a_stock_jvm_has_nothing_to_say() -> None:
    assert settings("-Xmx1g") == []


@pytest.mark.parametrize(
    ("option", "topic", "algorithms", "unapproved"),
    [
        ("-Djdk.tls.client.protocols=TLSv1.3,TLSv1.2", "protocols", 2, ()),
        # java.security takes the old one away again
        ("-Djdk.tls.client.protocols=TLSv1,TLSv1.2", "protocols", 1, ()),
        ("-Dhttps.protocols=TLSv1", "protocols", 1, ("TLS 1.0",)),
        ("-Djdk.tls.namedGroups=x25519,secp256r1", "groups", 2, ("x25519",)),
        (
            "-Djdk.tls.server.cipherSuites=TLS_CHACHA20_POLY1305_SHA256,TLS_AES_128_GCM_SHA256",
            "suites",
            2,
            ("TLS_CHACHA20_POLY1305_SHA256",),
        ),
    ],
)
def test_an_option_is_judged_by_the_table(
    option: str, topic: str, algorithms: int, unapproved: tuple[str, ...]
) -> None:
    (found,) = settings(option)
    assert (found.path, found.text("program"), found.text("topic")) == (JAVA, JAVA, topic)
    assert len(found.texts("algorithms")) == algorithms
    assert found.texts("unapproved") == unapproved
    assert bool(found.text("advice")) is bool(unapproved)
    assert found.text("reached") == "started"


def test_where_nothing_is_left_that_is_said() -> None:
    (found,) = settings("-Djdk.tls.client.protocols=TLSv1")
    assert found.flag("only_unapproved")
    assert found.flag("refused")


def test_an_overlay_that_forgets_old_protocols_enables_them() -> None:
    (found,) = settings("-Xmx1g", overlay="SSLv3, RC4")
    assert found.path == "/app/tls.security"
    assert found.texts("algorithms") == ("TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")
    assert found.texts("unapproved") == ("TLS 1.0", "TLS 1.1")
    assert found.text("advice") == "jdk.tls.disabledAlgorithms=SSLv3, RC4, TLSv1, TLSv1.1"


def test_so_does_the_file_of_an_old_jdk() -> None:
    (found,) = settings("-Xmx1g", disabled="SSLv3, RC4, TLSv1")
    assert found.path == f"{HOME}/conf/security/java.security"
    assert found.texts("unapproved") == ("TLS 1.1",)


def test_an_unknown_name_is_told() -> None:
    (found,) = settings("-Djdk.tls.namedGroups=secp256r1,nonsense")
    assert found.texts("unknown") == ("nonsense",)
    assert not found.flag("only_unapproved")

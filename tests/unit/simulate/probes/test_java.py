"""How the probe of Java runtimes is started, and that its class comes from its source."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from scanner.facts import fact
from scanner.model import FactKind
from scanner.simulate.native import FOLDER as NATIVE
from scanner.simulate.plan import Facts
from scanner.simulate.probes import java

HOME = "/opt/java"
JAVA = f"{HOME}/bin/java"
CLASS = "ProviderProbe.class"
COMPILER = "17"
"""Other versions of the compiler make other bytes of the same source."""


def facts(*argv: str) -> Facts:
    return Facts(
        [
            fact(FactKind.JAVA_RUNTIME, f"{HOME}/release", home=HOME),
            fact(FactKind.JAVA_RUNTIME, f"{HOME}/lib/server/libjvm.so", home=HOME),
            fact(FactKind.ELF, JAVA),
            fact(FactKind.ELF, "/usr/bin/java-of-nobody"),
            fact(FactKind.MODULE_CODE, "/app/bc-fips-2.0.0.jar", module="bc-fips", form="jar"),
            fact(
                FactKind.MODULE_CODE,
                "/app/all.jar!/bctls.jar",
                module="bctls-fips",
                form="jar",
                container="/app/all.jar",
            ),
            fact(FactKind.COMMAND, argv=("java", *argv), program=JAVA),
        ]
    )


def test_java_is_started_with_what_chooses_providers_and_not_with_the_images_program() -> None:
    (question,) = java.questions(
        facts(
            "-Djava.security.properties=/etc/fips.security",
            "-Dorg.bouncycastle.fips.approved_only=true",
            "-Dspring.profiles.active=prod",
            "-javaagent:/opt/agent.jar",
            "-jar",
            "/app/app.jar",
        )
    )
    assert question.provider == JAVA
    assert question.command[0] == JAVA
    assert question.command[3:] == (
        "-Djava.security.properties=/etc/fips.security",
        "-Dorg.bouncycastle.fips.approved_only=true",
        "-cp",
        "/.fips-scanner/probes/java:/app/bc-fips-2.0.0.jar",
        "ProviderProbe",
    )


def test_without_a_java_to_start_nothing_is_asked() -> None:
    assert not java.applies(Facts([fact(FactKind.JAVA_RUNTIME, "/opt/jre/release", home="/opt/x")]))


def test_the_class_runs_on_java_8() -> None:
    content = (NATIVE / CLASS).read_bytes()
    assert content[:4] == b"\xca\xfe\xba\xbe"
    assert int.from_bytes(content[6:8], "big") == 52
    assert list(java.files(facts(), "amd64").values()) == [content]


def test_the_class_comes_from_its_source(tmp_path: Path) -> None:
    compiler = shutil.which("javac")
    version = (
        subprocess.run([compiler, "-version"], capture_output=True, text=True, check=True)
        if compiler
        else None
    )
    found = re.match(r"javac (\d+)", version.stdout + version.stderr) if version else None
    if compiler is None or found is None or found[1] != COMPILER:
        pytest.skip(f"javac {COMPILER} is not installed")
    subprocess.run(
        [
            *(compiler, "--release", "8", "-Xlint:-options", "-g:none"),
            *("-d", str(tmp_path), str(NATIVE / "ProviderProbe.java")),
        ],
        check=True,
    )
    assert [each.name for each in tmp_path.iterdir()] == [CLASS]
    assert (tmp_path / CLASS).read_bytes() == (NATIVE / CLASS).read_bytes()

"""What findings tell people to paste, tried on the real thing."""

from __future__ import annotations

from collections.abc import Callable

import docker
import pytest

from scanner.rulebook import RuleBook

pytestmark = pytest.mark.docker


def pasted(fix: str) -> str:
    """The lines of a fix that are meant to be pasted."""
    lines = [line.removeprefix("    ") for line in fix.splitlines() if line.startswith("    ")]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("check", ["openssl-provider-missing", "openssl-provider-not-activated"])
def test_the_openssl_configuration_of_a_fix_switches_fips_on(
    check: str, sample: Callable[[str], str], engine: docker.DockerClient
) -> None:
    configuration = pasted(RuleBook.load().checks[check].fix)
    assert "fips=yes" in configuration
    script = (
        'printf "%s" "$CONFIGURATION" > /tmp/pasted.cnf; export OPENSSL_CONF=/tmp/pasted.cnf; '
        "openssl list -providers; echo x | openssl sha256; echo x | openssl md5; true"
    )
    shown = engine.containers.run(
        sample("openssl-fips-active"),
        [script],
        entrypoint=["sh", "-c"],
        environment={"CONFIGURATION": configuration},
        mem_limit="256m",
        pids_limit=64,
        network_disabled=True,
        remove=True,
        stderr=True,
    ).decode()
    assert "OpenSSL FIPS Provider" in shown
    assert "SHA2-256" in shown
    assert "unsupported" in shown
    assert "MD5(stdin)" not in shown

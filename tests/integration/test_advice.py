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


def test_the_nginx_lines_of_a_fix_leave_approved_tls_only(
    sample: Callable[[str], str], engine: docker.DockerClient
) -> None:
    fix = pasted(RuleBook.load().checks["tls-offers-unapproved-nginx"].fix)
    lines = "\n".join(line for line in fix.splitlines() if line.startswith("ssl_"))
    assert lines.count("\n") == 3
    script = (
        'printf "%s" "$PASTED" > /tmp/pasted.conf; '
        'sed -i "s|ssl_protocols.*|include /tmp/pasted.conf;|" /etc/nginx/nginx.conf; '
        "nginx & sleep 1; "
        'try() { echo "$1: $(openssl s_client -connect 127.0.0.1:8443 $2 </dev/null 2>/dev/null '
        '| grep "Cipher is")"; }; '
        'try approved13 "-groups P-256"; try approved12 "-tls1_2 -cipher ECDHE+AESGCM"; '
        'try group "-groups X25519"; try static "-tls1_2 -cipher AES128-SHA"; '
        'try chacha13 "-tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256"; '
        'try chacha12 "-tls1_2 -cipher ECDHE+CHACHA20"; nginx -s stop'
    )
    shown = engine.containers.run(
        sample("nginx-openssl"),
        [script],
        entrypoint=["sh", "-c"],
        environment={"PASTED": lines},
        user="0",
        mem_limit="256m",
        pids_limit=64,
        network_disabled=True,
        remove=True,
        stderr=True,
    ).decode()
    accepted = {
        line.partition(":")[0]
        for line in shown.splitlines()
        if "Cipher is" in line and "(NONE)" not in line
    }
    assert accepted == {"approved13", "approved12"}, shown

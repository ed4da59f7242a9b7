"""What of the system's policies is approved, and what is not."""

from __future__ import annotations

import pytest

from scanner.inspectors.policy import make
from scanner.model import Fact
from scanner.rulebook import RuleBook

from .files import seen, wants

INSPECTOR = make(RuleBook.load())


def facts(path: str, text: str) -> list[Fact]:
    return [each for each in seen(INSPECTOR, path, text) if isinstance(each, Fact)]


@pytest.mark.parametrize(
    ("value", "state", "unapproved"),
    [
        ("aes256-gcm@openssh.com,aes256-ctr", "approved", ()),
        (
            "chacha20-poly1305@openssh.com,aes256-ctr",
            "unapproved",
            ("chacha20-poly1305@openssh.com",),
        ),
        (
            "chacha20-poly1305@openssh.com",
            "only-unapproved",
            ("chacha20-poly1305@openssh.com",),
        ),
        # Added to the default list, in which there is more.
        ("+3des-cbc,arcfour", "unapproved", ("arcfour",)),
        ("^aes256-ctr", "approved", ()),
        ("-chacha20-poly1305@openssh.com", "default", ()),
        ("what-is-this", "default", ()),
    ],
)
def test_ciphers_of_ssh(value: str, state: str, unapproved: tuple[str, ...]) -> None:
    (fact,) = facts("/etc/ssh/sshd_config", f"Ciphers {value}\n")
    assert (fact.text("component"), fact.text("state")) == ("openssh-server", state)
    assert set(unapproved) <= set(fact.texts("unapproved"))
    assert bool(fact.texts("unapproved")) == bool(fact.text("advice"))


def test_what_is_advised_is_approved() -> None:
    for name in ("Ciphers", "MACs", "KexAlgorithms", "HostKeyAlgorithms"):
        (fact,) = facts("/etc/ssh/ssh_config.d/a.conf", f"{name} arcfour,curve25519-sha256\n")
        assert fact.text("component") == "openssh-client"
        (again,) = facts("/etc/ssh/sshd_config", fact.text("advice") + "\n")
        assert (again.text("name"), again.text("state")) == (name, "approved")


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("permitted_enctypes = aes256-sha2 aes128-sha2", "approved"),
        ("permitted_enctypes = aes256-sha2 rc4", "unapproved"),
        ("permitted_enctypes = des3-cbc-sha1 arcfour-hmac", "only-unapproved"),
        ("permitted_enctypes = DEFAULT -rc4", "approved"),
        ("permitted_enctypes = DEFAULT +rc4-hmac", "approved"),
        ("supported_enctypes = aes256-sha2:normal rc4-hmac:normal", "unapproved"),
        ("allow_weak_crypto = true", "unapproved"),
        ("allow_weak_crypto = false", "approved"),
    ],
)
def test_kerberos(line: str, state: str) -> None:
    (fact,) = facts("/etc/krb5.conf", f"[libdefaults]\n {line}\n")
    assert fact.text("state") == state


@pytest.mark.parametrize(
    ("path", "text", "component", "state"),
    [
        ("/etc/crypto-policies/config", "DEFAULT\n", "crypto-policies", "default"),
        ("/etc/crypto-policies/config", "LEGACY\n", "crypto-policies", "unapproved"),
        ("/etc/crypto-policies/state/current", "FIPS:OSPP\n", "crypto-policies", "fips"),
        ("/etc/login.defs", "ENCRYPT_METHOD SHA512\n", "login", "approved"),
        ("/etc/login.defs", "ENCRYPT_METHOD YESCRYPT\n", "login", "unapproved"),
        ("/etc/system-fips", "", "system-fips", "fips"),
        ("/etc/gcrypt/fips_enabled", "", "libgcrypt", "fips"),
        ("/etc/pki/nssdb/pkcs11.txt", "NSS=Flags=internal,FIPS,critical\n", "nss", "fips"),
        ("/etc/pki/nssdb/pkcs11.txt", "NSS=Flags=internal,critical\n", "nss", "off"),
    ],
)
def test_states(path: str, text: str, component: str, state: str) -> None:
    (fact,) = facts(path, text)
    assert (fact.text("component"), fact.text("state")) == (component, state)


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("override-mode = allowlist", "default"),
        ("tls-enabled-cipher = aes-256-gcm", "default"),
        ("tls-enabled-cipher = chacha20-poly1305", "unapproved"),
        ("tls-disabled-cipher = chacha20-poly1305", "default"),
        ("secure-hash = md5", "unapproved"),
        ("insecure-hash = md5", "default"),
    ],
)
def test_gnutls(line: str, state: str) -> None:
    (fact,) = facts("/etc/gnutls/config", f"[overrides]\n# {line}\n{line}\n")
    assert (fact.text("component"), fact.text("block")) == ("gnutls", "[overrides]")
    assert (fact.text("state"), fact.text("line")) == (state, "3")


def test_the_line_and_what_to_write_are_in_the_evidence() -> None:
    (fact,) = facts("/etc/pam.d/common-password", "#\npassword required pam_unix.so md5\n")
    assert fact.evidence == (
        "/etc/pam.d/common-password:2 pam_unix md5, write: password required pam_unix.so sha512",
    )


def test_no_hash_of_a_password_is_told() -> None:
    (fact,) = facts("/etc/shadow", "a:$1$salt$secrethash:1::::::\n")
    assert "secrethash" not in f"{dict(fact.attributes)}{fact.evidence}"
    assert fact.texts("unapproved") == ("md5",)


@pytest.mark.parametrize("path", ["/etc/passwd", "/app/ssh/sshd_config", "/etc/ssh/moduli", "/x"])
def test_other_files_are_not_looked_at(path: str) -> None:
    assert not wants(INSPECTOR, path, b"Ciphers 3des-cbc\n")

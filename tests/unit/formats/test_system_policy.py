"""The system's own configuration files, in the words of distributions."""

from __future__ import annotations

import pytest

from scanner.formats import system_policy
from scanner.formats.system_policy import Line


def test_the_policy_is_the_first_line_that_says_something() -> None:
    text = "# This file should contain a single keyword\n#\n\nfips:OSPP\nDEFAULT\n"
    assert list(system_policy.crypto_policy(text)) == [Line("policy", "FIPS:OSPP", 4)]
    assert list(system_policy.crypto_policy("# nothing\n")) == []


def test_lists_of_openssh() -> None:
    text = (
        "Include /etc/ssh/sshd_config.d/*.conf\n#Ciphers none\nciphers = aes128-ctr\n"
        'MACs "hmac-sha2-256"\nCiphers aes256-ctr\nPort 22\n'
        "Match User git\n  KexAlgorithms +curve25519-sha256 # why\n"
        "Host *\n    HostKeyAlgorithms ssh-ed25519\n"
    )
    assert list(system_policy.ssh(text)) == [
        Line("Ciphers", "aes128-ctr", 3),
        Line("MACs", "hmac-sha2-256", 4),
        Line("KexAlgorithms", "+curve25519-sha256", 8, "Match User git"),
        Line("HostKeyAlgorithms", "ssh-ed25519", 10),
    ]


def test_kerberos() -> None:
    text = (
        "[libdefaults]\n  default_realm = A\n; permitted_enctypes = rc4\n"
        "  permitted_enctypes = aes256-sha2 rc4-hmac\n allow_weak_crypto=true\n"
    )
    assert list(system_policy.krb5(text)) == [
        Line("permitted_enctypes", "aes256-sha2 rc4-hmac", 4, "[libdefaults]"),
        Line("allow_weak_crypto", "true", 5, "[libdefaults]"),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # Debian 12's and Red Hat's.
        ("password\t[success=1 default=ignore]\tpam_unix.so obscure yescrypt\n", ["yescrypt"]),
        ("password    sufficient    pam_unix.so sha512 shadow nullok use_authtok\n", ["sha512"]),
        ("auth required pam_unix.so md5\n", []),
        ("# password required pam_unix.so md5\n", []),
        ("password required pam_unix.so obscure\n", []),
    ],
)
def test_pam(text: str, found: list[str]) -> None:
    assert [each.value for each in system_policy.pam(text)] == found


def test_login_defs() -> None:
    text = "#ENCRYPT_METHOD DES\nENCRYPT_METHOD YESCRYPT\nMD5_CRYPT_ENAB no\n"
    assert list(system_policy.login_defs(text)) == [Line("ENCRYPT_METHOD", "yescrypt", 2)]


def test_passwords_are_counted_and_never_told() -> None:
    text = (
        "root:*:19000:0:99999:7:::\na:$y$j9T$F5Jx5fExrKuPp53xLKQ..1$x:1::::::\n"
        "b:!$6$abc$def:1::::::\nc:$y$j9T$other$y:1::::::\nd:abJnggxhB/yWI:1::::::\ne:!:1::::::\n"
    )
    found = list(system_policy.shadow(text))
    assert found == [Line("des", "1", 0), Line("sha512", "1", 0), Line("yescrypt", "2", 0)]


def test_nss_as_modutil_writes_it() -> None:
    fips = (
        "library=\nname=NSS Internal FIPS PKCS #11 Module\n"
        "NSS=slotParams={0x3=[slotFlags=RSA,MD5 ] }  Flags=internal,FIPS,critical\n"
    )
    plain = "NSS=Flags=internal,critical trustOrder=75 slotParams=(1={slotFlags=[RSA] askpw=any})\n"
    assert [each.value for each in system_policy.nss(fips)] == ["internal,FIPS,critical"]
    assert [each.value for each in system_policy.nss(plain)] == ["internal,critical"]

"""Alpine's package database."""

from __future__ import annotations

from scanner.formats.apk import Package, parse_installed

INSTALLED = """\
C:Q1xN6K0pBGQWLYYf8g4RNrWhJSTk8=
P:libcrypto3
V:3.3.2-r1
A:x86_64
S:1849853
T:Crypto library from openssl
o:openssl
m:Ariadne Conill <ariadne@dereferenced.org>
D:so:libc.musl-x86_64.so.1
p:so:libcrypto.so.3=3
F:etc
F:etc/ssl
R:openssl.cnf
Z:Q1wGuxVEOK9iGLj1i8D3BSBnT7MJA=
F:usr/lib
F:usr/lib/ossl-modules
R:legacy.so
a:0:0:755
F:lib
R:libcrypto.so.3

P:apk-tools
V:2.14.4-r1
F:
R:.odd
"""


def test_packages_with_version_source_and_files() -> None:
    assert list(parse_installed(INSTALLED)) == [
        Package(
            "libcrypto3",
            "3.3.2-r1",
            "openssl",
            ("/etc/ssl/openssl.cnf", "/usr/lib/ossl-modules/legacy.so", "/lib/libcrypto.so.3"),
        ),
        Package("apk-tools", "2.14.4-r1", "apk-tools", ("/.odd",)),
    ]


def test_lines_that_make_no_sense_are_passed_over() -> None:
    assert list(parse_installed("nonsense\nR:file\nV:1\n\n\nP:x\n")) == [Package("x", "", "x", ())]

"""dpkg's database, in Debian's and in distroless form."""

from __future__ import annotations

from scanner.formats.dpkg import (
    Package,
    package_of_list,
    parse_list,
    parse_md5sums,
    parse_status,
)

# Three stanzas of a Debian 12 status file, shortened; one package was removed.
STATUS = """\
Package: libssl3
Status: install ok installed
Priority: optional
Section: libs
Architecture: amd64
Multi-Arch: same
Source: openssl
Version: 3.0.19-1~deb12u2
Description: Secure Sockets Layer toolkit - shared libraries
 This package is part of the OpenSSL project's implementation of the SSL
 Version: not this one

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1

Package: gpgv
Status: install ok installed
Architecture: amd64
Source: gnupg2 (2.2.40-1.1)
Version: 2.2.40-1.1+deb12u2
"""


def test_installed_packages_with_their_sources() -> None:
    assert list(parse_status(STATUS)) == [
        Package("libssl3", "3.0.19-1~deb12u2", "openssl", "amd64"),
        Package("gpgv", "2.2.40-1.1+deb12u2", "gnupg2", "amd64"),
    ]


def test_a_distroless_file_has_no_status_and_is_installed() -> None:
    text = "Package: libssl3\nArchitecture: amd64\nVersion: 3.0.17-1~deb12u2\nSource: openssl"
    assert [each.name for each in parse_status(text)] == ["libssl3"]


def test_file_lists() -> None:
    listed = "/.\n/usr\n/usr/lib/x86_64-linux-gnu/libcrypto.so.3\n"
    assert list(parse_list(listed)) == ["/usr", "/usr/lib/x86_64-linux-gnu/libcrypto.so.3"]
    sums = "d41d8cd98f00b204e9800998ecf8427e  usr/lib/libssl.so.3\n"
    assert list(parse_md5sums(sums)) == ["/usr/lib/libssl.so.3"]


def test_names_of_lists() -> None:
    assert package_of_list("/var/lib/dpkg/info/libssl3:amd64.list") == "libssl3"
    assert package_of_list("/var/lib/dpkg/info/python3.11-minimal.list") == "python3.11-minimal"
    assert package_of_list("/var/lib/dpkg/status.d/libssl3.md5sums") == "libssl3"

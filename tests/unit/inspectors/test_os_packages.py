"""The operating system, its packages and loader paths."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from scanner.inspectors.os_packages import OsPackagesInspector
from scanner.model import Fact, FactKind, Gap, GapKind

from .files import seen, the_fact, wants

FIXTURES = Path(__file__).parents[2] / "fixtures"
INSPECTOR = OsPackagesInspector(frozenset({"dnf", "gpgv"}), (r"libweird\.so\.\d",))

# Debian 12's and UBI 9's.
DEBIAN = """\
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
ID=debian
"""
UBI = """\
NAME="Red Hat Enterprise Linux"
VERSION="9.4 (Plow)"
ID="rhel"
ID_LIKE="fedora"
VERSION_ID="9.4"
PRETTY_NAME="Red Hat Enterprise Linux 9.4 (Plow)"
"""


@pytest.mark.parametrize(
    ("path", "text", "identity", "version", "like"),
    [
        ("/usr/lib/os-release", DEBIAN, "debian", "12", ()),
        ("/etc/os-release", UBI, "rhel", "9.4", ("fedora",)),
        ("/etc/redhat-release", "CentOS release 6.10 (Final)\n", "centos", "6.10", ()),
    ],
)
def test_operating_systems(
    path: str, text: str, identity: str, version: str, like: tuple[str, ...]
) -> None:
    fact = the_fact(INSPECTOR, path, text)
    assert (fact.text("id"), fact.text("version"), fact.texts("like")) == (identity, version, like)


def test_redhat_release_is_silent_where_os_release_speaks() -> None:
    text = "Red Hat Enterprise Linux release 9.4 (Plow)\n"
    assert seen(INSPECTOR, "/etc/redhat-release", text) == []


def packages(found: list[Fact | Gap]) -> dict[str, str]:
    return {
        each.text("name"): each.text("version")
        for each in found
        if isinstance(each, Fact) and each.kind is FactKind.PACKAGE
    }


def files(found: list[Fact | Gap]) -> dict[str, tuple[str, ...]]:
    return {
        each.text("name"): each.texts("files")
        for each in found
        if isinstance(each, Fact) and each.kind is FactKind.PACKAGE_FILES
    }


@pytest.mark.parametrize(
    ("path", "fixture"),
    [
        ("/var/lib/rpm/rpmdb.sqlite", "rpmdb.sqlite"),
        ("/usr/lib/sysimage/rpm/Packages.db", "Packages.db"),
        ("/var/lib/rpm/Packages", "Packages"),
    ],
)
def test_rpm_packages_with_the_files_that_matter(path: str, fixture: str) -> None:
    data = gzip.decompress((FIXTURES / "rpm" / f"{fixture}.gz").read_bytes())
    found = seen(INSPECTOR, path, data)
    assert packages(found) == {"openssl-libs": "1:3.0.7-27.el9", "dnf": "4.14.0-9.el9"}
    assert files(found) == {
        "openssl-libs": ("/usr/lib64/libcrypto.so.3", "/usr/lib64/ossl-modules/fips.so"),
        "dnf": ("/usr/bin/dnf-3",),
    }


def test_a_damaged_rpm_database_is_a_gap() -> None:
    (gap,) = seen(INSPECTOR, "/var/lib/rpm/Packages", b"not a database")
    assert isinstance(gap, Gap)
    assert gap.kind is GapKind.MALFORMED


def test_a_journal_that_was_left_is_a_gap_and_an_empty_one_is_not() -> None:
    assert seen(INSPECTOR, "/var/lib/rpm/rpmdb.sqlite-wal", b"") == []
    (gap,) = seen(INSPECTOR, "/var/lib/rpm/rpmdb.sqlite-wal", b"x")
    assert isinstance(gap, Gap)
    assert not gap.caps


def test_debian_lists_name_the_owner_of_crypto_and_of_tools() -> None:
    listed = "/.\n/usr\n/usr/lib/x86_64-linux-gnu\n/usr/lib/x86_64-linux-gnu/libssl.so.3\n"
    info = "/var/lib/dpkg/info"
    assert files(seen(INSPECTOR, f"{info}/libssl3:amd64.list", listed)) == {
        "libssl3": ("/usr/lib/x86_64-linux-gnu/libssl.so.3",)
    }
    tool = "/.\n/usr/bin/gpgv\n/usr/share/doc/gpgv/copyright\n"
    assert files(seen(INSPECTOR, f"{info}/gpgv.list", tool)) == {"gpgv": ("/usr/bin/gpgv",)}
    bash = "/bin/bash\n/etc/bash.bashrc\n/usr/share/doc/bash/README\n"
    assert files(seen(INSPECTOR, f"{info}/bash.list", bash)) == {"bash": ("/bin/bash",)}
    assert seen(INSPECTOR, f"{info}/tzdata.list", "/usr/share/zoneinfo/UTC\n") == []
    assert not wants(INSPECTOR, f"{info}/bash.postinst")


def test_libraries_that_rules_name_count_as_crypto() -> None:
    text = "P:weird\nV:1-r0\nF:usr/lib\nR:libweird.so.7\nR:weird.conf\n\n"
    found = seen(INSPECTOR, "/lib/apk/db/installed", text)
    assert packages(found) == {"weird": "1-r0"}
    assert files(found) == {"weird": ("/usr/lib/libweird.so.7",)}


def test_distroless_packages() -> None:
    text = "Package: libssl3\nVersion: 3.0.17-1~deb12u2\nArchitecture: amd64\n"
    assert packages(seen(INSPECTOR, "/var/lib/dpkg/status.d/libssl3", text)) == {
        "libssl3": "3.0.17-1~deb12u2"
    }
    sums = "d41d8cd98f00b204e9800998ecf8427e  usr/lib/x86_64-linux-gnu/libcrypto.so.3\n"
    assert files(seen(INSPECTOR, "/var/lib/dpkg/status.d/libssl3.md5sums", sums)) == {
        "libssl3": ("/usr/lib/x86_64-linux-gnu/libcrypto.so.3",)
    }


def test_loader_paths_of_glibc_and_musl() -> None:
    text = "# c\ninclude /etc/ld.so.conf.d/*.conf\n/opt/a /opt/b:/opt/c\nhwcap 1 x\n/l=libc5\n"
    glibc = the_fact(INSPECTOR, "/etc/ld.so.conf", text)
    assert glibc.texts("paths") == ("/opt/a", "/opt/b", "/opt/c", "/l")
    assert glibc.texts("includes") == ("/etc/ld.so.conf.d/*.conf",)
    musl = the_fact(INSPECTOR, "/etc/ld-musl-x86_64.path", "/lib\n/usr/lib:/opt\n")
    assert (musl.texts("paths"), musl.text("form")) == (("/lib", "/usr/lib", "/opt"), "musl")


@pytest.mark.parametrize("path", ["/etc/passwd", "/var/lib/rpm/Name", "/etc/ldap/ldap.conf"])
def test_other_files_are_not_read(path: str) -> None:
    assert not wants(INSPECTOR, path)

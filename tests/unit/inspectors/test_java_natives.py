"""Crypto modules in the native libraries that Java archives carry.

The libraries are cuts of real ones; `tests/fixtures/modules/provenance.yaml` says of which.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.formats import jar as jar_format
from scanner.model import Gap, GapKind

from .files import seen
from .test_java import ACCP, CONSCRYPT, INSPECTOR, jar, modules, pom

FIXTURES = Path(__file__).parents[2] / "fixtures" / "modules"
ELF = b"\x7fELF"
BORINGSSL = (
    ELF
    + (
        FIXTURES / "boringssl" / "netty-tcnative-2.0.76-libnetty_tcnative_linux_x86_64.so"
    ).read_bytes()
)
AWS_LC = ELF + (FIXTURES / "aws-lc" / "awscrt-0.38.1-awscrt.abi3.so").read_bytes()
AWS_LC_FIPS = AWS_LC + b"BORINGSSL_integrity_test\0"
NATIVE = "META-INF/native/libx_linux_x86_64.so"


def test_the_code_in_a_native_library_is_found() -> None:
    (found,) = modules("/app/x.jar", jar({"com/x/A.class": b"", NATIVE: BORINGSSL}))
    assert found.text("module") == "boringssl"
    assert found.evidence[0] == NATIVE


def test_in_an_archive_inside_another_one_too() -> None:
    inner = jar({"Linux/x86_64/libaws-crt-jni.so": AWS_LC})
    found = modules("/app.jar", jar({"BOOT-INF/lib/aws-crt-0.29.jar": inner}))
    assert [each.text("module") for each in found] == ["aws-lc", "s2n"]
    assert {each.path for each in found} == {"/app.jar!/BOOT-INF/lib/aws-crt-0.29.jar"}
    assert {each.text("container") for each in found} == {"/app.jar"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (NATIVE, ELF + b"no cryptography here"),
        (NATIVE, BORINGSSL[4:]),  # not a library
        ("META-INF/native/libx_osx_x86_64.so", BORINGSSL),
        ("linux/ppc64/libx.so", BORINGSSL),
        ("META-INF/native/x_windows_x86_64.dll", BORINGSSL),
    ],
)
def test_other_members_say_nothing(name: str, content: bytes) -> None:
    assert modules("/app/x.jar", jar({name: content})) == []


def test_a_build_of_netty_with_boringssl_is_known_by_its_name_where_its_code_is_not() -> None:
    name = "netty-tcnative-boringssl-static-2.0.99.Final-linux-x86_64.jar"
    native = "META-INF/native/libnetty_tcnative_linux_x86_64.so"
    (found,) = modules(f"/app/{name}", jar({native: ELF}))
    assert found.text("module") == "boringssl"
    # those for other systems are not loaded
    other = "META-INF/native/libnetty_tcnative_osx_x86_64.jnilib"
    assert modules(f"/app/{name}", jar({other: b"\xcf\xfa"})) == []
    # merged into another archive, and moved to another package
    moved = "META-INF/native/libcom_x_netty_tcnative_linux_x86_64.so"
    entries = {moved: ELF, **pom("io.netty", "netty-tcnative-boringssl-static", "2.0.99.Final")}
    (found,) = modules("/app/all.jar", jar(entries))
    assert found.text("module") == "boringssl"


@pytest.mark.parametrize(
    ("native", "module"), [(AWS_LC, "accp"), (AWS_LC_FIPS, "accp-fips"), (ELF, "accp-fips")]
)
def test_which_build_of_accp_it_is_its_native_code_tells(native: bytes, module: str) -> None:
    entries = {
        ACCP: b"",
        "com/amazon/corretto/crypto/provider/libamazonCorrettoCryptoProvider.so": native,
        **pom("software.amazon.cryptools", "AmazonCorrettoCryptoProvider-FIPS", "2.5.0"),
    }
    (found,) = modules("/app/accp.jar", jar(entries))
    assert found.text("module") == module


def test_boringssl_in_conscrypt_is_conscrypts() -> None:
    entries: dict[str, bytes | str] = {
        CONSCRYPT: b"",
        "META-INF/native/libconscrypt_openjdk_jni.so": BORINGSSL,
    }
    (found,) = modules("/app/conscrypt-openjdk-uber-2.5.2.jar", jar(entries))
    assert found.text("module") == "conscrypt"


def test_a_library_that_is_too_large_is_a_gap_and_others_are_looked_into(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = jar({"a_linux.so": ELF + b"\0" * 90_000, NATIVE: BORINGSSL})
    monkeypatch.setattr(jar_format, "MAX_LOOKED_AT", 60_000)
    found = seen(INSPECTOR, "/app/x.jar", data)
    (gap,) = [each for each in found if isinstance(each, Gap)]
    assert (gap.kind, gap.caps) == (GapKind.TOO_LARGE, True)
    assert [each.text("module") for each in modules("/app/x.jar", data)] == ["boringssl"]

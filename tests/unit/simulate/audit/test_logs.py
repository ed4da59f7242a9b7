"""What JVMs and Go print of algorithms is read, and nothing that merely looks like it.

The JVM's lines are of OpenJDK 17 as Debian 12 has it and of Temurin 25, Go's of Go 1.27.3.
"""

from __future__ import annotations

from scanner.facts import fact
from scanner.model import AlgorithmCall, FactKind
from scanner.simulate.audit.logs import go_calls, java_calls
from scanner.simulate.plan import Facts

JAVA = fact(FactKind.JAVA_RUNTIME, "/usr/lib/jvm/java-17", home="/usr/lib/jvm/java-17")
GO = fact(FactKind.GO_BUILD, "/server", go_version="1.27.3", toolchain="upstream")
PRINTED = """\
Picked up JAVA_TOOL_OPTIONS: -Djava.security.debug=provider
Provider: SunJCE.putService(): SunJCE: KeyGenerator.SunTlsKeyMaterial -> com.sun.crypto.X
  aliases: [SunTls12KeyMaterial]

Provider: KeyStore.PKCS12 type from: SUN
Provider: MessageDigest.SHA-256 algorithm from: SUN
Provider: Cipher.PBEWithHmacSHA256AndAES_256, mode: decryption, algorithm from: SunJCE
Provider: Cipher.AES/GCM/NoPadding encryption algorithm from: SunJCE
Provider: MessageDigest.SHA-256 algorithm from: SUN
Provider: Signature.SHA256withRSA verification algorithm from: SunRsaSign
Provider: MessageDigest.SHA-256 algorithm from: BC
Provider: KeyGenerator.SunTlsExtendedMasterSecret algorithm from: SunJCE
the user wrote Provider: MessageDigest.MD5 algorithm from: nowhere
"""


def test_what_a_jvm_was_asked_for() -> None:
    program = "/usr/lib/jvm/java-17/bin/java"
    library = fact(
        FactKind.JAVA_RUNTIME, "/usr/lib/jvm/java-17/lib/libjvm.so", home=JAVA.text("home")
    )
    assert list(java_calls(PRINTED, Facts((JAVA, library)))) == [
        AlgorithmCall(program, "java Cipher", "AES/GCM/NoPadding", "SunJCE"),
        AlgorithmCall(program, "java Cipher", "PBEWithHmacSHA256AndAES_256", "SunJCE"),
        AlgorithmCall(program, "java MessageDigest", "SHA-256", "BC"),
        AlgorithmCall(program, "java MessageDigest", "SHA-256", "SUN", count=2),
        AlgorithmCall(program, "java Signature", "SHA256withRSA", "SunRsaSign"),
    ]


def test_a_newer_jvm_says_more_and_a_program_may_print_what_it_was_refused() -> None:
    log = (
        "Provider[0x3|main|Cipher.java:1353|2026-11-24 19:28:55.404]: "
        "Cipher.DES/ECB/PKCS5Padding, mode: encryption, algorithm from: SunJCE\n"
        'Exception in thread "main" java.security.NoSuchAlgorithmException: '
        "MD5 MessageDigest not available\n"
        "java.security.NoSuchAlgorithmException: Cannot find any provider supporting RC4/x\n"
    )
    program = "/usr/lib/jvm/java-17/bin/java"
    assert list(java_calls(log, Facts((JAVA,)))) == [
        AlgorithmCall(program, "java Cipher", "DES/ECB/PKCS5Padding", "SunJCE"),
        AlgorithmCall(program, "java Cipher", "RC4/x", failed=1),
        AlgorithmCall(program, "java MessageDigest", "MD5", failed=1),
    ]


def test_which_of_two_jvms_printed_is_not_known() -> None:
    other = fact(FactKind.JAVA_RUNTIME, "/opt/jre", home="/opt/jre")
    assert {each.program for each in java_calls(PRINTED, Facts((JAVA, other)))} == {""}


def test_what_go_refused() -> None:
    log = (
        "panic: crypto/md5: use of MD5 is not allowed in FIPS 140-only mode\n"
        "crypto/rsa: use of keys smaller than 2048 bits is not allowed in FIPS 140-only mode\n"
        "panic: crypto/md5: use of MD5 is not allowed in FIPS 140-only mode\n"
        "docs: MD5 is not allowed in FIPS 140-only mode\n"
    )
    assert list(go_calls(log, Facts((GO,)))) == [
        AlgorithmCall("/server", "go crypto/md5", "MD5", count=2, failed=2),
        AlgorithmCall("/server", "go crypto/rsa", "keys smaller than 2048 bits", failed=1),
    ]


def test_a_hostile_log_is_bounded() -> None:
    log = "".join(f"Provider: Cipher.X{n} algorithm from: P\n" for n in range(3000))
    assert len(list(java_calls(log, Facts((JAVA,))))) == 500
    assert list(java_calls("Provider: " + "A." * 100_000, Facts((JAVA,)))) == []

from __future__ import annotations

import pytest

from scanner.facts import fact
from scanner.model import Fact, FactKind, GapKind
from scanner.simulate.go_switches import GO_ONLY, honors_fips140
from scanner.simulate.plan import (
    CONFIG,
    PROVIDER,
    Facts,
    Plan,
    image_libc,
    image_provider,
    make_plan,
)
from scanner.simulate.provider import FipsProvider, Libc

from .values import config, go_build, openssl_state, openssl_use, rules

HOST = FipsProvider("/cache/fips.so", b"host's", "3.5.9", "amd64", (2, 34), "glibc")
OWN = FipsProvider("the image", b"image's", "3.1.2", "amd64", (2, 34), "glibc")


def plan(
    *facts: Fact,
    own: FipsProvider | None = None,
    provider: FipsProvider | None = HOST,
    env: tuple[tuple[str, str], ...] = (),
) -> Plan:
    return make_plan(Facts(facts), config(*env), rules(), own_provider=own, provider=provider)


def test_image_without_crypto_gets_nothing() -> None:
    assert plan() == Plan()


def test_openssl3_gets_the_provider_of_this_machine() -> None:
    made = plan(openssl_use(), openssl_state())
    assert made.environment == {"OPENSSL_CONF": CONFIG}
    assert made.files[PROVIDER] == b"host's"
    assert f"module = {PROVIDER}".encode() in made.files[CONFIG]
    assert made.files[CONFIG].startswith(b".include /etc/ssl/openssl.cnf")
    assert made.gaps == ()


def openssl_copy(path: str, folder: str, version: str = "3.5.9") -> Fact:
    return fact(
        FactKind.MODULE_CODE,
        path,
        module="openssl",
        version=version,
        form="library",
        modules_dir=folder,
    )


COPIES = (openssl_copy("/usr/lib/libcrypto.so.3", "/usr/lib/ossl"), openssl_copy("/w.so", "/w"))


def test_the_images_own_tls_settings_stay_in_force() -> None:
    # Debian's configuration is found through a link.
    text = "openssl_conf = init\n[init]\nssl_conf = tls\nproviders = p\n[tls]\nsystem_default = d\n"
    file = fact(FactKind.OPENSSL_CONFIG_FILE, "/etc/ssl/openssl.cnf", text=text)
    state = openssl_state(config="/usr/lib/ssl/openssl.cnf", config_file="/etc/ssl/openssl.cnf")
    made = plan(openssl_use(), state, file)
    written = made.files[CONFIG].decode()
    assert written.startswith(".include /usr/lib/ssl/openssl.cnf")
    init = written.partition("[fips_scanner_init]")[2].partition("[")[0]
    assert "ssl_conf = tls" in init
    assert "providers = p" not in init


def test_each_copy_of_openssl_gets_a_provider_of_its_own() -> None:
    made = plan(openssl_state(), *COPIES)
    assert set(made.files) == {CONFIG, "/usr/lib/ossl/fips.so", "/w/fips.so"}
    assert b"module = fips.so" in made.files[CONFIG]


def test_the_images_own_provider_is_copied_for_its_other_openssl() -> None:
    state = openssl_state(provider="/usr/lib/ossl/fips.so")
    made = plan(state, *COPIES, own=OWN)
    assert set(made.files) == {CONFIG, "/w/fips.so"}
    assert b"module = fips.so" in made.files[CONFIG]


def test_a_folder_in_the_environment_serves_one_copy_alone() -> None:
    made = plan(openssl_state(), *COPIES, env=(("OPENSSL_MODULES", "/m"),))
    assert set(made.files) == {CONFIG, PROVIDER}


@pytest.mark.parametrize(("version", "read"), [("1.1.1v", False), ("3.5.8", True)])
def test_node_with_openssl_11_is_spared_a_section_that_ends_it(version: str, read: bool) -> None:
    node = fact(FactKind.RUNTIME, "/usr/bin/node", name="node", version="16.20.2")
    code = openssl_copy("/usr/bin/node", "", version)
    made = plan(openssl_state(), openssl_use(), node, code)
    assert (b"nodejs_conf" in made.files[CONFIG]) is read


def test_the_images_own_provider_is_preferred_and_used_in_place() -> None:
    state = openssl_state(provider="/usr/lib/ossl-modules/fips.so")
    assert image_provider(Facts([state])) == "/usr/lib/ossl-modules/fips.so"
    made = plan(openssl_use(), state, own=OWN)
    assert PROVIDER not in made.files
    assert b"module = /usr/lib/ossl-modules/fips.so" in made.files[CONFIG]
    assert OWN.module_mac.encode() in made.files[CONFIG]


def test_image_that_turns_fips_on_itself_is_left_alone() -> None:
    state = openssl_state(activation="on", provider="/usr/lib/ossl-modules/fips.so")
    made = plan(openssl_use(), state)
    assert (made.environment, made.files) == ({}, {})
    assert [switch.id for switch in made.switches] == ["openssl"]
    assert image_provider(Facts([state])) == ""


def test_library_that_follows_the_host_is_forced() -> None:
    made = plan(openssl_use(), openssl_state(activation="host"))
    assert made.environment == {"OPENSSL_FORCE_FIPS_MODE": "1"}


@pytest.mark.parametrize(
    ("facts", "provider", "reason"),
    [
        ((), None, "this machine has no FIPS provider"),
        (
            (fact(FactKind.PACKAGE, manager="dpkg", name="libc6", version="2.31-13+deb11u11"),),
            HOST,
            "GNU C library 2.31, and the FIPS provider needs the GNU C library 2.34",
        ),
        ((fact(FactKind.ELF, "/app", interpreter="/lib/ld-musl-x86_64.so.1"),), HOST, "musl"),
        ((), FipsProvider("x", b"", "3", "arm64", (0, 0)), "is not for amd64"),
    ],
)
def test_no_usable_provider_is_a_gap_with_advice(
    facts: tuple[Fact, ...], provider: FipsProvider | None, reason: str
) -> None:
    made = plan(openssl_use(), openssl_state(), *facts, provider=provider)
    (gap,) = made.gaps
    assert gap.kind is GapKind.NO_PROVIDER
    assert gap.caps
    assert reason in gap.reason
    assert "--fips-provider" in gap.reason
    assert made.environment == {}
    assert [switch.id for switch in made.missing] == ["openssl"]


def test_no_provider_for_what_only_tools_use_does_not_cap() -> None:
    made = plan(openssl_use("/usr/bin/apt", "tool"), openssl_state(), provider=None)
    assert [gap.caps for gap in made.gaps] == [False]


def test_newer_c_library_is_no_reason() -> None:
    libc = fact(FactKind.PACKAGE, manager="rpm", name="glibc", version="2:2.34-100.el9")
    assert plan(openssl_use(), libc).gaps == ()


MUSL = fact(FactKind.ELF, "/app", interpreter="/lib/ld-musl-x86_64.so.1")
GLIBC = fact(FactKind.ELF, "/usr/bin/tool", interpreter="/lib64/ld-linux-x86-64.so.2")


@pytest.mark.parametrize(
    ("facts", "libc"),
    [
        ((), Libc()),
        ((fact(FactKind.ELF, "/static", interpreter=""),), Libc()),
        ((GLIBC,), Libc("glibc")),
        ((MUSL,), Libc("musl")),
        ((openssl_use("/app"), MUSL, GLIBC), Libc("musl")),
        ((openssl_use("/usr/bin/tool"), MUSL, GLIBC), Libc("glibc")),
        (
            (GLIBC, fact(FactKind.ELF, "/lib/x86_64-linux-gnu/libc-2.31.so")),
            Libc("glibc", (2, 31)),
        ),
        (
            (GLIBC, fact(FactKind.PACKAGE, name="glibc", version="2:2.28-251.el8")),
            Libc("glibc", (2, 28)),
        ),
    ],
)
def test_the_c_library_of_what_uses_openssl(facts: tuple[Fact, ...], libc: Libc) -> None:
    assert image_libc(Facts(facts)) == libc


def test_a_provider_for_musl_is_given_to_an_image_with_musl() -> None:
    built = FipsProvider("x", b"built", "3.5.7-simulation", "amd64", (0, 0), "musl")
    made = plan(openssl_use("/app"), openssl_state(), MUSL, provider=built)
    assert made.files[PROVIDER] == b"built"
    assert made.gaps == ()
    (switch,) = made.switches
    assert "3.5.7 built for simulation, not a validated module (sha256 " in switch.text


def test_patched_openssl_111_is_forced() -> None:
    code = fact(
        FactKind.MODULE_CODE,
        "/usr/lib64/libcrypto.so.1.1",
        module="openssl",
        version="1.1.1k",
        fips="FATAL FIPS SELFTEST FAILURE",
    )
    assert plan(code).environment == {"OPENSSL_FORCE_FIPS_MODE": "1"}
    assert plan(openssl_use(), code).environment["OPENSSL_CONF"] == CONFIG


# --- Go ------------------------------------------------------------------------------------


def test_go_is_told_to_allow_approved_only_and_keeps_its_other_settings() -> None:
    made = plan(go_build(), env=(("GODEBUG", "http2debug=1,fips140=off"),))
    assert made.environment == {"GODEBUG": "http2debug=1,fips140=only"}


@pytest.mark.parametrize("version", ["1.23.9", "1.9", "", "devel"])
def test_go_before_124_has_no_switch(version: str) -> None:
    assert not honors_fips140(go_build(version=version))
    assert plan(go_build(version=version)) == Plan()


def test_boringcrypto_beside_plain_go_is_not_broken_by_the_switch() -> None:
    made = plan(go_build("/a"), go_build("/b", experiments=("boringcrypto",)))
    assert made.environment == {}
    assert [switch.programs for switch in made.missing] == [("/a",)]
    (gap,) = made.gaps
    assert gap.kind is GapKind.NOT_RUN
    assert "/b" in gap.reason


def test_go_of_red_hat() -> None:
    build = fact(FactKind.GO_BUILD, "/app", go_version="1.25.1", toolchain="redhat")
    assert plan(build).environment == {"GOLANG_FIPS": "1"}


def fork(toolchain: str, version: str, path: str = "/app") -> Fact:
    return fact(FactKind.GO_BUILD, path, go_version=version, toolchain=toolchain)


@pytest.mark.parametrize("version", ["1.24.0", "1.26.3", "1.27.0"])
def test_go_of_microsoft_is_told_in_all_ways_it_knows(version: str) -> None:
    # fips140=off and GOFIPS=0 of the image would win over GOLANG_FIPS=1.
    made = plan(fork("microsoft", version), env=(("GODEBUG", "fips140=off"), ("GOFIPS", "0")))
    assert made.environment == {"GOFIPS": "1", "GOLANG_FIPS": "1", "GODEBUG": "fips140=on"}
    (switch,) = made.switches
    assert switch.programs == ("/app",)
    assert not switch.text.startswith(f"GODEBUG={GO_ONLY}")  # no test mode: production may set it


def test_go_of_microsoft_before_it_knew_fips140() -> None:
    assert plan(fork("microsoft", "1.23.4")).environment == {"GOFIPS": "1", "GOLANG_FIPS": "1"}


@pytest.mark.parametrize(
    "other",
    [
        go_build("/b", version="1.26.0"),
        go_build("/b", experiments=("boringcrypto",)),
        fork("redhat", "1.25.1", "/b"),
    ],
)
def test_godebug_is_left_where_others_read_it_in_another_way(other: Fact) -> None:
    made = plan(fork("microsoft", "1.25.1"), other)
    assert made.environment == {"GOFIPS": "1", "GOLANG_FIPS": "1"}


# --- rules ---------------------------------------------------------------------------------


def test_variables_of_module_rules_for_modules_that_are_there() -> None:
    code = fact(FactKind.MODULE_CODE, "/usr/lib/libgcrypt.so.20", module="libgcrypt")
    assert plan(code).environment == {"LIBGCRYPT_FORCE_FIPS_MODE": "1"}


def test_java_options_join_the_images_own() -> None:
    jvm = fact(FactKind.JAVA_RUNTIME, "/opt/java", version="17")
    made = plan(jvm, env=(("JAVA_TOOL_OPTIONS", "-Xmx1g -Dapproved_only=false"),))
    assert made.environment["JAVA_TOOL_OPTIONS"] == (
        "-Xmx1g -Djava.security.properties=/run/x -Dapproved_only=true"
    )
    assert made.files["/run/x"] == b"keystore.type=bcfks\n"


def test_the_images_own_java_security_file_stays() -> None:
    jvm = fact(FactKind.JAVA_RUNTIME, "/opt/java", version="17")
    own = "-Djava.security.properties=/app/fips.security"
    made = plan(jvm, env=(("JAVA_TOOL_OPTIONS", own),))
    assert made.environment["JAVA_TOOL_OPTIONS"] == f"{own} -Dapproved_only=true"

"""What running processes show against the files: who speaks TLS, and in which mode."""

from __future__ import annotations

import pytest

from scanner.facts import fact
from scanner.model import (
    Activation,
    CryptoUse,
    Fact,
    FactKind,
    GapKind,
    Module,
    TlsEndpoint,
    UseKind,
    Value,
)
from scanner.rulebook import RuleBook
from scanner.simulate.observed import (
    as_seen,
    preloaded,
    run_settings,
    tls_servers,
    unexplained,
    unseen_servers,
)
from scanner.simulate.plan import Facts
from scanner.simulate.processes import Process

from .values import CHACHA13, GCM13, LIBCRYPTO, config, openssl_state, seen

TLS = (TlsEndpoint(8443, ("TLS 1.3",), (GCM13, CHACHA13), unapproved=(CHACHA13,)),)
LIBJVM = "/opt/java/lib/server/libjvm.so"


def use(path: str, module: str = "go-fips140", **attributes: str) -> Fact:
    values: dict[str, Value] = {
        "activation": "on",
        "role": "workload",
        "purpose": "crypto",
        "library": path,
    }
    return Fact(FactKind.USE, path, {"module": module, **values, **attributes})


def process(
    program: str, *env: str, mapped: tuple[str, ...] = (), ports: tuple[int, ...] = ()
) -> Process:
    return Process(frozenset(env), frozenset({program, *mapped}), program, frozenset(ports))


def servers(*processes: Process, facts: tuple[Fact, ...]) -> list[tuple[str, bool]]:
    made = tls_servers("baseline", seen(tls=TLS, processes=processes), Facts(facts))
    assert all(each.texts("unapproved") == (CHACHA13,) for each in made)
    return [(each.path, each.flag("known")) for each in made]


# --- who speaks TLS --------------------------------------------------------------------------


def test_program_behind_the_port_is_told_from_its_neighbor() -> None:
    server, other = process("/server"), process("/app/x", ports=(8443,))
    assert servers(server, other, facts=(use("/server"),)) == [("/app/x", False)]


def test_use_behind_the_port() -> None:
    both = (use("/server"), use("/neighbor"))
    found = servers(process("/server", ports=(8443,)), process("/neighbor"), facts=both)
    assert found == [("/server", True)]


def test_library_that_the_program_has_loaded_is_known() -> None:
    extension = "/usr/lib/python3/_ssl.so"
    python = process("/usr/bin/python3", mapped=(extension, LIBCRYPTO), ports=(8443,))
    found = servers(python, facts=(use(extension, "openssl", library=LIBCRYPTO),))
    assert found == [(extension, True)]
    # Code that no use explains is a gap of its own.
    code = fact(FactKind.MODULE_CODE, LIBCRYPTO, module="openssl", form="library")
    (made,) = tls_servers("baseline", seen(tls=TLS, processes=(python,)), Facts((code,)))
    assert (made.path, made.text("program")) == ("/usr/bin/python3", "/usr/bin/python3")
    assert "known" not in made.attributes


def test_program_behind_a_port_is_named_with_what_it_accepts() -> None:
    endpoint = TlsEndpoint(
        8443,
        ("TLS 1.2",),
        (CHACHA13,),
        unapproved=(CHACHA13, "rsa_pkcs1_sha1"),
        signatures=("rsa_pkcs1_sha1",),
    )
    plugin = "/usr/lib/nginx/plugin.so"
    nginx = process("/usr/sbin/nginx", mapped=(plugin,), ports=(8443,))
    facts = Facts((use("/usr/sbin/nginx", "openssl"), use(plugin, "openssl")))
    made = tls_servers("baseline", seen(tls=(endpoint,), processes=(nginx,)), facts)
    assert [(each.path, each.text("program")) for each in made] == [
        ("/usr/sbin/nginx", "/usr/sbin/nginx"),
        (plugin, "/usr/sbin/nginx"),
    ]
    assert {each.texts("unapproved") for each in made} == {(CHACHA13,)}
    assert not any(each.flag("go") for each in made)
    build = fact(FactKind.GO_BUILD, "/usr/sbin/nginx", go_version="1.27.3")
    go = tls_servers("baseline", seen(tls=(endpoint,), processes=(nginx,)), Facts((build,)))
    assert [each.flag("go") for each in go] == [True]
    (unseen,) = tls_servers("baseline", seen(tls=(endpoint,)), Facts(()))
    assert (unseen.path, unseen.text("program")) == ("baseline", "")
    assert "known" not in unseen.attributes


def test_a_program_that_only_hashes_does_not_explain_tls() -> None:
    hashing = use("/app/x", "go-crypto", purpose="hash-only")
    code = fact(FactKind.MODULE_CODE, "/app/x", module="go-crypto", form="static")
    assert servers(process("/app/x", ports=(8443,)), facts=(hashing, code)) == [("/app/x", False)]


def test_where_nobody_is_seen_to_hold_the_port_all_are_asked() -> None:
    strangers = (process("/a"), process("/b"))
    assert servers(*strangers, facts=()) == [("/a", False), ("/b", False)]
    assert servers(*strangers, process("/server"), facts=(use("/server"),)) == [("/server", True)]
    assert servers(process(""), facts=()) == [("baseline", False)]


def test_a_port_without_tls_says_nothing() -> None:
    observation = seen(tls=(TlsEndpoint(80, error="x"),), processes=(process("/a", ports=(80,)),))
    assert tls_servers("baseline", observation, Facts(())) == []


def test_where_no_process_can_be_seen_that_is_said() -> None:
    (gap,) = unseen_servers("baseline", seen(tls=TLS))
    assert (gap.kind, gap.caps) == (GapKind.NOT_SUPPORTED, False)
    assert "port 8443" in gap.reason
    assert unseen_servers("baseline", seen(tls=TLS, processes=(process("/a"),))) == []
    assert unseen_servers("baseline", seen()) == []


# --- the environment of the process ------------------------------------------------------------


def settings(running: Process, *facts: Fact, env: tuple[tuple[str, str], ...] = ()) -> list[str]:
    made = run_settings("baseline", (running,), Facts(facts), config(*env))
    return [each.text("activation") for each in made]


def frozen(default: str = "on") -> Fact:
    return fact(
        FactKind.GO_BUILD,
        "/server",
        go_version="1.27.3",
        toolchain="upstream",
        default_fips140=default,
    )


@pytest.mark.parametrize(
    ("env", "default", "found"),
    [
        (("GODEBUG=fips140=off",), "on", ["off"]),
        (("GODEBUG=fips140=on,fips140=off",), "on", ["off"]),
        (("GODEBUG=fips140=",), "on", ["off"]),
        (("GODEBUG=http2client=0",), "on", []),
        (("GODEBUG=fips140=off,fips140=only",), "on", []),
        ((), "on", []),
        ((), "", ["off"]),  # the image's ENV said on, and it did not arrive
    ],
)
def test_go_follows_the_environment_that_arrived(
    env: tuple[str, ...], default: str, found: list[str]
) -> None:
    assert settings(process("/server", *env), use("/server"), frozen(default)) == found


def test_what_files_call_off_is_not_made_better() -> None:
    running = process("/server", "GODEBUG=fips140=on")
    assert settings(running, use("/server", activation="off"), frozen("off")) == []


def test_environment_of_another_program_counts_for_nothing() -> None:
    assert settings(process("/x", "GODEBUG=fips140=off"), use("/server"), frozen()) == []


@pytest.mark.parametrize(
    ("env", "image", "found"),
    [
        ((), (), []),
        (("OPENSSL_CONF=/run/other.cnf",), (), ["unknown"]),
        (("OPENSSL_CONF=",), (), ["unknown"]),
        (("OPENSSL_CONF=/etc/ssl/openssl.cnf",), (), []),
        ((), (("OPENSSL_CONF", "/etc/ssl/openssl.cnf"),), ["unknown"]),
        (("OPENSSL_MODULES=/tmp",), (), ["unknown"]),
        (("OPENSSL_MODULES=/usr/lib/ossl-modules",), (), []),
        (("OPENSSL_FORCE_FIPS_MODE=0",), (), ["unknown"]),
    ],
)
def test_openssl_was_judged_by_the_image_environment(
    env: tuple[str, ...], image: tuple[tuple[str, str], ...], found: list[str]
) -> None:
    nginx = process("/usr/sbin/nginx", *env, mapped=(LIBCRYPTO,))
    state = openssl_state(provider="/usr/lib/ossl-modules/fips.so", reads_kernel_flag=True)
    served = use("/usr/sbin/nginx", "openssl-fips-provider", library=LIBCRYPTO)
    assert settings(nginx, served, state, env=image) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("-Dorg.bouncycastle.fips.approved_only=true", []),
        ("-Dorg.bouncycastle.fips.approved_only=true -Xmx1g -Dpassword=x", []),
        ("-Dorg.bouncycastle.fips.approved_only=false", ["unknown"]),
        ("-Xmx1g", ["unknown"]),
    ],
)
def test_jvm_options_that_arrived(value: str, found: list[str]) -> None:
    name = "JAVA_TOOL_OPTIONS"
    java = process("/opt/java/bin/java", f"{name}={value}", mapped=(LIBJVM,))
    image = ((name, "-Dorg.bouncycastle.fips.approved_only=true"),)
    assert settings(java, use("/opt/java/bin/java", "bc-fips"), env=image) == found


def test_use_takes_the_mode_that_was_seen() -> None:
    module = Module("go-fips140", "Go", "v1.0.0", "/server")
    on = CryptoUse("/server", UseKind.BUILTIN, module, activation=Activation.ON)
    running = process("/server", "GODEBUG=fips140=off")
    made = run_settings("baseline", (running,), Facts((use("/server"), frozen())), config())
    (off,) = as_seen((on,), made)
    assert off.activation is Activation.OFF
    assert "GODEBUG=fips140=off" in off.activation_reason
    assert as_seen((on,), ()) == (on,)


# --- LD_PRELOAD --------------------------------------------------------------------------------

ALLOCATOR = "/usr/lib/libjemalloc.so.2"


def test_allocator_of_the_image_may_be_preloaded() -> None:
    running = process("/app", "LD_PRELOAD=/usr/lib/libjemalloc.so", mapped=(ALLOCATOR,))
    assert (
        preloaded("baseline", (running,), Facts((use("/app"), fact(FactKind.ELF, ALLOCATOR)))) == []
    )


@pytest.mark.parametrize(
    "others",
    [
        (),
        (
            fact(FactKind.ELF, ALLOCATOR),
            fact(FactKind.CRYPTO_SYMBOLS, ALLOCATOR, module="openssl", direction="exports"),
        ),
    ],
)
def test_preloaded_code_that_may_serve_crypto_is_a_gap(others: tuple[Fact, ...]) -> None:
    running = process("/app", "LD_PRELOAD=/usr/lib/libjemalloc.so", mapped=(ALLOCATOR,))
    (gap,) = preloaded("baseline", (running,), Facts((use("/app"), *others)))
    assert (gap.kind, gap.subject, gap.caps) == (GapKind.NOT_VERIFIED, ALLOCATOR, True)
    assert preloaded("baseline", (process("/app"),), Facts((use("/app"), *others))) == []
    assert preloaded("baseline", (running,), Facts(others)) == []


# --- what is loaded and explained by nothing --------------------------------------------------


GNUTLS, NETTLE = "/usr/lib/libgnutls.so.30", "/usr/lib/libnettle.so.8"


def library(path: str, module: str) -> Fact:
    return fact(FactKind.MODULE_CODE, path, module=module, form="library")


CODE = (library(GNUTLS, "gnutls"), library(NETTLE, "nettle"), library(LIBCRYPTO, "openssl"))


def test_library_that_is_loaded_by_hand_is_a_gap() -> None:
    running = process("/usr/bin/python3.11", mapped=(LIBCRYPTO,))
    (gap,) = unexplained("baseline", (running, running), Facts(CODE), RuleBook.load())
    assert (gap.kind, gap.subject, gap.caps) == (GapKind.NOT_VERIFIED, "/usr/bin/python3.11", True)
    assert f"it has {LIBCRYPTO} (OpenSSL) loaded" in gap.reason


@pytest.mark.parametrize(
    ("mapped", "uses"),
    [
        ((LIBCRYPTO,), (use("/app", "openssl", library=LIBCRYPTO),)),
        # Served by the provider that it loads.
        ((LIBCRYPTO,), (use("/app", "openssl-fips-provider", library=LIBCRYPTO),)),
        ((LIBCRYPTO, "/ext.so"), (use("/ext.so", "openssl", library=LIBCRYPTO),)),
        # GnuTLS brings Nettle.
        ((GNUTLS, NETTLE), (use("/app", "gnutls", library=GNUTLS),)),
        ((), ()),
    ],
)
def test_library_of_a_known_use_is_none(mapped: tuple[str, ...], uses: tuple[Fact, ...]) -> None:
    running = process("/app", mapped=mapped)
    facts = Facts((*CODE, *uses))
    assert unexplained("baseline", (running,), facts, RuleBook.load()) == []


def test_use_of_another_program_explains_nothing() -> None:
    running = process("/app", mapped=(LIBCRYPTO,))
    facts = Facts((*CODE, use("/other", "openssl", library=LIBCRYPTO)))
    assert len(unexplained("baseline", (running,), facts, RuleBook.load())) == 1

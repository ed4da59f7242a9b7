"""Which module serves a Go program, and in which mode."""

from __future__ import annotations

import dataclasses

import pytest

from scanner.facts import fact
from scanner.link import go, openssl
from scanner.link.world import World
from scanner.model import Activation, CryptoUse, Fact, FactKind, UseKind, Value

from .scripts import script
from .worlds import code, elf, library, world

TLS = ("crypto/aes", "crypto/tls")


def build(**attributes: Value) -> Fact:
    defaults: dict[str, Value] = {"go_version": "1.27.3", "packages": TLS}
    return fact(FactKind.GO_BUILD, "/app", evidence=(), **{**defaults, **attributes})


def use_of(build_fact: Fact, *more: Fact, env: tuple[tuple[str, str], ...] = ()) -> CryptoUse:
    here = world(elf("/app", linkage="static"), build_fact, *more, env=env)
    derived = openssl.link(here)
    linked = go.link(World(here.facts.plus(derived.facts), here.view, here.config, here.rules))
    [use] = linked.uses
    return use


FROZEN = build(gofips140="v1.0.0", frozen_code="v1.0.0", default_fips140="on")


def test_a_frozen_module_runs_in_fips_mode_by_default() -> None:
    use = use_of(FROZEN)
    assert (use.module.id, use.module.version) == ("go-fips140", "v1.0.0")
    assert use.activation is Activation.ON


@pytest.mark.parametrize(
    ("godebug", "activation"),
    [
        ("fips140=off", Activation.OFF),
        ("http2client=0,fips140=off", Activation.OFF),
        ("fips140=off,fips140=on", Activation.ON),
        ("fips140=only", Activation.ON),
        ("notfips140=off", Activation.ON),
        ("fips140", Activation.ON),
        ("x=1, fips140=off", Activation.ON),
        ("FIPS140=off", Activation.ON),
        ("fips140=", Activation.OFF),
        ("fips140=debug", Activation.ON),
        ("fips140=off ", Activation.UNKNOWN),
        ("fips140=auto", Activation.UNKNOWN),
        ("", Activation.ON),
    ],
)
def test_the_environment_wins_over_the_build(godebug: str, activation: Activation) -> None:
    assert use_of(FROZEN, env=(("GODEBUG", godebug),)).activation is activation


def test_auto_is_known_to_red_hats_go_alone() -> None:
    red_hat = build(frozen_code="v1.0.0", default_fips140="auto", toolchain="redhat")
    assert use_of(red_hat).activation is Activation.HOST


def test_mode_without_a_frozen_module_is_plain_go() -> None:
    use = use_of(build(gofips140="latest", default_fips140="on"))
    assert (use.module.id, use.activation) == ("go-crypto", Activation.ON)
    assert "not a frozen one" in use.activation_reason


def test_boringcrypto_needs_its_code_and_not_its_marker() -> None:
    real = use_of(build(experiments=("boringcrypto",), boring_code="present"))
    assert (real.module.id, real.kind) == ("boringcrypto", UseKind.STATIC)
    fake = use_of(build(experiments=("boringcrypto",), boring_code="absent"))
    assert (fake.module.id, fake.activation) == ("go-crypto", Activation.NONE)
    unseen = use_of(build(experiments=("boringcrypto",), boring_code="unknown"))
    assert unseen.activation is Activation.UNKNOWN


def test_no_crypto_packages_no_use() -> None:
    here = world(elf("/app", linkage="static"), build(packages=()))
    assert go.link(here).uses == ()


def test_hashing_alone_is_told_apart() -> None:
    assert use_of(build(packages=("crypto/sha256",))).purpose == "hash-only"
    assert use_of(build(packages=("crypto/sha256", "crypto/aes"))).purpose == "crypto"


def openssl_build(toolchain: str = "microsoft", **more: Value) -> Fact:
    return build(openssl_backend=True, toolchain=toolchain, **more)


def test_an_openssl_build_needs_openssl_in_the_image() -> None:
    here = world(elf("/app", linkage="static"), openssl_build())
    linked = go.link(here)
    [lonely] = linked.uses
    assert (lonely.module.id, lonely.activation) == ("openssl", Activation.NONE)
    assert "ends when it starts" in lonely.activation_reason
    assert [each.text("needed") for each in linked.facts] == ["libcrypto.so.3"]
    path = "/usr/lib/libcrypto.so.3"
    served = use_of(openssl_build(), library(path), code(path, "openssl", "3.0.20"))
    assert (served.kind, served.module.id) == (UseKind.LOADED, "openssl")


@pytest.mark.parametrize(
    ("toolchain", "version", "name", "loads"),
    [
        ("microsoft", "1.24.0", "libcrypto.so.1.0.0", True),
        ("microsoft", "1.25.0", "libcrypto.so.1.0.0", False),
        ("microsoft", "1.25.0", "libcrypto.so.111", True),
        ("redhat", "1.25.0", "libcrypto.so.10", True),
        ("redhat", "1.25.0", "libcrypto.so.9", False),
    ],
)
def test_under_which_names_openssl_is_looked_for(
    toolchain: str, version: str, name: str, loads: bool
) -> None:
    path = f"/usr/lib/{name}"
    program = openssl_build(toolchain, go_version=version)
    use = use_of(program, library(path), code(path, "openssl", "1.1.1k"))
    assert (use.library is not None or use.module.path == path) is loads


CRYPTO = "/usr/lib/libcrypto.so.3"
STATES = {
    "on": fact(
        FactKind.OPENSSL_STATE, CRYPTO, evidence=(), activation="on", version="3.0.15", reason="on"
    ),
    "off": fact(
        FactKind.OPENSSL_STATE, CRYPTO, evidence=(), activation="off", version="3.0.15", reason="no"
    ),
}


# Each of version 1.24 was seen with a library that Microsoft's Go 1.24.0 built, in containers with
# and without a FIPS provider in effect; the others are as its documentation says.
@pytest.mark.parametrize(
    ("version", "state", "env", "activation", "ends"),
    [
        ("1.24.0", "on", ("GODEBUG", "fips140=on"), Activation.ON, ""),
        ("1.24.0", "on", ("GOFIPS", "1"), Activation.ON, ""),
        ("1.24.0", "on", ("GOLANG_FIPS", "1"), Activation.ON, ""),
        ("1.24.0", "on", ("GODEBUG", "fips140=off"), Activation.HOST, ""),
        ("1.24.0", "on", ("GOFIPS", "0"), Activation.OFF, "ends when it starts"),
        ("1.24.0", "off", ("GOFIPS", "1"), Activation.OFF, "ends when it starts, since GOFIPS=1"),
        ("1.24.0", "off", ("GOFIPS", "0"), Activation.OFF, "on any node"),
        ("1.24.0", "off", ("A", "1"), Activation.OFF, "on nodes whose FIPS flag is set"),
        ("1.27.0", "on", ("GODEBUG", "fips140=off"), Activation.OFF, "on any node"),
        ("1.27.0", "on", ("GOFIPS", "0"), Activation.HOST, ""),
        ("1.23.0", "off", ("A", "1"), Activation.OFF, "no"),
    ],
)
def test_what_microsofts_go_asks_of_openssl(
    version: str, state: str, env: tuple[str, str], activation: Activation, ends: str
) -> None:
    program = openssl_build(go_version=version)
    here = world(elf("/app", linkage="static"), program, library(CRYPTO), STATES[state], env=[env])
    [use] = go.link(here).uses
    assert use.activation is activation
    assert ends in use.activation_reason


def test_an_openssl_in_fips_mode_is_taken_before_others() -> None:
    old = "/usr/lib/libcrypto.so.1.1"
    fips = fact(
        FactKind.OPENSSL_STATE, old, evidence=(), activation="on", version="1.1.1k", reason="on"
    )
    parts = (library(CRYPTO), library(old), STATES["off"], fips)
    [use] = go.link(world(elf("/app", linkage="static"), openssl_build(), *parts)).uses
    assert use.module.path == old


@pytest.mark.parametrize(
    ("command", "activation"),
    [
        (("env", "GODEBUG=fips140=off", "/app"), Activation.OFF),
        (("/bin/sh", "-c", "GODEBUG=fips140=off exec /app"), Activation.OFF),
        (("/bin/sh", "-c", "export GODEBUG='x=1,fips140=off'; exec /app"), Activation.OFF),
        (("/bin/sh", "-c", "NOGODEBUG=fips140=off exec /app"), Activation.ON),
        (("/bin/sh", "-c", "GODEBUG=$MORE exec /app"), Activation.UNKNOWN),
        (("/app",), Activation.ON),
    ],
)
def test_a_command_may_set_the_mode_on_its_way(
    command: tuple[str, ...], activation: Activation
) -> None:
    here = world(elf("/app", linkage="static"), FROZEN, env=[("GODEBUG", "fips140=on")])
    config = dataclasses.replace(here.config, entrypoint=command)
    [use] = go.link(dataclasses.replace(here, config=config)).uses
    assert use.activation is activation


def test_a_start_script_may_set_the_mode_as_well() -> None:
    start = script("/start.sh", "export GODEBUG=fips140=off", "exec /app")
    here = world(elf("/app", linkage="static"), FROZEN, start)
    config = dataclasses.replace(here.config, entrypoint=("/start.sh",))
    [use] = go.link(dataclasses.replace(here, config=config)).uses
    assert use.activation is Activation.OFF
    assert "/start.sh" in use.activation_reason


@pytest.mark.parametrize(
    ("stored", "computed", "state"),
    [("aa", "aa", "intact"), ("aa", "bb", "altered"), ("", "bb", "missing")],
)
def test_whether_the_frozen_module_is_as_linked(stored: str, computed: str, state: str) -> None:
    seen = fact(
        FactKind.INTEGRITY, "/app", evidence=(), form="go", stored=stored, computed=computed
    )
    other = fact(
        FactKind.INTEGRITY, "/lib.so", evidence=(), form="hmac", stored=stored, computed="cc"
    )
    linked = go.link(world(elf("/app", linkage="static"), FROZEN, seen, other))
    [said] = [each for each in linked.facts if each.kind is FactKind.INTEGRITY_STATE]
    assert (said.path, said.text("state")) == ("/app", state)

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


def test_an_openssl_build_needs_openssl_in_the_image() -> None:
    systemcrypto = build(openssl_backend=True, systemcrypto=True, toolchain="microsoft")
    lonely = use_of(systemcrypto)
    assert (lonely.module.id, lonely.activation) == ("go-crypto", Activation.NONE)
    path = "/usr/lib/libcrypto.so.3"
    served = use_of(systemcrypto, library(path), code(path, "openssl", "3.0.20"))
    assert (served.kind, served.module.id) == (UseKind.LOADED, "openssl")


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

from __future__ import annotations

from collections.abc import Sequence

import pytest

from scanner.facts import fact
from scanner.model import Fact, FactKind, LogMatch, TlsEndpoint
from scanner.simulate.plan import Facts, Plan, Switch, make_plan
from scanner.simulate.processes import Process
from scanner.simulate.provider import FipsProvider
from scanner.simulate.verify import Run, Verification, is_of_fips, verify
from scanner.simulate.watch import Observation

from .values import (
    CHACHA13,
    GCM13,
    LIBCRYPTO,
    command,
    config,
    go_build,
    openssl_state,
    openssl_use,
    rules,
    seen,
)

PROVIDER = FipsProvider("/cache/fips.so", b"", "3.5.9", "amd64", (2, 34))
NGINX = "/usr/sbin/nginx"
OPENSSL_LIST = b"""\
Providers:
  base
    name: OpenSSL Base Provider
    version: 3.0.20
    status: active
  fips
    name: OpenSSL FIPS Provider
    version: 3.5.9
    status: active
"""


def nothing(_command: Sequence[str]) -> bytes:
    return b""


def verified(
    facts: Sequence[Fact],
    enforced: Observation,
    *,
    baseline: Observation | None = None,
    run: Run = nothing,
    matches: tuple[tuple[str, LogMatch], ...] = (),
    provider: FipsProvider | None = PROVIDER,
) -> Verification:
    known = Facts(facts)
    plan = make_plan(known, config(), rules(), own_provider=None, provider=provider)
    return verify(plan, baseline or seen(), enforced, known, matches, run)


def process(*mapped: str, env: tuple[str, ...] = ()) -> Process:
    return Process(frozenset(env), frozenset(mapped))


OPENSSL = (openssl_use(), openssl_state(), command(NGINX))


def test_provider_in_memory() -> None:
    found = verified(
        OPENSSL, seen(processes=(process(NGINX, LIBCRYPTO, "/.fips-scanner/fips.so"),))
    )
    assert found.complete
    assert "fips.so is loaded" in found.evidence[0]


def test_openssl_in_memory_without_the_provider_proves_nothing() -> None:
    found = verified(OPENSSL, seen(processes=(process(NGINX, LIBCRYPTO),)))
    assert [switch.id for switch in found.unproven] == ["openssl"]
    assert not found.complete


def test_openssl_that_no_process_uses_is_not_missed() -> None:
    found = verified(OPENSSL, seen(processes=(process("/app"),)))
    assert found == Verification()


def test_tls_that_lost_what_modules_refuse() -> None:
    before = seen(tls=(TlsEndpoint(443, ("TLS 1.3",), (GCM13, CHACHA13), ("x25519",)),))
    processes = (process(NGINX, LIBCRYPTO),)
    after = seen(tls=(TlsEndpoint(443, ("TLS 1.3",), (GCM13,)),), processes=processes)
    assert verified(OPENSSL, after, baseline=before).complete
    for left in (
        TlsEndpoint(443, ("TLS 1.3",), (GCM13, CHACHA13)),
        TlsEndpoint(443, ("TLS 1.3",), (GCM13,), ("x25519",)),
        TlsEndpoint(443),
    ):
        still = seen(tls=(left,), processes=processes)
        assert not verified(OPENSSL, still, baseline=before).complete


def answering(program: str, output: bytes) -> Run:
    return lambda command: output if command[0] == program else b""


@pytest.mark.parametrize(
    ("tool", "output", "proves"),
    [
        (fact(FactKind.ELF, "/usr/bin/openssl"), OPENSSL_LIST, True),
        (fact(FactKind.ELF, "/usr/bin/openssl"), OPENSSL_LIST.split(b"  fips")[0], False),
        (fact(FactKind.RUNTIME, "/usr/bin/python3.11", name="python"), b"only approved\n", True),
        (
            fact(FactKind.RUNTIME, "/usr/bin/python3.11", name="python"),
            b"ValueError: [digital envelope routines] unsupported\n",
            False,
        ),
    ],
)
def test_program_of_the_image_is_asked(tool: Fact, output: bytes, proves: bool) -> None:
    ended = seen(exit_code=0)
    found = verified((*OPENSSL, tool), ended, run=answering(tool.path, output))
    assert found.complete is proves
    assert bool(found.unproven) is not proves


TOOL = fact(FactKind.ELF, "/usr/bin/openssl")


def test_tool_proves_nothing_of_programs_that_run_without_our_variable() -> None:
    """Dovecot starts its login processes with an environment of its own."""
    run = answering(TOOL.path, OPENSSL_LIST)
    found = verified((*OPENSSL, TOOL), seen(processes=(process(NGINX, LIBCRYPTO),)), run=run)
    assert (found.evidence, [switch.id for switch in found.unproven]) == ((), ["openssl"])


def test_tool_proves_that_the_provider_works_and_not_that_a_program_uses_it() -> None:
    told = Process(
        frozenset({"OPENSSL_CONF=/x"}), frozenset({NGINX, LIBCRYPTO}), NGINX, frozenset({443})
    )
    run = answering(TOOL.path, OPENSSL_LIST)
    found = verified((*OPENSSL, TOOL), seen(processes=(told,)), run=run)
    assert found.complete
    (doubt,) = found.doubts
    assert doubt.startswith(f"{NGINX} has OpenSSL in its memory without a FIPS provider")
    # What is behind a port that speaks TLS is told with that port.
    with_port = seen(processes=(told,), tls=(TlsEndpoint(443),))
    assert verified((*OPENSSL, TOOL), with_port, run=run).doubts == ()


def test_missing_provider_leaves_what_uses_openssl_unproven() -> None:
    found = verified(OPENSSL, seen(processes=(process(NGINX, LIBCRYPTO),)), provider=None)
    assert [switch.id for switch in found.unproven] == ["openssl"]
    unused = verified(OPENSSL, seen(processes=(process("/app"),)), provider=None)
    assert unused.unproven == ()


GO = (go_build(), command("/app"))


def test_go_program_that_carries_the_variable() -> None:
    carrying = process("/app", env=("PATH=/bin", "GODEBUG=fips140=only"))
    assert verified(GO, seen(processes=(carrying,))).complete


def test_go_program_whose_environment_was_scrubbed() -> None:
    for env in ((), ("GODEBUG=fips140=off",), ("GODEBUG=fips140=only,fips140=off",)):
        found = verified(GO, seen(processes=(process("/app", env=env),)))
        assert [switch.id for switch in found.unproven] == ["go"]


def test_variable_carried_by_another_program_proves_nothing() -> None:
    shell = process("/bin/sh", env=("GODEBUG=fips140=only",))
    app = process("/app")
    assert not verified(GO, seen(processes=(shell, app))).complete


def test_ended_go_program_is_judged_by_its_build() -> None:
    assert verified(GO, seen(exit_code=2)).complete
    assert not verified((go_build(), command("/bin/sh")), seen(exit_code=2)).complete


def test_message_that_only_fips_mode_explains() -> None:
    line = LogMatch("go-only", "m", "panic: crypto/md5: use of MD5 is not allowed")
    ended = seen(exit_code=2)
    facts = (go_build(), command("/bin/sh"))
    assert verified(facts, ended, matches=(("go", line),)).complete
    assert not verified(facts, ended, matches=(("openssl-3", line),)).complete


def test_java_says_that_it_picked_the_options_up() -> None:
    jvm = fact(FactKind.JAVA_RUNTIME, "/opt/java", version="17")
    log = b"Picked up JAVA_TOOL_OPTIONS: -Djava.security.properties=/run/x\n"
    assert verified((jvm, command("/bin/java")), seen(exit_code=1, log=log)).complete


def test_library_that_the_started_program_does_not_use_is_not_missed() -> None:
    code = fact(FactKind.MODULE_CODE, "/usr/lib/libgcrypt.so.20", module="libgcrypt")
    tool = fact(FactKind.USE, "/usr/bin/apt", module="libgcrypt", role="tool")
    found = verified((*GO, code, tool), seen(exit_code=2))
    assert found.unproven == ()
    assert len(found.evidence) == 1


VARIABLE = Switch("libgcrypt", "G=1", environment=(("G", "1"),))
FILE = Switch("openssl", "OPENSSL_CONF", environment=(("OPENSSL_CONF", "/x/openssl.cnf"),))


@pytest.mark.parametrize(
    ("evidence", "unproven", "of_fips"),
    [
        ((), (), True),
        (("openssl: seen",), (VARIABLE,), True),
        # Nothing took effect at all, so what differs has another cause.
        ((), (VARIABLE,), False),
        # A provider that cannot be loaded breaks what OpenSSL is used for.
        (("libgcrypt: seen",), (FILE,), False),
        (("libgcrypt: seen",), (VARIABLE, FILE), False),
        # What was not switched on for want of a provider broke nothing.
        (("libgcrypt: seen",), (Switch("openssl", "none"),), True),
    ],
)
def test_library_that_is_linked_and_never_asked_does_not_make_a_break_doubtful(
    evidence: tuple[str, ...], unproven: tuple[Switch, ...], of_fips: bool
) -> None:
    plan = Plan(switches=(VARIABLE, FILE), files={"/x/openssl.cnf": b""})
    assert is_of_fips(Verification(evidence, unproven), plan) is of_fips

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.model import Difference, Effect, LogMatch, TlsCertificate, TlsEndpoint
from scanner.simulate.compare import compare, doubtful, settled, unconfirmed
from scanner.simulate.processes import Process
from scanner.simulate.tls_table import Approval
from scanner.simulate.watch import Observation

from .values import CHACHA, CHACHA13, GCM, GCM13, seen, table

TLS = TlsEndpoint(443, ("TLS 1.2",), (GCM,), ("secp256r1",))


def differences(
    baseline: Observation,
    enforced: Observation,
    *,
    matches: tuple[LogMatch, ...] = (),
    verified: bool = True,
) -> list[tuple[str, str, str]]:
    found = compare_all(baseline, enforced, matches=matches, verified=verified)
    return [(each.what, each.effect.value, each.condition) for each in found]


def compare_all(
    baseline: Observation,
    enforced: Observation,
    *,
    matches: tuple[LogMatch, ...] = (),
    verified: bool = True,
) -> tuple[Difference, ...]:
    return compare(
        baseline,
        enforced,
        new_matches=matches,
        breaking_rules=frozenset({"breaking"}),
        approval=Approval(table()),
        exposed=(40000,),
        verified=verified,
    )


def test_same_is_no_difference() -> None:
    both = seen(ports=(8443,), health="healthy")
    assert differences(both, both) == []


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        (None, 2, "breaks"),
        (0, 2, "breaks"),
        (0, 137, "breaks"),
        (None, 0, "breaks"),
        (0, None, "changes"),
        (1, 2, "never-worked"),
        (1, 0, "never-worked"),
        (1, None, "never-worked"),
    ],
)
def test_exit(before: int | None, after: int | None, effect: str) -> None:
    found = differences(seen(exit_code=before), seen(exit_code=after, ready_seconds=0.2))
    assert [each[:2] for each in found] == [("exit", effect)]


def test_what_never_worked_breaks_nothing_else() -> None:
    """Neither is a server that failed in the baseline said to be deaf, nor unhealthy."""
    failed = seen(exit_code=1, health="healthy")
    found = differences(failed, seen(ready_seconds=None, health="unhealthy"))
    assert [each[:2] for each in found] == [("exit", "never-worked")]
    assert differences(failed, seen(exit_code=2), verified=False)[0][1] == "never-worked"


def test_times_are_no_difference() -> None:
    assert (
        differences(seen(ready_seconds=0.2, seconds=2.4), seen(ready_seconds=9, seconds=12)) == []
    )


def test_one_that_had_to_be_stopped_is_no_break() -> None:
    found = differences(seen(), seen(stopped="it wrote more than 1 MiB to disk"))
    assert [each[:2] for each in found] == [("exit", "changes")]


def test_never_ready() -> None:
    assert differences(seen(ports=(80,)), seen(ready_seconds=None)) == [
        ("ready", "breaks", "never")
    ]


def test_health() -> None:
    found = differences(seen(health="healthy"), seen(health="unhealthy"))
    assert found == [("health", "breaks", "unhealthy")]
    assert differences(seen(health="unhealthy"), seen(health="healthy")) == []
    assert differences(seen(health="healthy"), seen(health="starting")) == [
        ("health", "changes", "starting")
    ]


def test_ports_without_those_of_chance() -> None:
    found = differences(seen(ports=(80, 443, 35001, 40000)), seen(ports=(80, 8080, 35002)))
    assert found == [
        ("port", "breaks", ""),
        ("port", "breaks", ""),
        ("port", "changes", "8080/tcp"),
    ]


def endpoint(*suites: str, groups: tuple[str, ...] = (), error: str = "") -> Observation:
    protocols = ("TLS 1.2",) if suites else ()
    return seen(ports=(443,), tls=(TlsEndpoint(443, protocols, suites, groups, error=error),))


def test_suites_and_groups() -> None:
    before = endpoint(GCM, CHACHA, CHACHA13, groups=("secp256r1", "x25519", "X25519MLKEM768"))
    after = endpoint(GCM, CHACHA13, GCM13, groups=("secp256r1", "x25519", "X25519MLKEM768"))
    assert differences(before, after) == [
        ("tls-suite", "restricts", ""),
        ("tls-suite", "leaks", CHACHA13),
        ("tls-suite", "changes", GCM13),
        ("tls-group", "leaks", "x25519"),
    ]


def test_what_is_not_approved_but_served_by_modules_is_no_leak() -> None:
    both = endpoint("TLS_RSA_WITH_3DES_EDE_CBC_SHA", groups=("X25519MLKEM768",))
    assert differences(both, both) == []


@pytest.mark.parametrize(("holder", "leaks"), [(443, [CHACHA13]), (80, [CHACHA13, "x25519"])])
def test_x25519_from_the_provider_of_openssl_is_no_leak(holder: int, leaks: list[str]) -> None:
    both = endpoint(GCM13, CHACHA13, groups=("x25519",))
    provider = Process(frozenset(), frozenset({"/usr/lib/fips.so"}), "/a", frozenset({holder}))
    other = Process(frozenset(), frozenset(), "/b", frozenset({80, 443} - {holder}))
    found = differences(both, replace(both, processes=(provider, other)))
    assert [condition for _, _, condition in found] == leaks


@pytest.mark.parametrize(
    ("variables", "mapped", "leaks"),
    [
        ((), ("libcrypto.so.3",), False),
        # It got the variable, and did nothing with OpenSSL yet, or reads no configuration.
        (("OPENSSL_CONF=/x",), ("libcrypto.so.3",), False),
        (("OPENSSL_CONF=/x",), ("libcrypto.so.3", "fips.so"), True),
        ((), ("libmbedtls.so.14",), True),
    ],
)
def test_program_with_openssl_and_without_a_provider_does_not_leak(
    variables: tuple[str, ...], mapped: tuple[str, ...], leaks: bool
) -> None:
    """Dovecot gives its login processes an environment of its own."""
    both = endpoint(GCM13, CHACHA13)
    files = frozenset(f"/usr/lib/{name}" for name in mapped)
    login = Process(frozenset(variables), files, "/a", frozenset({443}))
    found = differences(both, replace(both, processes=(login,)))
    assert [effect for _, effect, _ in found] == (["leaks"] if leaks else [])


def test_approved_suite_that_is_gone_is_a_change() -> None:
    assert differences(endpoint(GCM, GCM13), endpoint(GCM)) == [("tls-suite", "changes", "")]


def test_signatures_certificates_and_extended_master_secret() -> None:
    before = replace(
        TLS,
        signatures=("ecdsa_sha1", "ecdsa_secp256r1_sha256", "ed25519"),
        certificates=(TlsCertificate("CN=a", "Ed25519", "Ed25519", "2030-01-01"),),
        completes_without_ems=True,
        resumes_without_ems=True,
    )
    after = replace(
        TLS,
        signatures=("ecdsa_secp256r1_sha256", "rsa_pss_rsae_sha256"),
        certificates=(TlsCertificate("CN=a", "RSA 2048", "RSA with SHA-256", "2030-01-01"),),
        completes_without_ems=False,
    )
    found = compare_all(seen(tls=(before,)), seen(tls=(after,)))
    assert [(each.what, each.effect.value, each.detail) for each in found] == [
        ("tls-signature", "restricts", "port 443 no longer signs with ecdsa_sha1"),
        ("tls-signature", "changes", "port 443 no longer signs with ed25519"),
        ("tls-signature", "changes", "port 443 now signs with rsa_pss_rsae_sha256"),
        (
            "tls-certificate",
            "changes",
            "port 443 sends another certificate: RSA 2048, signed by RSA with SHA-256",
        ),
        (
            "tls-ems",
            "restricts",
            "port 443 no longer completes TLS 1.2 without extended master secret",
        ),
    ]


def test_what_shows_nothing_of_certificates_and_sessions() -> None:
    """One that is made anew at each start, and a server that never knew of the rule of 2023."""
    before = replace(
        TLS,
        certificates=(TlsCertificate("CN=a", "RSA 2048", "RSA with SHA-256", "2030-01-01"),),
        completes_without_ems=True,
    )
    after = replace(
        before,
        certificates=(TlsCertificate("CN=b", "RSA 2048", "RSA with SHA-256", "2030-01-02"),),
        resumes_without_ems=True,
    )
    assert compare_all(seen(tls=(before,)), seen(tls=(after,))) == ()
    unknown = replace(before, completes_without_ems=None, certificates=())
    assert compare_all(seen(tls=(before,)), seen(tls=(unknown,))) == ()


def test_no_suite_left() -> None:
    after = endpoint(error="answers in TLS but accepted nothing that was offered")
    found = differences(endpoint(CHACHA), after)
    assert [each[:2] for each in found] == [("tls-suite", "breaks")]


def test_incomplete_picture_of_the_baseline_is_not_compared() -> None:
    assert differences(endpoint(GCM, error="3 offers got no answer in time"), endpoint(GCM13)) == []


def test_log() -> None:
    matches = (LogMatch("breaking", "m", "line"), LogMatch("other", "m", "line"))
    assert [each[:2] for each in differences(seen(), seen(), matches=matches)] == [
        ("log", "breaks"),
        ("log", "changes"),
    ]


def test_unverified_differences_are_only_changes_and_nothing_leaks() -> None:
    before = endpoint(GCM, CHACHA, CHACHA13)
    after = endpoint(GCM, CHACHA13)
    found = differences(before, after, matches=(LogMatch("breaking", "m", "l"),), verified=False)
    assert {effect for _, effect, _ in found} == {Effect.CHANGES.value}
    assert CHACHA13 not in {condition for _, _, condition in found}
    assert differences(seen(), seen(exit_code=1), verified=False)[0][1] == "changes"


# --- a second look -----------------------------------------------------------------------------


def breaks(what: str, before: str = "", after: str = "") -> Difference:
    return Difference(what, Effect.BREAKS, "it broke", before, after)


@pytest.mark.parametrize(
    ("found", "again", "holds"),
    [
        (breaks("exit", "running", "exited with 2"), (), False),
        # Crashes end with one code or another, or come a moment after the last look.
        (breaks("exit", "running", "exited with 2"), breaks("exit", "running", "139"), True),
        (breaks("exit", "running", "exited with 2"), breaks("ready", "0.2 s", "never"), True),
        (breaks("ready", "0.2 s", "never"), breaks("health", "healthy", "unhealthy"), True),
        (breaks("exit", "running", "exited with 2"), breaks("port", "80/tcp"), False),
        (breaks("port", "80/tcp"), breaks("port", "80/tcp"), True),
        (breaks("port", "80/tcp"), breaks("port", "443/tcp"), False),
        (breaks("port", "80/tcp"), breaks("exit", "running", "exited with 2"), True),
        (breaks("port", "80/tcp"), breaks("health", "healthy", "unhealthy"), False),
    ],
)
def test_what_a_second_run_does_not_show_is_flaky(
    found: Difference, again: Difference | tuple[()], holds: bool
) -> None:
    other = (again,) if isinstance(again, Difference) else ()
    (settled_one,) = settled((found,), other)
    assert settled_one.effect is (Effect.BREAKS if holds else Effect.FLAKY)
    assert ("when it was run once more" in settled_one.detail) is not holds


def test_changes_of_a_second_run_confirm_nothing() -> None:
    change = replace(breaks("exit", "running", "exited with 0"), effect=Effect.CHANGES)
    (flaky,) = settled((breaks("exit", "running", "exited with 2"),), (change,), baseline=True)
    assert flaky.effect is Effect.FLAKY
    assert "the baseline did not work when it was run once more" in flaky.detail


def test_what_chance_cannot_make_needs_no_second_look() -> None:
    found = compare_all(endpoint(CHACHA), endpoint(error="accepted nothing"))
    assert [each.effect for each in found] == [Effect.BREAKS]
    assert doubtful(found) == ()
    assert settled(found, ()) == found


def test_break_carries_the_last_new_lines_of_the_log() -> None:
    before = replace(seen(), log=b"12:00:01 starting\n12:00:02 serving\n")
    after = replace(seen(exit_code=1), log=b"12:07:31 starting\nno MD5 here\nbye\n")
    (found,) = compare_all(before, after)
    assert found.log == ("no MD5 here", "bye")
    (other_way,) = compare_all(seen(ports=(80,)), replace(seen(ports=(80, 81)), log=b"new\n"))
    assert other_way.log == ()


def test_failed_health_check_is_explained_by_what_it_printed() -> None:
    before = seen(health="healthy", complaint=b"starting up\n")
    after = seen(
        health="unhealthy",
        log=b"checkpoint complete\n",
        complaint=b"starting up\npsql: error: could not encrypt password: \x1b[1munsupported\n",
    )
    (found,) = compare_all(before, after)
    assert found.log == ("psql: error: could not encrypt password: unsupported",)
    (unsaid,) = compare_all(before, replace(after, complaint=b""))
    assert unsaid.log == ("checkpoint complete",)


def test_break_that_could_not_be_looked_at_again_is_only_a_change() -> None:
    broke = Difference("exit", Effect.BREAKS, "it exited with 1; in the baseline: running")
    leak = Difference("tls-suite", Effect.LEAKS, "port 8443 still accepts X")
    again, same = unconfirmed((broke, leak))
    assert again.effect is Effect.CHANGES
    assert again.detail == f"{broke.detail}; it was not run once more"
    assert same is leak

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.gate import gate
from scanner.model import (
    ConditionResult,
    FactKind,
    GapKind,
    GateRules,
    LogMatch,
    StepResult,
    TlsEndpoint,
    VerdictKind,
)
from scanner.rulebook import RuleBook
from scanner.simulate.node_log import NodeLog
from scanner.simulate.processes import Process
from scanner.simulate.results import (
    condition_facts,
    condition_gaps,
    left_out,
    never_opened,
    no_health_verdict,
    node_gaps,
    nothing_observed,
)
from scanner.simulate.tls_table import Approval
from scanner.simulate.watch import Observation
from scanner.verdict import weigh
from tests.unit.report.reports import READY_GO

from .values import CHACHA, GCM, rules, seen, table


def test_endpoint_fact_tells_approved_from_not() -> None:
    endpoint = TlsEndpoint(443, ("TLS 1.1", "TLS 1.2"), (GCM, CHACHA, "TLS_NEW"), ("x25519",))
    result = ConditionResult("baseline", True, tls=(endpoint,))
    facts = condition_facts(result, seen(), (), rules(), Approval(table()), verified=True)
    (made,) = [each for each in facts if each.kind is FactKind.TLS_ENDPOINT]
    assert made.texts("approved_suites") == (GCM,)
    assert made.texts("unapproved_suites") == (CHACHA, "TLS_NEW")
    assert made.texts("unapproved_protocols") == ("TLS 1.1",)
    assert made.texts("unapproved_groups") == ("x25519",)


@pytest.mark.parametrize(
    ("rule", "verified", "effect"),
    [
        ("unsupported", True, "breaks"),
        ("unsupported", False, "informs"),
        ("go-only", False, "breaks"),
    ],
)
def test_message_with_other_causes_counts_only_in_a_verified_run(
    rule: str, verified: bool, effect: str
) -> None:
    match = LogMatch(rule, "m", "line")
    result = ConditionResult("enforced", True, log_matches=(match,))
    facts = condition_facts(result, seen(), (match,), rules(), Approval(table()), verified=verified)
    (made,) = [each for each in facts if each.kind is FactKind.LOG_MATCH]
    assert made.text("effect") == effect
    assert made.flag("new")


@pytest.mark.parametrize(
    ("baseline", "words"),
    [
        (seen(exit_code=0, ready_seconds=None), "exit code 0"),
        (seen(exit_code=64, ready_seconds=None), "need arguments"),
        (seen(seconds=20.0, ready_seconds=None), "listened on no port"),
        (seen(exit_code=137, out_of_memory=True, ready_seconds=None), "memory"),
    ],
)
def test_nothing_observed_is_no_pass(baseline: Observation, words: str) -> None:
    (gap,) = nothing_observed(baseline)
    assert gap.kind is GapKind.NOTHING_OBSERVED
    assert gap.caps
    assert words in gap.reason


@pytest.mark.parametrize(
    "baseline", [seen(ports=(80,)), seen(loopback_ports=(80,)), seen(health="healthy")]
)
def test_something_observed(baseline: Observation) -> None:
    assert nothing_observed(baseline) == []


@pytest.mark.parametrize(
    ("observation", "kind", "caps"),
    [
        (seen(stopped="it wrote more than 1 MiB to disk"), GapKind.TOO_LARGE, True),
        (seen(ports=(443,), reachable=False), GapKind.NOT_SUPPORTED, True),
        (seen(loopback_ports=(80,)), GapKind.NOT_SUPPORTED, False),
        (seen(died_while_asked=True), GapKind.UNREADABLE, True),
        (seen(log=b"x", log_cut=True), GapKind.TOO_LARGE, False),
        (seen(tls=(TlsEndpoint(443, error="e"),)), GapKind.TIMED_OUT, True),
        (seen(tls=(TlsEndpoint(443, suites=(GCM,), error="e"),)), GapKind.TIMED_OUT, False),
    ],
)
def test_what_was_not_seen(observation: Observation, kind: GapKind, caps: bool) -> None:
    (gap,) = condition_gaps("baseline", observation)
    assert (gap.kind, gap.caps) == (kind, caps)


def test_all_seen_leaves_no_gap() -> None:
    assert condition_gaps("baseline", seen(ports=(443,), tls=(TlsEndpoint(443),))) == []


def test_a_port_without_tls_is_named_once() -> None:
    observation = seen(ports=(22, 443), tls=(TlsEndpoint(443),))
    (gap,) = condition_gaps("baseline", observation)
    assert (gap.caps, gap.reason.split(" spoke")[0]) == (False, "port 22")
    assert condition_gaps("enforced", observation) == []


@pytest.mark.parametrize(
    ("ports", "exposed", "caps"),
    [((4369,), (5672,), True), ((80,), (80, 443), False), ((80,), (80,), None), ((80,), (), None)],
)
def test_a_declared_port_that_stays_shut_is_a_gap(
    ports: tuple[int, ...], exposed: tuple[int, ...], caps: bool | None
) -> None:
    gaps = never_opened(seen(ports=ports), exposed)
    assert [gap.caps for gap in gaps] == ([] if caps is None else [caps])
    assert never_opened(seen(exit_code=1), exposed) == []


def test_a_health_check_without_verdict_is_no_pass() -> None:
    healthy, starting = seen(health="healthy"), seen(health="starting", seconds=12.0)
    (gap,) = no_health_verdict("enforced", healthy, starting)
    assert (gap.kind, gap.caps) == (GapKind.TIMED_OUT, True)
    assert "had no verdict after 12 s" in gap.reason
    assert no_health_verdict("enforced", starting, starting) == []
    assert no_health_verdict("enforced", healthy, seen(health="unhealthy")) == []


@pytest.mark.parametrize(
    ("checked", "words"),
    [(True, "had no verdict in 40 s"), (False, "was not run by the engine in 40 s")],
)
def test_a_health_check_that_says_nothing_in_the_baseline_is_told_once(
    checked: bool, words: str
) -> None:
    starting = seen(health="starting", checked=checked, seconds=40.0)
    (gap,) = condition_gaps("baseline", starting)
    assert (gap.kind, gap.caps) == (GapKind.TIMED_OUT, True)
    assert words in gap.reason
    assert condition_gaps("enforced", starting) == []
    assert condition_gaps("baseline", seen(health="starting", exit_code=1)) == []
    assert condition_gaps("baseline", seen(health="healthy", checked=True)) == []


def test_node_that_could_not_be_shown_to_every_process_caps() -> None:
    assert node_gaps(NodeLog(works=True)) == []
    [blind] = node_gaps(NodeLog(works=True, blind=True))
    assert blind.caps
    [cut] = node_gaps(NodeLog(works=True, complete=False))
    assert not cut.caps


def test_port_of_which_nobody_knows_what_it_speaks_is_told() -> None:
    answered = StepResult("GET http://:8080/", True)
    found = condition_gaps("baseline", seen(ports=(22, 8080), steps=(answered,)))
    assert [(gap.kind, gap.caps) for gap in found] == [(GapKind.NOT_SUPPORTED, False)]
    assert found[0].reason.startswith("port 22 spoke neither TLS, nor HTTP")
    assert condition_gaps("enforced", seen(ports=(22,))) == []


def test_port_that_was_silent_is_not_said_to_speak_no_tls() -> None:
    silent = seen(ports=(22, 4369), unanswered=(4369,))
    found = condition_gaps("baseline", silent)
    assert [(gap.kind, gap.reason.split()[1], gap.caps) for gap in found] == [
        (GapKind.TIMED_OUT, "4369", False),
        (GapKind.NOT_SUPPORTED, "22", False),
    ]
    answered = StepResult("GET http://:4369/", True)
    assert (
        condition_gaps("baseline", seen(ports=(4369,), unanswered=(4369,), steps=(answered,))) == []
    )


def test_port_that_spoke_tls_before_and_is_silent_now_is_unknown() -> None:
    (gap,) = condition_gaps("enforced", seen(ports=(8443,), unanswered=(8443,)))
    assert (gap.kind, gap.caps) == (GapKind.TIMED_OUT, True)
    assert gap.reason.startswith("port 8443 spoke TLS in the baseline")


def test_server_that_our_variable_did_not_reach_is_a_gap_of_the_enforced_run() -> None:
    login = Process(frozenset(), frozenset({"/usr/lib/libcrypto.so.3"}), "/login", frozenset({993}))
    both = seen(ports=(993,), tls=(TlsEndpoint(993, suites=(GCM,)),), processes=(login,))
    assert condition_gaps("node", both) == []
    (gap,) = condition_gaps("enforced", both)
    assert gap.kind is GapKind.NOT_VERIFIED
    assert gap.reason.startswith("port 993: /login has OpenSSL in its memory without a FIPS ")
    assert "no variable OPENSSL_CONF" in gap.reason


def test_port_that_speaks_ssh_keeps_from_ready() -> None:
    (gap,) = condition_gaps("baseline", seen(ports=(22,), ssh=(22,)))
    assert (gap.kind, gap.caps) == (GapKind.NOT_SUPPORTED, True)
    assert gap.reason.startswith("port 22 speaks SSH")


@pytest.mark.parametrize("name", ["node", "enforced"])
def test_condition_that_is_left_out_caps_as_the_user_asked(name: str) -> None:
    result, gap = left_out(name)
    assert (result.name, result.ran) == (name, False)
    assert (gap.kind, gap.subject, gap.caps, gap.requested) == (GapKind.NOT_RUN, name, True, True)
    assert result.reason in gap.reason
    report = replace(READY_GO, conditions=(READY_GO.conditions[0], result), gaps=(gap,))
    verdict = weigh(
        report.findings, report.uses, report.gaps, report.conditions, RuleBook.load().scoring
    )
    assert verdict.kind is VerdictKind.UNDETERMINED
    assert any("left out, as asked for" in each for each in verdict.reasons)
    assert gate(replace(report, verdict=verdict), GateRules()).passed
    # Whoever asks for a verdict gets none by not looking.
    assert not gate(replace(report, verdict=verdict), GateRules(verdict=VerdictKind.READY)).passed

"""Real processes against what the files say: who speaks TLS, and in which mode it started."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from scanner.facts import fact
from scanner.judge import judge
from scanner.model import Activation, CryptoUse, Fact, FactKind, Finding, Module, UseKind
from scanner.rulebook import RuleBook
from scanner.simulate import Simulation
from scanner.simulate.observed import as_seen
from tests.integration.workloads import GO_FACTS, PROGRAM, run

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("nothing_left")]

USE = CryptoUse(
    PROGRAM,
    UseKind.BUILTIN,
    Module("go-fips140", "Go Cryptographic Module", "v1.0.0-c2097c7c", PROGRAM),
    activation=Activation.ON,
)


def use_fact(path: str) -> Fact:
    return fact(
        FactKind.USE,
        path,
        module="go-fips140",
        activation="on",
        role="workload",
        purpose="crypto",
        library=path,
    )


def of(result: Simulation, kind: FactKind) -> list[Fact]:
    return [each for each in result.facts if each.kind is kind]


def findings(result: Simulation, rules: RuleBook, *uses: CryptoUse) -> dict[str, Finding]:
    judged = judge(as_seen(uses, result.facts), result.facts, rules, date(2026, 11, 24))
    return {each.id: each for each in judged.findings}


def test_tls_from_a_program_without_known_crypto(
    workload: Callable[[str], str], rules: RuleBook
) -> None:
    neighbor = replace(USE, consumer="/server")
    result = run(workload("tls"), rules, facts=(use_fact("/server"),))
    (server,) = of(result, FactKind.TLS_SERVER)
    assert (server.path, server.flag("known")) == (PROGRAM, False)
    (finding,) = (findings(result, rules, neighbor)["tls-from-unknown-program"],)
    assert finding.locations == (PROGRAM,)
    assert finding.evidence == (
        f"port 8443 speaks TLS from {PROGRAM}, in which no cryptography was found",
    )


def test_mode_that_the_run_contradicts(workload: Callable[[str], str], rules: RuleBook) -> None:
    # The files are made to say "on"; the program is plain Go and accepts ChaCha20.
    build = fact(FactKind.GO_BUILD, PROGRAM, go_version="1.27.3", default_fips140="on")
    result = run(workload("tls"), rules, facts=(build, use_fact(PROGRAM)))
    (server,) = of(result, FactKind.TLS_SERVER)
    assert server.flag("known")
    assert of(result, FactKind.RUN_SETTING) == []
    assert "go-approved-mode-contradicted" in findings(result, rules, USE)


def test_wrapper_that_switches_the_mode_off(
    workload: Callable[[str], str], rules: RuleBook
) -> None:
    build = fact(FactKind.GO_BUILD, PROGRAM, go_version="1.27.3", default_fips140="on")
    result = run(workload("wrapper"), rules, facts=(build, use_fact(PROGRAM)))
    (setting,) = of(result, FactKind.RUN_SETTING)
    assert (setting.path, setting.text("activation")) == (PROGRAM, "off")
    found = findings(result, rules, USE)
    assert {"run-environment-differs", "go-frozen-module-mode-off"} <= found.keys()
    assert "secret" not in repr(result)


def test_program_as_its_files_say(workload: Callable[[str], str], rules: RuleBook) -> None:
    result = run(workload("plain"), rules, facts=(*GO_FACTS, use_fact(PROGRAM)))
    assert of(result, FactKind.TLS_SERVER) == []

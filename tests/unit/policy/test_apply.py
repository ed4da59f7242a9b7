from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from scanner.gate import FAILED, PASSED, UNDETERMINED
from scanner.judge import MAX_EVIDENCE, describe
from scanner.model import (
    Activation,
    CryptoUse,
    Finding,
    Gap,
    GapKind,
    GateRules,
    ImageInfo,
    Module,
    Override,
    Policy,
    PolicyResult,
    Question,
    Report,
    Severity,
    UseKind,
    Validation,
    ValidationStatus,
    Verdict,
    VerdictKind,
    Waiver,
    WaiverState,
)
from scanner.policy import apply_policy, unmatched, without_policy
from scanner.policy.places import means_image
from scanner.rulebook import Scoring
from tests.unit.policy.parts import TODAY, rule_book
from tests.unit.report.nginx import NOT_READY_NGINX
from tests.unit.report.parts import report, scores

NEXT_YEAR = date(2027, 3, 1)
NOT_VALIDATED = "module-not-validated"


@pytest.fixture(scope="module")
def scoring() -> Scoring:
    return rule_book().scoring


def accepted(rule: str = NOT_VALIDATED, pattern: str = "*", expires: date = NEXT_YEAR) -> Waiver:
    return Waiver(rule, pattern, "the vendor's statement is filed", "@team/db", expires, line=7)


def use(path: str, module: str, status: ValidationStatus = ValidationStatus.NONE) -> CryptoUse:
    made = Module(module, module.upper(), "1.0", f"/usr/lib/lib{module}.so", f"lib{module}1 1.0-2")
    return CryptoUse(
        path, UseKind.LINKED, made, validation=Validation(status), activation=Activation.OFF
    )


def finding(*locations: str, rule: str = NOT_VALIDATED, **more: object) -> Finding:
    template = Finding(
        rule,
        Question.VALIDATION,
        Severity.HIGH,
        NOT_READY_NGINX.findings[0].confidence,
        "Not validated",
        locations,
        "why",
        "fix",
        verdict=VerdictKind.NOT_READY,
    )
    return replace(template, **more)  # type: ignore[arg-type]


def scanned(
    findings: Sequence[Finding] = (),
    uses: Sequence[CryptoUse] = (),
    gaps: Sequence[Gap] = (),
    kind: VerdictKind = VerdictKind.NOT_READY,
    image: str = "docker:team/app:1.2",
) -> Report:
    return report(
        ImageInfo(image, "", "linux/amd64"),
        Verdict(kind, ("why",), 30, scores(50, 0, 0, 100, None)),
        findings=tuple(findings),
        uses=tuple(uses),
        gaps=tuple(gaps),
        target="generic",
    )


def result(of: Report) -> PolicyResult:
    assert of.policy is not None
    return of.policy


def marks(of: Report) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.ignored_by, each.locations) for each in of.findings]


def test_a_policy_never_changes_the_verdict(scoring: Scoring) -> None:
    before = scanned([finding("/a")], [use("/a", "openssl")])
    policy = Policy(
        waivers=(accepted(),), overrides=(Override("x", "y", off=True),), source="p.yaml"
    )
    after = apply_policy(before, policy, today=TODAY, scoring=scoring)
    assert after.verdict == before.verdict
    assert result(after).accepted is not before.verdict.kind
    assert result(after).source == "p.yaml"
    assert without_policy(after) == before


def test_without_a_policy_nothing_is_marked(scoring: Scoring) -> None:
    before = scanned([finding("/a", "/b")], [use("/a", "openssl")])
    after = apply_policy(before, Policy(), today=TODAY, scoring=scoring)
    assert after.findings == before.findings
    assert result(after).accepted is before.verdict.kind
    assert result(after).accepted_score == before.verdict.score
    assert result(after).gate.exit_code == FAILED


def test_a_finding_of_which_a_part_is_waived_becomes_two(scoring: Scoring) -> None:
    evidence = ("/opt/ab: OPENSSL 1.0 (linked)", "/opt/a: OPENSSL 1.0 (linked)", "in general")
    before = scanned([finding("/opt/a", "/opt/ab", evidence=evidence)])
    policy = Policy(waivers=(accepted(pattern="/opt/a"),))
    after = apply_policy(before, policy, today=TODAY, scoring=scoring)
    counting, aside = after.findings
    assert (counting.locations, counting.ignored_by) == (("/opt/ab",), "")
    assert (aside.locations, aside.ignored_by) == (("/opt/a",), "waiver")
    assert aside.ignored_because == (
        "accepted until 2027-03-01 by @team/db: the vendor's statement is filed"
    )
    assert counting.evidence == (evidence[0], evidence[2])
    assert aside.evidence == (evidence[1], evidence[2])
    assert result(after).gate.exit_code == FAILED


@pytest.mark.parametrize(
    ("pattern", "location"),
    [
        ("/etc/app.conf", "/etc/app.conf:12"),
        ("/app.jar", "/app.jar!/lib/x.jar"),
        ("*.jar", "/srv/app.jar!/lib/x.jar"),
        ("enforced", "enforced"),
        ("configuration", ""),
        ("*", ""),
        ("app:80", "/srv/app:80"),
    ],
)
def test_where_a_waiver_holds(pattern: str, location: str, scoring: Scoring) -> None:
    policy = Policy(waivers=(accepted(pattern=pattern),))
    for locations in ((location,), ()) if not location else ((location,),):
        before = scanned([finding(*locations)])
        after = apply_policy(before, policy, today=TODAY, scoring=scoring)
        assert [each.ignored_by for each in after.findings] == ["waiver"]
        assert after.findings[0].locations == locations


@pytest.mark.parametrize("pattern", ["openssl", "OPENSSL", "libopenssl1", "lib*ssl1"])
def test_a_waiver_may_name_a_component(pattern: str, scoring: Scoring) -> None:
    before = scanned(
        [finding("/a", "/b", "/usr/lib/libopenssl.so")], [use("/a", "openssl"), use("/b", "nss")]
    )
    policy = Policy(waivers=(accepted(pattern=pattern),))
    after = apply_policy(before, policy, today=TODAY, scoring=scoring)
    assert marks(after) == [("", ("/b",)), ("waiver", ("/a", "/usr/lib/libopenssl.so"))]


def test_a_waiver_of_one_component_hides_nothing_of_another(scoring: Scoring) -> None:
    uses = [use("/a", "gnutls"), use("/a", "gcrypt"), use("/b", "gnutls"), use("/a", "ssl")]
    evidence = (describe(uses[2]), describe(uses[1]))
    before = scanned([finding("/a", "/b", evidence=evidence)], uses)
    gnutls, gcrypt = accepted(pattern="gnutls"), accepted(pattern="gcrypt")
    after = apply_policy(before, Policy(waivers=(gnutls,)), today=TODAY, scoring=scoring)
    assert marks(after) == [("", ("/a",)), ("waiver", ("/b",))]
    # Together they cover it: nothing was found of the third component.
    both = Policy(waivers=(gnutls, gcrypt))
    after = apply_policy(before, both, today=TODAY, scoring=scoring)
    assert [each for each, _ in marks(after)] == ["waiver", "waiver"]
    assert [each.matches for each in result(after).waivers] == [2, 1]


def test_what_evidence_may_leave_out_is_not_waived(scoring: Scoring) -> None:
    uses = [use("/a", "gnutls"), use("/a", "gcrypt")]
    uses += [use(f"/{n}", f"module{n}") for n in range(MAX_EVIDENCE)]
    evidence = (describe(uses[0]), *map(describe, uses[2:]))[:MAX_EVIDENCE]
    before = scanned([finding("/a", evidence=evidence)], uses)
    policy = Policy(waivers=(accepted(pattern="gnutls"),))
    after = apply_policy(before, policy, today=TODAY, scoring=scoring)
    assert marks(after) == [("", ("/a",))]
    few = replace(before, findings=(finding("/a", evidence=evidence[:-1]),))
    after = apply_policy(few, policy, today=TODAY, scoring=scoring)
    assert marks(after) == [("waiver", ("/a",))]


def test_a_rule_can_be_switched_off(scoring: Scoring) -> None:
    before = scanned([finding("/a"), finding("/a", rule="other")])
    policy = Policy(overrides=(Override("other", "does not apply", off=True),))
    after = apply_policy(before, policy, today=TODAY, scoring=scoring)
    assert [each.ignored_because for each in after.findings] == [
        "",
        "switched off: does not apply",
    ]


def test_another_severity_counts_for_the_gate_and_the_score(scoring: Scoring) -> None:
    before = scanned([finding("/a")])
    policy = Policy(overrides=(Override(NOT_VALIDATED, "tools only", Severity.LOW),))
    after = apply_policy(before, policy, today=TODAY, scoring=scoring)
    [low] = after.findings
    assert (low.severity, low.rule_severity) == (Severity.LOW, Severity.HIGH)
    assert result(after).gate.exit_code == PASSED
    assert result(after).accepted is VerdictKind.NOT_READY
    assert without_policy(after) == before


@pytest.mark.parametrize(("days", "state"), [(0, "holds"), (-1, "expired")])
def test_a_waiver_holds_on_its_last_day(days: int, state: str, scoring: Scoring) -> None:
    policy = Policy(GateRules(None), waivers=(accepted(expires=TODAY + timedelta(days)),))
    before = scanned([finding("/a")])
    after = apply_policy(before, policy, today=TODAY, scoring=scoring)
    [each] = result(after).waivers
    assert (each.state, each.matches) == (state, 1)
    assert result(after).gate.passed is (state == "holds")


def test_an_expired_waiver_fails_even_where_nothing_is_found(scoring: Scoring) -> None:
    old = accepted(expires=date(2026, 11, 1))
    after = apply_policy(scanned(), Policy(waivers=(old,)), today=TODAY, scoring=scoring)
    assert result(after).gate.exit_code == FAILED
    assert result(after).gate.reasons == (
        "the waiver of module-not-validated for * expired on 2026-11-01: @team/db renews it or "
        "removes it (line 7)",
    )


def test_gaps_can_be_waived(scoring: Scoring) -> None:
    packed = Gap(GapKind.PACKED, "/opt/agent", "packed with UPX")
    before = scanned(gaps=[packed], kind=VerdictKind.UNDETERMINED)
    assert (
        result(apply_policy(before, Policy(), today=TODAY, scoring=scoring)).gate.exit_code
        == UNDETERMINED
    )
    policy = Policy(waivers=(accepted("gap:packed", "/opt/**"),))
    after = apply_policy(before, policy, today=TODAY, scoring=scoring)
    assert after.gaps[0].ignored_because.startswith("accepted until")
    assert result(after).gate.exit_code == PASSED
    elsewhere = Policy(waivers=(accepted("gap:too-large", "/opt/**"),))
    after = apply_policy(before, elsewhere, today=TODAY, scoring=scoring)
    assert result(after).gate.exit_code == UNDETERMINED


def test_who_accepts_a_mode_has_not_accepted_an_unknown_module(scoring: Scoring) -> None:
    off = finding("/a", rule="activation-off", question=Question.ACTIVATION)
    policy = Policy(waivers=(accepted("activation-off"),))
    for status, verdict in (
        (ValidationStatus.ACTIVE, VerdictKind.READY),
        (ValidationStatus.UNKNOWN, VerdictKind.UNDETERMINED),
    ):
        before = scanned([off], [use("/a", "openssl", status)])
        after = apply_policy(before, policy, today=TODAY, scoring=scoring)
        assert result(after).accepted is verdict


@pytest.mark.parametrize(
    ("pattern", "reference", "means"),
    [
        ("*", "registry:host:5000/team/app:1", True),
        ("team/app", "docker:team/app:1.2", True),
        ("team/app:1.*", "docker:team/app:1.2", True),
        ("team/app:2.*", "docker:team/app:1.2", False),
        ("team/app", f"team/app@sha256:{'0' * 64}", True),
        ("host:5000/team/app", "registry:host:5000/team/app:1", True),
        ("team/app", "registry:host:5000/team/app:1", False),
        ("**/team/app", "registry:host:5000/team/app:1", True),
        ("app", "registry:host:5000/team/app:1", True),
        ("app.tar", "docker-archive:/tmp/app.tar", True),
        ("/srv/rootfs", "dir:/srv/rootfs", True),
        ("app", "docker:team/application", False),
    ],
)
def test_which_images_a_waiver_means(pattern: str, reference: str, means: bool) -> None:
    assert means_image(replace(accepted(), image=pattern), reference) is means


def test_a_waiver_is_unmatched_when_it_matches_in_no_image(scoring: Scoring) -> None:
    here, nowhere = accepted(pattern="/a"), accepted(pattern="/none")
    other = replace(accepted(pattern="/other"), image="other")
    old = accepted(pattern="/old", expires=date(2026, 1, 1))
    policy = Policy(waivers=(here, nowhere, other, old))
    reports = [
        apply_policy(each, policy, today=TODAY, scoring=scoring)
        for each in (scanned([finding("/b")]), scanned([finding("/a")], image="second"))
    ]
    assert [each.state for each in result(reports[0]).waivers] == [
        WaiverState.UNMATCHED,
        WaiverState.UNMATCHED,
        WaiverState.EXPIRED,
    ]
    assert unmatched(reports) == (nowhere,)
    assert unmatched(reports[:1]) == (here, nowhere)
    assert unmatched([scanned()]) == ()


def test_a_second_policy_changes_no_mark_of_the_first(scoring: Scoring) -> None:
    first = apply_policy(
        scanned([finding("/a")]), Policy(waivers=(accepted(),)), today=TODAY, scoring=scoring
    )
    second = apply_policy(first, Policy(), today=TODAY, scoring=scoring)
    assert second.findings == first.findings
    before = without_policy(first)
    assert before.findings == scanned([finding("/a")]).findings


def test_a_report_with_everything_in_it(scoring: Scoring) -> None:
    policy = Policy(waivers=(accepted("openssl-provider-missing", "*_module.so"),))
    plain = without_policy(NOT_READY_NGINX)
    after = apply_policy(plain, policy, today=TODAY, scoring=scoring)
    split = [each for each in after.findings if each.id == "openssl-provider-missing"]
    assert [(each.ignored_by, len(each.locations)) for each in split] == [("", 1), ("waiver", 39)]
    assert without_policy(after).findings != after.findings

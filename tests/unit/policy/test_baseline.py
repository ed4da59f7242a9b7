from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import pytest

from scanner.model import (
    Asset,
    AssetKind,
    Finding,
    Gap,
    GapKind,
    GateRules,
    Override,
    Policy,
    Question,
    Report,
    Severity,
    ValidationStatus,
    VerdictKind,
    Waiver,
)
from scanner.policy import apply_policy
from scanner.policy.baseline import baseline_from, oddities
from scanner.rulebook import RuleBook, Scoring
from tests.unit.diff.parts import finding, made, run, setting, use

TODAY = date(2026, 11, 25)


@cache
def scoring() -> Scoring:
    return RuleBook.load().scoring


def gated(new: Report, old: Report, policy: Policy | None = None) -> Report:
    """`new` as the gate sees it with `old` for a baseline."""
    return apply_policy(
        new,
        policy or Policy(),
        today=TODAY,
        scoring=scoring(),
        baseline=baseline_from(old, new, "b.json"),
    )


def passes(new: Report, old: Report, policy: Policy | None = None) -> bool:
    result = gated(new, old, policy).policy
    assert result is not None
    return result.gate.passed


def found(*findings: Finding, **parts: Any) -> Report:
    return made(parts.pop("digest", "sha256:2"), findings=findings, **parts)


def test_what_was_there_passes_and_says_why() -> None:
    old = found(finding("/usr/lib/python3.11/a.so"), digest="sha256:1")
    report = gated(found(finding("/usr/lib/python3.12/a.so")), old)
    assert report.policy is not None
    assert (report.policy.gate.passed, report.policy.baseline) == (True, "b.json (2026-11-23)")
    [known] = report.findings
    assert (known.ignored_by, known.ignored_because) == (
        "baseline",
        "known from b.json (2026-11-23)",
    )
    assert report.verdict.kind is VerdictKind.NOT_READY


def test_the_gate_says_that_what_fails_is_new() -> None:
    old = found(finding("/a"), digest="sha256:1")
    result = gated(found(finding("/a", "/b")), old).policy
    assert result is not None
    assert result.gate.reasons == (
        "1 finding at or above high, new or worse since b.json (2026-11-23): unvalidated",
    )


KEY = Asset(AssetKind.PRIVATE_KEY, "/a", "RSA 1024", unapproved=("RSA key of 1024 bits",))


def test_without_it_nothing_passes() -> None:
    assert not passes(found(finding("/a")), found())


@pytest.mark.parametrize(
    ("new", "old"),
    [
        (found(finding("/a", "/b")), found(finding("/a"))),
        (found(finding("/a"), finding("/a", id_="x")), found(finding("/a"))),
        (found(finding("/a-1.1", "/a-1.2")), found(finding("/a-1.0"))),
        (found(finding("/a")), found(finding("/a", severity=Severity.MEDIUM))),
        (
            found(finding("/a", verdict=VerdictKind.NOT_READY)),
            found(finding("/a", verdict=VerdictKind.CONDITIONAL)),
        ),
        (
            found(finding("/etc/a.conf"), assets=(setting("TLS 1.0", "TLS 1.1"),)),
            found(finding("/etc/a.conf"), assets=(setting("TLS 1.1"),)),
        ),
        (
            found(finding("/etc/a.conf:1", "/etc/a.conf:2")),
            found(finding("/etc/a.conf:1")),
        ),
        (
            found(finding("/usr/bin/app"), uses=(use(), use(module="gnutls"))),
            found(finding("/usr/bin/app"), uses=(use(),)),
        ),
        (
            found(finding("/usr/bin/app"), uses=(use(status=ValidationStatus.NONE),)),
            found(finding("/usr/bin/app"), uses=(use(status=ValidationStatus.HISTORICAL),)),
        ),
        (
            # Something else in the same file is as weak as it was.
            found(finding("/a", evidence=("/a: RSA 1024", "/a: RSA 2048")), assets=(KEY,)),
            found(finding("/a", evidence=("/a: RSA 1024",)), assets=(KEY,)),
        ),
        (
            found(finding("enforced", evidence=("A, B",)), conditions=(run("A", "B"),)),
            found(finding("enforced", evidence=("A",)), conditions=(run("A"),)),
        ),
        (found(finding(evidence=("A=1", "B=1"))), found(finding(evidence=("A=1",)))),
    ],
)
def test_what_is_worse_is_new(new: Report, old: Report) -> None:
    assert not passes(new, old)
    assert passes(new, new)
    # What got better stays known.
    assert passes(old, new)


def test_a_known_place_does_not_hide_a_new_one() -> None:
    report = gated(found(finding("/a", "/b")), found(finding("/a")))
    assert [(each.locations, each.ignored_by) for each in report.findings] == [
        (("/b",), ""),
        (("/a",), "baseline"),
    ]


def test_a_severity_that_a_policy_gave_does_not_hide_what_the_rule_says() -> None:
    old = found(replace(finding("/a"), severity=Severity.LOW, rule_severity=Severity.MEDIUM))
    assert not passes(found(finding("/a", severity=Severity.HIGH)), old)
    raised = Policy(overrides=(Override("unvalidated", "we mind", Severity.CRITICAL),))
    assert passes(found(finding("/a", severity=Severity.MEDIUM)), old, raised)


@pytest.mark.parametrize("by", ["waiver", "override"])
def test_what_somebody_accepted_is_not_known_when_that_ends(by: Any) -> None:
    old = found(finding("/a", ignored_by=by, ignored_because="x"))
    assert not passes(found(finding("/a")), old)


def test_what_was_known_stays_known_from_one_report_to_the_next() -> None:
    gap = Gap(GapKind.PACKED, "/b", "packed")
    first = found(finding("/a"), gaps=(gap,))
    second = gated(first, first)
    assert second.gaps[0].ignored_because.startswith("known from ")
    third = gated(first, second)
    assert third.findings[0].ignored_by == "baseline"
    assert third.gaps[0].ignored_because.startswith("known from ")


def test_a_waiver_that_expired_fails_though_the_baseline_has_it() -> None:
    waiver = Waiver("unvalidated", "/a", "x", "me", date(2026, 1, 1))
    assert not passes(found(finding("/a")), found(finding("/a")), Policy(waivers=(waiver,)))


def test_programs_that_were_there_need_no_proof_that_they_did_not_need_before() -> None:
    # No rule says anything of the second: without the finding the verdict would be open.
    old = found(finding("/usr/bin/app"), uses=(use(), use("/usr/bin/other-1.0")))
    new = found(finding("/usr/bin/app"), uses=(use(), use("/usr/bin/other-1.1")))
    assert passes(new, old)
    assert not passes(replace(new, uses=(*new.uses, use("/usr/bin/third"))), old)
    worse = use("/usr/bin/other-1.1", module="gnutls")
    assert not passes(replace(new, uses=(new.uses[0], worse)), old)


# --- gaps


def gap(subject: str = "/a-1.0", **parts: Any) -> Report:
    kind = parts.pop("kind", GapKind.PACKED)
    verdict = replace(made().verdict, kind=VerdictKind.UNDETERMINED)
    return replace(
        made("sha256:2", reference=parts.pop("reference", "app:1")),
        gaps=(Gap(kind, subject, "x", **parts),),
        verdict=verdict,
    )


def test_a_gap_that_was_there_is_known() -> None:
    [known] = gated(gap("/a-1.1"), gap()).gaps
    assert known.ignored_because == "known from b.json (2026-11-23)"
    new = gap("app:2", reference="app:2", kind=GapKind.NOT_RUN)
    [known] = gated(new, gap("app:1", kind=GapKind.NOT_RUN)).gaps
    assert known.ignored_because


@pytest.mark.parametrize(
    ("new", "old"),
    [
        (gap(kind=GapKind.ENCRYPTED), gap()),
        (gap("/b"), gap()),
        (gap(), gap(caps=False)),
        # Somebody did not want it to be run; now it could not be.
        (gap(), gap(requested=True)),
        (gap(), gap(ignored_because="accepted until 2026-12-31 by me: x")),
    ],
)
def test_a_gap_that_is_worse_is_new(new: Report, old: Report) -> None:
    assert gated(new, old).gaps[0].ignored_because == ""


def told(*reasons: str) -> Report:
    """Gaps of one kind in one run, each for a reason of its own."""
    gaps = tuple(Gap(GapKind.NOT_VERIFIED, "node", each) for each in reasons)
    return replace(gap(), gaps=gaps)


@pytest.mark.parametrize(
    ("new", "old", "known"),
    [
        ("app 1.1 uses io_uring", "app 1.0 uses io_uring", True),
        ("a process could not be read", "app uses io_uring", False),
        ("port 443: no answer in 31 s", "port 443: no answer in 30 s", True),
        ("port 443, 8443 gave no answer", "port 443, 22 gave no answer", False),
        ("and 3 more gaps", "and 5 more gaps", True),
        ("and 7 more gaps", "and 5 more gaps", False),
    ],
)
def test_a_gap_is_known_by_what_it_leaves_open(new: str, old: str, known: bool) -> None:
    before, after = gated(told(old, new), told(old)).gaps
    assert before.ignored_because
    assert bool(after.ignored_because) is known


# --- what is odd


def test_nothing_is_odd_about_the_same_image_of_another_tag_and_day() -> None:
    old = replace(made(reference="docker:app:1"), date=date(2026, 1, 1))
    assert oddities(old, made("sha256:2", "app:2"), "b.json") == ()


def test_what_is_odd_is_said() -> None:
    old = made(reference="other:1", rules_digest="sha256:9")
    old = replace(old, image=replace(old.image, platform="linux/arm64"))
    told = oddities(old, made("sha256:2", conditions=(run(),)), "b.json")
    assert [each.partition(":")[0].partition(" (")[0] for each in told] == [
        "b.json was judged by other rules",
        "b.json is of an image for another platform",
        "b.json is of another image",
        "b.json is of a scan with fewer runs",
    ]
    assert "other -> app" in told[2]


def test_a_better_gate_is_not_passed_by_a_baseline() -> None:
    policy = Policy(gate=GateRules(verdict=VerdictKind.READY, questions=(Question.VALIDATION,)))
    new = found(
        finding("/a", verdict=VerdictKind.NOT_READY),
        finding("/b", id_="y", severity=Severity.LOW, verdict=VerdictKind.NOT_READY),
    )
    assert not passes(new, found(finding("/a", verdict=VerdictKind.NOT_READY)), policy)

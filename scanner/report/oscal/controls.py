"""Which controls of NIST SP 800-53 revision 5 a report says something about, and what.

A control is never told to be satisfied unless the report's own verdict says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from scanner.model import Finding, Report, TlsEndpoint, VerdictKind


@dataclass(frozen=True, slots=True)
class Control:
    """A control, and the statement of it that is looked at, by NIST's identifiers."""

    id: str
    statement: str
    label: str
    title: str
    scope: str
    """What of it an image can show, and what it cannot."""


PROTECTION = Control(
    "sc-13",
    "sc-13_smt.b",
    "SC-13 b",
    "Cryptographic Protection",
    "Whether each use of cryptography in this image is served by a module with an active CMVP "
    "certificate in approved mode, with approved algorithms. Which uses need which cryptography "
    "(statement a) the organization determines.",
)
TRANSMISSION = Control(
    "sc-8.1",
    "sc-8.1_smt",
    "SC-8(1)",
    "Transmission Confidentiality and Integrity: Cryptographic Protection",
    "Whether the TLS that this image was seen to serve is limited to approved protocols, suites, "
    "groups and signatures. What else it transmits, and how, was not looked at.",
)
KEYS = Control(
    "sc-12",
    "sc-12_smt",
    "SC-12",
    "Cryptographic Key Establishment and Management",
    "Whether private keys lie in this image, which everybody who can pull it can read, and whether "
    "keys and keystores are protected with approved algorithms. How keys are established and "
    "managed no image shows.",
)
_KEY_CHECKS = ("private-key-", "keystore-")
_TLS_CHECKS = ("tls-",)


def controls_of(finding: Finding) -> tuple[Control, ...]:
    """The controls that a finding is about."""
    if finding.id.startswith(_KEY_CHECKS):
        return (PROTECTION, KEYS)
    if finding.id.startswith(_TLS_CHECKS):
        return (PROTECTION, TRANSMISSION)
    return (PROTECTION,)


@dataclass(frozen=True, slots=True)
class Judged:
    """A control, and what the report says of it."""

    control: Control
    state: Literal["satisfied", "not-satisfied"]
    reason: Literal["pass", "fail", "other"]
    why: str
    applicable: bool = True


def judged(report: Report) -> Iterator[Judged]:
    """Each control that was looked at. One of which nothing was seen is not among them."""
    yield _protection(report)
    if served := list(_served(report)):
        yield _transmission(report, served)
    if why := _titles(report, KEYS):
        yield Judged(KEYS, "not-satisfied", "fail", why)


_VERDICTS: dict[VerdictKind, tuple[Literal["pass", "fail", "other"], str]] = {
    VerdictKind.READY: ("pass", "The image is ready"),
    VerdictKind.NO_CRYPTO: ("pass", "The image has no known cryptography"),
    VerdictKind.CONDITIONAL: ("fail", "The image would be ready with what the findings name"),
    VerdictKind.NOT_READY: ("fail", "The image is not ready"),
    VerdictKind.UNDETERMINED: ("other", "Too little could be looked at"),
}


def _protection(report: Report) -> Judged:
    kind = report.verdict.kind
    reason, words = _VERDICTS[kind]
    why = "; ".join((words, *report.verdict.reasons))
    state: Literal["satisfied", "not-satisfied"] = (
        "satisfied" if reason == "pass" else "not-satisfied"
    )
    return Judged(PROTECTION, state, reason, why, kind is not VerdictKind.NO_CRYPTO)


def _titles(report: Report, control: Control) -> str:
    """What the findings that are about a control say; nothing where there is none."""
    about = [each.title for each in report.findings if control in controls_of(each)]
    return "; ".join(dict.fromkeys(about))


def _served(report: Report) -> Iterator[TlsEndpoint]:
    """TLS that the image served as it is configured, on a node of either sort."""
    for run in report.conditions:
        if run.name in ("baseline", "node"):
            yield from (each for each in run.tls if each.protocols)


def _transmission(report: Report, served: list[TlsEndpoint]) -> Judged:
    unapproved = sorted({name for each in served for name in each.unapproved})
    if unapproved:
        why = f"TLS accepted what is not approved: {', '.join(unapproved)}"
        return Judged(TRANSMISSION, "not-satisfied", "fail", why)
    if why := _titles(report, TRANSMISSION):
        return Judged(TRANSMISSION, "not-satisfied", "fail", why)
    if report.verdict.kind is not VerdictKind.READY:
        # Approved suites prove nothing while the module that computes them is not validated.
        why = "TLS was limited to approved algorithms; the module that serves it is not proven"
        reason: Literal["fail", "other"] = (
            "other" if report.verdict.kind is VerdictKind.UNDETERMINED else "fail"
        )
        return Judged(TRANSMISSION, "not-satisfied", reason, why)
    if errors := sorted({each.error for each in served if each.error}):
        why = f"TLS could not be looked at in full: {'; '.join(errors)}"
        return Judged(TRANSMISSION, "not-satisfied", "other", why)
    why = "TLS was limited to approved protocols, suites, groups and signatures"
    return Judged(TRANSMISSION, "satisfied", "pass", why)

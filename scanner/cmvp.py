"""Says what CMVP says of a module version, on a given day and in a given operating system.

Computes each status from dates; reads no clock and claims nothing that the certificates' facts
do not carry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from scanner.certificates import Certificate, Cover, Environment, PackageCover
from scanner.cmvp_nearest import nearest
from scanner.cmvp_status import name_of, status_on, told_dates
from scanner.distributions import Distribution
from scanner.model import Module, Validation, ValidationStatus

__all__ = ["status_on", "validate"]


class _Fit(IntEnum):
    """How well a certificate's cover and a module agree, worst first."""

    NO = 0
    ELSEWHERE = 1
    """The very build, but of another operating system."""
    ANY_VERSION = 2
    """The right module and system; nothing tells which version the certificate is for."""
    PERHAPS = 3
    """The right module and system; the version, here or there, is known in part."""
    EXACT = 4


@dataclass(frozen=True, slots=True)
class _Candidate:
    fit: _Fit
    validation: Validation

    def rank(self) -> tuple[int, _Fit, date, int]:
        """By status first; then by how well it fits, and the newest of equals."""
        found = self.validation
        return (
            _RANK[found.status],
            self.fit,
            found.sunset or date.min,
            found.certificate or 0,
        )


def validate(
    module: Module,
    os_id: str,
    os_version: str,
    certificates: Iterable[Certificate],
    today: date,
    distributions: Iterable[Distribution] = (),
) -> Validation:
    """What CMVP says of `module` in an image of the operating system `os_id` `os_version`.

    `os_id` and `os_version` are `ID` and `VERSION_ID` of os-release, `""` where there is none.
    The best status wins where several certificates fit. Always returns a reason.
    """
    certificates = tuple(certificates)
    system = next((each for each in distributions if os_id in each.systems), None)
    rebuilt = system is not None and module.package.partition(" ")[0] in system.rebuilds
    candidates = [
        _Candidate(fit, _validation(certificate, fit, os_id, os_version, today))
        for certificate in certificates
        if (fit := _fit(certificate, module, os_id, os_version)) is not _Fit.NO
        # A package of a distribution is not what a project's Security Policy says to build.
        and not (rebuilt and not _names_systems(certificate))
    ]
    if not candidates:
        near = nearest(module, certificates, os_id, os_version, today)
        return Validation(ValidationStatus.NONE, reason=_none_reason(module, near, system))
    return max(candidates, key=_Candidate.rank).validation


def _none_reason(module: Module, near: str, system: Distribution | None) -> str:
    version = f" {module.version}" if module.version else ""
    said = [f"no CMVP certificate known to the scanner covers {module.name}{version}"]
    said += [near] if near else []
    # What a distribution's packages are worth says nothing of a file that is in none of them.
    said += [system.sentence] if system and module.package else []
    return "; ".join(" ".join(each.split()) for each in said)


def _validation(
    certificate: Certificate, fit: _Fit, os_id: str, os_version: str, today: date
) -> Validation:
    status = status_on(certificate, today)
    name = name_of(certificate)
    dated = told_dates(certificate, status, today)
    system = " ".join(part for part in (os_id, os_version) if part) or "this image"
    if fit is _Fit.ELSEWHERE:
        where = ", ".join(
            sorted({_where(each) for cover in certificate.covers for each in cover.environments})
        )
        return _with(
            certificate,
            ValidationStatus.ENVIRONMENT_MISMATCH,
            f"{name} covers this build only on {where}, not in {system}; {dated}",
        )
    if fit in (_Fit.ANY_VERSION, _Fit.PERHAPS):
        # Where no certificate is active the version cannot matter.
        if status in _NOT_VALIDATED:
            return _with(certificate, status, f"{name} may cover it, but {dated}")
        return _with(
            certificate,
            ValidationStatus.UNKNOWN,
            f"{name} may cover it; whether it names this version is not known ({dated})",
        )
    note = certificate.note
    if status is ValidationStatus.ACTIVE and not note and not _names_systems(certificate):
        note = "its Security Policy decides in which operating environments"
    note = f"; {note}" if note else ""
    return _with(certificate, status, f"{name} covers {certificate.module}; {dated}{note}")


_NOT_VALIDATED = (
    ValidationStatus.NONE,
    ValidationStatus.IN_PROCESS,
    ValidationStatus.HISTORICAL,
)
_RANK = {
    ValidationStatus.NONE: 0,
    ValidationStatus.ENVIRONMENT_MISMATCH: 1,
    ValidationStatus.IN_PROCESS: 2,
    ValidationStatus.HISTORICAL: 3,
    ValidationStatus.UNKNOWN: 4,
    ValidationStatus.INTERIM_EXPIRED: 5,
    ValidationStatus.ACTIVE: 6,
}


def _with(certificate: Certificate, status: ValidationStatus, reason: str) -> Validation:
    return Validation(
        status=status,
        certificate=certificate.certificate,
        standard=certificate.standard,
        sunset=certificate.sunset,
        reason=" ".join(reason.split()),
        caveat=" ".join(certificate.caveat.split()),
        level=certificate.level if certificate.certificate is not None else None,
    )


def _names_systems(certificate: Certificate) -> bool:
    return all(cover.environments or cover.packages for cover in certificate.covers)


# --- does a certificate mean this module? --------------------------------------------------


def _fit(certificate: Certificate, module: Module, os_id: str, os_version: str) -> _Fit:
    return max(
        (_fit_cover(cover, module, os_id, os_version) for cover in certificate.covers),
        default=_Fit.NO,
    )


def _fit_cover(cover: Cover, module: Module, os_id: str, os_version: str) -> _Fit:
    if cover.module != module.id:
        return _Fit.NO
    here = cover.is_for(os_id, os_version)
    build = _fit_build(cover, module)
    if build is _Fit.EXACT and not here:
        return _Fit.ELSEWHERE if _names_one_build(cover, module) else _Fit.NO
    return build if here else _Fit.NO


def _fit_build(cover: Cover, module: Module) -> _Fit:
    narrow = cover.versions or cover.packages
    fit = _Fit.EXACT if cover.versions_known else _Fit.PERHAPS if narrow else _Fit.ANY_VERSION
    if cover.versions:
        if not module.version:
            fit = _Fit.PERHAPS
        elif not any(each.fits(module.version) for each in cover.versions):
            return _Fit.NO
    if cover.packages:
        if not module.package:
            # Without a package database nobody can tell the distribution's build from another.
            return _Fit.PERHAPS if cover.environments else _Fit.NO
        if not any(_is_package(each, module.package) for each in cover.packages):
            return _Fit.NO
    return fit


def _is_package(cover: PackageCover, package: str) -> bool:
    name, _, version = package.partition(" ")
    return cover.name.fits(name) and (
        not cover.versions or any(each.fits(version) for each in cover.versions)
    )


def _names_one_build(cover: Cover, module: Module) -> bool:
    """Whether what agrees is one distribution's build, and not just a release number."""
    return bool(cover.packages) or re.fullmatch(r"v?[\d.]+[a-z]?", module.version) is None


def _where(environment: Environment) -> str:
    # Of a regular expression such as `9(\.|$)` its beginning is what a person would write.
    shown = (each.text or re.sub(r"[^\w.].*", "", each.matches) for each in environment.version)
    return f"{environment.id} {' or '.join(dict.fromkeys(shown))}".strip()

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
from scanner.model import Module, Validation, ValidationStatus

END_OF_140_2 = date(2026, 9, 21)
"""The day on which the last FIPS 140-2 certificates went to the Historical list."""


_OLD_STANDARD = (
    f"NIST moved the FIPS 140-2 certificates to the Historical list, the last on {END_OF_140_2}"
)


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
) -> Validation:
    """What CMVP says of `module` in an image of the operating system `os_id` `os_version`.

    `os_id` and `os_version` are `ID` and `VERSION_ID` of os-release, `""` where there is none.
    The best status wins where several certificates fit. Always returns a reason.
    """
    candidates = [
        _Candidate(fit, _validation(certificate, fit, os_id, os_version, today))
        for certificate in certificates
        if (fit := _fit(certificate, module, os_id, os_version)) is not _Fit.NO
    ]
    if not candidates:
        return Validation(ValidationStatus.NONE, reason=_none_reason(module))
    return max(candidates, key=_Candidate.rank).validation


def _none_reason(module: Module) -> str:
    version = f" {module.version}" if module.version else ""
    return f"no CMVP certificate known to the scanner covers {module.name}{version}"


def _validation(
    certificate: Certificate, fit: _Fit, os_id: str, os_version: str, today: date
) -> Validation:
    status = status_on(certificate, today)
    name = _name(certificate)
    dated = _dates(certificate, status, today)
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
    note = f"; {certificate.note}" if certificate.note else ""
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
    )


def status_on(certificate: Certificate, today: date) -> ValidationStatus:
    """The state of a certificate on the day `today`, from its dates alone.

    A certificate counts through the whole day of its sunset. `NONE` before it was validated,
    `UNKNOWN` where its dates are not recorded.
    """
    if certificate.certificate is None:
        return ValidationStatus.IN_PROCESS
    if certificate.validated is not None and today < certificate.validated:
        return ValidationStatus.NONE
    if certificate.historical_by is not None:
        return ValidationStatus.HISTORICAL
    sunset = certificate.sunset
    if certificate.validated is None or sunset is None:
        return ValidationStatus.UNKNOWN
    if certificate.standard == "FIPS 140-2":
        sunset = min(sunset, END_OF_140_2)
    if today <= sunset:
        return ValidationStatus.ACTIVE
    if certificate.interim and certificate.standard == "FIPS 140-3":
        return ValidationStatus.INTERIM_EXPIRED
    return ValidationStatus.HISTORICAL


def _name(certificate: Certificate) -> str:
    if certificate.certificate is None:
        return f"{certificate.module} (in process)"
    return f"certificate #{certificate.certificate}"


def _dates(certificate: Certificate, status: ValidationStatus, today: date) -> str:
    match status:
        case ValidationStatus.IN_PROCESS:
            return f"no certificate had been issued when this was checked on {certificate.checked}"
        case ValidationStatus.NONE:
            return f"it was not validated before {certificate.validated}, and {today} is earlier"
        case ValidationStatus.INTERIM_EXPIRED:
            return (
                f"its interim validation had its sunset on {certificate.sunset}: NIST may have "
                "kept it active, so check the certificate's page"
            )
        case ValidationStatus.UNKNOWN:
            return "its dates are not recorded, so check the certificate's page"
        case ValidationStatus.HISTORICAL if certificate.historical_by:
            return f"it was on the Historical list when checked on {certificate.historical_by}"
        case ValidationStatus.HISTORICAL if certificate.standard == "FIPS 140-2":
            return f"sunset {certificate.sunset}: {_OLD_STANDARD}"
        case ValidationStatus.HISTORICAL:
            return f"sunset {certificate.sunset}: it is on the Historical list"
    return f"sunset {certificate.sunset}"


# --- does a certificate mean this module? --------------------------------------------------


def _fit(certificate: Certificate, module: Module, os_id: str, os_version: str) -> _Fit:
    return max(
        (_fit_cover(cover, module, os_id, os_version) for cover in certificate.covers),
        default=_Fit.NO,
    )


def _fit_cover(cover: Cover, module: Module, os_id: str, os_version: str) -> _Fit:
    if cover.module != module.id:
        return _Fit.NO
    here = not cover.environments or any(
        _is_environment(each, os_id, os_version) for each in cover.environments
    )
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


def _is_environment(environment: Environment, os_id: str, os_version: str) -> bool:
    return environment.id == os_id and (
        not environment.version or any(each.fits(os_version) for each in environment.version)
    )


def _names_one_build(cover: Cover, module: Module) -> bool:
    """Whether what agrees is one distribution's build, and not just a release number."""
    return bool(cover.packages) or re.fullmatch(r"v?[\d.]+[a-z]?", module.version) is None


def _where(environment: Environment) -> str:
    # Of a regular expression such as `9(\.|$)` its beginning is what a person would write.
    shown = (each.text or re.sub(r"[^\w.].*", "", each.matches) for each in environment.version)
    return f"{environment.id} {' or '.join(dict.fromkeys(shown))}".strip()

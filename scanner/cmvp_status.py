"""Says in which state a certificate is on a day, and until when, from its dates alone.

Reads no clock, and knows nothing of modules in images.
"""

from __future__ import annotations

from datetime import date

from scanner.certificates import Certificate
from scanner.model import ValidationStatus

END_OF_140_2 = date(2026, 9, 21)
"""The day on which the last FIPS 140-2 certificates went to the Historical list."""

_OLD_STANDARD = (
    f"NIST moved the FIPS 140-2 certificates to the Historical list, the last on {END_OF_140_2}"
)


def last_day(certificate: Certificate) -> date | None:
    """The last day on which it is active; None while that is not known, or it never was."""
    if certificate.sunset is None or certificate.validated is None or certificate.historical_by:
        return None
    if certificate.standard == "FIPS 140-2":
        return min(certificate.sunset, END_OF_140_2)
    return certificate.sunset


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
    last = last_day(certificate)
    if last is None:
        return ValidationStatus.UNKNOWN
    if today <= last:
        return ValidationStatus.ACTIVE
    if certificate.interim and certificate.standard == "FIPS 140-3":
        return ValidationStatus.INTERIM_EXPIRED
    return ValidationStatus.HISTORICAL


def told_dates(certificate: Certificate, status: ValidationStatus, today: date) -> str:
    """What the dates of a certificate mean on the day `today`, for people."""
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


def name_of(certificate: Certificate) -> str:
    """How a certificate is called in a sentence."""
    if certificate.certificate is None:
        return f"{certificate.module} (in process)"
    return f"certificate #{certificate.certificate}"

"""Names the certificate that comes nearest to a module that none covers, and what differs.

Says nothing of the module's status: a near miss is a miss.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from scanner.certificates import Certificate
from scanner.cmvp_status import name_of, status_on
from scanner.model import Module, ValidationStatus

_NUMBERS = re.compile(r"v?(\d{1,6}(?:\.\d{1,6}){0,4})")
_ORDER = (
    ValidationStatus.ACTIVE,
    ValidationStatus.IN_PROCESS,
    ValidationStatus.INTERIM_EXPIRED,
    ValidationStatus.UNKNOWN,
    ValidationStatus.HISTORICAL,
)
Numbers = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Near:
    certificate: Certificate
    version: str
    status: ValidationStatus
    distance: tuple[int, ...]

    def rank(self) -> tuple[tuple[int, ...], int, int]:
        return (
            self.distance,
            _ORDER.index(self.status),
            -(self.certificate.certificate or 0),
        )


def nearest(
    module: Module, certificates: Iterable[Certificate], os_id: str, os_version: str, today: date
) -> str:
    """The certificate for the nearest version of `module` that its system could have, as a clause.

    `""` where none is of the same major version.
    """
    own = _numbers(module.version)
    if not own:
        return ""
    near = min(
        _candidates(module, own, certificates, os_id, os_version, today),
        key=_Near.rank,
        default=None,
    )
    if near is None:
        return ""
    name = name_of(near.certificate)
    state = "" if near.status is ValidationStatus.IN_PROCESS else f" ({near.status.value})"
    if near.version == module.version:
        built = f"{module.version} built as its Security Policy says"
        return f"{name}{state} is for {built}, which package {module.package} is not"
    return f"the nearest, {name}{state}, is for {near.version}, and {module.version} is not that"


def _candidates(
    module: Module,
    own: Numbers,
    certificates: Iterable[Certificate],
    os_id: str,
    os_version: str,
    today: date,
) -> Iterator[_Near]:
    for certificate in certificates:
        status = status_on(certificate, today)
        if status not in _ORDER:
            continue
        for cover in certificate.covers:
            if cover.module != module.id or not cover.is_for(os_id, os_version):
                continue
            for each in cover.versions:
                theirs = _numbers(each.text)
                if theirs and theirs[0] == own[0]:
                    yield _Near(certificate, each.text, status, _distance(own, theirs))


def _numbers(version: str) -> Numbers:
    found = _NUMBERS.match(version)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def _distance(one: Numbers, other: Numbers) -> tuple[int, ...]:
    """How far two versions are apart, the leading numbers first."""
    length = max(len(one), len(other))
    padded = ((*each, *(0,) * (length - len(each))) for each in (one, other))
    first, second = padded
    return tuple(abs(a - b) for a, b in zip(first, second, strict=True))

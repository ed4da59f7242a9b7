"""Says what changes: in certificates by time or by a newer list, and for what was scanned.

Reads no file and no clock, and prints nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from scanner.certificates import Certificate
from scanner.cmvp import validate
from scanner.cmvp_listing import Listed, Listing
from scanner.cmvp_status import last_day, status_on
from scanner.distributions import Distribution
from scanner.errors import UsageError
from scanner.model import Module, Validation, ValidationStatus

_TO_ADD = (
    "which builds it covers is not known to this scanner: add `covers` from its Security Policy"
)
_LOSES = (ValidationStatus.ACTIVE, ValidationStatus.INTERIM_EXPIRED, ValidationStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one certificate."""

    certificate: Certificate
    what: str
    """`new`, `status`, `sunset`, `caveat`, `covers`, `facts`."""
    text: str
    """For people, without the certificate's name."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What certificates and distributions are known, and on which day they are asked."""

    certificates: tuple[Certificate, ...]
    distributions: tuple[Distribution, ...]
    day: date


@dataclass(frozen=True, slots=True)
class Affected:
    """A program in an image that was scanned before, for which something changes."""

    image: str
    program: str
    module: str
    before: Validation
    after: Validation


# --- from one day to another -----------------------------------------------------------------


def changes_until(
    certificates: Iterable[Certificate], today: date, until: date
) -> tuple[Change, ...]:
    """Certificates whose status is another one on `until` than on `today`, the soonest first."""
    found = []
    for each in certificates:
        before, after = status_on(each, today), status_on(each, until)
        if before is not after:
            found.append((last_day(each) or until, each, before, after))
    found.sort(key=lambda item: (item[0], item[1].certificate or 0))
    return tuple(
        Change(each, "status", _turns(each, before, after, today))
        for _, each, before, after in found
    )


def _turns(
    certificate: Certificate, before: ValidationStatus, after: ValidationStatus, today: date
) -> str:
    last = last_day(certificate)
    if before is ValidationStatus.ACTIVE and last is not None:
        days = (last - today).days
        left = "today" if days == 0 else f"in {days} day{'s' * (days != 1)}"
        return f"sunsets {left}, on {last}: then {after.value}"
    return f"{before.value} today, then {after.value}"


# --- by a newer list -------------------------------------------------------------------------


def updated_by(
    certificates: Sequence[Certificate], listing: Listing, today: date
) -> tuple[Certificate, ...]:
    """The certificates that `listing` tells something new of, and new ones of known modules.

    New ones are left out that are not active `today`: nothing could be told with them.
    """
    listed = {each.number: each for each in listing.certificates}
    numbers = {each.certificate for each in certificates}
    names = {(_plain(each.vendor), _plain(each.module)) for each in certificates}
    changed = [
        now
        for each in certificates
        if each.certificate in listed
        and each.checked <= listing.day
        and (now := _updated(each, listed[each.certificate], listing.day)) is not each
    ]
    new = [
        _new(each, listing.day)
        for each in listing.certificates
        if each.number not in numbers
        and each.status == "active"
        and (_plain(each.vendor), _plain(each.module)) in names
    ]
    active = ValidationStatus.ACTIVE
    return (*changed, *(each for each in new if each and status_on(each, today) is active))


def _updated(certificate: Certificate, listed: Listed, day: date) -> Certificate:
    told: dict[str, object] = {}
    if listed.sunset and listed.sunset != certificate.sunset:
        told["sunset"] = listed.sunset
    if listed.validated and certificate.validated is None:
        told["validated"] = listed.validated
    if listed.caveat and listed.caveat != " ".join(certificate.caveat.split()):
        told |= {"caveat": listed.caveat, "interim": listed.interim}
    now = certificate.model_copy(update=told)
    status = status_on(now, day)
    if listed.status in ("historical", "revoked") and status is not ValidationStatus.HISTORICAL:
        told["historical_by"] = day
    if listed.status == "active" and certificate.historical_by is not None:
        told["historical_by"] = None
    return certificate.model_copy(update={**told, "checked": day}) if told else certificate


def _new(listed: Listed, day: date) -> Certificate | None:
    if listed.standard not in ("FIPS 140-2", "FIPS 140-3"):
        return None
    slug = re.sub(r"[^a-z0-9]+", "-", listed.module.casefold())[:60].strip("-")
    page = "https://csrc.nist.gov/projects/cryptographic-module-validation-program/certificate/"
    return Certificate.model_validate(
        {
            "id": f"{slug or 'module'}-{listed.number}",
            "certificate": listed.number,
            "module": listed.module,
            "vendor": listed.vendor or "unknown",
            "standard": listed.standard,
            "level": listed.level,
            "validated": listed.validated,
            "sunset": listed.sunset,
            "interim": listed.interim,
            "caveat": listed.caveat,
            "note": _TO_ADD,
            "covers": (),
            "source": f"{page}{listed.number}",
            "checked": day,
        }
    )


_COMPANY = re.compile(r"\b(llc|inc|ltd|corporation|corp)\b|\(r\)|\(tm\)")


def _plain(name: str) -> str:
    """A vendor's or module's name as different lists write it."""
    return re.sub(r"[^a-z0-9]+", " ", _COMPANY.sub("", name.casefold())).strip()


def differences(
    before: Iterable[Certificate], after: Iterable[Certificate], today: date
) -> tuple[Change, ...]:
    """What `after` says otherwise than `before`, in order of certificate."""
    old = {each.id: each for each in before}
    found = [
        change
        for each in sorted(after, key=lambda each: (each.certificate or 0, each.id))
        for change in (
            [Change(each, "new", _introduced(each, today))]
            if each.id not in old
            else _differ(old[each.id], each, today)
        )
    ]
    return tuple(found)


def _introduced(certificate: Certificate, today: date) -> str:
    until = f", sunset {certificate.sunset}" if certificate.sunset else ""
    note = f"; {certificate.note}" if certificate.note else ""
    return f"{status_on(certificate, today).value}{until}{note}"


def _differ(old: Certificate, new: Certificate, today: date) -> list[Change]:
    found = []
    before, after = status_on(old, today), status_on(new, today)
    if before is not after:
        found.append(Change(new, "status", f"was {before.value}, is {after.value}"))
    if old.sunset != new.sunset:
        text = f"sunset moved from {old.sunset or 'unknown'} to {new.sunset or 'unknown'}"
        found.append(Change(new, "sunset", text))
    if " ".join(old.caveat.split()) != " ".join(new.caveat.split()):
        found.append(Change(new, "caveat", f'its caveat is now: "{" ".join(new.caveat.split())}"'))
    if old.covers != new.covers:
        found.append(Change(new, "covers", "what it covers is told otherwise"))
    rest = {"sunset", "caveat", "covers", "checked", "historical_by"}
    others = [
        name
        for name in type(new).model_fields
        if name not in rest and getattr(old, name) != getattr(new, name)
    ]
    if others:
        found.append(Change(new, "facts", f"told otherwise: {', '.join(others)}"))
    return found


# --- for what was scanned --------------------------------------------------------------------


def affected(report: object, source: str, before: Knowledge, after: Knowledge) -> list[Affected]:
    """The programs of a JSON report whose module is in another state by `after` than by `before`.

    Raises:
        UsageError: it is no JSON report of this scanner.
    """
    try:
        return list(_affected(cast("Mapping[str, Any]", report), before, after))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UsageError(
            f"{source} is no JSON report of fips-scanner: write one with `scan -o json`"
        ) from error


def _affected(report: Mapping[str, Any], before: Knowledge, after: Knowledge) -> Iterable[Affected]:
    os_id, _, os_version = str(report["image"]["os"]).partition(" ")
    image = str(report["image"]["reference"])
    for use in report["uses"]:
        raw: Mapping[str, Any] = use["module"]
        module = Module(*(str(raw[key]) for key in ("id", "name", "version", "path", "package")))
        old, new = (
            validate(module, os_id, os_version, each.certificates, each.day, each.distributions)
            for each in (before, after)
        )
        if (old.status, old.certificate, old.sunset) != (new.status, new.certificate, new.sunset):
            name = " ".join(part for part in (module.name, module.version) if part)
            yield Affected(image, str(use["consumer"]), name, old, new)


def loses(each: Affected) -> bool:
    """Whether the module is worth less afterwards."""
    return each.before.status in _LOSES and each.after.status not in _LOSES

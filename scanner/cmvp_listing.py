"""Reads lists of certificates in JSON, as scrapers of NIST's pages publish them, into plain values.

Trusts nothing in them: sizes are bounded, and what is no certificate is an error. Judges nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from scanner.errors import UsageError

MAX_BYTES = 64 << 20
MAX_ENTRIES = 50_000
_LONGEST = 4000
"""Characters of one text."""

_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})|(\d{4})-(\d{2})-(\d{2})")
_KEYS = {
    "number": ("certificate_number", "Certificate Number", "certificate"),
    "module": ("module_name", "Module Name", "module"),
    "vendor": ("vendor_name", "Vendor Name", "vendor"),
    "standard": ("standard", "Standard"),
    "status": ("status", "Status", "status_in_snapshot"),
    "type": ("module_type", "Module Type", "type"),
    "caveat": ("caveat",),
    "sunset": ("sunset_date",),
    "validated": ("validation_dates", "validation_date", "Validation Date"),
    "level": ("overall_level", "level"),
}
"""What each thing is called in the lists that are known."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A certificate as a list says it. What the list does not say is empty."""

    number: int
    module: str
    vendor: str
    standard: str = ""
    status: str = ""
    """`active`, `historical`, `revoked`."""
    type: str = ""
    caveat: str = ""
    validated: date | None = None
    sunset: date | None = None
    level: int = 1

    @property
    def interim(self) -> bool:
        """Whether its caveat says that the validation is an interim one."""
        return self.caveat.casefold().startswith("interim validation")


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list says, and of which day it is."""

    day: date
    certificates: tuple[Listed, ...]


def read_listing(content: bytes, source: str, today: date) -> Listing:
    """The certificates that the JSON text `content` lists.

    Args:
        source: what to call it in an error.
        today: of which day it is taken to be where it does not say so.

    Raises:
        UsageError: it is no JSON, no list of certificates, or too large.
    """
    if len(content) > MAX_BYTES:
        raise UsageError(f"{source} is larger than {MAX_BYTES >> 20} MiB: no list of certificates")
    try:
        raw = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{source} is not JSON: {' '.join(str(error).split())[:200]}") from error
    entries = list(_entries(raw))
    if len(entries) > MAX_ENTRIES:
        raise UsageError(f"{source} lists more than {MAX_ENTRIES} certificates")
    found = {each.number: each for entry in entries if (each := _listed(entry)) is not None}
    if not found:
        raise UsageError(
            f"{source} lists no certificates: give modules.json or historical-modules.json as "
            "NIST-CMVP-API publishes them, or a folder of rules/cmvp/*.yaml"
        )
    return Listing(_day_of(raw, today), tuple(found[number] for number in sorted(found)))


def _entries(raw: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(raw, Mapping):
        single = raw.get("certificate")
        if isinstance(single, Mapping):
            yield single
        for key in ("modules", "historical_modules", "later_certificates"):
            if isinstance(raw.get(key), list):
                yield from _entries(raw[key])
    elif isinstance(raw, list):
        yield from (each for each in raw if isinstance(each, Mapping))


def _listed(entry: Mapping[str, Any]) -> Listed | None:
    number = _text(entry, "number")
    module, vendor = _text(entry, "module"), _text(entry, "vendor")
    if not re.fullmatch(r"\d{1,6}", number) or not module:
        return None
    level = _text(entry, "level")
    return Listed(
        number=int(number),
        module=module,
        vendor=vendor,
        standard=_text(entry, "standard"),
        status=_text(entry, "status").casefold(),
        type=_text(entry, "type"),
        caveat=_text(entry, "caveat"),
        validated=min(_days(_text(entry, "validated")), default=None),
        sunset=max(_days(_text(entry, "sunset")), default=None),
        level=int(level) if level in ("1", "2", "3", "4") else 1,
    )


def _text(entry: Mapping[str, Any], what: str) -> str:
    for key in _KEYS[what]:
        value = entry.get(key)
        if isinstance(value, list):
            value = " ".join(str(each) for each in value[:100])
        if isinstance(value, (str, int)) and str(value).strip():
            return " ".join(str(value)[:_LONGEST].split())
    return ""


def _days(text: str) -> Iterator[date]:
    # Lists run several days together: 06/23/201711/07/2017.
    for month, day, year, *iso in _DAY.findall(text):
        parts = (year, month, day) if year else tuple(iso)
        try:
            yield date(*map(int, parts))
        except ValueError:
            continue


def _day_of(raw: object, today: date) -> date:
    if isinstance(raw, Mapping):
        for key, name in (("metadata", "generated_at"), ("_meta", "snapshot_date")):
            said = raw.get(key)
            if isinstance(said, Mapping):
                for day in _days(str(said.get(name, ""))[:10]):
                    return min(day, today)
    return today

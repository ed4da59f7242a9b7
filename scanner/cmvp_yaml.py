"""Writes a certificate as the YAML file that `rules/cmvp/` holds of it.

Says no more than the certificate; comments of an earlier file are not kept.
"""

from __future__ import annotations

from typing import Any

import yaml

from scanner.certificates import Certificate, Cover, Pattern


def certificate_yaml(certificate: Certificate, written: str) -> str:
    """The file of `certificate`; `written` says in its first line where it comes from."""
    data: dict[str, Any] = {
        "certificate": _or_none(certificate.certificate),
        "module": certificate.module,
        "vendor": certificate.vendor,
        "standard": certificate.standard,
        "level": str(certificate.level),
        "validated": _or_none(certificate.validated),
        "sunset": _or_none(certificate.sunset),
        "interim": "yes" if certificate.interim else "",
        "historical_by": str(certificate.historical_by or ""),
        "caveat": " ".join(certificate.caveat.split()),
        "note": " ".join(certificate.note.split()),
        "covers": [_cover(each) for each in certificate.covers],
        "source": certificate.source,
        "checked": str(certificate.checked),
    }
    kept = {key: value for key, value in data.items() if value != ""}
    text = yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=96)
    return f"# {' '.join(written.split())}\n{text}"


def _or_none(value: object) -> str:
    return "none" if value is None else str(value)


def _cover(cover: Cover) -> dict[str, Any]:
    data: dict[str, Any] = {"module": cover.module}
    if cover.versions:
        data["versions"] = [_pattern(each) for each in cover.versions]
    if not cover.versions_known:
        data["versions_known"] = "no"
    if cover.packages:
        data["packages"] = [
            {"name": _pattern(each.name), "versions": [_pattern(v) for v in each.versions]}
            for each in cover.packages
        ]
    if cover.environments:
        data["environments"] = [
            {"id": each.id, "version": [_pattern(v) for v in each.version]}
            for each in cover.environments
        ]
    return data


def _pattern(pattern: Pattern) -> str | dict[str, str]:
    return {"matches": pattern.matches} if pattern.matches else pattern.text

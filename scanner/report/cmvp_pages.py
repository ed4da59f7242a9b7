"""Shows certificates and what changes of them: as text for people, as JSON for programs.

Says what the certificates' own files say; computes no status.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from rich.text import Text

from scanner.certificates import Certificate
from scanner.cmvp_changes import Affected, Change, loses
from scanner.cmvp_status import status_on
from scanner.model import Validation, ValidationStatus
from scanner.report.escape import encodable, visible
from scanner.report.look import Look
from scanner.report.page import Page

_NUMBER = 11
_STYLE = {
    ValidationStatus.ACTIVE: "green",
    ValidationStatus.HISTORICAL: "red",
    ValidationStatus.INTERIM_EXPIRED: "yellow",
}
_MAX_PROGRAMS = 10
Json = dict[str, Any]


def certificate_list(certificates: Iterable[Certificate], today: date, look: Look) -> str:
    """A line for each certificate. The lines are not wrapped, so that they can be searched."""
    page = Page(look)
    for each in certificates:
        status = status_on(each, today)
        line = Text(f"{_called(each):<{_NUMBER}}", style="cyan")
        line.append(f"{status.value:<15}  ", style=_STYLE.get(status, "dim"))
        line.append(f"{each.sunset or '-'!s:<10}  {each.module} ({each.vendor})")
        page.line(line, indent=2)
    return page.result()


def change_list(changes: Sequence[Change], hits: Sequence[Affected], look: Look) -> str:
    """What changes, and whom it concerns."""
    page = Page(look)
    for each in changes:
        name = f"{_called(each.certificate)} {each.certificate.module}"
        page.line(Text.assemble((visible(name), "bold"), f": {each.what}"), indent=2)
        page.line(Text(visible(each.text)), indent=4)
    images: dict[str, list[Affected]] = {}
    for hit in hits:
        images.setdefault(hit.image, []).append(hit)
    if images:
        page.heading("Affected", str(len(images)))
    for image, found in images.items():
        page.line(Text(visible(image), style="bold"), indent=2)
        for hit in found[:_MAX_PROGRAMS]:
            line = f"{hit.program}: {hit.module}: {_state(hit.before)} -> {_state(hit.after)}"
            page.line(Text(visible(line), style="red" if loses(hit) else ""), indent=4)
        if len(found) > _MAX_PROGRAMS:
            page.line(f"and {len(found) - _MAX_PROGRAMS} more programs", indent=4)
    return page.result()


def certificates_json(certificates: Iterable[Certificate], today: date) -> str:
    """Certificates for programs."""
    return _dump({"date": str(today), "certificates": [_as_json(c, today) for c in certificates]})


def changes_json(changes: Iterable[Change], hits: Iterable[Affected], today: date) -> str:
    """Changes and whom they concern, for programs."""
    return _dump(
        {
            "date": str(today),
            "changes": [
                {
                    "certificate": each.certificate.certificate,
                    "id": each.certificate.id,
                    "module": each.certificate.module,
                    "what": each.what,
                    "text": each.text,
                }
                for each in changes
            ],
            "affected": [
                {
                    "image": hit.image,
                    "program": hit.program,
                    "module": hit.module,
                    "before": _validation(hit.before),
                    "after": _validation(hit.after),
                    "loses": loses(hit),
                }
                for hit in hits
            ],
        }
    )


def _called(certificate: Certificate) -> str:
    return f"#{certificate.certificate}" if certificate.certificate else "in process"


def _state(validation: Validation) -> str:
    number = f" #{validation.certificate}" if validation.certificate else ""
    return f"{validation.status.value}{number}"


def _validation(validation: Validation) -> Json:
    return {
        "status": validation.status.value,
        "certificate": validation.certificate,
        "sunset": str(validation.sunset) if validation.sunset else None,
    }


def _as_json(certificate: Certificate, today: date) -> Json:
    return {
        "certificate": certificate.certificate,
        "id": certificate.id,
        "module": certificate.module,
        "vendor": certificate.vendor,
        "standard": certificate.standard,
        "level": certificate.level,
        "status": status_on(certificate, today).value,
        "validated": str(certificate.validated) if certificate.validated else None,
        "sunset": str(certificate.sunset) if certificate.sunset else None,
        "interim": certificate.interim,
        "caveat": " ".join(certificate.caveat.split()),
        "note": " ".join(certificate.note.split()),
        "covers": sorted({cover.module for cover in certificate.covers}),
        "source": certificate.source,
        "checked": str(certificate.checked),
    }


def _dump(value: Json) -> str:
    return encodable(json.dumps(value, indent=2, sort_keys=True)) + "\n"

"""What was assessed, and with what: the image, its modules, their validations, the scanner.

Modules and certificates are told as a system security plan tells them, so that both can be
compared.
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import CryptoUse, Module, Report, Validation, ValidationStatus
from scanner.report.oscal.values import Ids, Json, code, line, prop, with_lists
from scanner.report.views.places import layer_words

_OPERATIONAL = {"state": "operational"}
_CMVP = "https://csrc.nist.gov/projects/cryptographic-module-validation-program/certificate/"


def image_id(ids: Ids) -> str:
    """The identifier of the image."""
    return ids.of("component", "image")


def tool_id(ids: Ids) -> str:
    """The identifier of the scanner."""
    return ids.of("component", "fips-scanner")


def module_id(ids: Ids, module: Module) -> str:
    """The identifier of a module in the image."""
    return ids.of("component", module.id, module.name, module.version, module.path)


def _validation_id(ids: Ids, certificate: int) -> str:
    return ids.of("component", "cmvp", str(certificate))


def origin(ids: Ids) -> Json:
    """Who says so: the scanner."""
    return {"actors": [{"type": "tool", "actor-uuid": tool_id(ids)}]}


def assessed(report: Report, ids: Ids) -> Iterator[Json]:
    """The image, its modules, and the certificates that hold for them."""
    yield _image(report, ids)
    modules: dict[str, tuple[Module, list[CryptoUse]]] = {}
    certificates: dict[int, Validation] = {}
    for use in report.uses:
        modules.setdefault(module_id(ids, use.module), (use.module, []))[1].append(use)
        if use.library is not None:
            modules.setdefault(module_id(ids, use.library), (use.library, []))
        number = use.validation.certificate
        if number is not None and use.validation.status is ValidationStatus.ACTIVE:
            certificates.setdefault(number, use.validation)
    for module, uses in modules.values():
        yield _module(report, ids, module, uses)
    for number, validation in sorted(certificates.items()):
        yield _validation(ids, number, validation)


def _image(report: Report, ids: Ids) -> Json:
    image = report.image
    told = (
        ("image-reference", image.reference),
        ("manifest-digest", image.manifest_digest),
        ("image-digest", image.digest),
        ("platform", image.platform),
        ("os", image.os),
    )
    return {
        "uuid": image_id(ids),
        "type": "software",
        "title": line(image.reference),
        "description": f"The container image {code(image.reference)}.",
        "props": [prop(name, value) for name, value in told if value],
        # Whether it runs anywhere is not known of an image.
        "status": {"state": "other", "remarks": "A container image, as it was scanned."},
    }


def _module(report: Report, ids: Ids, module: Module, uses: list[CryptoUse]) -> Json:
    told: list[tuple[str, object]] = [
        ("module", module.id),
        ("path", module.path),
        ("package", module.package),
        ("layer", layer_words(report, report.layer_of(module.path)) if module.path else ""),
    ]
    for validation in sorted({use.validation for use in uses}, key=lambda each: each.reason):
        told.append(("validation-status", validation.status.value))
        told.append(("validation-reason", validation.reason))
    told += [("activation", each) for each in sorted({use.activation.value for use in uses})]
    props = [prop("version", module.version, own=False)] if module.version else []
    props += [prop(name, value) for name, value in told if value]
    numbers = {
        use.validation.certificate
        for use in uses
        if use.validation.certificate and use.validation.status is ValidationStatus.ACTIVE
    }
    made: Json = {
        "uuid": module_id(ids, module),
        "type": "software",
        "title": line(f"{module.name or module.id} {module.version}".strip()),
        "description": f"A cryptographic module or library at {code(module.path or 'no path')}.",
        "props": props or [prop("module", module.id)],
    }
    return with_lists(
        {**made, "status": _OPERATIONAL},
        links=(
            {"href": f"#{_validation_id(ids, number)}", "rel": "validation"}
            for number in sorted(numbers)
        ),
    )


def _validation(ids: Ids, number: int, validation: Validation) -> Json:
    standard = validation.standard.lower().replace(" ", "-") or "cmvp"
    props = [
        prop("validation-type", standard, own=False),
        prop("validation-reference", number, own=False),
    ]
    if validation.level:
        props.append(prop("level", validation.level))
    if validation.sunset:
        props.append(prop("sunset", validation.sunset.isoformat()))
    if validation.caveat:
        props.append(prop("caveat", validation.caveat))
    return {
        "uuid": _validation_id(ids, number),
        "type": "validation",
        "title": f"CMVP certificate {number}",
        "description": line(validation.reason or f"CMVP certificate {number}"),
        "props": props,
        "links": [{"href": f"{_CMVP}{number}", "rel": "validation-details"}],
        "status": _OPERATIONAL,
    }


def assets(report: Report, ids: Ids) -> Json:
    """The scanner, as the tool and the platform of the assessment."""
    return {
        "components": [
            {
                "uuid": tool_id(ids),
                "type": "software",
                "title": "fips-scanner",
                "description": "Tells whether a container image is ready for FIPS 140-3.",
                "props": [
                    prop("version", report.scanner_version, own=False),
                    prop("rules", report.rules_digest),
                ],
                "status": _OPERATIONAL,
            }
        ],
        "assessment-platforms": [
            {
                "uuid": ids.of("platform"),
                "title": "fips-scanner",
                "uses-components": [{"component-uuid": tool_id(ids)}],
            }
        ],
    }

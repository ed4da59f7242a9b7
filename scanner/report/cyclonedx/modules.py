"""Cryptographic modules, the libraries through which they are reached, and who uses them.

Repeats what the report says of each; whether a module is validated is decided elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from cyclonedx.model.component import Component, ComponentType

from scanner.model import (
    Activation,
    AssetKind,
    CryptoUse,
    Module,
    Report,
    Validation,
    ValidationStatus,
)
from scanner.report.cyclonedx.image import certificate_page, package_purl
from scanner.report.cyclonedx.values import occurrence, plain, properties, with_evidence
from scanner.report.identity import short_id

Links = dict[str, set[str]]
"""Reference of a component → those of what it depends on."""


def module_ref(module: Module) -> str:
    """The reference of a module's component."""
    return f"module:{short_id(module.id, module.name, module.version, module.path)}"


def program_ref(path: str) -> str:
    """The reference of a program's component."""
    return f"program:{short_id(path)}"


def proven(use: CryptoUse) -> bool:
    """Whether the module is validated, and its approved mode known to be on in the image."""
    return use.validation.status is ValidationStatus.ACTIVE and use.activation is Activation.ON


def module_components(report: Report) -> Iterator[Component]:
    """A component for each module and library of the uses."""
    modules: dict[str, Module] = {}
    uses: dict[str, list[CryptoUse]] = defaultdict(list)
    for use in report.uses:
        for each in (use.module, use.library):
            if each is not None:
                modules.setdefault(module_ref(each), each)
        uses[module_ref(use.module)].append(use)
    for ref, module in sorted(modules.items()):
        yield _module(module, uses[ref], report)


def _module(module: Module, uses: list[CryptoUse], report: Report) -> Component:
    validations = _each(use.validation for use in uses)
    paths = sorted({module.path} - {""})
    component = Component(
        type=ComponentType.LIBRARY,
        name=plain(module.name or module.id),
        version=plain(module.version) or None,
        bom_ref=module_ref(module),
        purl=package_purl(module.package, report.image) if module.package else None,
        external_references=[
            certificate_page(each.certificate)
            for each in validations
            # Of one that does not hold here the number is told, and why.
            if each.certificate and each.status is ValidationStatus.ACTIVE
        ],
        properties=properties(
            ("module", module.id),
            ("package", module.package),
            *((name, value) for each in validations for name, value in _validation(each)),
            *(("activation", value) for value in sorted({use.activation.value for use in uses})),
            *(_integrity(module, report)),
            *_layer(module.path, report),
        ),
    )
    return with_evidence(component, (occurrence(path) for path in paths))


def _each(validations: Iterator[Validation]) -> list[Validation]:
    return sorted(set(validations), key=lambda each: (each.certificate or 0, each.reason))


def _validation(validation: Validation) -> Iterator[tuple[str, object]]:
    yield "validation", validation.status.value
    yield "validation:reason", validation.reason
    if validation.certificate is not None:
        yield "cmvp:certificate", validation.certificate
        yield "cmvp:standard", validation.standard
        yield "cmvp:level", validation.level
        yield "cmvp:sunset", validation.sunset
        yield "cmvp:caveat", validation.caveat


def _integrity(module: Module, report: Report) -> Iterator[tuple[str, object]]:
    for asset in report.assets:
        if asset.kind is AssetKind.INTEGRITY and module.path and asset.path == module.path:
            yield "integrity", asset.detail


def _layer(path: str, report: Report) -> Iterator[tuple[str, object]]:
    index = report.layer_of(path) if path else None
    if index is not None and index < len(report.layers):
        yield "layer", index
        yield "layer:diff-id", report.layers[index].diff_id
        yield "layer:created-by", report.layers[index].created_by


def program_components(report: Report) -> Iterator[Component]:
    """A component for each program or library that uses a module."""
    uses: dict[str, list[CryptoUse]] = defaultdict(list)
    for use in report.uses:
        uses[use.consumer].append(use)
    for path, its in sorted(uses.items()):
        component = Component(
            type=ComponentType.APPLICATION,
            name=plain(path) or "unknown",
            bom_ref=program_ref(path),
            properties=properties(
                *(("role", role) for role in sorted({use.role for use in its})),
                ("started", "yes" if any(use.started for use in its) else "no"),
                *(("use", each) for each in sorted({_use(use) for use in its})),
                *_layer(path, report),
            ),
        )
        yield with_evidence(component, [occurrence(path)])


def _use(use: CryptoUse) -> str:
    """`module:… linked none off hash-only`: what, how, validation, approved mode, purpose."""
    return (
        f"{module_ref(use.module)} {use.kind.value} {use.validation.status.value} "
        f"{use.activation.value} {use.purpose}"
    )


def module_links(report: Report) -> Links:
    """Image → programs → libraries → modules."""
    links: Links = defaultdict(set)
    for use in report.uses:
        links["image"].add(program_ref(use.consumer))
        reached = use.module
        if use.library is not None and use.library != use.module:
            links[module_ref(use.library)].add(module_ref(use.module))
            reached = use.library
        links[program_ref(use.consumer)].add(module_ref(reached))
    return links

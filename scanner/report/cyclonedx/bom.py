"""Puts the document together: components, what depends on what, and who made it.

Everything in it comes from the report, the identifier and the time too.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.bom_ref import BomRef
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6

from scanner.model import Report
from scanner.report.cyclonedx.image import image_component, os_component
from scanner.report.cyclonedx.inventory import Inventory
from scanner.report.cyclonedx.materials import materials
from scanner.report.cyclonedx.modules import (
    Links,
    module_components,
    module_links,
    program_components,
)
from scanner.report.cyclonedx.protocols import code_of, protocols, served_certificates
from scanner.report.identity import document_uuid, moment


def bill_of_materials(report: Report) -> str:
    """`report` as CycloneDX 1.6, in JSON.

    Later versions of CycloneDX took the names of curves and the references of certificates into
    fields that the library does not write yet.
    """
    inventory = Inventory(report)
    inventory.of_assets(report.assets)
    inventory.of_runs()
    held = [
        *materials(report, inventory),
        *served_certificates(report, inventory),
        *protocols(report, inventory),
    ]
    system = os_component(report.image)
    used = [*program_components(report), *module_components(report)]
    components = [*([system] if system else []), *used, *held, *inventory.components()]
    links = module_links(report)
    for ref, targets in inventory.links.items():
        links[ref].update(targets)
    bom = Bom(
        serial_number=document_uuid(report, "cyclonedx"),
        metadata=BomMetaData(
            timestamp=moment(report),
            component=image_component(report),
            tools=ToolRepository(
                components=[
                    Component(
                        type=ComponentType.APPLICATION,
                        name="fips-scanner",
                        version=report.scanner_version,
                        bom_ref="fips-scanner",
                    )
                ]
            ),
        ),
        components=components,
        dependencies=_dependencies(links, components),
    )
    # For each component the library looks through all dependencies whether it is there. All are,
    # and of thousands that would take minutes.
    bom.register_dependency = _known_already  # type: ignore[method-assign]
    made = json.loads(JsonV1Dot6(bom).output_as_string())
    for component in made.get("components", ()):
        _order(component)
    return f"{json.dumps(made, indent=2)}\n"


def _known_already(target: object, depends_on: object = None) -> None:
    """Nothing: `_dependencies` told of every component."""


def _order(component: dict[str, Any]) -> None:
    """Order what the library holds in sets.

    It compares places by their location alone, and sorts the two bytes of a cipher suite.
    """
    evidence = component.get("evidence", {})
    if "occurrences" in evidence:
        evidence["occurrences"].sort(
            key=lambda each: (
                each["location"],
                each.get("line", 0),
                each.get("additionalContext", ""),
            )
        )
    protocol = component.get("cryptoProperties", {}).get("protocolProperties", {})
    for suite in protocol.get("cipherSuites", ()):
        if suite.get("identifiers"):
            suite["identifiers"] = code_of(suite["name"])


def _dependencies(links: Links, components: list[Component]) -> list[Dependency]:
    """What each component depends on; those that depend on nothing say so."""
    known = {str(each.bom_ref) for each in components} | {"image"}
    complete: Links = defaultdict(set, {ref: set() for ref in known})
    for ref, targets in links.items():
        if ref in known:
            complete[ref] |= {each for each in targets if each in known and each != ref}
    # What nothing else needs the image itself brings: an algorithm of a setting, say.
    reached = {each for targets in complete.values() for each in targets}
    complete["image"] |= known - reached - {"image"}
    return [
        Dependency(BomRef(ref), (Dependency(BomRef(each)) for each in sorted(targets)))
        for ref, targets in sorted(complete.items())
    ]

"""Says which operating system package a module and a consumer come from.

Validation follows the package: a distribution's certificate covers the files of its own
package and no others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from scanner.image.view import ImageView
from scanner.model import CryptoUse, FactKind, Module

if TYPE_CHECKING:
    from scanner.link.world import FactIndex, World


def fill_owners(uses: Iterable[CryptoUse], world: World) -> tuple[CryptoUse, ...]:
    """`uses` with the packages of their modules and the role of their consumers.

    A consumer is a tool when it belongs to the distribution's package management or base system
    and neither the image's command nor a script that it starts names it.
    """
    owners = world.owners
    started = world.start.programs
    filled: list[CryptoUse] = []
    for use in uses:
        is_tool = use.consumer not in started and (
            owners.package_name(use.consumer) in world.rules.os_tools
        )
        filled.append(
            replace(
                use,
                module=owners.with_package(use.module),
                library=owners.with_package(use.library) if use.library else None,
                role="tool" if is_tool else use.role,
                started=use.consumer in started,
            )
        )
    return tuple(filled)


class Owners:
    """File → package, as the package databases of the image tell it."""

    def __init__(self, facts: FactIndex, view: ImageView) -> None:
        self._versions = {
            (each.text("manager"), each.text("name")): each.text("version")
            for each in facts.of(FactKind.PACKAGE)
        }
        self._owner: dict[str, tuple[str, str]] = {}
        for listing in facts.of(FactKind.PACKAGE_FILES):
            owner = (listing.text("manager"), listing.text("name"))
            for path in listing.texts("files"):
                self._owner[path] = owner
                # A package lists /lib/x where a merged-/usr image has /usr/lib/x.
                resolved = view.resolve(path)
                if resolved is not None:
                    self._owner.setdefault(resolved, owner)

    def package_name(self, path: str) -> str:
        """The package that brought the file `path`, or `""`."""
        return self._owner.get(path, ("", ""))[1]

    def with_package(self, module: Module) -> Module:
        """`module` with the name and version of its package, where there is one."""
        owner = self._owner.get(module.path)
        if module.package or owner is None:
            return module
        name = owner[1]
        return replace(module, package=f"{name} {self._versions.get(owner, '')}".strip())

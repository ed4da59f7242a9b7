"""States that a package which the rules know lies in an image: one form for all registries.

Does not look for packages: the inspectors of each language do.
"""

from __future__ import annotations

from scanner.facts import fact
from scanner.model import Fact, FactKind
from scanner.rules_packages import PackageRule

MAX_VERSION = 60
"""Characters of a version, which comes from the image."""


def package_fact(
    path: str,
    ecosystem: str,
    rule: PackageRule,
    version: str,
    *,
    shown_by: str = "",
    features: tuple[str, ...] = (),
    tool: bool = False,
) -> Fact:
    """The package of `rule` in the file or folder `path`.

    `shown_by`: `code` where its code was seen, `list` where only a list names it.
    """
    shown = version[:MAX_VERSION]
    return fact(
        FactKind.LANGUAGE_PACKAGE,
        path,
        ecosystem=ecosystem,
        name=rule.name,
        version=shown,
        crypto=rule.crypto,
        code=rule.code,
        module=rule.module or "",
        algorithms=rule.algorithms,
        features=features,
        shown_by=shown_by,
        tool=tool,
        evidence=(f"{path}: {rule.name} {shown}".rstrip() + f": {rule.what}",),
    )

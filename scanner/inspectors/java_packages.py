"""States which Maven packages that bring or bind cryptography a Java archive is, or was made of.

Goes by what build tools leave in the archive and by its name; says nothing of whether it is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.formats.jar import Jar
from scanner.inspectors.package_facts import package_fact
from scanner.model import Fact
from scanner.rules_packages import PackageTable

_NAME = re.compile(r"(?P<artifact>[A-Za-z0-9_.-]+?)-(?P<version>\d[0-9A-Za-z.+-]{0,60})\.jar")


class MavenPackages:
    """The packages of the rules, by artifact as well: an archive may tell no group."""

    def __init__(self, table: PackageTable) -> None:
        self._table = table
        self._by_artifact = {each.name.partition(":")[2]: each for each in table.of("maven")}

    def of_archive(self, path: str, jar: Jar) -> Iterator[Fact]:
        """LANGUAGE_PACKAGE facts of one archive.

        Args:
            path: the outer archive's path in the image.
            jar: it, or an archive inside it.
        """
        where = f"{path}!/{jar.inside}" if jar.inside else path
        for each in jar.artifacts:
            rule = self._table.find("maven", f"{each.group}:{each.artifact}")
            if rule is not None:
                yield package_fact(where, "maven", rule, each.version)
        if jar.artifacts or (told := _NAME.fullmatch(jar.name)) is None:
            return
        if (rule := self._by_artifact.get(told["artifact"])) is not None:
            yield package_fact(where, "maven", rule, told["version"])

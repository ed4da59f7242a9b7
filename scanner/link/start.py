"""States how a container of the image starts: its command, its environment, its user.

Only what the image configuration and the file tree say; nothing is run.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from scanner.facts import fact
from scanner.link.programs import find_program
from scanner.link.started import IMAGE
from scanner.link.world import Linked, World
from scanner.model import Fact, FactKind, Gap, GapKind

_WATCHED = re.compile(
    r"OPENSSL_\w+|GOLANG_FIPS|GOFIPS|NODE_OPTIONS|LD_LIBRARY_PATH|LD_PRELOAD|NSS_FIPS"
    r"|\w*_FORCE_FIPS_MODE|\w*JAVA\w*OPTIONS|(?:DOTNET|COMPlus|CLR)_\w+"
)
"""Variables set by the command or a start script that are worth a fact.

Not GODEBUG: the checks that ask for it speak of the image's environment alone.
"""


def link(world: World) -> Linked:
    """ENV and COMMAND facts of the image configuration."""
    facts: list[Fact] = [
        fact(FactKind.ENV, name=name, value=value) for name, value in dict(world.config.env).items()
    ]
    facts.extend(
        fact(
            FactKind.ENV,
            name=name,
            value=setting.value,
            evidence=(f"{name}={setting.value} in {setting.source}"[:300],),
        )
        for name, setting in world.start.variables.items()
        if setting.value is not None and setting.source != IMAGE and _WATCHED.fullmatch(name)
    )
    argv = world.config.command
    if argv:
        facts.append(
            fact(
                FactKind.COMMAND,
                argv=argv,
                program=find_program(argv[0], world.view, world.config) or "",
                user=world.config.user,
                evidence=(" ".join(argv),),
            )
        )
    return Linked(tuple(facts), gaps=(*_unread(world), *_untold(world)))


def _unread(world: World) -> Iterator[Gap]:
    for path, reason in world.start.unread:
        yield Gap(
            GapKind.NOT_SUPPORTED,
            path,
            f"the image's start leads to it, and it was not read ({reason}): what it sets and "
            "starts is unknown",
        )


def _untold(world: World) -> Iterator[Gap]:
    """Search paths that cannot be told matter where they choose between crypto libraries."""
    untold = world.start.unknown("LD_LIBRARY_PATH")
    names = Counter(
        each.text("soname") or each.path.rpartition("/")[2]
        for each in world.facts.of(FactKind.MODULE_CODE)
        if each.text("form") == "library"
    )
    chosen = sorted(name for name, count in names.items() if count > 1)
    if untold and chosen:
        yield Gap(
            GapKind.NOT_VERIFIED,
            world.start.variables["LD_LIBRARY_PATH"].source,
            f"{untold}: which {', '.join(chosen[:3])} is loaded is unknown",
        )

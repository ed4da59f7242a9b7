"""Says which files a supervisor program reads to know what to start.

Follows none of them: `scanner.link.startup` does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from scanner.formats.shell_steps import Act, Step
from scanner.formats.supervisor import SUPERVISORD
from scanner.model import Fact, FactKind

if TYPE_CHECKING:
    from scanner.link.world import FactIndex

_MAX = 200
_CONFIG_FILES = (
    "/usr/local/etc/supervisord.conf",
    "/usr/etc/supervisord.conf",
    "/etc/supervisord.conf",
    "/etc/supervisor/supervisord.conf",
)
"""Where supervisord looks, in its order: http://supervisord.org/configuration.html."""
_SERVICES = {
    # https://github.com/just-containers/s6-overlay, versions 1 to 3
    "init": re.compile(
        r"/etc/(?:services\.d/[^/]+/run|cont-init\.d/[^/]+|s6-overlay/s6-rc\.d/[^/]+/(?:run|up))"
    ),
    "s6-svscan": re.compile(r"/(?:etc|run|var/run)/(?:s6|services?)(?:\.d)?/[^/]+/run"),
    # runit, and what is built on it
    "runsvdir": re.compile(r"/(?:etc|var)/(?:service|sv)/[^/]+/run"),
    "my_init": re.compile(r"/etc/(?:service/[^/]+/run|my_init\.d/[^/]+)"),
}


def services(base: str, words: Sequence[str | None], facts: FactIndex) -> tuple[Fact, ...]:
    """The SCRIPT facts that the program called `base` follows, given `words` behind it."""
    scripts = facts.of(FactKind.SCRIPT)
    if base == SUPERVISORD:
        config = _config(words, facts)
        return (config, *_included(config, scripts)) if config is not None else ()
    pattern = _SERVICES.get(base)
    if pattern is None:
        return ()
    found = sorted((s for s in scripts if pattern.fullmatch(s.path)), key=lambda s: s.path)
    return tuple(found[:_MAX])


def _config(words: Sequence[str | None], facts: FactIndex) -> Fact | None:
    named = list(_CONFIG_FILES)
    for at, word in enumerate(words):
        if word in ("-c", "--configuration") and at + 1 < len(words):
            named = [words[at + 1] or ""]
        elif word and word.startswith(("-c/", "--configuration=")):
            named = [word[word.index("/") :] if "/" in word else ""]
    found = (facts.one(FactKind.SCRIPT, path) for path in named)
    return next((each for each in found if each is not None), None)


def _included(config: Fact, scripts: Sequence[Fact]) -> tuple[Fact, ...]:
    steps = (Step.parse(each) for each in config.texts("steps"))
    folder = config.path.rpartition("/")[0]
    patterns = [
        each.value if each.value.startswith("/") else f"{folder}/{each.value}"
        for each in steps
        if each.act is Act.SOURCE
    ]
    own = (each for each in scripts if each.text("interpreter") == SUPERVISORD)
    found = (s for s in own if any(fnmatchcase(s.path, pattern) for pattern in patterns))
    return tuple(sorted(found, key=lambda s: s.path)[:_MAX])

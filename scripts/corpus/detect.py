"""Has the scanner inspect an entry of the corpus, and says which modules it saw in which file.

Looks as `fips-scanner scan --static` does; compares with nothing.
"""

from __future__ import annotations

from scanner.image import open_image, walk
from scanner.inspectors import visitor_maker
from scanner.link import link
from scanner.model import FactKind, FileKind, UseKind
from scanner.rulebook import RuleBook

Seen = dict[tuple[str, str], str]
"""(Path without the leading slash, module) → version, or `""` where the scanner names none."""


def detect(reference: str, rules: RuleBook) -> tuple[Seen, int]:
    """Every module that the scanner sees inside a file of the image, and how many files it has.

    A library that a file only links to is in that library, and counted there.
    """
    with open_image(reference) as image:
        walked = walk(image, visitor_maker(rules), workers=1)
        entries = map(walked.view.entry, walked.view.paths())
        count = sum(each is not None and each.kind is FileKind.FILE for each in entries)
        facts, uses, _ = link(walked.facts, walked.view, image.config, rules)
    seen: Seen = {}
    for code in facts.of(FactKind.MODULE_CODE):
        seen[code.path.lstrip("/"), code.text("module")] = code.text("version")
    go = {build.path for build in facts.of(FactKind.GO_BUILD)}
    for use in uses:
        # What is built into a language's runtime has no code of its own to be found.
        built_in = use.kind is UseKind.BUILTIN or use.consumer in go
        if built_in and use.module.path in (use.consumer, ""):
            seen.setdefault((use.consumer.lstrip("/"), use.module.id), use.module.version)
    return seen, count

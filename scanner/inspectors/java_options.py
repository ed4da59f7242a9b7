"""States which options stand in files from which start scripts and launchers give them to a JVM.

Whether anything reads such a file is for `scanner.link.java_files`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from scanner.facts import fact
from scanner.formats.java_args import argument_file, option_lines
from scanner.image import ImageFile
from scanner.model import Fact, FactKind, FileEntry, Gap
from scanner.rulebook import RuleBook

MAX_FILE = 256 << 10

_LINES = re.compile(r"jvm[a-z0-9-]*\.options|.*/jvm\.options\.d/[^/]+\.options|options\.default")
"""One option a line: Elasticsearch, OpenSearch, Logstash, Cassandra, Liberty, OpenJ9."""
_ARGUMENTS = re.compile(
    r"(?i).*(arg-?s?-?file|java[-_.]?(opt|option|arg)s?|jvm[-_.]?(opt|option|arg)s?)(\.[a-z]+)?"
    r"|.*\.(vmoptions|argfile|args|jvmopts|jvmargs|hotspotrc)|jib-(classpath|main-class)-file"
    r"|jvm\.config|.*[-_.](options|opts|args)"
)
"""What people call files that they give to `java @FILE`; these may have any name."""
_NEVER = ("/usr/share/", "/usr/lib/python", "/proc/", "/var/lib/dpkg/")
_TYPICAL = re.compile(rb"(?m)^[ \t]*[\"']?(?:\d+-?\d*:)?(?:-[DXp]|--?[a-z]+)")


class JavaOptionsInspector:
    """JVM_OPTIONS facts of files; `reaches_jvm` is `file`: a linker says who reads them."""

    name = "java-options"

    def wants(self, entry: FileEntry, head: bytes) -> bool:
        path = entry.path
        if not 0 < entry.size <= MAX_FILE or b"\0" in head or head.startswith(b"#!"):
            return False
        if _form(path) is None:
            return False
        return _TYPICAL.search(head) is not None

    def inspect(self, file: ImageFile) -> Iterable[Fact | Gap]:
        path = file.entry.path
        text = file.read(MAX_FILE).decode("utf-8", "replace")
        form = _form(path) or "arguments"
        options = option_lines(text) if form == "lines" else argument_file(text)
        yield fact(
            FactKind.JVM_OPTIONS,
            path,
            source=form,
            reaches_jvm="file",
            options=options,
            evidence=(" ".join(options)[:300],),
        )


def _form(path: str) -> str | None:
    name = path.rpartition("/")[2]
    if _LINES.fullmatch(name) or _LINES.fullmatch(path):
        return "lines"
    if _ARGUMENTS.fullmatch(name) and not path.startswith(_NEVER):
        return "arguments"
    return None


def make(rules: RuleBook) -> JavaOptionsInspector:  # noqa: ARG001 - one signature for all makers
    """The inspector; it needs no rules."""
    return JavaOptionsInspector()

"""Start scripts for linker tests, from their text."""

from __future__ import annotations

from scanner.inspectors.scripts import ScriptInspector
from scanner.model import Fact
from tests.unit.inspectors.files import the_fact


def script(path: str, *lines: str) -> Fact:
    """What the inspector says of an executable script of these lines."""
    return the_fact(ScriptInspector(), path, "\n".join(("#!/bin/sh", *lines, "")), mode=0o755)

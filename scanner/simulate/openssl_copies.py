"""Tells where each copy of OpenSSL in an image looks for a provider that is named without a path.

A provider keeps its state in its file's memory: of two copies of OpenSSL in one process, such as
Python's own and that of a wheel, only the first can use the provider at one path, and the other
gives not even SHA-256. So each copy must find a file of its own. Touches no container.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scanner.model import FactKind

if TYPE_CHECKING:
    from scanner.simulate.plan import Facts

BARE_NAME = "fips.so"
"""As `module` in a configuration: each copy looks for it in its own folder."""
_MOST = 8
_PROVIDERS = re.compile(r"[3-9]\.")
_FOLDER = re.compile(r"/[^\0]{1,400}")


def provider_places(facts: Facts) -> tuple[str, ...]:
    """Paths at which the copies of OpenSSL 3 and later look for the FIPS provider.

    Empty where the image has one copy at most: then one path serves all.
    """
    folders = {
        code.text("modules_dir").rstrip("/")
        for code in facts.of(FactKind.MODULE_CODE)
        if code.text("module") == "openssl"
        and code.text("form") in ("library", "static")
        and _PROVIDERS.match(code.text("version"))
        and _FOLDER.fullmatch(code.text("modules_dir"))
    }
    if len(folders) < 2:
        return ()
    return tuple(f"{folder}/{BARE_NAME}" for folder in sorted(folders)[:_MOST])

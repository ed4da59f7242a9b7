"""Which folders of rules a command uses: the scanner's own, certificates kept, and named ones.

Reads none of them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from scanner.rule_places import default_rules


def kept_rules(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The folder in which `cmvp update` keeps certificates, whether it is there or not.

    None where the user has no home.
    """
    base = environment.get("XDG_DATA_HOME") or ""
    home = environment.get("HOME") or ""
    if Path(base).is_absolute():
        return Path(base) / "fips-scanner" / "rules"
    return Path(home) / ".local/share/fips-scanner/rules" if Path(home).is_absolute() else None


def rule_folders(named: Sequence[Path] = ()) -> tuple[Path, ...]:
    """The scanner's own rules, then certificates that the user keeps, then `named` ones."""
    kept = kept_rules()
    return (default_rules(), *((kept,) if kept and kept.is_dir() else ()), *named)

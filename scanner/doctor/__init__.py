"""Says what this machine can do for a scan, and how to get the rest.

Looks only: it installs nothing, downloads nothing, and starts a container only when it is asked to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from scanner.doctor.data import certificate_check, rules_checks
from scanner.doctor.engines import engine_checks, reached
from scanner.doctor.model import Check, Examination, State
from scanner.doctor.parts import cache_check, compiler_check, helper_check, provider_checks
from scanner.doctor.place import fips_check, machine_check, output_check, python_check

__all__ = ["Check", "Examination", "State", "examine"]


def examine(
    today: date, folders: Sequence[Path], *, encoding: str, terminal: bool, trial: bool = False
) -> Examination:
    """Look at everything that a scan needs.

    Args:
        today: the day for which the age of facts is told.
        folders: of rules, as scans read them.
        encoding: of standard output.
        terminal: whether a person watches standard output.
        trial: whether a container is started, to prove what is else only expected.
    """
    return Examination(tuple(_checks(today, folders, encoding, terminal=terminal, trial=trial)))


def _checks(
    today: date, folders: Sequence[Path], encoding: str, *, terminal: bool, trial: bool
) -> Iterator[Check]:
    engine = reached()
    yield from engine_checks(engine, trial=trial)
    architecture = engine.architecture
    yield fips_check()
    yield helper_check(architecture)
    providers = provider_checks(architecture)
    yield from providers
    yield compiler_check(needed=any(each.state is not State.OK for each in providers))
    rules, checks = rules_checks(folders)
    yield from checks
    if rules is not None:
        yield certificate_check(rules, today)
    yield cache_check()
    yield machine_check()
    yield python_check()
    yield output_check(encoding, terminal=terminal)

"""Asks Python: what its OpenSSL gives, and what it computes itself when that refuses.

Both answer to the same names in hashlib, and only one of them is the module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scanner.simulate.plan import Facts
from scanner.simulate.probes.question import FOLDER, Question, interpreters, script

_SCRIPT = f"{FOLDER}/ask.py"


def applies(facts: Facts) -> bool:
    """Whether there is an interpreter."""
    return bool(_interpreters(facts))


def files(facts: Facts, architecture: str) -> Mapping[str, bytes]:  # noqa: ARG001
    """The script."""
    return {_SCRIPT: script("ask.py")}


def questions(facts: Facts) -> Sequence[Question]:
    """One for each interpreter."""
    return [Question(path, (path, "-B", _SCRIPT)) for path in _interpreters(facts)]


def _interpreters(facts: Facts) -> tuple[str, ...]:
    return interpreters(facts, "python", r"python3\.\d+")

"""Asks Node.js, whose OpenSSL is linked into it in most builds and can be asked no other way.

A build whose FIPS mode was only declared says so of itself; what it gives is what counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scanner.simulate.plan import Facts
from scanner.simulate.probes.question import FOLDER, Question, interpreters, script

_SCRIPT = f"{FOLDER}/ask.js"


def applies(facts: Facts) -> bool:
    """Whether there is an interpreter."""
    return bool(_interpreters(facts))


def files(facts: Facts, architecture: str) -> Mapping[str, bytes]:  # noqa: ARG001
    """The script."""
    return {_SCRIPT: script("ask.js")}


def questions(facts: Facts) -> Sequence[Question]:
    """One for each interpreter."""
    return [Question(path, (path, _SCRIPT)) for path in _interpreters(facts)]


def _interpreters(facts: Facts) -> tuple[str, ...]:
    return interpreters(facts, "node", r"node|nodejs")

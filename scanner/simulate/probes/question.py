"""What a probe asks, how it is answered, and what the answers say.

Runs nothing. An answer comes out of a container: hostile, and bounded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Protocol

from scanner.model import AlgorithmOffer, FactKind
from scanner.rulebook import RuleBook
from scanner.simulate.plan import FOLDER as HIDDEN
from scanner.simulate.plan import Facts

FOLDER = f"{HIDDEN}/probes"
"""Where in a container the programs and scripts of probes lie."""
ABOUT = frozenset({"probe", "library", "provider", "setting"})
"""Kinds of answers that are about whom was asked, and not about an algorithm."""
COMPLETE = "complete"

_MAX_OFFERS = 900
_MAX_NAME = 96
_MAX_WHY = 160
_MAX_LINE = 1000
_CODE = re.compile(r"0x[0-9a-f]{4}")


@dataclass(frozen=True, slots=True)
class Question:
    """One program to run in a container, whose output is an answer."""

    provider: str
    """Path of the library or of the interpreter that is asked."""
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program printed."""

    output: bytes = b""
    failure: str = ""
    """Why there is no output, or not all of it."""


Ask = Callable[[Sequence[str]], Answer]
"""Runs a program in a container under one condition."""


class Probe(Protocol):
    """A plug-in: a module of this package with these functions."""

    def applies(self, facts: Facts) -> bool:
        """Whether the image holds something that it asks."""

    def files(self, facts: Facts, architecture: str) -> Mapping[str, bytes]:
        """What must lie in the container before it starts, by path."""

    def questions(self, facts: Facts) -> Sequence[Question]:
        """What to run."""


@dataclass(frozen=True, slots=True)
class Told:
    """One line of an answer."""

    kind: str
    name: str
    worked: bool
    why: str = ""


def lines(output: bytes) -> Iterator[Told]:
    """The lines of an answer; what is none is passed over."""
    for line in output.splitlines()[: 4 * _MAX_OFFERS]:
        if not line.startswith(b"{") or len(line) > _MAX_LINE:
            continue
        try:
            told = json.loads(line)
        except ValueError:
            continue
        kind, name = told.get("kind"), told.get("name")
        if isinstance(kind, str) and isinstance(name, str) and name:
            why = told.get("why")
            yield Told(
                kind[:_MAX_NAME],
                name[:_MAX_NAME],
                told.get("worked") is True,
                why[:_MAX_WHY] if isinstance(why, str) else "",
            )


def offers_of(
    question: Question, answer: Answer, rules: RuleBook
) -> tuple[tuple[AlgorithmOffer, ...], str]:
    """What an answer says, and why it is not complete, or `""`.

    Whether everything was asked is an offer of the kind `probe`, so that whoever compares two
    conditions knows what a missing line means.
    """
    found: dict[tuple[str, str], AlgorithmOffer] = {}
    failure = answer.failure
    whole = False
    for told in lines(answer.output):
        if told.kind == "end":
            whole = told.worked
            said = (told.name, told.why, _last_words(answer.output))
            failure = "" if whole else ": ".join(filter(None, said))
            continue
        name = _name(told, rules)
        offer = AlgorithmOffer(
            question.provider, told.kind, name, told.worked, _approved(told.kind, name, rules)
        )
        found.setdefault((told.kind, name), offer)
        if len(found) >= _MAX_OFFERS:
            failure = failure or f"it offers more than {_MAX_OFFERS} algorithms"
            break
    if not whole and not failure:
        failure = f"it ended early: {_last_words(answer.output)}".removesuffix(": ")
    if not found:
        return (), failure
    complete = AlgorithmOffer(question.provider, "probe", COMPLETE, whole)
    return (*sorted(found.values(), key=_order), complete), failure


def _order(offer: AlgorithmOffer) -> tuple[str, str, str]:
    return (offer.provider, offer.kind, offer.algorithm)


def _name(told: Told, rules: RuleBook) -> str:
    """A suite that is told by its code gets its name."""
    code = _CODE.fullmatch(told.name) if told.kind == "tls" else None
    suite = rules.tls.suite(int(code[0], 16)) if code else None
    return suite.name if suite else told.name


def _approved(kind: str, name: str, rules: RuleBook) -> bool | None:
    if kind in ABOUT:
        return None
    if kind == "tls":
        rule = rules.tls.suite(name) or rules.tls.protocol(name)
        return rule.approved if rule else None
    known = rules.algorithms.approved(name)
    group = rules.tls.group(name) if known is None else None
    return group.approved if group else known


def _last_words(output: bytes) -> str:
    """The last line that is no line of an answer: an interpreter's complaint."""
    said = [line for line in output.splitlines() if line.strip() and not line.startswith(b"{")]
    return said[-1].decode(errors="replace").strip()[:_MAX_WHY] if said else ""


def script(name: str) -> bytes:
    """A script of this package."""
    return (files(__package__) / "scripts" / name).read_bytes()


def interpreters(facts: Facts, runtime: str, pattern: str) -> tuple[str, ...]:
    """Programs of a runtime that the image starts or that use cryptography, at most two.

    Args:
        pattern: what the last part of such a program's path is, as a regular expression.
    """
    found = [
        each
        for each in facts.of(FactKind.RUNTIME)
        if each.text("name") == runtime and re.fullmatch(pattern, each.path.rpartition("/")[2])
    ]
    started = {each.text("program") for each in facts.of(FactKind.COMMAND)}
    found.sort(key=lambda each: (each.path not in started, each.path))
    # One file may have several names.
    versions = {each.text("version") or each.path: each.path for each in reversed(found)}
    return tuple(each.path for each in found if each.path in versions.values())[:2]

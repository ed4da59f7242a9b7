"""Probes: ask the crypto libraries and runtimes of an image what they offer, inside a container.

They use every algorithm once, and say what worked; whether that is good is judged elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import cast

from scanner.facts import fact
from scanner.model import AlgorithmOffer, Fact, FactKind, Gap, GapKind
from scanner.rulebook import RuleBook
from scanner.simulate.plan import Facts
from scanner.simulate.probes import java, openssl
from scanner.simulate.probes.asking import alone, inside
from scanner.simulate.probes.question import ABOUT, Ask, Probe, Question, offers_of
from scanner.simulate.probes.scripted import NODE, PERL, PHP, PYTHON, RUBY

__all__ = ["PROBES", "alone", "inside", "offer_facts", "probe_all", "probe_files"]

PROBES: tuple[Probe, ...] = (
    cast("Probe", openssl),
    cast("Probe", java),
    PYTHON,
    NODE,
    RUBY,
    PHP,
    PERL,
)

TOTAL_SECONDS = 40.0
"""For all probes of one condition."""


def probe_files(facts: Facts, architecture: str) -> dict[str, bytes]:
    """What the probes need in a container before it starts, by path; all is for reading."""
    found: dict[str, bytes] = {}
    for probe in PROBES:
        if probe.applies(facts):
            found.update(probe.files(facts, architecture))
    return found


def probe_all(
    facts: Facts, rules: RuleBook, ask: Ask, condition: str, *, seconds: float = TOTAL_SECONDS
) -> tuple[tuple[AlgorithmOffer, ...], tuple[Gap, ...]]:
    """Ask everything in the image that can be asked, and tell what could not be.

    Args:
        facts: of the image, uses included.
        ask: runs a program in a container of the condition: `inside(box)` or `alone(make)`.
        condition: its name, for the gaps.
        seconds: after these, nothing more is asked.
    """
    offers: list[AlgorithmOffer] = []
    gaps: list[Gap] = []
    deadline = time.monotonic() + seconds
    for question in _questions(facts):
        found: tuple[AlgorithmOffer, ...] = ()
        failure = "the time for all probes was used up"
        if time.monotonic() < deadline:
            found, failure = offers_of(question, ask(question.command), rules)
        offers += found
        if failure:
            reason = f"what {question.provider} offers is not all known: {failure}"
            gaps.append(Gap(GapKind.NOT_VERIFIED, condition, reason, caps=False))
    return tuple(offers), tuple(gaps)


def _questions(facts: Facts) -> Iterator[Question]:
    for probe in PROBES:
        if probe.applies(facts):
            yield from probe.questions(facts)


def offer_facts(
    offers: Iterable[AlgorithmOffer], condition: str, rules: RuleBook
) -> tuple[Fact, ...]:
    """The offers of one condition in the form that rules match."""
    return tuple(
        fact(
            FactKind.ALGORITHM_OFFER,
            each.provider,
            condition=condition,
            kind=each.kind,
            algorithm=each.algorithm,
            offered=each.offered,
            approved=_approval(each, rules),
            evidence=(
                f"{condition}: {each.algorithm} ({each.kind}) "
                f"{'given' if each.offered else 'refused'}",
            ),
        )
        for each in offers
    )


def _approval(offer: AlgorithmOffer, rules: RuleBook) -> str:
    if offer.approved is None or offer.kind in ABOUT:
        return ""
    rule = rules.algorithms.find(offer.algorithm)
    return rule.approved if rule else "yes" if offer.approved else "no"

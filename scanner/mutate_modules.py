"""Weakens fingerprints of modules one part at a time, to see whether their examples would notice.

Changes no rule, and reads no file: the bytes of examples are handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from scanner.fingerprint import Fingerprints
from scanner.mutate import Mutant
from scanner.mutate_patterns import without_alternative, without_literal
from scanner.rules_model import Fingerprint, ModuleExample, ModuleRule

Bytes = Callable[[ModuleExample], bytes]
"""What gives the bytes of an example."""


def module_mutants(rule: ModuleRule) -> Iterator[Mutant[ModuleRule]]:
    """Every form of `rule` whose fingerprint asks for less."""
    if rule.fingerprint is not None:
        for name, weak in _weaker(rule.fingerprint):
            yield Mutant(name, rule.model_copy(update={"fingerprint": weak}))


def _weaker(fingerprint: Fingerprint) -> Iterator[tuple[str, Fingerprint]]:
    def changed(**update: object) -> Fingerprint:
        return fingerprint.model_copy(update=update)

    groups = fingerprint.require
    if len(groups) > 1:
        for index in range(len(groups)):
            yield (
                f"without require[{index}]",
                changed(require=groups[:index] + groups[index + 1 :]),
            )
    for key in ("forbid", "fips", "kernel_flag"):
        texts = getattr(fingerprint, key)
        for index, text in enumerate(texts):
            yield f"{key} without `{text}`", changed(**{key: texts[:index] + texts[index + 1 :]})
    if fingerprint.version:
        yield "without version", changed(version="")
        for part, rest in without_literal(fingerprint.version):
            yield f"version with anything for `{part}`", changed(version=rest)
        for part, rest in without_alternative(fingerprint.version):
            yield f"version without `{part}`", changed(version=rest)


def module_survivors(rule: ModuleRule, content: Bytes) -> tuple[str, ...]:
    """The names of the weakened fingerprints that no example of `rule` tells from it."""
    examples = [
        *((example, content(example), True) for example in rule.examples.match),
        *((example, content(example), False) for example in rule.examples.no_match),
    ]

    def notice(mutant: ModuleRule) -> bool:
        prints = Fingerprints({mutant.id: mutant})
        return not all(as_expected(prints, *example) for example in examples)

    return tuple(each.name for each in module_mutants(rule) if not notice(each.rule))


def as_expected(prints: Fingerprints, example: ModuleExample, data: bytes, expected: bool) -> bool:
    """Whether the one rule of `prints` takes an example's bytes for what the example says."""
    hit = next(iter(prints.scan((data,)).hits), None)
    if hit is None or not expected:
        return (hit is not None) is expected
    return (
        (not example.version or hit.versions[:1] == (example.version,))
        and (not example.fips or bool(hit.fips) is (example.fips != "no"))
        and (not example.kernel_flag or hit.kernel_flag is (example.kernel_flag != "no"))
    )

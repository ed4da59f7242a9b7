"""What a certificate's cover asks for decides: without it, other modules would be covered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import product

import pytest

from scanner.certificates import Cover, Pattern
from scanner.cmvp import validate
from scanner.model import Module, Validation
from scanner.rulebook import Certificate, RuleBook

RULES = RuleBook.load()
_GROUP = re.compile(r"\((?:\?:)?([^()|]*)[^()]*\)")


def _sample(pattern: Pattern) -> str:
    """A text that `pattern` fits."""
    if pattern.text:
        return pattern.text
    text = _GROUP.sub(r"\1", _GROUP.sub(r"\1", pattern.matches))
    text = re.sub(r"\[(?!\^)(.)[^\]]*\]", r"\1", text)
    text = re.sub(r"\[\^[^\]]*\]|\\[dw]|(?<!\\)\.(?=[*+])", "1", text)
    text = re.sub(r"(.)\{(\d+)(?:,\d*)?\}", lambda found: found[1] * int(found[2]), text)
    text = re.sub(r"(?<!\\)[*+?^$]|\\b", "", text)
    text = re.sub(r"\\(.)", r"\1", text)
    assert pattern.fits(text), (pattern, text)
    return text


def _weakened(cover: Cover) -> Iterator[tuple[str, Cover]]:
    if cover.versions:
        yield "any version", cover.model_copy(update={"versions": ()})
    if cover.environments:
        yield "any system", cover.model_copy(update={"environments": ()})
        bare = tuple(each.model_copy(update={"version": ()}) for each in cover.environments)
        if bare != cover.environments:
            yield "any release", cover.model_copy(update={"environments": bare})
    if cover.packages:
        yield "any package", cover.model_copy(update={"packages": ()})
        loose = tuple(each.model_copy(update={"versions": ()}) for each in cover.packages)
        if loose != cover.packages:
            yield "any package version", cover.model_copy(update={"packages": loose})
    if not cover.versions_known:
        yield "as if its version were known", cover.model_copy(update={"versions_known": True})


def _modules(cover: Cover) -> Iterator[Module]:
    """What the cover is for, and what is like it in all but one thing."""
    versions = [_sample(each) for each in cover.versions] or [""]
    packages = [
        (_sample(each.name), _sample(version) if version else "1.0")
        for each in cover.packages
        for version in (each.versions or (None,))
    ] or [("", "")]
    names = {f"{name} {version}".strip() for name, version in packages}
    names |= {f"{name} 0.0.1-none" for name, _ in packages if name}
    names |= {"another-package 1.0", ""}
    for version, package in product((*versions, "0.0.1", ""), sorted(names)):
        yield Module(cover.module, cover.module, version, package=package)


def _systems(cover: Cover) -> list[tuple[str, str]]:
    found = [
        (each.id, _sample(version))
        for each in cover.environments
        for version in each.version or (Pattern(text="1"),)
    ]
    return [*found, *((id_, "0.1") for id_, _ in found), ("another-system", "1"), ("", "")]


def _answers(rule: Certificate, asked: Cover) -> list[Validation]:
    day = (rule.validated or rule.checked) + timedelta(days=1)
    return [
        validate(module, os_id, os_version, (rule,), day)
        for module in _modules(asked)
        for os_id, os_version in _systems(asked)
    ]


@pytest.mark.parametrize(
    ("rule", "index"),
    [
        pytest.param(rule, index, id=f"{rule.id}-{index}")
        for rule in RULES.certificates
        for index in range(len(rule.covers))
    ],
)
def test_without_any_part_of_a_cover_the_answers_differ(rule: Certificate, index: int) -> None:
    cover = rule.covers[index]
    alone = rule.model_copy(update={"covers": (cover,)})
    expected = _answers(alone, cover)
    same = [
        name
        for name, weak in _weakened(cover)
        if _answers(rule.model_copy(update={"covers": (weak,)}), cover) == expected
    ]
    assert same == []

"""Tells code of dependencies from the image's own, where only a package's list of files can.

Restates what inspectors said of single files, before anything is put together. Opens no file and
judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import MappingProxyType

from scanner.model import Fact, FactKind
from scanner.rulebook import RuleBook


def settled(facts: Iterable[Fact], rules: RuleBook) -> Iterator[Fact]:
    """`facts`, with calls in listed files as the inspector states them of dependencies."""
    seen = tuple(facts)
    listed = {
        path: listing
        for listing in seen
        if listing.kind is FactKind.LANGUAGE_FILES
        for path in listing.texts("files")
    }
    for each in seen:
        listing = listed.get(each.path) if each.kind is FactKind.SOURCE_CALL else None
        if listing is None or not each.flag("own"):
            yield each
        elif _matters(each, listing, rules):
            told = {**each.attributes, "own": False, "package": listing.text("name")}
            yield replace(each, attributes=MappingProxyType(told))


def _matters(call: Fact, listing: Fact, rules: RuleBook) -> bool:
    """Whether a call counts in a dependency: what it imports, and what is fine there, does not."""
    package = rules.packages.find(listing.text("ecosystem"), listing.text("name"))
    is_cryptography = package is not None and package.crypto == "own"
    is_refused = call.text("approved") == "no" and call.text("security") != "no"
    return is_refused and not is_cryptography

"""Checks rules of certificates: dates in order, modules that exist, official sources.

Reads rules only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from scanner.certificates import Certificate
from scanner.cmvp_status import END_OF_140_2
from scanner.rulefile import Location

if TYPE_CHECKING:
    from scanner.lint import Context

Found = Iterator[tuple[Location, str]]


def dates_in_order(rule: Certificate, _: Context) -> Found:
    """Dates follow one another, and what is in process has none."""
    if rule.validated and rule.sunset and rule.sunset <= rule.validated:
        yield ("sunset",), "lies before the validation"
    if rule.certificate is None and (rule.validated or rule.sunset):
        yield ("certificate",), "a module in process has neither validation nor sunset date"
    if rule.validated and rule.validated > rule.checked:
        yield ("checked",), "lies before the validation"
    if rule.standard == "FIPS 140-2" and rule.sunset and rule.sunset > END_OF_140_2:
        yield ("sunset",), f"no FIPS 140-2 certificate outlives {END_OF_140_2}"


def covers_known_modules(rule: Certificate, context: Context) -> Found:
    """Each cover is of a module that there is."""
    if not rule.covers and not rule.note:
        yield ("covers",), "covers nothing, and no `note` says why"
    for index, cover in enumerate(rule.covers):
        if cover.module not in context.rules.modules:
            yield ("covers", index, "module"), f"no module `{cover.module}` in rules/modules"


def source_is_official(rule: Certificate, _: Context) -> Found:
    """The source is the page of this certificate."""
    if not rule.source.startswith("https://"):
        yield ("source",), f"`{rule.source}` is not an https address"
    number = re.search(r"/certificate/(\d+)$", rule.source)
    if number and rule.certificate != int(number[1]):
        yield ("source",), f"is the page of certificate {number[1]}"


def named_by_number(rule: Certificate, _: Context) -> Found:
    """The file is called after the number."""
    if rule.certificate is not None and not rule.id.endswith(f"-{rule.certificate}"):
        yield (), f"the file name must end in -{rule.certificate}"

"""Checks targets for what their models cannot see: certificates that exist, sources that are named.

Reads rules only; a problem is a value, never an exception.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scanner.rules_targets import Target, system_words

if TYPE_CHECKING:
    from scanner.lint import Context, Found

KERNEL = "linux-kernel"
"""The kernel's id in rules/modules."""


def kernel_certificates_are_known(rule: Target, context: Context) -> Found:
    """Each is in rules/cmvp, and is one of a kernel."""
    known = {each.certificate: each for each in context.rules.certificates}
    for index, number in enumerate(rule.kernel.certificates):
        found = known.get(number)
        if found is None:
            yield ("kernel", "certificates", index), f"no certificate {number} in rules/cmvp"
        elif all(cover.module != KERNEL for cover in found.covers):
            yield ("kernel", "certificates", index), f"certificate {number} is of no kernel"


def environments_have_certificates(rule: Target, context: Context) -> Found:
    """A system that no certificate names would never be found on the node."""
    named = {
        environment.id
        for certificate in context.rules.certificates
        for cover in certificate.covers
        for environment in cover.environments
    }
    for index, environment in enumerate(rule.environments):
        if environment.id not in named:
            yield ("environments", index), f"no certificate names {system_words(environment)}"


def target_sources_are_urls(rule: Target, _: Context) -> Found:
    """Every claim has a source that can be read."""
    if not rule.references:
        yield ("references",), "a target needs a reference"
    for index, each in enumerate(rule.breaks):
        parts = urlsplit(each.source)
        if parts.scheme != "https" or "." not in parts.netloc:
            yield ("breaks", index, "source"), f"`{each.source}` is not an https address"

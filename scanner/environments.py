"""Says whether a certificate is for the system that a container meets on a target.

A container has the userland of its image and the kernel of its node. Which machines a module was
tested on stands in its Security Policy, which the rules do not hold: this knows systems only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from scanner.certificates import Certificate
from scanner.model import CryptoUse, ValidationStatus
from scanner.rules_targets import Target, system_words


class Standing(StrEnum):
    """What a certificate's systems and the target's node have to do with each other."""

    NODE = "node"
    """The node has the system that the certificate names."""
    ELSEWHERE = "elsewhere"
    """The certificate names the image's system, and the node has another."""
    UNNAMED = "unnamed"
    """The rules know of no system that the certificate names."""


@dataclass(frozen=True, slots=True)
class OnTarget:
    """A use of an active module, as it stands on a target."""

    standing: Standing
    sentence: str


def on_target(
    use: CryptoUse,
    os_id: str,
    os_version: str,
    certificates: Iterable[Certificate],
    target: Target | None,
) -> OnTarget | None:
    """How the certificate of `use` stands on `target`, for an image of `os_id` `os_version`.

    None where that is no question: the module is not validated, or the target may have any node.
    """
    number = use.validation.certificate
    if target is None or target.host is None or number is None:
        return None
    if use.validation.status is not ValidationStatus.ACTIVE:
        return None
    named = [
        environment
        for certificate in certificates
        if certificate.certificate == number
        for cover in certificate.covers
        if cover.module == use.module.id
        for environment in cover.environments
        if environment.fits(os_id, os_version)
    ]
    node = system_words(target.host)
    if not named:
        return OnTarget(
            Standing.UNNAMED,
            f"on {target.id}: whether certificate #{number} names {node} stands in its Security "
            "Policy",
        )
    if target.is_node_of(os_id, os_version):
        return OnTarget(Standing.NODE, f"on {target.id}: certificate #{number} names {node}")
    systems = " and ".join(dict.fromkeys(map(system_words, named)))
    return OnTarget(
        Standing.ELSEWHERE,
        f"on {target.id}: certificate #{number} names {systems}, and the node has {node}",
    )

"""Where images are meant to run: what is known of the nodes there, as frozen values.

Holds what the platform's own documents and sources say, and never the status of a certificate.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from scanner.certificates import Environment, Pattern
from scanner.rules_base import Identified, Rule, Text, Texts, listed, none_or

Mounted = Literal["crypto-policies"]
"""What a container runtime puts into containers of a FIPS node, by the name of whatever it shows.

`crypto-policies`: the policy FIPS that the image itself brings, over the policy that it has chosen.
"""


class NodeKernel(Rule):
    """The node's own kernel, as a cryptographic module."""

    certificates: Annotated[tuple[Annotated[int, Field(ge=1)], ...], BeforeValidator(listed)] = ()
    """Of the kernel's crypto API, the closest first."""
    sentence: Text
    """What follows for the node: one sentence, without a status, which depends on the day."""


class Breakage(Rule):
    """Something that does not work on these nodes, whatever the image does."""

    what: Text
    why: Text
    source: Text


class Target(Identified):
    """A platform that runs containers on FIPS nodes."""

    name: Text
    host: Annotated[Environment | None, BeforeValidator(none_or)]
    """The node's operating system; `none` where it may be any."""
    runtime: Text
    """What starts the containers: containerd, CRI-O, any."""
    switched_on: Text
    """How its nodes come to run in FIPS mode."""
    shows: Annotated[Texts, Field(min_length=1)]
    """What a container sees of that."""
    mounts: Annotated[tuple[Mounted, ...], BeforeValidator(listed)] = ()
    """What simulated nodes show besides the kernel's flag."""
    environments: Annotated[tuple[Environment, ...], BeforeValidator(listed)] = ()
    """Systems of images whose certificates name the system that the node has as well."""
    kernel: NodeKernel
    breaks: Annotated[tuple[Breakage, ...], BeforeValidator(listed)] = ()
    uncertain: Texts = ()
    """What no source settles."""
    references: Texts = ()
    checked: date
    """The day the facts were read."""

    @model_validator(mode="after")
    def _environments_have_a_host(self) -> Self:
        if self.environments and self.host is None:
            raise ValueError("names environments, which depend on the node: name its `host` too")
        return self

    def is_node_of(self, os_id: str, os_version: str) -> bool:
        """Whether an image of this system finds the system of its certificates on the node."""
        return any(each.fits(os_id, os_version) for each in self.environments)


def system_words(environment: Environment) -> str:
    """`rhel 9`, for people."""
    return f"{environment.id} {' or '.join(map(_version, environment.version))}".strip()


def _version(pattern: Pattern) -> str:
    # Of a regular expression such as `9(\.|$)` its beginning is what a person would write.
    return pattern.text or pattern.matches.partition("(")[0].replace("\\", "")

"""Puts the parts of rules into words: conditions, switches, what certificates cover.

Says what the rule's own file says, and nothing more; lays nothing out.
"""

from __future__ import annotations

from collections.abc import Mapping

from scanner.certificates import Certificate, Cover
from scanner.conditions import AtLeast, Below, Condition, IsSet, Matches, NoneOf, OneOf, Test

MODES = {
    "provider": "a provider that has to be there and activated",
    "build": "decided when it is built",
    "flag": "switched by the host or a variable, in builds that have one",
    "none": "none: it can never be ready",
}
"""How a module comes to an approved mode."""

EFFECTS = {
    "breaks": "FIPS refuses what the program does",
    "misconfigured": "FIPS is asked for and cannot work as set up",
    "informs": "the message has other causes as well",
}
"""What a log message shows."""

RECALLED = "from documentation; not confirmed on a real file"
"""What is said of a fingerprint that no real file has shown."""


def certificate_words(rule: Certificate) -> str:
    """`#4985, OpenSSL FIPS Provider (The OpenSSL Corporation)`."""
    number = f"#{rule.certificate}" if rule.certificate else "In process"
    return f"{number}, {rule.module} ({rule.vendor})"


def cover_words(cover: Cover) -> str:
    """Which versions of which module, in which packages and systems."""
    versions = [each.text or f"matching {each.matches}" for each in cover.versions]
    text = cover.module
    text += f" {' or '.join(versions)}" if versions else ""
    text += "" if cover.versions_known else " of a version that is not public"
    packages = [
        " ".join(part.text or f"matching {part.matches}" for part in (each.name, *each.versions))
        for each in cover.packages
    ]
    text += f", package {' or '.join(packages)}" if packages else ""
    systems = [
        " ".join([each.id, *(part.text or part.matches for part in each.version)])
        for each in cover.environments
    ]
    return f"{text}, on {', '.join(systems) or 'any Linux'}"


def condition_words(condition: Condition) -> str:
    """A kind of fact, and what is asked of it."""
    tests = [f"{name} {_test(test)}" for name, test in condition.tests]
    kind = condition.kind.value.replace("_", " ")
    return f"{kind}: {', '.join(tests)}" if tests else f"{kind}: there is one"


def _test(test: Test) -> str:
    match test:
        case OneOf(values):
            return f"is {' or '.join(sorted(values))}"
        case NoneOf(values):
            return f"is not {' or '.join(sorted(values))}"
        case Matches(pattern):
            return f"matches {pattern}"
        case Below(version):
            return f"is below {version}"
        case AtLeast(version):
            return f"is at least {version}"
        case IsSet(expected):
            return "is set" if expected else "is not set"


def switch_words(environment: Mapping[str, str]) -> list[str]:
    """`NAME=value` of each variable."""
    return [f"{name}={value}" for name, value in sorted(environment.items())]

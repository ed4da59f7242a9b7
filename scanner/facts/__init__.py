"""What each kind of fact may carry, and the one way to state a fact.

Rules are checked against the same table, so a rule that asks for an attribute which no
inspector states is an error and not a rule that never fires.
"""

from __future__ import annotations

from types import MappingProxyType

from scanner.facts.binaries import BINARIES
from scanner.facts.derived import DERIVED
from scanner.facts.languages import LANGUAGES
from scanner.facts.runs import RUNS
from scanner.facts.systems import SYSTEMS
from scanner.model import Fact, FactKind, Value

FACT_ATTRIBUTES: dict[FactKind, dict[str, type]] = BINARIES | LANGUAGES | SYSTEMS | DERIVED | RUNS


def fact(
    kind: FactKind, path: str = "", /, *, evidence: tuple[str, ...] = (), **attributes: Value
) -> Fact:
    """State a fact.

    Raises:
        TypeError: an attribute that `kind` may not carry, or one of the wrong type: a mistake
            in the caller, never in the image.
    """
    allowed = FACT_ATTRIBUTES[kind]
    for name, value in attributes.items():
        if name not in allowed or not isinstance(value, allowed[name]):
            raise TypeError(f"{kind.value} fact cannot carry {name}={value!r}")
    return Fact(kind, path, MappingProxyType(attributes), evidence)

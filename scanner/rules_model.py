"""What each kind of rule holds, as frozen values that check themselves.

Reads no file: `scanner.rulebook` does. Every key that is not listed here is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from scanner.conditions import Condition, parse_condition, parse_fact
from scanner.model import Confidence, Fact, FactKind, Question, Severity, VerdictKind
from scanner.rules_base import (
    Examples,
    Flag,
    Identified,
    OptionalRegex,
    Regex,
    Regexes,
    Rule,
    Text,
    Texts,
    listed,
    none_or,
)

# --- checks --------------------------------------------------------------------------------

AnyCondition = Annotated[Condition, BeforeValidator(parse_condition)]
ExampleFact = Annotated[Fact, BeforeValidator(parse_fact)]
Facts = Annotated[tuple[ExampleFact, ...], BeforeValidator(listed)]
Scope = Literal["use", "file", "image", "condition"]


class When(Rule):
    """The three connectives, one level deep."""

    all: tuple[AnyCondition, ...] = ()
    any: tuple[AnyCondition, ...] = ()
    none: tuple[AnyCondition, ...] = ()

    @model_validator(mode="after")
    def _asks(self) -> Self:
        if not self.all and not self.any:
            raise ValueError("asks for nothing: give at least one condition under `all` or `any`")
        return self


class CheckExamples(Examples):
    """Lists of facts on which a check fires, and on which it does not."""

    match: tuple[Facts, ...]
    no_match: tuple[Facts, ...]


class CheckRule(Identified):
    """A finding: when it is made, why it matters, how to fix it."""

    title: Text
    question: Question
    severity: Severity
    confidence: Confidence
    verdict: Annotated[
        Literal[VerdictKind.NOT_READY, VerdictKind.UNDETERMINED, VerdictKind.CONDITIONAL] | None,
        BeforeValidator(none_or),
    ]
    """The best verdict an image with this finding may have; None leaves it open."""
    scope: Scope
    when: When
    why: Text
    fix: Text
    references: tuple[Text, ...]
    examples: CheckExamples


# --- modules and runtimes ------------------------------------------------------------------


class Fingerprint(Rule):
    """Bytes that only a file which contains the module's code holds."""

    require: tuple[tuple[Text, ...], ...] = ()
    """Each group must be found; one text of a group is enough."""
    forbid: Texts = ()
    version: OptionalRegex = ""
    """Group 1 is the version; `""` when the bytes do not tell."""
    fips: Texts = ()
    kernel_flag: Texts = ()
    """Texts that show that the code follows the host's FIPS switch."""
    values: Mapping[Text, Regex] = Field(default_factory=dict)
    """Attribute of the `module_code` fact → where its value stands; group 1 is the value."""


class Enforce(Rule):
    """How a simulated run tells a module to allow only approved algorithms."""

    env: Mapping[Text, str] = Field(default_factory=dict)
    files: Mapping[Text, str] = Field(default_factory=dict)
    """Absolute path in the container → content."""


class ModuleExample(Rule):
    """A file of `tests/fixtures/modules/<id>/`, or texts, and what they are taken for."""

    file: str = ""
    texts: Texts = ()
    version: str = ""
    fips: str = ""
    kernel_flag: str = ""


class ModuleExamples(Examples):
    match: tuple[ModuleExample, ...] = ()
    no_match: tuple[ModuleExample, ...] = ()


class ModuleRule(Identified):
    """A crypto library or module: how it is recognized, how its approved mode is forced."""

    name: Text
    approved_mode: Literal["provider", "build", "flag", "none"]
    family: str = ""
    libraries: Regexes = ()
    """Regular expressions on the whole file name."""
    plugins: Regexes = ()
    """Regular expressions on the whole path of files that the module loads by itself."""
    implemented_by: Texts = ()
    """Modules it is built on: seen through it, they are not uses of their own."""
    backends: Texts = ()
    """Modules that serve it: beside one of them it is not a use of its own."""
    symbols: Texts = ()
    """Imported names, or their beginnings, that show the module's use."""
    hash_symbols: Regexes = ()
    """Regular expressions on the whole name of imports that only hash."""
    fingerprint: Fingerprint | None = None
    recalled: Flag = False
    """Whether the fingerprint is from documentation, and confirmed on no real file."""
    enforce: Enforce | None = None
    reads_kernel_flag: Flag | None = None
    switch_files: Texts = ()
    """Files whose presence switches its approved mode on."""
    hmac: str = ""
    """Pattern of the integrity file that belongs beside the library."""
    lookalikes: Texts = ()
    note: str = ""
    references: Texts = ()
    examples: ModuleExamples = ModuleExamples()


class RuntimeRule(Identified):
    """A language runtime: how its use of crypto is switched to approved only."""

    name: Text
    enforce: Enforce | None = None
    packages: Texts = ()
    """How import paths begin that are cryptography."""
    neutral: Regexes = ()
    """Of these, whole import paths that compute nothing."""
    bypasses: Regexes = ()
    """Of these, whole import paths whose algorithms never come from the runtime's module."""
    standard: Texts = ()
    """First parts of the import paths of its standard library."""
    algorithms: Mapping[Text, Texts] = Field(default_factory=dict)
    """How names of functions begin → the algorithms of rules/algorithms that they compute."""
    protocols: Mapping[Text, Text] = Field(default_factory=dict)
    """How names of functions begin → the protocol that they speak."""
    note: str = ""
    references: Texts = ()


# --- logs and scoring ----------------------------------------------------------------------


class LogExamples(Examples):
    """Texts in which a message is recognized, and in which it is not."""

    match: tuple[Text, ...]
    no_match: tuple[Text, ...]


class LogRule(Identified):
    """A message that a program prints when FIPS breaks it."""

    meaning: Text
    """One sentence for the report."""
    fix: Text
    runtime: Text
    pattern: Regex
    """Searched in windows of the output, so a pattern may span lines."""
    effect: Literal["breaks", "misconfigured", "informs"]
    """`breaks`: FIPS refuses what the program does. `misconfigured`: FIPS is asked for and cannot
    work as set up. `informs`: the message has other causes as well."""
    fips_specific: Flag
    confidence: Confidence
    source: Text
    references: Texts = ()
    examples: LogExamples


Points = Annotated[float, Field(ge=0, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]


class Scoring(Rule):
    """How findings and gaps turn into points."""

    weights: Mapping[Question, Points]
    """Points of each question; 100 together."""
    severity_share: Mapping[Severity, Share]
    """Which part of its question's points a finding costs."""
    ceilings: Mapping[VerdictKind, Points] = Field(default_factory=dict)
    """Where the scores of a verdict end; 100 where it is not given."""
    gap_share: Share
    """Which part of the module question's points a gap costs that caps the verdict."""

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        questions = sorted(set(Question) - set(self.weights))
        if questions:
            raise ValueError(f"`weights` lacks {', '.join(questions)}")
        severities = sorted(set(Severity) - set(self.severity_share))
        if severities:
            raise ValueError(f"`severity_share` lacks {', '.join(severities)}")
        if abs(sum(self.weights.values()) - 100) > 1e-6:
            raise ValueError(f"`weights` sum to {sum(self.weights.values()):g}, not to 100")
        return self


class OsTools(Rule):
    """`runtimes/os-tools.yaml`: packages of the distribution's package management."""

    packages: tuple[Text, ...]
    note: str = ""
    references: Texts = ()


SCOPE_KINDS: Mapping[str, frozenset[FactKind]] = {
    "use": frozenset({FactKind.USE}),
    "condition": frozenset(
        {
            FactKind.RUN,
            FactKind.LOG_MATCH,
            FactKind.TLS_ENDPOINT,
            FactKind.TLS_CERTIFICATE,
            FactKind.TLS_CLIENT,
            FactKind.DIFFERENCE,
            FactKind.PROGRAM_ACTIVITY,
            FactKind.ALGORITHM_CALL,
            FactKind.ALGORITHM_OFFER,
            FactKind.STEP,
        }
    ),
    "file": frozenset(FactKind)
    - {
        FactKind.ENV,
        FactKind.COMMAND,
        FactKind.RUN,
        FactKind.LOG_MATCH,
        FactKind.TLS_ENDPOINT,
        FactKind.TLS_CERTIFICATE,
        FactKind.DIFFERENCE,
        FactKind.STEP,
        FactKind.PACKAGE,
    },
    "image": frozenset(FactKind),
}
"""What the first condition of a check may be about, by its scope."""

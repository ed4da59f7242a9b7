"""Loads the rules: modules, runtimes, checks, certificates, TLS algorithms, logs and scoring.

All mistakes of all files are reported at once, each with file and line; nothing is judged here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from scanner.certificates import Certificate, Cover, Environment
from scanner.conditions import Condition
from scanner.distributions import Distribution
from scanner.errors import RuleError
from scanner.rule_places import default_rules
from scanner.rulefile import Problem, RuleFile, problems_of, read_rule_file
from scanner.rules_algorithms import (
    AlgorithmFile,
    AlgorithmRule,
    AlgorithmTable,
    ConstantRule,
    TlsGroup,
    TlsProtocol,
    TlsSignature,
    TlsSuite,
    TlsTable,
)
from scanner.rules_model import (
    CheckRule,
    Enforce,
    Fingerprint,
    LogRule,
    ModuleExample,
    ModuleRule,
    OsTools,
    RuntimeRule,
    Scoring,
)
from scanner.rules_packages import PackageFile, PackageRule, PackageTable
from scanner.rules_servers import ServerRule
from scanner.rules_sources import SourceRule
from scanner.rules_targets import Target

__all__ = [
    "AlgorithmRule",
    "AlgorithmTable",
    "Certificate",
    "CheckRule",
    "Condition",
    "ConstantRule",
    "Cover",
    "Distribution",
    "Enforce",
    "Environment",
    "Fingerprint",
    "LogRule",
    "ModuleExample",
    "ModuleRule",
    "PackageRule",
    "PackageTable",
    "RuleBook",
    "RuntimeRule",
    "Scoring",
    "ServerRule",
    "Target",
    "TlsGroup",
    "TlsProtocol",
    "TlsSignature",
    "TlsSuite",
    "TlsTable",
    "default_rules",
    "read_rules",
]

OS_TOOLS = "os-tools"
MODELS: Mapping[str, type[BaseModel]] = {
    "modules": ModuleRule,
    "runtimes": RuntimeRule,
    "checks": CheckRule,
    "cmvp": Certificate,
    "distributions": Distribution,
    "algorithms": AlgorithmFile,
    "logs": LogRule,
    "packages": PackageFile,
    "sources": SourceRule,
    "servers": ServerRule,
    "targets": Target,
}
"""Folder → what a file in it holds."""


@dataclass(frozen=True)
class RuleBook:
    """Everything the scanner knows. Immutable, and can be sent to another process."""

    modules: Mapping[str, ModuleRule]
    runtimes: Mapping[str, RuntimeRule]
    checks: Mapping[str, CheckRule]
    certificates: tuple[Certificate, ...]
    tls: TlsTable
    algorithms: AlgorithmTable
    logs: tuple[LogRule, ...]
    scoring: Scoring
    os_tools: frozenset[str]
    """Packages of the distribution's package management."""
    constants: tuple[ConstantRule, ...]
    """What shows an algorithm in a program that holds no known module."""
    digest: str
    """`sha256:` and the hash of all rule files."""
    packages: PackageTable = field(default_factory=PackageTable)
    """What packages of language ecosystems bring or bind crypto."""
    sources: tuple[SourceRule, ...] = ()
    """How source code asks for crypto, by language."""
    distributions: tuple[Distribution, ...] = ()
    """What the packages of distributions are worth as modules."""
    servers: Mapping[str, ServerRule] = field(default_factory=dict)
    targets: Mapping[str, Target] = field(default_factory=dict)
    """Where images are meant to run."""

    @classmethod
    def load(cls, *folders: Path) -> RuleBook:
        """Read the rules in `folders`, or the ones that come with the scanner if none is named.

        Raises:
            RuleError: with every mistake in every file.
        """
        rules, problems = read_rules(*(folders or (default_rules(),)))
        if rules is None or problems:
            raise RuleError(tuple(str(problem) for problem in problems))
        return rules


def read_rules(*folders: Path) -> tuple[RuleBook | None, tuple[Problem, ...]]:
    """The rules in `folders` and all that is wrong with them; no rules if anything is."""
    files: list[RuleFile] = []
    problems: list[Problem] = []
    for folder in folders:
        if not folder.is_dir():
            problems.append(Problem(str(folder), 0, "no such folder of rules"))
            continue
        found = sorted(path for path in folder.rglob("*") if path.suffix in (".yaml", ".yml"))
        if not found:
            problems.append(Problem(str(folder), 0, "holds no rules (*.yaml)"))
        for path in found:
            file, mistakes = read_rule_file(path, folder)
            files.append(file)
            problems.extend(mistakes)
    builder = _Builder()
    broken = {problem.file for problem in problems}
    for file in files:
        if file.display not in broken:
            builder.add(file)
    problems.extend(builder.problems)
    if builder.scoring is None and not problems:
        problems.append(Problem("scoring.yaml", 0, "is missing in every folder of rules"))
    if problems or builder.scoring is None:
        return None, tuple(sorted(problems, key=lambda each: (each.file, each.line)))
    return builder.book(builder.scoring, _digest(files)), ()


def _digest(files: Iterable[RuleFile]) -> str:
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda each: (each.name, each.content)):
        digest.update(f"{file.name}\0{len(file.content)}\0".encode())
        digest.update(file.content)
    return f"sha256:{digest.hexdigest()}"


_Model = TypeVar("_Model", bound=BaseModel)


class _Builder:
    """Collects rules file by file."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.scoring: Scoring | None = None
        self._seen: dict[tuple[str, str], str] = {}
        self._rules: dict[str, dict[str, Any]] = {folder: {} for folder in MODELS}
        self._os_tools: set[str] = set()

    def add(self, file: RuleFile) -> None:
        """Check one file and keep what it says."""
        if file.name == "scoring.yaml":
            # A later folder may weigh differently.
            self.scoring = self._read(file, Scoring) or self.scoring
            return
        if file.folder not in MODELS or not file.name.endswith(".yaml"):
            known = ", ".join(f"{folder}/*.yaml" for folder in MODELS)
            self.problems.append(file.problem((), f"no place for rules; there are: {known}"))
            return
        if file.folder == "runtimes" and file.id == OS_TOOLS:
            tools = self._read(file, OsTools)
            self._os_tools.update(tools.packages if tools else ())
            return
        earlier = self._seen.setdefault((file.folder, file.id), file.display)
        held = self._rules[file.folder].get(file.id)
        if held is not None and not isinstance(held, Certificate):
            self.problems.append(file.problem((), f"id `{file.id}` is taken by {earlier}"))
            return
        rule = self._read(
            file, MODELS[file.folder], with_id=MODELS[file.folder] is not AlgorithmFile
        )
        if isinstance(rule, Certificate) and held is not None and rule.checked < held.checked:
            return  # of one certificate the facts count that were read last
        if rule is not None:
            self._rules[file.folder][file.id] = rule

    def _read(self, file: RuleFile, model: type[_Model], *, with_id: bool = False) -> _Model | None:
        data: dict[str, Any] = dict(file.data)
        if with_id:
            if "id" in data:
                self.problems.append(
                    file.problem(("id",), "unknown key `id`: the file name is the id")
                )
                return None
            data["id"] = file.id
        try:
            return model.model_validate(data)
        except ValidationError as error:
            self.problems.extend(problems_of(file, error))
            return None

    def book(self, scoring: Scoring, digest: str) -> RuleBook:
        """The rule book of everything that was added."""
        tables: list[AlgorithmFile] = list(self._rules["algorithms"].values())
        return RuleBook(
            modules=self._rules["modules"],
            runtimes=self._rules["runtimes"],
            checks=self._rules["checks"],
            certificates=tuple(self._rules["cmvp"].values()),
            tls=TlsTable(
                tuple(sorted((p for t in tables for p in t.protocols), key=lambda p: p.number)),
                tuple(sorted((s for t in tables for s in t.suites), key=lambda s: s.number)),
                tuple(sorted((g for t in tables for g in t.groups), key=lambda g: g.number)),
                tuple(sorted((s for t in tables for s in t.signatures), key=lambda s: s.number)),
            ),
            algorithms=AlgorithmTable(tuple(a for table in tables for a in table.algorithms)),
            logs=tuple(self._rules["logs"].values()),
            scoring=scoring,
            os_tools=frozenset(self._os_tools),
            constants=tuple(each for table in tables for each in table.constants),
            digest=digest,
            packages=PackageTable(tuple(self._rules["packages"].values())),
            sources=tuple(self._rules["sources"].values()),
            distributions=tuple(self._rules["distributions"].values()),
            servers=self._rules["servers"],
            targets=self._rules["targets"],
        )

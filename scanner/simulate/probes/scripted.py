"""Asks interpreters, each by a script in its own language: their OpenSSL, and their own code.

What a program would get under the same name may come from either, and only one is the module.
Perl is asked only where the image starts it or gives it cryptography: every Debian has one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scanner.model import FactKind
from scanner.simulate.plan import Facts
from scanner.simulate.probes.question import FOLDER, Question, interpreters, script


@dataclass(frozen=True, slots=True)
class Scripted:
    """A probe for one runtime."""

    runtime: str
    """As RUNTIME facts name it."""
    programs: str
    """What its programs are called, as a regular expression."""
    script: str
    options: tuple[str, ...] = ()
    only_if_used: bool = False

    def applies(self, facts: Facts) -> bool:
        """Whether there is an interpreter to ask."""
        return bool(self._interpreters(facts))

    def files(self, facts: Facts, architecture: str) -> Mapping[str, bytes]:  # noqa: ARG002
        """The script."""
        return {self._path: script(self.script)}

    def questions(self, facts: Facts) -> Sequence[Question]:
        """One for each interpreter."""
        return [
            Question(path, (path, *self.options, self._path)) for path in self._interpreters(facts)
        ]

    @property
    def _path(self) -> str:
        return f"{FOLDER}/{self.script}"

    def _interpreters(self, facts: Facts) -> tuple[str, ...]:
        if self.only_if_used and not self._is_used(facts):
            return ()
        return interpreters(facts, self.runtime, self.programs)

    def _is_used(self, facts: Facts) -> bool:
        found = interpreters(facts, self.runtime, self.programs)
        started = any(each.text("program") in found for each in facts.of(FactKind.COMMAND))
        return started or any(f"/{self.runtime}" in use.path for use in facts.workload)


PYTHON = Scripted("python", r"python3\.\d+", "ask.py", ("-B",))
NODE = Scripted("node", r"node|nodejs", "ask.js")
RUBY = Scripted("ruby", r"ruby[\d.]*", "ask.rb")
PHP = Scripted("php", r"php[\d.]*", "ask.php")
PERL = Scripted("perl", r"perl[\d.]*", "ask.pl", only_if_used=True)

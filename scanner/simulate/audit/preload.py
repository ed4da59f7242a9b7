"""What a container is given so that its programs' calls are seen, and whose calls stay unseen.

Pure: reads facts and makes environment variables and files. Touches no container.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from scanner.model import Fact, FactKind, Gap, GapKind, ImageConfig
from scanner.simulate.audit.record import PATH, empty_record
from scanner.simulate.native import AUDIT, helper
from scanner.simulate.plan import FOLDER, Facts

LIBRARY = f"{FOLDER}/fips-audit.so"
JAVA_DEBUG = "-Djava.security.debug=provider"

_PRELOAD, _JAVA = "LD_PRELOAD", "JAVA_TOOL_OPTIONS"
_SEEN = frozenset(
    {
        "openssl",
        "openssl-fips-provider",
        "libressl",
        "boringssl",
        "aws-lc",
        "aws-lc-fips",
        "libgcrypt",
        "gnutls",
        "nss",
    }
)
"""Modules whose functions the interposer stands before, where they are shared libraries."""
_JAVA_ARCHIVES = (".jar", ".war", ".ear")
_NAMED = 6


@dataclass(frozen=True, slots=True)
class Audit:
    """How a container is started so that its calls are noted."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    """Put into the container, readable for all."""
    shared: Mapping[str, bytes] = field(default_factory=dict)
    """Put there as well, and writable for all: what is noted."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What is added to variables that hold a list, after the image's own items."""
    gaps: tuple[Gap, ...] = ()
    """Whose calls cannot be seen, and why."""

    @property
    def useful(self) -> bool:
        """Whether anything of the image can be seen in this way."""
        return bool(self.options)

    def environment(self, before: Mapping[str, str], config: ImageConfig) -> dict[str, str]:
        """The variables of a run, with those of the audit.

        Args:
            before: what the run sets already, complete values.
        """
        environment = dict(before)
        for name, value in self.options.items():
            own = environment.get(name) or config.env_get(name) or ""
            environment[name] = f"{own} {value}".strip()
        return environment


def audit_for(facts: Facts, config: ImageConfig) -> Audit:
    """The audit of an image: one library serves glibc and musl alike."""
    options: dict[str, str] = {}
    files: dict[str, bytes] = {}
    shared: dict[str, bytes] = {}
    gaps = list(_unseen(facts))
    library = helper(config.platform.architecture, AUDIT)
    if runs_dynamic(facts):
        if library is None:
            reason = (
                "this installation has no interposer for the image's architecture: which "
                "algorithms its programs ask for was not looked at"
            )
            gaps.append(Gap(GapKind.NOT_SUPPORTED, "audit", reason, caps=False))
        else:
            files[LIBRARY] = library
            shared[PATH] = empty_record()
            options[_PRELOAD] = LIBRARY
    if facts.of(FactKind.JAVA_RUNTIME):
        options[_JAVA] = JAVA_DEBUG
    return Audit(files, shared, options, tuple(gaps))


def runs_dynamic(facts: Facts) -> bool:
    """Whether the image holds a program into which the interposer can be loaded."""
    return any(elf.text("linkage") == "dynamic" for elf in facts.of(FactKind.ELF))


def _unseen(facts: Facts) -> Iterator[Gap]:
    """One gap for all programs of the workload whose cryptography no interposer stands before."""
    linkage = {elf.path: elf.text("linkage") for elf in facts.of(FactKind.ELF)}
    java = tuple(f"{each.text('home')}/" for each in facts.of(FactKind.JAVA_RUNTIME))
    compiled_in: set[str] = set()
    others: set[str] = set()
    for use in facts.workload:
        if use.path.startswith(java) or use.path.endswith(_JAVA_ARCHIVES):
            continue
        if use.text("kind") in ("static", "builtin") or linkage.get(use.path, "").startswith(
            "static"
        ):
            compiled_in.add(use.path)
        elif use.text("module") not in _SEEN:
            others.add(_with_module(use))
    for names, why in (
        (compiled_in, "as their cryptography is compiled into them"),
        (others - compiled_in, "as they use libraries that the audit does not stand before"),
    ):
        if names:
            shown = sorted(names)[:_NAMED]
            more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
            reason = (
                f"the algorithms that these programs ask for cannot be seen, {why}: "
                f"{', '.join(shown)}{more}"
            )
            yield Gap(GapKind.NOT_SUPPORTED, "audit", reason, caps=False)


def _with_module(use: Fact) -> str:
    return f"{use.path} ({use.text('module')})"

"""What was seen, and what could not be looked at. Says nothing of whether it is good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

Value = str | int | bool | tuple[str, ...]
"""What an attribute of a fact may be."""


class FactKind(StrEnum):
    """Every kind of fact an inspector, a linker or a probe may state: a closed list.

    `FACT_ATTRIBUTES` in `scanner.facts` lists what each may carry.
    """

    # from files, stated by inspectors
    ELF = "elf"
    PE = "pe"
    CRYPTO_SYMBOLS = "crypto_symbols"
    MODULE_CODE = "module_code"
    TRACES = "traces"
    GO_BUILD = "go_build"
    OPENSSL_CONFIG_FILE = "openssl_config_file"
    INTEGRITY_FILE = "integrity_file"
    OS_RELEASE = "os_release"
    PACKAGE = "package"
    PACKAGE_FILES = "package_files"
    LD_CONFIG = "ld_config"
    JAVA_RUNTIME = "java_runtime"
    JAVA_SECURITY = "java_security"
    JAVA_ARCHIVE = "java_archive"
    ARCHIVE = "archive"
    SOURCE_CALL = "source_call"
    LANGUAGE_PACKAGE = "language_package"
    LANGUAGE_FILES = "language_files"
    SERVER_SETTING = "server_setting"
    SYSTEM_POLICY = "system_policy"
    CERTIFICATE = "certificate"
    PRIVATE_KEY = "private_key"
    KEYSTORE = "keystore"
    INTEGRITY = "integrity"
    DOTNET_RUNTIME = "dotnet_runtime"
    DOTNET_APP = "dotnet_app"
    SCRIPT = "script"
    RUNTIME = "runtime"
    # from the image configuration
    ENV = "env"
    COMMAND = "command"
    # derived by linkers
    OPENSSL_STATE = "openssl_state"
    JVM_OPTIONS = "jvm_options"
    DOTNET_STATE = "dotnet_state"
    LIBRARY_MISSING = "library_missing"
    SETTING_IN_EFFECT = "setting_in_effect"
    INTEGRITY_STATE = "integrity_state"
    USE = "use"
    # from simulated runs
    RUN = "run"
    LOG_MATCH = "log_match"
    TLS_ENDPOINT = "tls_endpoint"
    TLS_SERVER = "tls_server"
    RUN_SETTING = "run_setting"
    DIFFERENCE = "difference"
    PROGRAM_ACTIVITY = "program_activity"
    ALGORITHM_CALL = "algorithm_call"
    ALGORITHM_OFFER = "algorithm_offer"
    TLS_CERTIFICATE = "tls_certificate"
    TLS_CLIENT = "tls_client"
    STEP = "step"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing seen, in one place. Says nothing of whether it is good or bad."""

    kind: FactKind
    path: str = ""
    """The file it was seen in; `""` for the image configuration and for whole runs."""
    attributes: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    evidence: tuple[str, ...] = ()
    """What was literally seen, for a person to check."""

    def text(self, name: str) -> str:
        """Attribute `name` as text; `""` when absent; `yes`/`no` for a flag."""
        return _as_text(self.attributes.get(name, ""))

    def texts(self, name: str) -> tuple[str, ...]:
        """Attribute `name` as a tuple of texts; empty when absent."""
        value = self.attributes.get(name, ())
        return value if isinstance(value, tuple) else (_as_text(value),)

    def number(self, name: str) -> int:
        """Attribute `name` as a number; 0 when absent."""
        value = self.attributes.get(name, 0)
        return value if isinstance(value, int) else 0

    def flag(self, name: str) -> bool:
        """Attribute `name` as a flag; False when absent."""
        return self.attributes.get(name) is True

    # MappingProxyType cannot be pickled, and facts cross process borders.
    def __getstate__(self) -> tuple[str, str, dict[str, Value], tuple[str, ...]]:
        return (self.kind.value, self.path, dict(self.attributes), self.evidence)

    def __setstate__(self, state: tuple[str, str, dict[str, Value], tuple[str, ...]]) -> None:
        object.__setattr__(self, "kind", FactKind(state[0]))
        object.__setattr__(self, "path", state[1])
        object.__setattr__(self, "attributes", MappingProxyType(state[2]))
        object.__setattr__(self, "evidence", state[3])


def _as_text(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " ".join(value)
    return str(value)


class GapKind(StrEnum):
    """Why something could not be looked at."""

    TOO_LARGE = "too-large"
    TOO_MANY = "too-many"
    UNREADABLE = "unreadable"
    MALFORMED = "malformed"
    PACKED = "packed"
    ENCRYPTED = "encrypted"
    TIMED_OUT = "timed-out"
    NOT_SUPPORTED = "not-supported"
    NOT_RUN = "not-run"
    NO_ENGINE = "no-engine"
    NOTHING_OBSERVED = "nothing-observed"
    NO_PROVIDER = "no-provider"
    NOT_VERIFIED = "not-verified"
    INTERNAL = "internal"
    INTERRUPTED = "interrupted"
    """The user ended the scan before it was done."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something the scanner could not look at, and what that leaves open."""

    kind: GapKind
    subject: str
    """The path, layer digest, condition or port concerned."""
    reason: str
    """One sentence: what happened and what stays unknown."""
    caps: bool = True
    """Whether it keeps the verdict from `ready` and `no-crypto`."""
    requested: bool = False
    """Whether the user asked for it (`--static`)."""
    ignored_because: str = ""
    """Why the gate does not count it; `""` where it does. The verdict counts it all the same."""

"""What the rules say of algorithms and of TLS, as frozen values, and the tables to look them up in.

Reads no file and no clock: whether an algorithm is approved on a day is asked with the day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from scanner.rules_base import Flag, HexBytes, Regexes, Rule, Text, Texts

Approval = Literal["yes", "limited", "no"]
"""`limited`: for some purposes, or for what exists already."""
PostQuantum = Literal["no", "yes", "hybrid"]
"""`hybrid`: joined with an algorithm that quantum computers break."""


class OfTls(Rule):
    """What TLS calls by a name and a code."""

    name: Text
    """`TLS 1.2`; of a suite, as registered by IANA."""
    code: Text
    """On the wire: `0x0303`."""
    approved: Flag
    why: str = ""
    """Why it is not approved."""

    @property
    def number(self) -> int:
        return int(self.code, 16)


class TlsProtocol(OfTls):
    """A protocol version."""


class TlsSuite(OfTls):
    """A cipher suite."""

    openssl: str = ""
    """OpenSSL's name for it, where that is another one and OpenSSL ever had it."""
    protocols: tuple[Text, ...]
    """Those in which a server may choose it."""


class TlsGroup(OfTls):
    """A key exchange group."""

    post_quantum: PostQuantum = "no"


class TlsSignature(OfTls):
    """A scheme in which a handshake is signed."""

    protocols: tuple[Text, ...]
    """Those in which a server may choose it."""
    post_quantum: PostQuantum = "no"


class ConstantRule(Rule):
    """Constants that show an algorithm's code in a program."""

    name: Text
    """Of the algorithm, as the report says it."""
    cipher: Flag
    """Whether nothing else needs it; hashes and random numbers have many harmless uses."""
    extension: Flag = False
    """Whether it counts in a library as well that no package of the distribution brought."""
    source: Text
    patterns: Annotated[tuple[HexBytes, ...], Field(min_length=1)]
    """Any of these shows it."""
    instructions: Regexes = ()
    """Machine code that shows it as well: regular expressions on bytes."""


class AlgorithmNames(Rule):
    """What programs call an algorithm, by the place in which the name stands."""

    openssl: Texts = ()
    """`openssl list`, configuration, cipher strings."""
    jca: Texts = ()
    """Java's providers."""
    go: Texts = ()
    """Import paths and names of Go's packages."""
    iana: Texts = ()
    """The TLS registry."""
    ssh: Texts = ()
    gnutls: Texts = ()
    """Priority strings."""
    nss: Texts = ()
    """`certutil`, `listsuites`, crypto-policies."""
    krb5: Texts = ()
    """Encryption types of Kerberos."""
    oid: Texts = ()
    """Dotted object identifiers."""

    def each(self) -> Iterator[tuple[str, str]]:
        """Every place and name."""
        for place in NAMESPACES:
            for name in getattr(self, place):
                yield place, name


NAMESPACES = tuple(AlgorithmNames.model_fields)
"""Where algorithms have names of their own."""


class AlgorithmRule(Rule):
    """An algorithm that programs ask crypto libraries for by name."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, populate_by_name=True
    )

    name: Text
    """As NIST writes it: `SHA2-256`, `AES-128-GCM`."""
    kind: Literal["digest", "cipher", "mac", "kdf", "signature", "exchange", "group", "random"]
    approved: Approval
    """From `starts` until `until`."""
    why: str = ""
    """Why it is not approved, or for what it is."""
    legacy: Flag = False
    """Whether `limited` means: only to read and verify what exists already."""
    standard: str = ""
    """The publication that approves it, or took the approval away."""
    starts: Annotated[date | None, Field(alias="from")] = None
    """The first day on which `approved` holds."""
    before: Approval = "no"
    """What held before `from`."""
    until: date | None = None
    """The last day on which `approved` holds."""
    after: Approval = "no"
    """What holds after `until`."""
    min_bits: Annotated[int | None, Field(ge=1)] = None
    """The smallest key or group, in bits, that is approved."""
    post_quantum: PostQuantum = "no"
    names: AlgorithmNames = AlgorithmNames()
    also: Texts = ()
    """Other names of it, in no place of those in `names`, or in several."""

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if self.approved != "yes" and not self.why:
            raise ValueError("`why` must say why it is not approved, or for what it is")
        if self.legacy and self.approved != "limited":
            raise ValueError("`legacy` is for what is approved: limited")
        if self.starts and self.until and self.until < self.starts:
            raise ValueError("`until` lies before `from`")
        return self

    def approved_on(self, day: date) -> Approval:
        """What holds on `day`."""
        if self.starts and day < self.starts:
            return self.before
        if self.until and day > self.until:
            return self.after
        return self.approved

    @property
    def for_new(self) -> bool:
        """Whether what is new may be protected with it: a connection, a signature, a file."""
        return self.approved != "no" and not self.legacy

    def for_new_on(self, day: date) -> bool:
        """Whether what is new on `day` may be protected with it."""
        held = self.approved_on(day)
        # What is for existing data today was for all data before.
        return held != "no" and not (self.legacy and held == self.approved)

    def all_names(self) -> tuple[str, ...]:
        """Its name and every other one, each once."""
        return tuple(
            dict.fromkeys((self.name, *(name for _, name in self.names.each()), *self.also))
        )


class AlgorithmFile(Rule):
    """One file of `algorithms/`."""

    algorithms: tuple[AlgorithmRule, ...] = ()

    protocols: tuple[TlsProtocol, ...] = ()
    suites: tuple[TlsSuite, ...] = ()
    groups: tuple[TlsGroup, ...] = ()
    signatures: tuple[TlsSignature, ...] = ()
    constants: tuple[ConstantRule, ...] = ()
    references: Texts = ()


# --- tables --------------------------------------------------------------------------------


@dataclass(frozen=True)
class TlsTable:
    """What is known of TLS by name and code, and which of it is approved."""

    protocols: tuple[TlsProtocol, ...] = ()
    """Oldest first."""
    suites: tuple[TlsSuite, ...] = ()
    """In order of code."""
    groups: tuple[TlsGroup, ...] = ()
    """In order of code."""
    signatures: tuple[TlsSignature, ...] = ()
    """In order of code."""

    def protocol(self, key: str | int) -> TlsProtocol | None:
        """The protocol with this name or code, or None."""
        return self._protocols.get(key)

    def suite(self, key: str | int) -> TlsSuite | None:
        """The cipher suite with this IANA name or code, or None."""
        return self._suites.get(key)

    def group(self, key: str | int) -> TlsGroup | None:
        """The group with this IANA name or code, or None."""
        return self._groups.get(key)

    def signature(self, key: str | int) -> TlsSignature | None:
        """The signature scheme with this IANA name or code, or None."""
        return self._signatures.get(key)

    @cached_property
    def _protocols(self) -> Mapping[str | int, TlsProtocol]:
        return {key: each for each in self.protocols for key in (each.name, each.number)}

    @cached_property
    def _suites(self) -> Mapping[str | int, TlsSuite]:
        return {key: each for each in self.suites for key in (each.name, each.number)}

    @cached_property
    def _groups(self) -> Mapping[str | int, TlsGroup]:
        return {key: each for each in self.groups for key in (each.name, each.number)}

    @cached_property
    def _signatures(self) -> Mapping[str | int, TlsSignature]:
        return {key: each for each in self.signatures for key in (each.name, each.number)}


_SEPARATORS = re.compile(r"[\s_./:-]+")
_OID = re.compile(r"(?:OID\.)?(\d+(?:\.\d+)+)", re.IGNORECASE)


@dataclass(frozen=True)
class AlgorithmTable:
    """The algorithms that are known by name, and which are approved."""

    algorithms: tuple[AlgorithmRule, ...] = ()

    def find(self, name: str) -> AlgorithmRule | None:
        """The rule of an algorithm, by any of its names; case and separators do not count.

        Of a transformation of Java, `AES/GCM/NoPadding`, the mode counts where it is known.
        """
        found = self._by_name.get(spelled(name))
        if found is None and "/" in name:
            algorithm, mode, *_ = name.split("/")
            found = self._by_name.get(spelled(algorithm + mode)) or self.find(algorithm)
        return found

    def approved(self, name: str) -> bool | None:
        """Whether an algorithm is approved, if only for some purposes; None when unknown."""
        rule = self.find(name)
        return None if rule is None else rule.approved != "no"

    def approved_on(self, name: str, day: date) -> Approval | None:
        """What holds for an algorithm on `day`; None when it is unknown."""
        rule = self.find(name)
        return None if rule is None else rule.approved_on(day)

    @cached_property
    def _by_name(self) -> Mapping[str, AlgorithmRule]:
        return {spelled(name): each for each in self.algorithms for name in each.all_names()}


def spelled(name: str) -> str:
    """`name` without what does not count in it: case and separators, but for an OID's dots."""
    if oid := _OID.fullmatch(name.strip()):
        return oid[1]
    return _SEPARATORS.sub("", name).casefold()

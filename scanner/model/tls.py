"""What was seen of TLS: what a server accepts and shows, and what a client offers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TlsCertificate:
    """A certificate that a server sent, the leaf first."""

    subject: str
    key: str
    """`RSA 2048`, `ECDSA P-256`, `Ed25519`."""
    signature: str
    """The algorithm that its issuer signed it with: `RSA with SHA-256`."""
    not_after: str = ""
    """The last day it is valid: `2027-01-31`."""
    unapproved: tuple[str, ...] = ()
    """What of it is not approved, and why: `SHA-1 signature`, `RSA key of 1024 bits`."""


@dataclass(frozen=True, slots=True)
class TlsEndpoint:
    """What a TLS server on one port of a container accepted, one offer at a time."""

    port: int
    protocols: tuple[str, ...] = ()
    """`TLS 1.0` … `TLS 1.3`, ascending."""
    suites: tuple[str, ...] = ()
    """IANA names of accepted cipher suites."""
    groups: tuple[str, ...] = ()
    """IANA names of accepted key-exchange groups."""
    unapproved: tuple[str, ...] = ()
    """Those of the names above and below that no rule approves."""
    error: str = ""
    """Why the picture is incomplete, or `""`."""
    starttls: str = ""
    """The protocol in which TLS was asked for: `smtp`, `imap`, `postgresql` …; `""` where the
    port speaks TLS from its first byte."""
    signatures: tuple[str, ...] = ()
    """IANA names of signature schemes that it signs its handshakes with."""
    certificates: tuple[TlsCertificate, ...] = ()
    """The chain that it sent first."""
    completes_without_ems: bool | None = None
    """Whether it completes a TLS 1.2 handshake without extended master secret, which FIPS 140-3
    modules refuse; None where that was not found out."""
    resumes_without_ems: bool | None = None
    """Whether it then resumes such a session; None likewise, and where it completes none."""
    post_quantum: tuple[str, ...] = ()
    """Those of the groups and signatures that quantum computers do not break."""


@dataclass(frozen=True, slots=True)
class TlsClient:
    """What the container offered as a TLS client, in the ClientHello that it sent."""

    program: str
    """Path of the program that sent it, or `""` where that was not seen."""
    server_name: str
    """Whom it meant to reach, or `""`."""
    port: int
    protocols: tuple[str, ...] = ()
    suites: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    unapproved: tuple[str, ...] = ()
    """Those of the names above that no rule approves."""

"""Asks a server what of TLS it accepts and shows, one offer at a time.

Only looks: never sends data, and calls nothing good or bad.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from scanner.model import TlsEndpoint
from scanner.rules_algorithms import AlgorithmTable
from scanner.simulate.tls_certificates import read_chain
from scanner.simulate.tls_exchange import Answer, Connect, Outcome, Silence, exchange
from scanner.simulate.tls_keys import COMPUTABLE, CURVES, GCM12, SUITES13
from scanner.simulate.tls_messages import (
    PROTOCOLS,
    TLS10,
    TLS12,
    TLS13,
    ServerFlight,
    client_hello,
)
from scanner.simulate.tls_session import GROUPS, SessionAsker, Sessions
from scanner.simulate.tls_starttls import StartTls, candidates, usual

NO_ANSWER = "no answer in time"
"""Ends the error of an endpoint of which not everything is known."""

_PAUSE = 0.25
_PATIENCE = 24
_GUESS = 1.0
"""Seconds that a server gets to answer in a protocol that nothing but its silence suggests."""
_SIGNED = ("TLS_ECDHE_ECDSA_", "TLS_ECDHE_RSA_", "TLS_DHE_RSA_", "TLS_DHE_DSS_")
"""How the names of those suites begin in which TLS 1.2 tells what it signs with."""


@dataclass(frozen=True, slots=True)
class Named:
    """A cipher suite, group or signature scheme: its code on the wire, and its IANA name."""

    code: int
    name: str
    versions: tuple[int, ...] = ()
    """The protocol versions in which a server may choose it; empty for any."""


@dataclass(frozen=True, slots=True)
class Offers:
    """Everything the prober can offer."""

    suites: tuple[Named, ...]
    """For TLS 1.2 and below."""
    suites13: tuple[Named, ...]
    groups: tuple[Named, ...]
    signatures: tuple[Named, ...] = ()
    algorithms: AlgorithmTable = field(default_factory=AlgorithmTable)
    """What is said of keys and signatures of certificates."""


@dataclass(frozen=True, slots=True)
class ProbeLimits:
    """How long to ask, in seconds, and how many connections at once."""

    connect: float = 2.0
    answer: float = 3.0
    patience: float = 6.0
    """How much longer a server may be silent before it is said not to have answered: what serves
    its first handshake, such as a JVM, may have to be loaded for it."""
    total: float = 30.0
    parallel: int = 4


@dataclass(frozen=True, slots=True)
class _Way:
    """One protocol version, and what to offer in it."""

    version: int
    suites: Sequence[Named]
    groups: Sequence[Named]
    share: int | None = None


_Ask = Callable[[Sequence[Named]], int | None]
"""Offers the server some suites, groups or schemes; the code of what it took, if any."""


class Prober:
    """Asks one server. Not to be shared between threads; it uses some itself."""

    def __init__(
        self, connect: Connect, offers: Offers, limits: ProbeLimits, *, few: bool = False
    ) -> None:
        """With `few`, ask one after the other, and no more often than there is to find."""
        self._few = few
        self._connect = connect
        self._offers = offers
        # Some servers take DHE when it stands first, and fail for want of parameters.
        self._suites12 = sorted(offers.suites, key=lambda suite: "_ECDHE_" not in suite.name)
        self._limits = limits
        self._deadline = time.monotonic() + limits.total
        self._server_name = "localhost"
        self._lost = 0
        self._refused = 0
        """Connections in a row that the server did not take."""
        self.last = Answer(Outcome.LATE)
        """The last answer of a server that does not speak TLS."""

    @property
    def is_silent(self) -> bool:
        """Whether no answer shows that the server, which takes connections, speaks no TLS."""
        return self.last.outcome in (Outcome.TIMEOUT, Outcome.LATE)

    def speaks_tls(self) -> bool:
        """Whether the server answers any ClientHello with TLS records."""
        every = [suite.code for suite in self._suites12]
        groups = [group.code for group in self._offers.groups]
        answered = False
        for name in ("localhost", ""):
            self._server_name = name
            for version, suites in (
                (TLS13, [suite.code for suite in self._offers.suites13]),
                (TLS12, every),
                (TLS10, every),
            ):
                offer = client_hello(version, suites, groups, server_name=name)
                answer = self._ask(offer, patience=self._limits.patience)
                if answer.outcome is Outcome.HELLO:
                    return True
                self.last = answer
                if answer.outcome in (Outcome.NOT_TLS, Outcome.UNREACHABLE):
                    return False
                if answer.outcome is Outcome.TIMEOUT:
                    return answered
                answered = answered or answer.outcome is Outcome.ALERT
        self._server_name = "localhost"
        return answered

    def endpoint(self, port: int) -> TlsEndpoint:
        """Everything the server accepts. Call `speaks_tls` first."""
        with ThreadPoolExecutor(self._limits.parallel, thread_name_prefix="tls") as pool:
            versions = self._versions(pool)
            suites = self._suites(pool, versions)
            groups = self._groups(pool, versions, suites)
            ways = tuple(self._ways(versions, suites, groups))
            signatures = self._signatures(pool, ways)
            chain = self._chain(ways, versions, suites)
        sessions = self._sessions(versions, suites, groups)
        return TlsEndpoint(
            port=port,
            protocols=tuple(PROTOCOLS[version] for version in sorted(versions)),
            suites=tuple(suite.name for suite in suites),
            groups=tuple(group.name for group in groups),
            error=self._error(versions),
            signatures=tuple(signatures),
            certificates=read_chain(chain, self._offers.algorithms),
            completes_without_ems=sessions.completes,
            resumes_without_ems=sessions.resumes,
        )

    def _error(self, versions: Sequence[int]) -> str:
        if self._lost:
            return f"{self._lost} offers got {NO_ANSWER}"
        return "" if versions else "answers in TLS but accepted nothing that was offered"

    def _versions(self, pool: ThreadPoolExecutor) -> list[int]:
        def accepted(version: int) -> bool:
            suites = self._offers.suites13 if version == TLS13 else self._suites12
            hello = self._hello(version, suites, self._offers.groups)
            return hello is not None and hello.hello is not None and hello.hello.version == version

        versions = list(PROTOCOLS)
        return [v for v, yes in zip(versions, pool.map(accepted, versions), strict=True) if yes]

    def _taken(
        self, pool: ThreadPoolExecutor, offered: Sequence[Named], ask: _Ask
    ) -> frozenset[int]:
        """Codes of those that the server takes, when `ask` offers it some."""
        if not self._few:
            codes = pool.map(lambda each: ask((each,)), offered)
            return frozenset(code for code in codes if code is not None)
        taken: set[int] = set()
        rest = list(offered)
        # All at once, without what it took before: one offer more than there is to take.
        while rest and (code := ask(rest)) in {each.code for each in rest}:
            taken.add(code)
            rest = [each for each in rest if each.code != code]
        return frozenset(taken)

    def _suites(self, pool: ThreadPoolExecutor, versions: Sequence[int]) -> list[Named]:
        tasks = [(TLS13, self._offers.suites13)] if TLS13 in versions else []
        below = [version for version in versions if version <= TLS12]
        for version in below:
            mine = [each for each in self._suites12 if _version_for(each, below) == version]
            tasks.append((version, tuple(mine)))
        taken: set[int] = set()
        for version, suites in tasks:

            def ask(some: Sequence[Named], version: int = version) -> int | None:
                answer = self._hello(version, some, self._offers.groups)
                hello = answer.hello if answer else None
                return hello.suite if hello is not None and hello.version == version else None

            taken |= self._taken(pool, suites, ask) & {suite.code for suite in suites}
        every = (*self._offers.suites13, *self._offers.suites)
        return [suite for suite in every if suite.code in taken]

    def _groups(
        self, pool: ThreadPoolExecutor, versions: Sequence[int], suites: Sequence[Named]
    ) -> list[Named]:
        suites13 = [suite for suite in suites if suite in self._offers.suites13]
        ephemeral = [suite for suite in suites if suite.name.startswith("TLS_ECDHE_")]
        below = [version for version in versions if version <= TLS12]

        def ask13(some: Sequence[Named]) -> int | None:
            # Without a key share the server asks for one of the group that it takes.
            share = some[0].code if len(some) == 1 else None
            answer = self._hello(TLS13, suites13, some, share=share)
            return answer.hello.group if answer and answer.hello else None

        # Up to TLS 1.2 a client that does not know the curve of the certificate gets none.
        curves = [group for group in self._offers.groups if group.code in CURVES]
        signed_on_curve = any("_ECDSA_" in suite.name for suite in ephemeral)

        def ask12(some: Sequence[Named]) -> int | None:
            answer = self._hello(max(below), ephemeral, some)
            if answer is None and signed_on_curve and not suites13:
                also = [curve for curve in curves if curve not in some]
                answer = self._hello(max(below), ephemeral, [*some, *also])
            group = answer.exchange_group if answer else None
            return group if group in {each.code for each in some} else None

        taken = self._taken(pool, self._offers.groups, ask13) if suites13 else frozenset()
        if ephemeral and below:
            rest = [group for group in self._offers.groups if group.code not in taken]
            taken |= self._taken(pool, rest, ask12)
        return [group for group in self._offers.groups if group.code in taken]

    def _ways(
        self, versions: Sequence[int], suites: Sequence[Named], groups: Sequence[Named]
    ) -> Iterable[_Way]:
        """How to have the server sign something that can be read."""
        readable = [suite for suite in suites if suite.code in SUITES13]
        known = [group for group in groups if group.code in COMPUTABLE]
        if TLS13 in versions and readable and known:
            # One group, so that the server does not ask for another.
            yield _Way(TLS13, readable, known[:1], known[0].code)
        signed = [suite for suite in suites if suite.name.startswith(_SIGNED)]
        if TLS12 in versions and signed:
            yield _Way(TLS12, signed, self._offers.groups)

    def _signatures(self, pool: ThreadPoolExecutor, ways: Sequence[_Way]) -> list[str]:
        taken: set[int] = set()
        for way in ways:

            def ask(some: Sequence[Named], way: _Way = way) -> int | None:
                codes = [each.code for each in some]
                answer = self._hello(
                    way.version, way.suites, way.groups, share=way.share, signatures=codes
                )
                return answer.signature if answer else None

            schemes = [each for each in self._offers.signatures if way.version in each.versions]
            # Servers may sign in another scheme than they were asked for: that counts as well.
            taken |= self._taken(pool, schemes, ask)
        return [scheme.name for scheme in self._offers.signatures if scheme.code in taken]

    def _sessions(
        self, versions: Sequence[int], suites: Sequence[Named], groups: Sequence[Named]
    ) -> Sessions:
        with_gcm = [suite.code for suite in suites if suite.code in GCM12]
        known = [group.code for group in groups if group.code in GROUPS]
        late = time.monotonic() >= self._deadline
        if TLS12 not in versions or not with_gcm or not known or late:
            return Sessions()
        seconds = self._limits.answer
        return SessionAsker(self._connect, with_gcm, known, self._server_name, seconds).ask()

    def _chain(
        self, ways: Sequence[_Way], versions: Sequence[int], suites: Sequence[Named]
    ) -> tuple[bytes, ...]:
        below = [version for version in versions if version <= TLS12]
        old = [suite for suite in suites if suite.code not in SUITES13]
        rest = [_Way(max(below), old, self._offers.groups)] if below and old else []
        for way in (*ways, *rest):
            answer = self._hello(way.version, way.suites, way.groups, share=way.share, read=True)
            if answer is not None and answer.certificates:
                return answer.certificates
        return ()

    def _hello(
        self,
        version: int,
        suites: Sequence[Named],
        groups: Sequence[Named],
        *,
        share: int | None = None,
        signatures: Sequence[int] = (),
        read: bool = False,
    ) -> Answer | None:
        """The answer that chose something, or None. Asked twice when nothing came back.

        Args:
            share: the group to send a key share for.
            signatures: the only schemes to sign with, if not all; then, or with `read`, what TLS
                1.3 encrypts is read as well.
        """
        offer = client_hello(
            version,
            [suite.code for suite in suites],
            [group.code for group in groups],
            share=share,
            server_name=self._server_name,
            signatures=signatures,
        )
        asked = 0
        while asked < 2:
            answer = self._ask(offer, read=read or bool(signatures))
            if answer.outcome is Outcome.UNREACHABLE and self._refused < _PATIENCE:
                # Some take only so many connections at once, and are slow to end them.
                self._refused += 1
                time.sleep(_PAUSE)
                continue
            asked += 1
            if answer.outcome is Outcome.HELLO:
                return answer
            if answer.outcome in (Outcome.ALERT, Outcome.CLOSED, Outcome.NOT_TLS):
                return None
            if answer.outcome is Outcome.LATE:
                break
        self._lost += 1
        return None

    def _ask(self, offer: bytes, *, read: bool = False, patience: float = 0.0) -> Answer:
        left = self._deadline - time.monotonic()
        if left <= 0:
            return Answer(Outcome.LATE)
        try:
            connection = self._connect(min(self._limits.connect, left))
        except OSError:
            return Answer(Outcome.UNREACHABLE)
        self._refused = 0
        with connection:
            flight = ServerFlight(offer if read else b"")
            seconds = min(self._limits.answer, left)
            return exchange(connection, offer, seconds, flight, min(patience, left - seconds))


def _version_for(suite: Named, versions: Sequence[int]) -> int:
    """The highest of `versions` in which `suite` may be chosen, else the highest."""
    return max(
        (version for version in versions if version in suite.versions), default=max(versions)
    )


def probe(
    host: str, port: int, offers: Offers, limits: ProbeLimits | None = None
) -> TlsEndpoint | Silence | None:
    """Ask the server at `host`:`port` for everything it accepts, after STARTTLS if need be.

    Returns:
        None when the port does not speak TLS, nor a protocol in which it can be asked for; a
        `Silence` when it did not answer in time.
    """
    limits = limits or ProbeLimits()

    def connect(seconds: float) -> socket.socket:
        return socket.create_connection((host, port), timeout=seconds)

    prober = Prober(connect, offers, limits)
    if prober.speaks_tls():
        return prober.endpoint(port)
    silent = prober.is_silent
    closed = prober.last.outcome is Outcome.CLOSED
    heard = prober.last.heard
    for protocol in candidates(heard, port, closed=closed):
        patience = limits.answer if heard or usual(port) is protocol else min(limits.answer, _GUESS)
        through = Prober(
            _through(connect, protocol, patience), offers, limits, few=protocol.counts_failures
        )
        if through.speaks_tls():
            return replace(through.endpoint(port), starttls=protocol.name)
        silent = silent or through.is_silent
    return Silence(port) if silent else None


def _through(connect: Connect, protocol: StartTls, patience: float) -> Connect:
    def ask_first(seconds: float) -> socket.socket:
        connection = connect(seconds)
        try:
            protocol.ask(connection, patience)
        except BaseException:
            connection.close()
            raise
        return connection

    return ask_first

"""Asks a server which TLS protocols, cipher suites and groups it accepts, one offer at a time.

Only looks: never completes a handshake, never sends data, and calls nothing good or bad.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum, auto

from scanner.model import TlsEndpoint
from scanner.simulate.tls_messages import (
    PROTOCOLS,
    TLS10,
    TLS12,
    TLS13,
    Hello,
    NotTlsError,
    ServerFlight,
    client_hello,
)

NO_ANSWER = "no answer in time"
"""Ends the error of an endpoint of which not everything is known."""

_MAX_FLIGHT = 2**18


@dataclass(frozen=True, slots=True)
class Named:
    """A cipher suite or a group: its code on the wire, and its IANA name."""

    code: int
    name: str
    versions: tuple[int, ...] = ()
    """Of a suite: the protocol versions in which a server may choose it; empty for any."""


@dataclass(frozen=True, slots=True)
class Offers:
    """Everything the prober can offer."""

    suites: tuple[Named, ...]
    """For TLS 1.2 and below."""
    suites13: tuple[Named, ...]
    groups: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class ProbeLimits:
    """How long to ask, in seconds, and how many connections at once."""

    connect: float = 2.0
    answer: float = 3.0
    total: float = 30.0
    parallel: int = 4


class Outcome(Enum):
    """How one offer ended."""

    HELLO = auto()
    ALERT = auto()
    CLOSED = auto()
    """Closed or reset without an answer: how some servers refuse."""
    TIMEOUT = auto()
    UNREACHABLE = auto()
    NOT_TLS = auto()
    LATE = auto()
    """Not asked: the total time was used up."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one offer."""

    outcome: Outcome
    hello: Hello | None = None
    exchange_group: int | None = None
    alert: int | None = None


Connect = Callable[[float], socket.socket]
"""Opens a connection to the server within so many seconds. Raises OSError."""


class Prober:
    """Asks one server. Not to be shared between threads; it uses some itself."""

    def __init__(self, connect: Connect, offers: Offers, limits: ProbeLimits) -> None:
        self._connect = connect
        self._offers = offers
        self._limits = limits
        self._deadline = time.monotonic() + limits.total
        self._server_name = "localhost"
        self._lost = 0

    def speaks_tls(self) -> bool:
        """Whether the server answers any ClientHello with TLS records."""
        every = [suite.code for suite in self._offers.suites]
        groups = [group.code for group in self._offers.groups]
        answered = False
        for name in ("localhost", ""):
            self._server_name = name
            for version, suites in (
                (TLS13, [suite.code for suite in self._offers.suites13]),
                (TLS12, every),
                (TLS10, every),
            ):
                answer = self._ask(client_hello(version, suites, groups, server_name=name))
                if answer.outcome is Outcome.HELLO:
                    return True
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
        return TlsEndpoint(
            port=port,
            protocols=tuple(PROTOCOLS[version] for version in sorted(versions)),
            suites=tuple(suite.name for suite in suites),
            groups=tuple(group.name for group in groups),
            error=self._error(versions),
        )

    def _error(self, versions: Sequence[int]) -> str:
        if self._lost:
            return f"{self._lost} offers got {NO_ANSWER}"
        if not versions:
            return "answers in TLS but accepted nothing that was offered"
        return ""

    def _versions(self, pool: ThreadPoolExecutor) -> list[int]:
        def accepted(version: int) -> bool:
            suites = self._offers.suites13 if version == TLS13 else self._offers.suites
            hello = self._hello(version, suites, self._offers.groups)
            return hello is not None and hello.hello is not None and hello.hello.version == version

        versions = list(PROTOCOLS)
        return [v for v, yes in zip(versions, pool.map(accepted, versions), strict=True) if yes]

    def _suites(self, pool: ThreadPoolExecutor, versions: Sequence[int]) -> list[Named]:
        tasks: list[tuple[int, Named]] = []
        if TLS13 in versions:
            tasks += [(TLS13, suite) for suite in self._offers.suites13]
        below = [version for version in versions if version <= TLS12]
        if below:
            tasks += [(_version_for(suite, below), suite) for suite in self._offers.suites]

        def accepted(task: tuple[int, Named]) -> bool:
            version, suite = task
            answer = self._hello(version, (suite,), self._offers.groups)
            hello = answer.hello if answer else None
            return hello is not None and (hello.version, hello.suite) == (version, suite.code)

        answers = pool.map(accepted, tasks)
        return [suite for (_, suite), yes in zip(tasks, answers, strict=True) if yes]

    def _groups(
        self, pool: ThreadPoolExecutor, versions: Sequence[int], suites: Iterable[Named]
    ) -> list[Named]:
        names = {suite.name for suite in suites}
        suites13 = [suite for suite in self._offers.suites13 if suite.name in names]
        ephemeral = [
            suite
            for suite in self._offers.suites
            if suite.name in names and suite.name.startswith("TLS_ECDHE_")
        ]
        below = [version for version in versions if version <= TLS12]

        def accepted(group: Named) -> bool:
            if suites13:
                answer = self._hello(TLS13, suites13, (group,), share=group.code)
                if answer and answer.hello and answer.hello.group == group.code:
                    return True
            if ephemeral and below:
                answer = self._hello(max(below), ephemeral, (group,))
                return answer is not None and answer.exchange_group == group.code
            return False

        groups = self._offers.groups
        return [g for g, yes in zip(groups, pool.map(accepted, groups), strict=True) if yes]

    def _hello(
        self,
        version: int,
        suites: Sequence[Named],
        groups: Sequence[Named],
        *,
        share: int | None = None,
    ) -> Answer | None:
        """The answer that chose something, or None. Asked twice when nothing came back."""
        offer = client_hello(
            version,
            [suite.code for suite in suites],
            [group.code for group in groups],
            share=share,
            server_name=self._server_name,
        )
        for _ in range(2):
            answer = self._ask(offer)
            if answer.outcome is Outcome.HELLO:
                return answer
            if answer.outcome in (Outcome.ALERT, Outcome.CLOSED, Outcome.NOT_TLS):
                return None
            if answer.outcome is Outcome.LATE:
                break
        self._lost += 1
        return None

    def _ask(self, offer: bytes) -> Answer:
        left = self._deadline - time.monotonic()
        if left <= 0:
            return Answer(Outcome.LATE)
        try:
            connection = self._connect(min(self._limits.connect, left))
        except OSError:
            return Answer(Outcome.UNREACHABLE)
        with connection:
            return _exchange(connection, offer, min(self._limits.answer, left))


def _version_for(suite: Named, versions: Sequence[int]) -> int:
    """The highest of `versions` in which `suite` may be chosen, else the highest."""
    return max(
        (version for version in versions if version in suite.versions), default=max(versions)
    )


def _exchange(connection: socket.socket, offer: bytes, seconds: float) -> Answer:
    """Send one ClientHello and read the server's flight as far as it tells what was chosen."""
    deadline = time.monotonic() + seconds
    flight = ServerFlight()
    received = 0
    outcome = Outcome.CLOSED
    try:
        connection.settimeout(seconds)
        connection.sendall(offer)
        while not flight.done and received < _MAX_FLIGHT:
            left = deadline - time.monotonic()
            if left <= 0:
                outcome = Outcome.TIMEOUT
                break
            connection.settimeout(left)
            data = connection.recv(2**15)
            if not data:
                break
            received += len(data)
            flight.feed(data)
    except NotTlsError:
        outcome = Outcome.NOT_TLS
    except TimeoutError:
        outcome = Outcome.TIMEOUT
    except OSError:
        outcome = Outcome.CLOSED
    if flight.hello is not None and (flight.alert is None or flight.exchange_group is not None):
        return Answer(Outcome.HELLO, flight.hello, flight.exchange_group)
    if flight.alert is not None:
        return Answer(Outcome.ALERT, alert=flight.alert)
    return Answer(outcome)


def probe(
    host: str, port: int, offers: Offers, limits: ProbeLimits | None = None
) -> TlsEndpoint | None:
    """Ask the server at `host`:`port` for everything it accepts.

    Returns:
        None when the port does not speak TLS.
    """

    def connect(seconds: float) -> socket.socket:
        return socket.create_connection((host, port), timeout=seconds)

    prober = Prober(connect, offers, limits or ProbeLimits())
    return prober.endpoint(port) if prober.speaks_tls() else None

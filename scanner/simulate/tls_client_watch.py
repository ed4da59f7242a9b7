"""Stands where the container's TLS clients want to connect to, and reads what they offer.

Says of all names that there are none, as on a network that ends here, but where it is told to
answer: then they lead here. Closes each connection after the first message: never completes a
handshake, and listens nowhere but in the internal network of the run.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from scanner.model import Gap, GapKind, TlsClient
from scanner.rulebook import TlsTable
from scanner.simulate.processes import program_of_connection
from scanner.simulate.tls_client_hello import (
    MAX_HELLO,
    ClientOffer,
    client,
    hello_in,
    read_client_hello,
)
from scanner.simulate.tls_messages import NotTlsError
from scanner.simulate.tls_table import Approval

_DNS = 53
_POSTGRESQL = 5432
PORTS = (
    *(443, 8443, 9443, 4443, 6443),  # HTTPS, the API of Kubernetes
    *(465, 636, 993, 995),  # mail, LDAP
    *(2376, 2379, 8200, 8501),  # Docker, etcd, Vault, Consul
    *(5671, 8883, 9093, 9094, 4222, 6651),  # AMQP, MQTT, Kafka, NATS, Pulsar
    *(_POSTGRESQL, 6379, 6380, 9200, 27017, 9042),  # databases that may speak TLS at once
)
"""Where TLS clients usually connect to."""
_SSL_REQUEST = bytes.fromhex("0000000804d2162f")
_SECONDS = 3.0
_MAX_CONNECTIONS = 2000
_MAX_OFFERS = 200
_PARALLEL = 8
_TTL = 1
_A, _PTR, _AAAA = 1, 12, 28
_NO_SUCH_NAME = 3


class ClientWatch:
    """Use as a context manager around the containers that are to be watched."""

    def __init__(self, address: str) -> None:
        """`address` is this process' own in the network of the run; `""` where it has none."""
        self._address = address
        self._sockets: list[socket.socket] = []
        self._refused: list[int] = []
        self._names: socket.socket | None = None
        self._offers: dict[tuple[int, str, ClientOffer], None] = {}
        self._lock = threading.Lock()
        self._answers = False
        self._who: tuple[str, int] = ("", 0)
        self._followed = threading.Event()
        self._names_asked = False
        self._connections = 0
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="clients")

    def __enter__(self) -> ClientWatch:
        if self._address:
            self._listen()
        return self

    def _listen(self) -> None:
        for port in PORTS:
            try:
                self._sockets.append(socket.create_server((self._address, port), backlog=16))
            except OSError:
                self._refused.append(port)
        names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            names.bind((self._address, _DNS))
            names.settimeout(0.2)
            self._names = names
        except OSError:
            names.close()
        targets: list[Callable[[], None]] = [self._accept]
        if self._names is not None:
            targets.append(self._answer_names)
        for target in targets:
            self._threads.append(threading.Thread(target=target, daemon=True))
            self._threads[-1].start()

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        for thread in self._threads:
            thread.join()
        self._pool.shutdown(cancel_futures=True)
        for each in (*self._sockets, *([self._names] if self._names else [])):
            each.close()

    @property
    def resolver(self) -> str:
        """The name server for the containers that are watched; `""` where there is none."""
        return self._address if self._names is not None and self._sockets else ""

    @property
    def asked(self) -> bool:
        """Whether any container looked for a server by name: else there is no client to see."""
        return self._names_asked

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """Names lead here for the time of the context.

        Enter it before the container starts: many look up a name at once, and only once.
        """
        with self._lock:
            self._offers.clear()
        self._followed.clear()
        self._answers = True
        try:
            yield
        finally:
            self._answers = False

    def follow(self, container: str, first_pid: int) -> None:
        """It is this container that connects: who it is in there can be seen from now on."""
        self._who = (container, first_pid)
        self._followed.set()

    def clients(self, table: TlsTable, approval: Approval) -> tuple[TlsClient, ...]:
        """What was offered since names lead here, each offer once, in order."""
        with self._lock:
            seen = list(self._offers)
        found = {client(offer, port, program, table, approval) for port, program, offer in seen}
        return tuple(sorted(found, key=lambda each: (each.program, each.server_name, each.port)))

    def gaps(self, condition: str) -> tuple[Gap, ...]:
        """What keeps clients of the container from being seen."""
        if not self._address:
            why = "this machine has no address in the network of the run"
        elif self._names is None:
            why = f"port {_DNS} of {self._address} cannot be listened on, so names lead nowhere"
        elif self._refused:
            ports = ", ".join(map(str, self._refused))
            why = f"port {ports} of {self._address} cannot be listened on"
        else:
            return ()
        reason = f"{why}; what the container offers there as a TLS client is unknown"
        return (Gap(GapKind.NOT_SUPPORTED, condition, reason, caps=False),)

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            for each in self._sockets:
                each.setblocking(False)
                selector.register(each, selectors.EVENT_READ)
            while not self._closing.is_set():
                for key, _ in selector.select(0.2):
                    assert isinstance(key.fileobj, socket.socket)
                    with contextlib.suppress(OSError):
                        self._take(*key.fileobj.accept())

    def _take(self, connection: socket.socket, peer: tuple[str, int]) -> None:
        port: int = connection.getsockname()[1]
        self._connections += 1
        if self._connections > _MAX_CONNECTIONS:
            connection.close()
            return
        self._pool.submit(self._read, connection, port, peer[1])

    def _read(self, connection: socket.socket, port: int, peer_port: int) -> None:
        with connection, contextlib.suppress(OSError, NotTlsError):
            offer = read_client_hello(_hello(connection, port))
            known = self._followed.wait(_SECONDS)
            program = program_of_connection(*self._who, peer_port) if known else ""
            with self._lock:
                if len(self._offers) < _MAX_OFFERS:
                    self._offers[port, program, offer] = None

    def _answer_names(self) -> None:
        assert self._names is not None
        while not self._closing.is_set():
            with contextlib.suppress(OSError):
                question, peer = self._names.recvfrom(512)
                answer = dns_answer(question, self._address if self._answers else "")
                self._names_asked |= wants_address(question)
                if answer:
                    self._names.sendto(answer, peer)


def _hello(connection: socket.socket, port: int) -> bytes:
    """The body of the ClientHello that arrives.

    Raises:
        NotTlsError: something else arrived.
        OSError: the connection broke, or was too slow.
    """
    deadline = time.monotonic() + _SECONDS
    data = b""
    while len(data) <= MAX_HELLO:
        connection.settimeout(max(deadline - time.monotonic(), 0.001))
        more = connection.recv(4096)
        if not more:
            break
        data += more
        if port == _POSTGRESQL and data == _SSL_REQUEST:
            connection.sendall(b"S")
            data = b""
        elif port != _POSTGRESQL or not _SSL_REQUEST.startswith(data):
            hello = hello_in(data)
            if hello is not None:
                return hello
    raise NotTlsError(data[:64])


def _asked(query: bytes) -> tuple[int, bytes] | None:
    """What kind of record a DNS query asks for, and its question; None where it is none."""
    if len(query) < 17 or query[2] & 0xF8 or query[4:6] != b"\0\1":
        return None
    at = 12
    while at < len(query) and query[at]:
        at += 1 + query[at]
    if at + 5 > len(query):
        return None
    kind, family = struct.unpack_from("!HH", query, at + 1)
    return (kind, query[12 : at + 5]) if family == 1 else None


def wants_address(query: bytes) -> bool:
    """Whether somebody looks for a server by its name."""
    asked = _asked(query)
    return asked is not None and asked[0] in (_A, _AAAA)


def dns_answer(query: bytes, address: str) -> bytes:
    """The answer to a query: `address` to whoever asks for one; `b""` to what is no query.

    Without an address, there is no such name.
    """
    asked = _asked(query)
    if asked is None:
        return b""
    kind, question = asked
    found = bool(address) and kind == _A
    # A name that has no address of this kind exists all the same; only reverse ones do not.
    code = _NO_SUCH_NAME if kind == _PTR or not address else 0
    head = query[:2] + bytes([0x80 | query[2] & 1, 0x80 | code])
    head += struct.pack("!HHHH", 1, int(found), 0, 0)
    if not found:
        return head + question
    record = struct.pack("!HHHIH", 0xC00C, _A, 1, _TTL, 4) + socket.inet_aton(address)
    return head + question + record

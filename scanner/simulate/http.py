"""Sends one HTTP or HTTPS request to a container and reads the answer, bounded in time and size.

Follows no redirect, verifies no certificate, and judges no answer.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import re
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

MAX_ANSWER = 64 * 2**10
"""Bytes of an answer that are read, its head included."""
_MARKS = re.compile(r"<[^<>]*>")
_MAX_HEAD = 32 * 2**10


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, of which port."""

    port: int
    path: str = "/"
    """With its query, in ASCII."""
    method: str = "GET"
    secure: bool = False
    host: str = ""
    """Who the container is taken for; `localhost` when empty."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def __str__(self) -> str:
        scheme = "https" if self.secure else "http"
        return f"{self.method} {scheme}://{self.host}:{self.port}{self.path}"

    @property
    def content(self) -> bytes:
        """As it goes over the wire."""
        head = {
            "Host": f"{self.host or 'localhost'}:{self.port}",
            "User-Agent": "fips-scanner",
            "Accept": "*/*",
            "Connection": "close",
        }
        if self.body or self.method not in ("GET", "HEAD"):
            head["Content-Length"] = str(len(self.body))
        for name, value in self.headers.items():
            # Names of headers are the same in any case.
            head = {key: each for key, each in head.items() if key.lower() != name.lower()}
            head[name] = value
        lines = (f"{self.method} {self.path} HTTP/1.1", *(f"{k}: {v}" for k, v in head.items()))
        return "\r\n".join((*lines, "", "")).encode("latin-1", "replace") + self.body


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in HTTP."""

    status: int
    body: bytes = b""
    cut: bool = False
    """Whether there was more than is read, or it did not all come."""

    def said(self) -> str:
        """The lines of its body that a person reads, without the marks of HTML."""
        text = self.body.decode("utf-8", "replace")
        if "<html" in text[:1000].lower():
            text = _MARKS.sub(" ", text)
        return "\n".join(line.strip() for line in text.splitlines() if line.strip())

    def __str__(self) -> str:
        # In the words of the standard: what a server says there is its own, and may vary.
        return f"HTTP {self.status} {http.client.responses.get(self.status, '')}".rstrip()


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why there was no answer in HTTP."""

    reason: str

    def __str__(self) -> str:
        return self.reason


def ask(
    address: str, request: Request, seconds: float, limit: int = MAX_ANSWER
) -> Answer | NoAnswer:
    """Send `request` to `address`, and read at most `limit` bytes of the answer."""
    deadline = time.monotonic() + seconds
    late = f"no answer within {seconds:g} s"
    try:
        connection = socket.create_connection((address, request.port), timeout=seconds)
    except TimeoutError:
        return NoAnswer(late)
    except ConnectionRefusedError:
        return NoAnswer("the connection was refused")
    except OSError as error:
        return NoAnswer(f"cannot be connected to: {error.strerror or error}")
    with connection:
        try:
            if request.secure:
                connection = _client().wrap_socket(
                    connection, server_hostname=request.host or address
                )
        except TimeoutError:
            return NoAnswer(f"no TLS handshake within {seconds:g} s")
        except OSError as error:
            return NoAnswer(f"the TLS handshake failed: {_reason(error)}")
        try:
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            with contextlib.suppress(ConnectionError):  # some answer before they are asked
                connection.sendall(request.content)
            return _read(_Bounded(connection, deadline, limit), request.method, limit)
        except TimeoutError:
            return NoAnswer(late)
        except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLEOFError):
            return NoAnswer("the connection was closed without an answer")
        except ssl.SSLError as error:
            return NoAnswer(f"TLS failed: {_reason(error)}")
        except (http.client.HTTPException, ValueError):
            return NoAnswer("the answer is not in HTTP")
        except OSError as error:
            return NoAnswer(f"the connection failed: {error.strerror or error}")
        finally:
            connection.close()


def _client() -> ssl.SSLContext:
    """A client as Python makes it by default, but for the certificate, which is nobody's yet."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _reason(error: OSError) -> str:
    """An OpenSSL error without the file and line of its source."""
    if isinstance(error, ssl.SSLEOFError | ConnectionError):
        return "the connection was closed"
    reason = getattr(error, "reason", None)
    return str(reason or error.strerror or error).lower().replace("_", " ")


def _read(stream: _Bounded, method: str, limit: int) -> Answer:
    response = http.client.HTTPResponse(cast("socket.socket", stream), method=method)
    response.begin()
    body = bytearray()
    try:
        while len(body) < limit and (part := response.read1(limit - len(body))):
            body += part
        cut = len(body) >= limit or bool(response.length)
    except (OSError, http.client.HTTPException, ValueError):
        # It answered; the rest of what it has to say takes too long, or breaks off.
        cut = True
    return Answer(response.status, bytes(body), cut)


class _Bounded(io.RawIOBase):
    """The bytes of a connection up to a limit and a moment: then they end."""

    def __init__(self, connection: socket.socket, deadline: float, limit: int) -> None:
        self._connection = connection
        self._deadline = deadline
        self._left = limit + _MAX_HEAD

    def makefile(self, *_: object, **__: object) -> io.BufferedReader:
        """As a socket would."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if self._left <= 0:
            return 0
        self._connection.settimeout(left)
        count = self._connection.recv_into(memoryview(buffer)[: self._left])
        self._left -= count
        return count

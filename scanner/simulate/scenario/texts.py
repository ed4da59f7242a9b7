"""Understands what users write on one line: requests, commands, places for files, variables.

Pure: a mistake is a ValueError whose text says what to write instead.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping
from urllib.parse import quote

from scanner.simulate.http import Request
from scanner.simulate.scenario.model import WaitFor

_REQUEST = re.compile(
    r"(?:(?P<method>[A-Za-z]+)\s+)?"
    r"(?:(?P<scheme>https?):(?://(?P<host>[A-Za-z0-9._-]*)(?::|(?=/|$)))?)?"
    r"(?P<port>\d{1,5})?"
    r"(?P<path>/\S*)?"
)
_STATUS = re.compile(r"(?P<request>.*\S)=(?P<status>[1-5]\d\d)", re.DOTALL)
_KEPT_IN_PATH = "/%?&=+:@!$'()*,;~#[]"
_HOW_REQUEST = "write [METHOD ]PORT/PATH or [METHOD ]https:PORT/PATH"
_SHELL = ("/bin/sh", "-c")
_NAME = re.compile(r"[^=\0\s]+")


def request_of(text: str) -> Request:
    """The request that `8080/healthz`, `POST https:8443/login` or a URL stands for."""
    found = _REQUEST.fullmatch(text.strip())
    if not found or not (found["port"] or found["host"]):
        raise ValueError(f"`{text}` is no request: {_HOW_REQUEST}")
    secure = found["scheme"] == "https"
    port = int(found["port"]) if found["port"] else 443 if secure else 80
    if not 0 < port < 2**16:
        raise ValueError(f"`{text}`: there is no port {port}")
    path = (found["path"] or "/").partition("#")[0]
    return Request(
        port=port,
        path=quote(path, safe=_KEPT_IN_PATH),
        method=(found["method"] or "GET").upper(),
        secure=secure,
        host=found["host"] or "",
    )


def checked_request_of(text: str) -> tuple[Request, int | None]:
    """The same with the status that is expected after it, if any: `8080/login=401`."""
    found = _STATUS.fullmatch(text.strip())
    if found is None:
        return request_of(text), None
    return request_of(found["request"]), int(found["status"])


def command_of(text: str) -> tuple[str, ...]:
    """The program and its arguments; a shell's, where `text` asks for what only a shell does."""
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise ValueError(f"`{text}` is no command: {str(error).lower()}") from None
    if not words:
        raise ValueError("is empty: write a program of the image and its arguments")
    return (*_SHELL, text) if _needs_shell(text) else words


def _needs_shell(text: str) -> bool:
    """Whether there is a pipe, a redirection, a list or a variable outside of single quotes."""
    quoting = ""
    escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\" and quoting != "'":
            escaped = True
        elif character == quoting:
            quoting = ""
        elif not quoting and character in "'\"":
            quoting = character
        elif character in ("$`" if quoting == '"' else "" if quoting else "|&;<>$`\n"):
            return True
    return False


def arguments_of(text: str) -> tuple[str, ...]:
    """Arguments for the image's entrypoint, which no shell sees."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise ValueError(f"`{text}` are no arguments: {str(error).lower()}") from None


def wait_for_of(text: str) -> WaitFor:
    """A port, a URL, or else a regular expression on the container's output."""
    if text.isdigit():
        return WaitFor(port=port_of(text))
    if re.match(r"https?:", text):
        return WaitFor(request=request_of(text))
    return WaitFor(log=regex_of(text))


def port_of(text: str) -> int:
    """A TCP port."""
    if not text.isdigit() or not 0 < int(text) < 2**16:
        raise ValueError(f"there is no port {text}: write a number from 1 to 65535")
    return int(text)


def regex_of(text: str) -> str:
    """A regular expression that finds something."""
    if not text:
        raise ValueError("is empty: write a regular expression")
    try:
        re.compile(text)
    except (re.error, OverflowError) as error:
        raise ValueError(f"`{text}` is no regular expression: {error}") from None
    return text


def target_of(text: str) -> str:
    """An absolute path in the container, normalized; one of a folder keeps its last slash."""
    if not text.startswith("/") or "\0" in text:
        raise ValueError(f"`{text}` is no place in the container: write an absolute path")
    path = "/" + posixpath.normpath(text).lstrip("/")
    return path if path == "/" or not text.endswith("/") else path + "/"


def mount_of(text: str) -> tuple[str, str]:
    """Source and target of `SRC:DST`."""
    source, _, target = text.rpartition(":")
    if not source:
        raise ValueError(f"`{text}` is no mount: write SRC:DST, with DST as an absolute path")
    return source, target_of(target)


def variable_of(text: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """Name and value of `NAME=VALUE`; of a bare `NAME`, with the value that it has here.

    The message of a mistake never holds a value.
    """
    name, given, value = text.partition("=")
    if not _NAME.fullmatch(name):
        raise ValueError("is no variable: write NAME=VALUE, or NAME for the value it has here")
    if "\0" in value:
        raise ValueError(f"`{name}` has a value with a zero byte, which no variable can hold")
    if given:
        return name, value
    if name not in environ:
        raise ValueError(f"`{name}` is not set here: write {name}=VALUE")
    return name, environ[name]

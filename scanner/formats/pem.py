"""Finds the blocks between BEGIN and END lines of a text.

Pure and bounded; says nothing of what a block's bytes mean.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

MARK = b"-----BEGIN "
MAX_BLOCKS = 2000
MAX_BLOCK = 64 << 10

_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_HEADER = re.compile(rb"^([A-Za-z][A-Za-z0-9-]{0,40}): ?(.{0,200})$")
# YAML and environment files write line ends so, and JSON as two characters.
_ESCAPED = re.compile(rb"\\r\\n|\\n|\\r")


@dataclass(frozen=True, slots=True)
class Block:
    """One block, decoded."""

    label: str
    """`CERTIFICATE`, `RSA PRIVATE KEY`, …"""
    content: bytes
    headers: tuple[tuple[str, str], ...] = ()
    """Of RFC 1421: `Proc-Type`, `DEK-Info`."""
    line: int = 0


def blocks(text: bytes, labels: str = "") -> Iterator[Block]:
    """The blocks of `text` whose label ends in `labels`; what is damaged is passed over."""
    wanted = labels.encode()
    lines, counted = 1, 0
    for number, begin in enumerate(_BEGIN.finditer(text)):
        if number >= MAX_BLOCKS:
            return
        label = begin[1]
        if not label.endswith(wanted):
            continue
        end = text.find(b"-----END " + label + b"-----", begin.end(), begin.end() + MAX_BLOCK)
        if end < 0:
            continue
        lines += text.count(b"\n", counted, begin.start())
        counted = begin.start()
        read = _decoded(text[begin.end() : end])
        if read is not None:
            headers, content = read
            yield Block(label.decode(), content, headers, lines)


def _decoded(body: bytes) -> tuple[tuple[tuple[str, str], ...], bytes] | None:
    headers: list[tuple[str, str]] = []
    data: list[bytes] = []
    for raw in _ESCAPED.sub(b"\n", body).splitlines():
        # Of a text inside a program: quotes, commas, signs of comments.
        line = raw.strip(b" \t\"'`,;\\#*")
        found = _HEADER.match(line)
        if found and not data:
            headers.append((found[1].decode(), found[2].decode("utf-8", "replace")))
        elif line:
            data.append(line)
    try:
        content = base64.b64decode(b"".join(data), validate=True)
    except (binascii.Error, ValueError):
        return None
    return (tuple(headers[:10]), content) if content else None

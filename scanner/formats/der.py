"""Walks DER structures one element at a time, as far as a question needs it.

Pure and bounded: decodes no values but numbers and object identifiers, and never recurses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

SEQUENCE, SET, INTEGER, BIT_STRING, OCTET_STRING, OID = 0x30, 0x31, 0x02, 0x03, 0x04, 0x06
MAX_ELEMENTS = 1000
"""In one structure."""


class DerError(ValueError):
    """The bytes are no DER, or not the structure that is looked for."""


@dataclass(frozen=True, slots=True)
class Element:
    """A tag and what it holds."""

    tag: int
    content: bytes

    @property
    def bits(self) -> int:
        """Of a positive number: its length in bits."""
        return int.from_bytes(self.content, "big").bit_length()


def first(data: bytes, tag: int | None = None) -> Element:
    """The first element of `data`.

    Raises:
        DerError: there is none, or not one with that tag.
    """
    return _element(data, 0, tag)[0]


def elements(data: bytes) -> Iterator[Element]:
    """The elements that follow each other in `data`.

    Raises:
        DerError: something else stands among them, or there are too many.
    """
    at = 0
    for _ in range(MAX_ELEMENTS):
        if at >= len(data):
            return
        element, at = _element(data, at, None)
        yield element
    raise DerError("too many elements")


def inside(data: bytes, tag: int = SEQUENCE) -> tuple[Element, ...]:
    """What the first element of `data`, a structure, consists of."""
    return tuple(elements(first(data, tag).content))


def _element(data: bytes, at: int, tag: int | None) -> tuple[Element, int]:
    if at + 2 > len(data):
        raise DerError("it ends early")
    found, size = data[at], data[at + 1]
    at += 2
    if found & 0x1F == 0x1F:
        raise DerError("a tag of several bytes")
    if size == 0x80:
        raise DerError("a length that is not told")  # BER
    if size > 0x80:
        count = size & 0x7F
        if count > 4 or at + count > len(data):
            raise DerError("a length that cannot be")
        size = int.from_bytes(data[at : at + count], "big")
        at += count
    if at + size > len(data):
        raise DerError("it ends early")
    if tag is not None and found != tag:
        raise DerError(f"tag {found:#x} where {tag:#x} is expected")
    return Element(found, data[at : at + size]), at + size


def oid(element: Element) -> str:
    """An object identifier with dots.

    Raises:
        DerError: it is none, or longer than any that has a meaning here.
    """
    content = element.content
    if element.tag != OID or not content or len(content) > 32 or content[-1] & 0x80:
        raise DerError("no object identifier")
    arcs: list[int] = []
    value = 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(value)
            value = 0
    top = min(arcs[0] // 40, 2)
    return ".".join(str(each) for each in (top, arcs[0] - 40 * top, *arcs[1:]))

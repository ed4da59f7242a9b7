"""Reads from a Java class file which static methods it calls, and with which constant text.

Pure in the bytes given and bounded; runs nothing, follows no branch and knows no class by name.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

_Member = tuple[str, str, str]
"""Class, name and descriptor of a method."""

MAGIC = b"\xca\xfe\xba\xbe"
MAX_CALLS = 500
"""Calls of one class that are told."""
_MAX_LOOK_BACK = 6
"""Instructions between a constant and the call that takes it: `new`, `dup`, a constructor …"""

_UTF8, _INTEGER, _FLOAT, _LONG, _DOUBLE, _CLASS, _STRING = 1, 3, 4, 5, 6, 7, 8
_FIELD, _METHOD, _INTERFACE_METHOD, _NAME_AND_TYPE = 9, 10, 11, 12
_SIZES = {
    **dict.fromkeys((_CLASS, _STRING, 16, 19, 20), 2),
    15: 3,
    **dict.fromkeys(
        (_INTEGER, _FLOAT, _FIELD, _METHOD, _INTERFACE_METHOD, _NAME_AND_TYPE, 17, 18), 4
    ),
    **dict.fromkeys((_LONG, _DOUBLE), 8),
}
_LDC, _LDC_W, _ALOAD, _ASTORE, _NEW = 0x12, 0x13, 0x19, 0x3A, 0xBB
_ENDS = frozenset((*range(0x36, 0x57), 0x57, 0x58, *range(0xAC, 0xB2), 0xB3, 0xB5))
"""Stores, `pop`, returns and `put`: what is taken off the stack there goes into no later call."""
_GET_STATIC, _INVOKE_STATIC = 0xB2, 0xB8
_CALLS = frozenset((0xB6, _INVOKE_STATIC, 0xB9))
_TABLE_SWITCH, _LOOKUP_SWITCH, _WIDE, _IINC = 0xAA, 0xAB, 0xC4, 0x84
# Bytes of operands that follow each instruction (JVMS 6.5); none for what is not listed.
_OPERANDS = {
    **dict.fromkeys((0x10, _LDC, *range(0x15, 0x1A), *range(0x36, 0x3B), 0xA9, 0xBC), 1),
    **dict.fromkeys((0x11, _LDC_W, 0x14, _IINC, *range(0x99, 0xA9)), 2),
    **dict.fromkeys((*range(0xB2, 0xB9), _NEW, 0xBD, 0xC0, 0xC1, 0xC6, 0xC7), 2),
    **dict.fromkeys((0xB9, 0xBA, 0xC8, 0xC9), 4),
    0xC5: 3,
}


class JavaClassError(ValueError):
    """The bytes are no class file that can be read. The text is the predicate: `is cut short`."""


@dataclass(frozen=True, slots=True)
class StaticCall:
    """A call of a static method."""

    owner: str
    """Class of the method, with slashes: `javax/crypto/Cipher`."""
    method: str
    text: str
    """The constant that goes into its first argument, or `""` where it takes none or another."""
    made: tuple[str, ...]
    """Classes of what is made just before it, or taken from a static field or method."""
    line: int
    """Of the source; 0 where the class does not tell."""


@dataclass(frozen=True, slots=True)
class _Pool:
    """The constants of a class."""

    texts: dict[int, str]
    refers: dict[int, tuple[int, int]]
    """Of classes and strings the index of the text, of members class, name and type."""

    def text(self, index: int) -> str:
        """The text that a class or a string constant names, or `""`."""
        return self.texts.get(self.refers.get(index, (0, 0))[0], "")

    def member(self, index: int) -> _Member:
        """Class, name and descriptor of a method."""
        owner, named = self.refers.get(index, (0, 0))
        name, descriptor = self.refers.get(named, (0, 0))
        return self.text(owner), self.texts.get(name, ""), self.texts.get(descriptor, "")


def static_calls(data: bytes, wanted: Callable[[str, str], bool]) -> tuple[StaticCall, ...]:
    """The calls of static methods of which `wanted(owner, name)` holds, in order of the code.

    Raises:
        JavaClassError: it is no class file, or a damaged one.
    """
    try:
        return tuple(_calls(data, wanted))
    except (struct.error, IndexError) as error:
        raise JavaClassError("is cut short") from error


def _calls(data: bytes, wanted: Callable[[str, str], bool]) -> Iterator[StaticCall]:
    if data[:4] != MAGIC:
        raise JavaClassError("does not begin like a class")
    pool, at = _pool(data)
    told = {
        bytes((_INVOKE_STATIC, *index.to_bytes(2, "big"))): member
        for index in pool.refers
        if wanted(*(member := pool.member(index))[:2])
    }
    if not told:
        return
    (interfaces,) = struct.unpack_from(">H", data, at + 6)
    at += 8 + 2 * interfaces
    left = MAX_CALLS
    for is_method in (False, True):
        (count,) = struct.unpack_from(">H", data, at)
        at += 2
        for _ in range(count):
            for name, start, end in _attributes(data, at + 6, pool):
                at = end
                if is_method and name == "Code":
                    for call in _in_code(data, start, end, pool, told):
                        if left <= 0:
                            return
                        left -= 1
                        yield call


def _pool(data: bytes) -> tuple[_Pool, int]:
    (count,) = struct.unpack_from(">H", data, 8)
    texts: dict[int, str] = {}
    refers: dict[int, tuple[int, int]] = {}
    at, index = 10, 1
    while index < count:
        tag = data[at]
        at += 1
        if tag == _UTF8:
            (length,) = struct.unpack_from(">H", data, at)
            texts[index] = data[at + 2 : at + 2 + length].decode("utf-8", "replace")
            at += 2 + length
        elif tag in _SIZES:
            if tag in (_CLASS, _STRING):
                refers[index] = (struct.unpack_from(">H", data, at)[0], 0)
            elif tag in (_FIELD, _METHOD, _INTERFACE_METHOD, _NAME_AND_TYPE):
                refers[index] = struct.unpack_from(">2H", data, at)
            at += _SIZES[tag]
        else:
            raise JavaClassError(f"holds a constant of unknown kind {tag}")
        index += 2 if tag in (_LONG, _DOUBLE) else 1
    return _Pool(texts, refers), at


def _attributes(data: bytes, at: int, pool: _Pool) -> Iterator[tuple[str, int, int]]:
    """Name, beginning and end of each attribute; of a member without any, its end alone."""
    (count,) = struct.unpack_from(">H", data, at)
    at += 2
    if not count:
        yield "", at, at
    for _ in range(count):
        name, length = struct.unpack_from(">HI", data, at)
        end = at + 6 + length
        if end > len(data):
            raise JavaClassError("is cut short")
        yield pool.texts.get(name, ""), at + 6, end
        at = end


@dataclass(slots=True)
class _Instruction:
    at: int
    code: int
    operand: int


def _in_code(
    data: bytes, start: int, end: int, pool: _Pool, told: Mapping[bytes, _Member]
) -> Iterator[StaticCall]:
    (length,) = struct.unpack_from(">I", data, start + 4)
    if length > end - start - 8:
        raise JavaClassError("holds more code than its attribute")
    code = data[start + 8 : start + 8 + length]
    if not any(each in code for each in told):
        return
    recent: list[_Instruction] = []
    locals_ = _constant_locals(code, pool)
    lines: list[tuple[int, int]] | None = None
    for each in _instructions(code):
        if member := told.get(code[each.at : each.at + 3]):
            owner, name, descriptor = member
            lines = _lines(data, start, length, pool) if lines is None else lines
            made = tuple(maker for e in recent if (maker := _maker(e, pool)))
            text = _first_text(recent, descriptor, pool, locals_)
            yield StaticCall(owner, name, text, made, _line_of(each.at, lines))
        if each.code in _ENDS or _gives_nothing(each, pool):
            recent.clear()
            continue
        recent.append(each)
        del recent[:-_MAX_LOOK_BACK]


def _gives_nothing(each: _Instruction, pool: _Pool) -> bool:
    """Whether it calls a method without a result, other than a constructor: a statement ends."""
    return each.code in _CALLS and pool.member(each.operand)[2].endswith(")V")


def _maker(each: _Instruction, pool: _Pool) -> str:
    """The class that an instruction makes an object of, or takes one from; or `""`."""
    if each.code == _NEW:
        return pool.text(each.operand)
    return pool.member(each.operand)[0] if each.code in (_GET_STATIC, _INVOKE_STATIC) else ""


def _instructions(code: bytes) -> Iterator[_Instruction]:
    at = 0
    while at < len(code):
        opcode = code[at]
        size = _OPERANDS.get(opcode, 0)
        operand = int.from_bytes(code[at + 1 : at + 1 + min(size, 2)], "big")
        if opcode == _WIDE:
            size = 5 if code[at + 1] == _IINC else 3
        elif opcode in (_TABLE_SWITCH, _LOOKUP_SWITCH):
            size = _switch_size(code, at)
        elif 0x2A <= opcode <= 0x2D:  # aload_0 …
            opcode, operand = _ALOAD, opcode - 0x2A
        elif 0x4B <= opcode <= 0x4E:  # astore_0 …
            opcode, operand = _ASTORE, opcode - 0x4B
        yield _Instruction(at, opcode, operand)
        at += 1 + size


def _switch_size(code: bytes, at: int) -> int:
    padding = -(at + 1) % 4
    start = at + 1 + padding
    if code[at] == _TABLE_SWITCH:
        low, high = struct.unpack_from(">2i", code, start + 4)
        entries = high - low + 1
        fixed, each = 12, 4
    else:
        (entries,) = struct.unpack_from(">i", code, start + 4)
        fixed, each = 8, 8
    if not 0 <= entries <= len(code):
        raise JavaClassError("holds a damaged switch")
    return int(padding + fixed + each * entries)


def _constant_locals(code: bytes, pool: _Pool) -> dict[int, str]:
    """Variables of the method that are set once, to a constant text."""
    found: dict[int, str] = {}
    stored: set[int] = set()
    before: _Instruction | None = None
    for each in _instructions(code):
        if each.code == _ASTORE:
            constant = before and before.code in (_LDC, _LDC_W) and pool.text(before.operand)
            if constant and each.operand not in stored:
                found[each.operand] = constant
            else:
                found.pop(each.operand, None)
            stored.add(each.operand)
        before = each
    return found


def _first_text(
    recent: list[_Instruction], descriptor: str, pool: _Pool, locals_: dict[int, str]
) -> str:
    """The constant that is the first argument of a call after the instructions `recent`."""
    arguments = descriptor.partition(")")[0].removeprefix("(")
    if not arguments.startswith("Ljava/lang/String;"):
        return ""
    texts = [_text_of(each, pool, locals_) for each in recent]
    count = arguments.count(";")
    if count == 1:
        return texts[-1] if texts else ""
    if count == 2 and arguments.endswith(";Ljava/lang/String;"):
        return texts[-2] if len(texts) > 1 else ""
    # The last constant before what makes the other arguments.
    return next((text for text in reversed(texts) if text), "")


def _text_of(each: _Instruction, pool: _Pool, locals_: dict[int, str]) -> str:
    if each.code in (_LDC, _LDC_W):
        return pool.text(each.operand)
    return locals_.get(each.operand, "") if each.code == _ALOAD else ""


def _lines(data: bytes, start: int, length: int, pool: _Pool) -> list[tuple[int, int]]:
    """Where in the code which line of the source begins."""
    after = start + 8 + length
    (handlers,) = struct.unpack_from(">H", data, after)
    found: list[tuple[int, int]] = []
    for name, at, _end in _attributes(data, after + 2 + 8 * handlers, pool):
        if name == "LineNumberTable":
            (count,) = struct.unpack_from(">H", data, at)
            found.extend(struct.iter_unpack(">2H", data[at + 2 : at + 2 + 4 * count]))
    return sorted(found)


def _line_of(at: int, lines: list[tuple[int, int]]) -> int:
    return next((line for begins, line in reversed(lines) if begins <= at), 0)

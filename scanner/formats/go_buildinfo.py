"""Reads what `go build` wrote into a program: Go version, modules, build settings.

Both formats: strings behind pointers until Go 1.17, inline since 1.18. Pure in the bytes given
and bounded; judges nothing.
"""

from __future__ import annotations

import ast
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO

from scanner.formats.elf import SHT_NOBITS, Elf, read_upto
from scanner.formats.elf_search import data_pieces

MAGIC = b"\xff Go buildinf:"
SECTION = ".go.buildinfo"
MAX_TEXT = 4 << 20
"""Bytes of module information; the largest programs have 100 KiB."""
MAX_LINES = 20_000
MAX_CANDIDATES = 16
"""Places that are tried where no section tells; each costs a read."""
_MAX_SECTION = 4 << 20
_ALIGN = 16
_POINTERS_BIG_ENDIAN, _INLINE = 1, 2
_FRAME = 16
"""Length of the marks before and behind the module information."""

_VERSION = re.compile(
    r"(?:go|devel go)(?P<number>\d+\.\d+(?:\.\d+)?(?:(?:rc|beta)\d+)?)(?P<rest>.*)"
)
_EXPERIMENTS = re.compile(r"[ -]X:(?P<names>[a-z0-9,]+)")


class BuildInfoError(ValueError):
    """The build information is there and cannot be what it says."""


@dataclass(frozen=True, slots=True)
class GoBuildInfo:
    """What `go version -m` would tell of a program."""

    version: str
    """As written: `go1.27.3-X:boringcrypto`."""
    main: str = ""
    """Import path of the main package."""
    module: str = ""
    """`path@version` of the main module."""
    dependencies: tuple[str, ...] = ()
    """`path@version`, replacements applied."""
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def number(self) -> str:
        """The Go version alone: `1.27.3`; `""` when it is none."""
        match = _VERSION.match(self.version)
        return match["number"] if match else ""

    @property
    def suffix(self) -> str:
        """What follows the number in the version: `-X:boringcrypto`, ` (Red Hat 1.22.5-1.el9)`."""
        match = _VERSION.match(self.version)
        return match["rest"] if match else self.version

    @property
    def experiments(self) -> tuple[str, ...]:
        """GOEXPERIMENT, from the settings and from the version; sorted."""
        names = set(self.settings.get("GOEXPERIMENT", "").split(","))
        if match := _EXPERIMENTS.search(self.version):
            names.update(match["names"].split(","))
        return tuple(sorted(names - {""}))

    def default_godebug(self, name: str) -> str:
        """The value that GODEBUG's `name` has unless the environment says otherwise, or `""`."""
        value = ""
        for setting in self.settings.get("DefaultGODEBUG", "").split(","):
            key, _, text = setting.partition("=")
            if key == name:
                value = text
        return value


def read_build_info(stream: BinaryIO, elf: Elf) -> GoBuildInfo | None:
    """The build information of the program `elf`, read from `stream`; None when it has none.

    Raises:
        BuildInfoError: it is there and broken.
    """
    broken: BuildInfoError | None = None
    for start in islice(_candidates(stream, elf), MAX_CANDIDATES):
        try:
            return _read(stream, elf, start)
        except BuildInfoError as error:
            broken = error
    if broken is not None:
        raise broken
    return None


def parse_modules(text: str) -> tuple[str, str, tuple[str, ...], dict[str, str]]:
    """The main package, the main module, the dependencies and the build settings in `text`."""
    main = module = ""
    dependencies: list[str] = []
    settings: dict[str, str] = {}
    for line in text.split("\n", MAX_LINES)[:MAX_LINES]:
        kind, _, rest = line.partition("\t")
        parts = rest.split("\t")
        if kind == "path":
            main = rest
        elif kind == "mod":
            module = "@".join(parts[:2])
        elif kind == "dep":
            dependencies.append("@".join(parts[:2]))
        elif kind == "=>" and dependencies:
            dependencies[-1] = "@".join(parts[:2])
        elif kind == "build":
            key, _, value = rest.partition("=")
            settings[_unquoted(key)] = _unquoted(value)
    return main, module, tuple(dependencies), settings


def _unquoted(text: str) -> str:
    if len(text) < 2 or text[0] not in '"`' or text[0] != text[-1]:
        return text
    if text[0] == "`":
        return text[1:-1]
    try:
        # Go's escapes are Python's, as far as build settings use them.
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return text[1:-1]
    return value if isinstance(value, str) else text[1:-1]


def _candidates(stream: BinaryIO, elf: Elf) -> Iterator[int]:
    section = elf.section(SECTION)
    if section is not None and section.type != SHT_NOBITS:
        found = read_upto(stream, section.offset, min(section.size, _MAX_SECTION)).find(MAGIC)
        if found >= 0:
            yield section.offset + found
        return
    for segment, position, piece in data_pieces(stream, elf, len(MAGIC)):
        found = piece.find(MAGIC)
        while found >= 0:
            # The linker aligns the blob; an unaligned one is text about the format.
            if not (position + found - segment.offset + segment.address) % _ALIGN:
                yield position + found
            found = piece.find(MAGIC, found + 1)


def _read(stream: BinaryIO, elf: Elf, start: int) -> GoBuildInfo:
    head = _at(stream, start, 32)
    pointer_size, flags = head[14], head[15]
    if flags & _INLINE:
        version, after = _inline(stream, start + 32)
        modules, _ = _inline(stream, after)
    elif pointer_size in (4, 8):
        order = ">" if flags & _POINTERS_BIG_ENDIAN else "<"
        layout = struct.Struct(order + ("QQ" if pointer_size == 8 else "II"))
        addresses = layout.unpack_from(head, 16)
        version, modules = (_behind(stream, elf, layout, each) for each in addresses)
    else:
        raise BuildInfoError(f"its build information claims pointers of {pointer_size} bytes")
    text = version.decode("utf-8", "replace")
    if not text or not text.isprintable() or len(text) > 256:
        raise BuildInfoError("its build information holds no Go version")
    if len(modules) >= 2 * _FRAME + 1 and modules[-_FRAME - 1 : -_FRAME] == b"\n":
        modules = modules[_FRAME:-_FRAME]
    return GoBuildInfo(text, *parse_modules(modules.decode("utf-8", "replace")))


def _inline(stream: BinaryIO, offset: int) -> tuple[bytes, int]:
    """A text with its length before it in 7-bit groups, and the offset behind it."""
    length = shift = 0
    for size, byte in enumerate(read_upto(stream, offset, 10), 1):
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return _at(stream, offset + size, length), offset + size + length
    raise BuildInfoError("its build information holds a length without end")


def _behind(stream: BinaryIO, elf: Elf, layout: struct.Struct, address: int) -> bytes:
    """The Go string whose header (address, length) is loaded at `address`."""
    if not address:
        return b""
    offset = elf.offset_of(address)
    if offset is None:
        raise BuildInfoError("its build information points outside the file")
    data, length = layout.unpack(_at(stream, offset, layout.size))
    if not length:
        return b""
    where = elf.offset_of(data)
    if where is None:
        raise BuildInfoError("its build information points outside the file")
    return _at(stream, where, length)


def _at(stream: BinaryIO, offset: int, size: int) -> bytes:
    if size > MAX_TEXT:
        raise BuildInfoError(f"its build information claims {size} bytes")
    data = read_upto(stream, offset, size)
    if len(data) != size:
        raise BuildInfoError("its build information ends outside the file")
    return data

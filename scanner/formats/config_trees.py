"""Reads configurations that are trees of keys: YAML, JSON, TOML, XML and Java's properties.

A setting's name is all keys that lead to it, joined by dots; no key means anything here.
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any
from xml.parsers import expat

import yaml

from scanner.formats.config_model import MAX_DEPTH, Collector, ConfigError, Directive
from scanner.formats.properties import parse_properties

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_DOCUMENTS = 50


def parse_yaml(text: str) -> tuple[Directive, ...]:
    """Every scalar, and every list of scalars, of all documents; aliases are followed."""
    out = Collector()
    try:
        for number, node in enumerate(yaml.compose_all(text, Loader=_Loader)):
            if number >= MAX_DOCUMENTS:
                break
            if node is not None:
                _yaml(out, node, (), (out.block(),), 0)
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"it is not YAML: {' '.join(str(error).split())[:120]}") from None
    return out.done()


def _yaml(
    out: Collector, node: yaml.Node, keys: tuple[str, ...], scope: tuple[int, ...], depth: int
) -> None:
    if depth > MAX_DEPTH:
        raise ConfigError("it is nested too deeply")
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        out.add(Directive(".".join(keys), (node.value,), line, (), scope))
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if isinstance(value, yaml.ScalarNode):
                whole = ".".join((*keys, name))
                out.add(Directive(whole, (value.value,), key.start_mark.line + 1, (), scope))
            else:
                _yaml(out, value, (*keys, name), (*scope, out.block()), depth + 1)
    elif isinstance(node, yaml.SequenceNode):
        scalars = tuple(each.value for each in node.value if isinstance(each, yaml.ScalarNode))
        if scalars:
            out.add(Directive(".".join(keys), scalars, line, (), scope[:-1]))
        for each in node.value:
            if not isinstance(each, yaml.ScalarNode):
                _yaml(out, each, keys, (*scope, out.block()), depth + 1)


def parse_json(text: str) -> tuple[Directive, ...]:
    """Every scalar, and every list of scalars."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"it is not JSON: {error}") from None
    out = Collector()
    _plain(out, data, (), (out.block(),), _JsonLines(text), 0)
    return out.done()


def parse_toml(text: str) -> tuple[Directive, ...]:
    """Every scalar, and every list of scalars."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"it is not TOML: {error}") from None
    out = Collector()
    _plain(out, data, (), (out.block(),), _TomlLines(text), 0)
    return out.done()


def parse_tree(text: str) -> tuple[Directive, ...]:
    """YAML, JSON or TOML, whichever it is: many programs take several of them."""
    if text.lstrip()[:1] == "{":
        return parse_json(text)
    if _TOML.search(text):
        return parse_toml(text)
    return parse_yaml(text)


_TOML = re.compile(
    r"^\s*(?:\[[\w.\"' \[\]-]{1,300}\]\s*(?:#.*)?$|[\w.\"'-]{1,200}\s*=)", re.MULTILINE
)


class _JsonLines:
    """Where keys stand, asked for in the order of the text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._line = 1

    def of(self, keys: tuple[str, ...]) -> int:
        quoted = json.dumps(keys[-1], ensure_ascii=False) if keys else ""
        found = self._text.find(quoted, self._position)
        if found >= 0:
            self._line += self._text.count("\n", self._position, found)
            self._position = found
        return self._line


class _TomlLines:
    """Where keys stand, by all keys that lead there; of an array of tables, the first."""

    def __init__(self, text: str) -> None:
        self._lines: dict[str, int] = {}
        table = ""
        for number, line in enumerate(text.split("\n"), 1):
            header = re.match(r"\s*\[+\s*([^\]]{1,500}?)\s*\]", line)
            key = re.match(r"\s*([\w.\"'-]{1,200})\s*=", line)
            if header:
                table = _plain_key(header[1])
            elif key:
                name = _plain_key(key[1])
                self._lines.setdefault(f"{table}.{name}" if table else name, number)

    def of(self, keys: tuple[str, ...]) -> int:
        # A key in an inline table stands on the line of the table.
        for end in range(len(keys), 0, -1):
            if (line := self._lines.get(".".join(keys[:end]))) is not None:
                return line
        return 1


def _plain_key(raw: str) -> str:
    return re.sub(r"[\s\"']", "", raw)


def _plain(
    out: Collector,
    value: object,
    keys: tuple[str, ...],
    scope: tuple[int, ...],
    lines: _JsonLines | _TomlLines,
    depth: int,
) -> None:
    if depth > MAX_DEPTH:
        raise ConfigError("it is nested too deeply")
    if isinstance(value, dict):
        for key, inner in value.items():
            path = (*keys, str(key))
            if isinstance(inner, dict | list):
                below = (*scope, out.block())
                lines.of(path)
                _plain(out, inner, path, below, lines, depth + 1)
            else:
                line = lines.of(path)
                out.add(Directive(".".join(path), (_text(inner),), line, (), scope))
    elif isinstance(value, list):
        scalars = tuple(_text(each) for each in value if not isinstance(each, dict | list))
        if scalars:
            out.add(Directive(".".join(keys), scalars, lines.of(keys), (), scope[:-1]))
        for each in value:
            if isinstance(each, dict | list):
                _plain(out, each, keys, (*scope, out.block()), lines, depth + 1)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def parse_properties_file(text: str) -> tuple[Directive, ...]:
    """Keys and values as Java reads them."""
    out = Collector()
    starts: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        name = re.match(r"\s*([^\s=:#!]{1,300})", line)
        if name:
            starts[name[1].replace("\\", "")] = number
    for key, value in parse_properties(text).items():
        out.add(Directive(key, (value,) if value else (), starts.get(key, 1)))
    return out.done()


def parse_xml(text: str) -> tuple[Directive, ...]:
    """Attributes as `Element@attribute`, texts as `Element`, in their elements.

    An element with a `name` is called `Element name`. Entities are refused.
    """
    return _Xml().run(text)


class _Xml:
    def __init__(self) -> None:
        self._out = Collector()
        self._blocks: list[str] = []
        self._names: list[str] = []
        self._scope: list[int] = []
        self._texts: list[list[str]] = []
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._data
        self._parser.EntityDeclHandler = _refuse

    def run(self, text: str) -> tuple[Directive, ...]:
        # Decoded already, whatever its first line says of an encoding.
        body = re.sub(r"^\s*<\?xml[^>]{0,200}\?>", "", text, count=1).encode()
        lost = text.count("\n") - body.count(b"\n")
        self._lost = lost
        try:
            self._parser.Parse(body, True)
        except expat.ExpatError as error:
            raise ConfigError(f"it is not XML: {error}") from None
        return self._out.done()

    @property
    def _line(self) -> int:
        return self._parser.CurrentLineNumber + self._lost

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._blocks) >= MAX_DEPTH:
            raise ConfigError("it is nested too deeply")
        label = attributes.get("name") or attributes.get("id") or ""
        self._blocks.append(f"{name} {label}".strip()[:200])
        self._names.append(name)
        self._scope.append(self._out.block())
        self._texts.append([])
        for key, value in attributes.items():
            self._add(f"{name}@{key}", value, len(self._blocks))

    def _end(self, name: str) -> None:
        text = "".join(self._texts.pop()).strip()
        if text:
            self._add(name, text, len(self._blocks) - 1)
        self._blocks.pop()
        self._scope.pop()
        self._names.pop()

    def _data(self, text: str) -> None:
        if self._texts:
            self._texts[-1].append(text)

    def _add(self, name: str, value: str, depth: int) -> None:
        blocks, scope = tuple(self._blocks[:depth]), tuple(self._scope[:depth])
        self._out.add(Directive(name, (value,), self._line, blocks, scope))


def _refuse(*_: object) -> None:
    raise ConfigError("it declares entities, which could fill the memory")

"""Source code → what it imports and calls, by the grammar of its language. Pure.

Follows names through imports and aliases, never through values; runs nothing. What a grammar
cannot read within bounds is an error.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Query, Tree

    from scanner.rules_sources import SourceRule

MAX_SECONDS = 2.0
"""For one file. Grammars recover from mistakes, and hostile text makes that slow."""
MAX_DEPTH = 400
"""Of nodes that are looked at: deeper ones are not what people write."""
MAX_WIDE_MISTAKE = 1000
"""Parts of one mistake: a query takes their square."""
MAX_NAME = 200
MAX_ARGUMENTS = 20
_CHUNK = 1 << 16
_PARTS_OF_TEXT = frozenset(
    {"string_content", "string_fragment", "string_start", "string_end", "escape_sequence"}
)
_SEQUENCE = re.compile(r"\(0,(.+)\)", re.DOTALL)
_REQUIRED = re.compile(r"require\((?P<quote>['\"])(?P<module>[^'\"]{1,200})(?P=quote)\)")
_FIRST = re.compile(r"[\w$]+")


class SyntaxReadError(Exception):
    """The code could not be read within the bounds."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call, or a name that is not called, with what it names in full."""

    name: str
    line: int
    start: int
    """Byte at which it begins."""
    arguments: tuple[str | None, ...] = ()
    """The texts of those that are literal texts, None for the others."""
    keywords: Mapping[str, str | None] = field(default_factory=dict)
    """Named arguments, and keys of objects among the arguments."""
    raw: Mapping[str, str] = field(default_factory=dict)
    """The same as the code writes them: `False`."""
    is_reference: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """What a piece of code imports and calls."""

    imports: Mapping[str, int]
    """Module → line of its first import."""
    calls: tuple[Call, ...]
    complete: bool = True
    """Whether the grammar understood all of it."""


def read_source(content: bytes, rule: SourceRule, grammar: str) -> Source:
    """What `content` imports and calls.

    Raises:
        SyntaxReadError: reading it takes too long.
    """
    tree = _parse(content, grammar)
    if tree.root_node.has_error and _has_wide_mistake(tree):
        raise SyntaxReadError("it is no code that the language's grammar knows")
    aliases: dict[str, str] = {}
    imports: dict[str, int] = {}
    found: list[tuple[Node, Node | None, bool]] = []
    for captures in _matches(tree, rule, grammar):
        if "module" in captures:
            _add_import(captures, rule, aliases, imports)
        elif "seen" in captures:
            seen = captures["seen"][0]
            imports.setdefault(_module(seen, rule), seen.start_point.row + 1)
        elif "call" in captures:
            arguments = captures.get("arguments")
            found.append((captures["call"][0], arguments[0] if arguments else None, False))
        elif "reference" in captures:
            found.append((captures["reference"][0], None, True))
    calls = [
        call
        for node, arguments, is_reference in found
        if (call := _call(node, arguments, rule, aliases, is_reference=is_reference))
    ]
    return Source(imports, tuple(calls), complete=not tree.root_node.has_error)


def query_mistake(rule: SourceRule) -> str:
    """What is wrong with the queries of `rule`, or `""`."""
    from tree_sitter import QueryError

    for grammar in dict.fromkeys(rule.grammars.values()):
        try:
            _query(grammar, rule.imports, rule.calls, rule.names)
        except QueryError as error:
            return f"{grammar}: {error}"
    return ""


# --- grammars ------------------------------------------------------------------------------


@cache
def _language(grammar: str) -> Language:
    from tree_sitter import Language

    with warnings.catch_warnings():
        # The grammar of Perl still gives its address as a number.
        warnings.simplefilter("ignore", DeprecationWarning)
        return Language(_pointers()[grammar]())


def _pointers() -> Mapping[str, Callable[[], object]]:
    import tree_sitter_javascript
    import tree_sitter_perl
    import tree_sitter_php
    import tree_sitter_python
    import tree_sitter_ruby
    import tree_sitter_typescript

    return {
        "python": tree_sitter_python.language,
        "javascript": tree_sitter_javascript.language,
        "typescript": tree_sitter_typescript.language_typescript,
        "tsx": tree_sitter_typescript.language_tsx,
        "ruby": tree_sitter_ruby.language,
        "php": tree_sitter_php.language_php,
        "perl": tree_sitter_perl.language,
    }


@cache
def _query(grammar: str, *texts: str) -> Query:
    from tree_sitter import Query

    return Query(_language(grammar), "\n".join(texts))


def _parse(content: bytes, grammar: str) -> Tree:
    from tree_sitter import Parser

    deadline = time.monotonic() + MAX_SECONDS

    def read(offset: int, _position: object) -> bytes:
        return content[offset : offset + _CHUNK]

    def is_over(_offset: int, _has_error: bool) -> bool:
        return time.monotonic() > deadline

    try:
        # The bound in time works for what is read piece by piece alone.
        tree = Parser(_language(grammar)).parse(read, progress_callback=is_over)
    except ValueError:
        raise SyntaxReadError(f"reading it takes more than {MAX_SECONDS:g} seconds") from None
    return tree


def _matches(tree: Tree, rule: SourceRule, grammar: str) -> Iterator[dict[str, list[Node]]]:
    from tree_sitter import QueryCursor

    query = _query(grammar, rule.imports, rule.calls, rule.names)
    cursor = QueryCursor(query, match_limit=1000)
    cursor.set_max_start_depth(MAX_DEPTH)
    for _, captures in cursor.matches(tree.root_node):
        yield captures


def _has_wide_mistake(tree: Tree) -> bool:
    cursor = tree.walk()
    while True:
        node = cursor.node
        assert node is not None
        if node.is_error and node.child_count > MAX_WIDE_MISTAKE:
            return True
        # What holds no mistake is left out, so this is short in what people write.
        if node.has_error and cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return False


# --- names ---------------------------------------------------------------------------------


def _module(node: Node, rule: SourceRule) -> str:
    literal = _literal(node)
    module = _text(node)[:MAX_NAME] if literal is None else literal
    for prefix in rule.module_prefixes:
        module = module.removeprefix(prefix)
    return module


def _add_import(
    captures: Mapping[str, list[Node]],
    rule: SourceRule,
    aliases: dict[str, str],
    imports: dict[str, int],
) -> None:
    node = captures["module"][0]
    module = _module(node, rule)
    if not module or len(module) > MAX_NAME:
        return
    imports.setdefault(module, node.start_point.row + 1)
    alias = _text(captures["alias"][0]) if "alias" in captures else ""
    # Perl imports several names as the words of one text.
    names = _text(captures["name"][0]).split() if "name" in captures else []
    for name in names[:MAX_NAME]:
        imports.setdefault(f"{module}{rule.separator}{name}", node.start_point.row + 1)
        aliases[alias or name] = f"{module}{rule.separator}{name}"
    if alias and not names:
        aliases[alias] = module
    elif not names and (first := _FIRST.match(module)):
        aliases.setdefault(first[0], first[0])


def _call(
    node: Node,
    arguments: Node | None,
    rule: SourceRule,
    aliases: Mapping[str, str],
    *,
    is_reference: bool,
) -> Call | None:
    written = node.text or b""
    if arguments is not None and arguments.start_byte > node.start_byte:
        written = written[: arguments.start_byte - node.start_byte]
    if len(written) > MAX_NAME:
        return None
    name = _resolve(written.decode("utf-8", "replace"), rule, aliases)
    if not name:
        return None
    line = node.start_point.row + 1
    if is_reference or arguments is None:
        return Call(name, line, node.start_byte, is_reference=is_reference)
    values, keywords, raw = _arguments(arguments, rule)
    return Call(name, line, node.start_byte, values, keywords, raw)


def _resolve(written: str, rule: SourceRule, aliases: Mapping[str, str]) -> str:
    """The full name of what the code writes, or `""` where nothing says what it is."""
    text = "".join(written.removeprefix("new ").split()).replace("?.", ".").strip("\\:")
    text = text.removesuffix("(")
    if sequence := _SEQUENCE.fullmatch(text):
        text = sequence[1]
    if required := _REQUIRED.match(text):
        return required["module"] + text[required.end() :]
    first = _FIRST.match(text)
    if first is None:
        return ""
    if known := aliases.get(first[0]):
        # What compilers write for `import x from 'y'`.
        rest = text[first.end() :].replace(".default", "", 1)
        return known + rest
    return text if rule.open_names else ""


# --- arguments -----------------------------------------------------------------------------


def _arguments(
    node: Node, rule: SourceRule
) -> tuple[tuple[str | None, ...], dict[str, str | None], dict[str, str]]:
    values: list[str | None] = []
    keywords: dict[str, str | None] = {}
    raw: dict[str, str] = {}

    def add(key: Node | None, value: Node | None) -> bool:
        if key is None or value is None:
            return False
        name = (_literal(key) or _text(key)).strip(":'\"-")
        keywords[name] = _literal(value)
        raw[name] = _text(value)[:MAX_NAME]
        return True

    def add_keyword(each: Node) -> bool:
        key = each.child_by_field_name("name") or each.child_by_field_name("key")
        value = each.child_by_field_name("value")
        return add(key, value or each.named_children[-1])

    children = node.named_children[: 2 * MAX_ARGUMENTS]
    if (only := _literal(node)) is not None:  # Perl's grammar has no list around a single one
        return (only,), keywords, raw
    for index, each in enumerate(children):
        if each.type == "comment" or (each.type in rule.keyword_nodes and add_keyword(each)):
            continue
        if each.type == "autoquoted_bareword" and add(each, _after(children, index)):
            continue
        inner = each
        if each.type == "argument" and each.named_child_count:  # as PHP's grammar wraps them
            inner = each.named_children[-1]
        values.append(_literal(inner))
        for pair in inner.named_children[:MAX_ARGUMENTS]:
            if pair.type in rule.keyword_nodes:
                add_keyword(pair)
    return tuple(values), keywords, raw


def _after(nodes: list[Node], index: int) -> Node | None:
    return nodes[index + 1] if index + 1 < len(nodes) else None


def _literal(node: Node) -> str | None:
    """The text of a literal text or symbol; None where it is computed."""
    kind = node.type
    if kind in ("simple_symbol", "hash_key_symbol"):
        return _text(node).strip(":")
    if "string" not in kind or node.end_byte - node.start_byte > MAX_NAME:
        return None
    parts = node.named_children
    if any(part.type not in _PARTS_OF_TEXT for part in parts):
        return None
    inner = [part for part in parts if part.type in ("string_content", "string_fragment")]
    return "".join(_text(part) for part in inner) if inner else _text(node).strip("'\"`")


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")

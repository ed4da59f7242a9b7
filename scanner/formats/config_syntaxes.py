"""Reads a configuration by the name of its syntax.

Which program has which syntax is said in `rules/servers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scanner.formats.config_blocks import parse_braces, parse_caddyfile, parse_nginx
from scanner.formats.config_erlang import parse_erlang
from scanner.formats.config_lines import (
    parse_apache,
    parse_assignments,
    parse_folded,
    parse_haproxy,
    parse_ini,
    parse_words,
)
from scanner.formats.config_model import Directive
from scanner.formats.config_trees import (
    parse_json,
    parse_properties_file,
    parse_toml,
    parse_tree,
    parse_xml,
    parse_yaml,
)

SYNTAXES: Mapping[str, Callable[[str], tuple[Directive, ...]]] = {
    "nginx": parse_nginx,
    "braces": parse_braces,
    "caddyfile": parse_caddyfile,
    "apache": parse_apache,
    "haproxy": parse_haproxy,
    "words": parse_words,
    "assignments": parse_assignments,
    "folded": parse_folded,
    "ini": parse_ini,
    "yaml": parse_yaml,
    "json": parse_json,
    "toml": parse_toml,
    "properties": parse_properties_file,
    "xml": parse_xml,
    "tree": parse_tree,
    "erlang": parse_erlang,
}


def parse_config(syntax: str, text: str) -> tuple[Directive, ...]:
    """The directives of `text`.

    Raises:
        ConfigError: it is not of this syntax, or too much.
    """
    return SYNTAXES[syntax](text)

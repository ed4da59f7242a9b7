"""Reads what a server's configuration says of algorithms, as its rule in `rules/servers` tells.

Sees one text at a time: whether any program reads it is the business of `scanner.link.settings`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from scanner.cipher_lists import Allowed, Tables, allowed, names
from scanner.formats.config_model import MAX_VALUE, Directive
from scanner.formats.config_syntaxes import parse_config
from scanner.rulebook import RuleBook
from scanner.rules_algorithms import OfTls
from scanner.rules_servers import DirectiveRule, ServerRule, any_of

MAX_SETTINGS = 2_000
"""Of one file."""
_OF_TLS = ("protocols", "suites", "groups", "signatures")
INCLUDE = "include"
SWITCH = "switch"
UNREAD = "unread"
"""What a fact has in place of a topic: these three are for linkers."""
MAX_SHOWN = 3
"""Algorithms named in the evidence of a setting; all are in its attributes."""
_RARE = re.compile(r"_DSS_|_PSK_|TLS_SRP|CAMELLIA|ARIA|SEED|IDEA")


@dataclass(frozen=True, slots=True)
class Setting:
    """One directive and what it comes to; an include or a switch allows nothing."""

    directive: Directive
    entry: str
    """Which of the rule's directives it is, by its number; of a switch, the switch's name."""
    topic: str
    allowed: Allowed = field(default_factory=Allowed)
    unapproved: tuple[str, ...] = ()
    state: str = ""
    """Of the topic `mode`: on or off."""
    advice: str = ""
    refused: bool = False
    """Whether nothing of it can work with a module in approved mode."""

    @property
    def only_unapproved(self) -> bool:
        """Whether it allows something, and nothing of that is approved."""
        return bool(self.unapproved) and len(self.unapproved) == len(self.allowed.names)


def consequence(unapproved: Sequence[str], advice: str = "") -> str:
    """What is said behind a setting: what it allows that is not approved, and what to write."""
    allows = f" allows {_enumerated(unapproved)}" if unapproved else ""
    return allows + (f", write: {' '.join(advice.split())}" if advice else "")


def _enumerated(names: Sequence[str]) -> str:
    """Some names, those first that clients of today ask for, and how many more there are."""
    more = len(names) - MAX_SHOWN
    shown = sorted(names, key=lambda each: (_RARE.search(each) is not None, "CHACHA" not in each))
    return ", ".join(shown[:MAX_SHOWN]) + (f" and {more} more" if more > 0 else "")


def read_settings(rule: ServerRule, text: str, rules: RuleBook) -> Iterator[Setting]:
    """The settings in `text`, in its order, each block's own ones told apart.

    Raises:
        ConfigError: the text is not of the rule's syntax, or too much.
    """
    lowered = text.lower()
    if not any(hint.lower() in lowered for hint in rule.hints):
        return
    reader = _Reader(rule, rules)
    found = [each for directive in parse_config(rule.syntax, text) for each in reader.of(directive)]
    yield from _in_effect(rule, found, reader)


def judge(
    rule: DirectiveRule, entry: int, directive: Directive, values: Sequence[str], rules: RuleBook
) -> Setting:
    """What `directive` comes to with these `values`."""
    state = ""
    if rule.values == "meanings":
        meant = {word.lower(): names for word, names in rule.meanings.items()}
        words = [each.strip("\"'").lower() for each in values]
        known = [name for each in words for name in meant.get(each, ())]
        unknown = [each for each in words if each not in meant]
        if rule.topic == "mode":
            state = known[0] if known else ""
            known = []
        result = Allowed(tuple(dict.fromkeys(known)), tuple(unknown))
    else:
        result = allowed(rule.values, values, Tables(rules.tls, rules.algorithms))
    unapproved = tuple(each for each in result.names if not _is_approved(each, rule.topic, rules))
    setting = Setting(directive, str(entry), rule.topic, result, unapproved, state, rule.advice)
    return replace(setting, refused=_is_refused(setting, rule, values, rules))


def _is_refused(
    setting: Setting, rule: DirectiveRule, values: Sequence[str], rules: RuleBook
) -> bool:
    """Whether a module in approved mode refuses all of it for sure.

    OpenSSL 3 refuses a whole list of groups for one that its provider has not, unless that is
    marked by `?`; of other lists it takes what is left. RSA key transport is disallowed, and
    modules in approved mode still serve it.
    """
    if rule.values == "openssl-groups":
        words = [word for value in values for word in names.split(value)]
        demanded = {names.group(each, rules.tls) for each in words if not each.startswith("?")}
        return not demanded.isdisjoint(setting.unapproved)
    if not setting.only_unapproved:
        return False
    if setting.topic == "suites":
        return not any(_RSA_WITH_AES.match(each) for each in setting.allowed.names)
    return setting.topic in ("protocols", "signatures", "kex", "ciphers", "macs")


_RSA_WITH_AES = re.compile(r"TLS_RSA_(?:PSK_)?WITH_AES_")


def _is_approved(name: str, topic: str, rules: RuleBook) -> bool:
    found: OfTls | None = None
    if topic in _OF_TLS:
        # A priority string of GnuTLS holds suites, protocols and groups at once.
        tls = rules.tls
        found = tls.suite(name) or tls.protocol(name) or tls.group(name) or tls.signature(name)
    return found.approved if found is not None else rules.algorithms.approved(name) is not False


class _Reader:
    """Finds what the directives of one server's rule are about."""

    def __init__(self, rule: ServerRule, rules: RuleBook) -> None:
        self._rule = rule
        self._rules = rules
        switches = [each.name for group in rule.switches.values() for each in group]
        includes = [each.name for each in rule.includes]
        own = [each.name for each in rule.directives]
        self._names = _any_of((*own, *includes, *switches))

    def of(self, directive: Directive) -> Iterator[Setting]:
        if not self._names.fullmatch(directive.name):
            return
        for include in self._rule.includes:
            if _compiled(include.name).fullmatch(directive.name):
                yield Setting(directive, include.names, INCLUDE)
        block = " > ".join(directive.blocks)
        for name, switches in self._rule.switches.items():
            for switch in switches:
                if (
                    _compiled(switch.name).fullmatch(directive.name)
                    and _fits(switch.block, block)
                    and _compiled(switch.value).fullmatch(directive.value[:2000])
                ):
                    yield Setting(directive, name, SWITCH)
        for entry, rule in enumerate(self._rule.directives):
            if _compiled(rule.name).fullmatch(directive.name) and _fits(rule.block, block):
                values = values_of(directive.values, rule)
                if values:
                    yield judge(rule, entry, directive, values, self._rules)

    def joined(self, first: Setting, second: Setting) -> Setting:
        """One list of two directives."""
        entry = int(first.entry)
        values = (*first.directive.values, *second.directive.values)
        whole = Directive(
            first.directive.name,
            values,
            first.directive.line,
            first.directive.blocks,
            first.directive.scope,
        )
        return judge(self._rule.directives[entry], entry, whole, values, self._rules)


def values_of(values: tuple[str, ...], rule: DirectiveRule) -> tuple[str, ...]:
    """The part of a directive's words that the rule is about."""
    if rule.unless and _compiled(rule.unless).fullmatch(" ".join(values)[:MAX_VALUE]):
        return ()
    if rule.after:
        at = next(
            (i for i, each in enumerate(values) if _compiled(rule.after).fullmatch(each)), None
        )
        return values[at + 1 : at + 2] if at is not None else ()
    if rule.pick:
        return tuple(each for each in values if _compiled(rule.pick).fullmatch(each))
    return values


def _fits(pattern: str, block: str) -> bool:
    return not pattern or _compiled(pattern).fullmatch(block[:2000]) is not None


# The cache of `re` is smaller than the number of patterns that all servers have together.
_compiled = lru_cache(maxsize=4096)(re.compile)
_any_of = lru_cache(maxsize=1024)(any_of)


def _in_effect(rule: ServerRule, found: list[Setting], reader: _Reader) -> Iterator[Setting]:
    """Without what another directive of the same block overrides."""
    kept: dict[object, Setting] = {}
    for number, each in enumerate(found):
        key: object = number
        if each.topic not in (INCLUDE, SWITCH):
            repeats = rule.directives[int(each.entry)].repeats
            key = number if repeats == "all" else (each.entry, each.directive.scope)
            if key in kept and repeats == "first":
                continue
            if key in kept and repeats == "join":
                kept[key] = reader.joined(kept[key], each)
                continue
        kept.pop(key, None)
        kept[key] = each
        if len(kept) > MAX_SETTINGS:
            return
    yield from kept.values()

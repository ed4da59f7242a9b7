"""Reads which TLS protocols a setting allows, in the words of OpenSSL, Java, Go and their users.

Knows the protocols by the names of the table alone; which are approved is said there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_VERSIONS = {
    "sslv2": "SSL 2.0",
    "ssl2": "SSL 2.0",
    "sslv3": "SSL 3.0",
    "ssl3": "SSL 3.0",
    "ssl30": "SSL 3.0",
    "tlsv1": "TLS 1.0",
    "tls1": "TLS 1.0",
    "tlsv10": "TLS 1.0",
    "tls10": "TLS 1.0",
    "tlsv11": "TLS 1.1",
    "tls11": "TLS 1.1",
    "tlsv12": "TLS 1.2",
    "tls12": "TLS 1.2",
    "tlsv13": "TLS 1.3",
    "tls13": "TLS 1.3",
    "10": "TLS 1.0",
    "11": "TLS 1.1",
    "12": "TLS 1.2",
    "13": "TLS 1.3",
}
_NOISE = re.compile(r"[\s._-]|version|^no(?=[-_]?(?:ssl|tls))", re.IGNORECASE)
_LIST = re.compile(r"[\s,:;|]+")


def _of_today(known: Sequence[str]) -> list[str]:
    """What is on where nothing is said: no library of today is built with SSL."""
    return [each for each in known if not each.startswith("SSL")]


def protocol(word: str) -> str | None:
    """The protocol that `word` names: `TLSv1.2`, `TLS1_2`, `VersionTLS12`, `1.2`; or None."""
    plain = _NOISE.sub("", word.strip().strip("\"'")).lower()
    return _VERSIONS.get(plain)


def words_of(values: Iterable[str]) -> list[str]:
    """The words of a list that is written in any of the usual ways."""
    return [each for value in values for each in _LIST.split(value.strip("[]")) if each]


def listed(values: Sequence[str], known: Sequence[str]) -> tuple[list[str], list[str]]:
    """Protocols that `values` list, and words that name none."""
    found: list[str] = []
    unknown: list[str] = []
    for word in words_of(values):
        name = protocol(word)
        if name is not None:
            found.append(name)
        elif word.lower() in ("all", "any"):
            found.extend(_of_today(known))
        elif word.lower() not in ("ssl", "tls", "default", "sslv2hello"):
            unknown.append(word)
    return [each for each in known if each in found], unknown


def on_and_off(values: Sequence[str], known: Sequence[str]) -> tuple[list[str], list[str]]:
    """Protocols after `all -SSLv3 +TLSv1.3`, as Apache takes them: a bare word begins anew."""
    chosen: set[str] = set()
    unknown: list[str] = []
    for word in words_of(values):
        sign, body = (word[0], word[1:]) if word[0] in "+-" else ("", word)
        meant = set(_of_today(known)) if body.lower() == "all" else {protocol(body) or ""}
        if "" in meant:
            unknown.append(word)
        elif sign == "-":
            chosen -= meant
        elif sign == "+":
            chosen |= meant
        else:
            chosen = meant
    return [each for each in known if each in chosen], unknown


def adding(values: Sequence[str], known: Sequence[str]) -> tuple[list[str], list[str]]:
    """Protocols after `TLSv1.2+TLSv1.3` or `all,-TLSv1`, as Tomcat takes them: bare words add."""
    chosen: set[str] = set()
    unknown: list[str] = []
    for sign, body in _SIGNED.findall(" ".join(values)):
        name = protocol(body)
        meant = set(_of_today(known)) if body.lower() == "all" else {name or ""}
        if "" in meant:
            unknown.extend([] if body.lower() == "sslv2hello" else [body])
        elif sign == "-":
            chosen -= meant
        else:
            chosen |= meant
    return [each for each in known if each in chosen], unknown


_SIGNED = re.compile(r"([-+]?)\s*([\w.]+)")


def excluding(values: Sequence[str], known: Sequence[str]) -> tuple[list[str], list[str]]:
    """Protocols after `!SSLv3 TLSv1.2` or `>=TLSv1.2`, as Postfix and Dovecot take them."""
    chosen: set[str] = set()
    excluded: set[str] = set()
    unknown: list[str] = []
    for word in words_of(values):
        body = word.lstrip("!<>=")
        name = protocol(body)
        if word[0] in "<>":
            some, rest = between([body], known, is_minimum=word[0] == ">")
            excluded.update(set(known) - set(some))
            unknown.extend(rest)
        elif name is None:
            unknown.extend([] if body.lower() in ("sslv2", "ssl2", "all", "any") else [word])
        else:
            (excluded if word[0] == "!" else chosen).add(name)
    wanted = chosen or set(_of_today(known))
    return [each for each in known if each in wanted and each not in excluded], unknown


def in_range(values: Sequence[str], known: Sequence[str]) -> tuple[list[str], list[str]]:
    """Protocols from the first word on, up to the second one if there is one, as Caddy does."""
    words = words_of(values)
    low, unknown = between(words[:1], known, is_minimum=True)
    high, more = between(words[1:2], known, is_minimum=False) if words[1:] else (low, [])
    return [each for each in known if each in low and each in high], [*unknown, *more]


def without(values: Sequence[str], known: Sequence[str]) -> tuple[list[str], list[str]]:
    """Protocols that are left where `values` list those that are switched off."""
    off, unknown = listed(values, known)
    return [each for each in _of_today(known) if each not in off], unknown


def between(
    values: Sequence[str], known: Sequence[str], *, is_minimum: bool
) -> tuple[list[str], list[str]]:
    """Protocols from `values` on, or up to it."""
    words = words_of(values)
    name = protocol(words[0]) if len(words) == 1 else None
    if name is None or name not in known:
        is_open = len(words) == 1 and words[0].lower() in ("none", "0", "any", "auto")
        return (_of_today(known), []) if is_open else ([], words)
    at = list(known).index(name)
    return (list(known[at:]) if is_minimum else _of_today(known[: at + 1])), []

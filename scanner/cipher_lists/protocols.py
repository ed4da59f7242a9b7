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
            found.extend(known)
        elif word.lower() not in ("ssl", "tls", "default", "sslv2hello"):
            unknown.append(word)
    return [each for each in known if each in found], unknown


def on_and_off(values: Sequence[str], known: Sequence[str]) -> tuple[list[str], list[str]]:
    """Protocols after `all -SSLv3 +TLSv1.3`, as Apache and Dovecot's `!SSLv3` take them.

    A word without sign, the first one excepted, sets the list anew in Apache's eyes only where it
    is `all`; a list of bare words is just that list.
    """
    chosen: set[str] = set()
    unknown: list[str] = []
    words = words_of(values)
    if words and all(word[0] in "-!" for word in words):
        chosen.update(known)
    for word in words:
        sign, body = (word[0], word[1:]) if word[0] in "+-!" else ("", word)
        meant = set(known) if body.lower() in ("all", "any") else {protocol(body) or ""}
        if "" in meant:
            unknown.append(word)
        elif sign in ("-", "!") and sign:
            chosen -= meant
        else:
            chosen |= meant
    return [each for each in known if each in chosen], unknown


def without(values: Sequence[str], known: Sequence[str]) -> tuple[list[str], list[str]]:
    """Protocols that are left where `values` list those that are switched off."""
    off, unknown = listed(values, known)
    return [each for each in known if each not in off], unknown


def between(
    values: Sequence[str], known: Sequence[str], *, is_minimum: bool
) -> tuple[list[str], list[str]]:
    """Protocols from `values` on, or up to it."""
    words = words_of(values)
    name = protocol(words[0]) if len(words) == 1 else None
    if name is None or name not in known:
        is_open = len(words) == 1 and words[0].lower() in ("none", "0", "any", "auto")
        return (list(known), []) if is_open else ([], words)
    at = list(known).index(name)
    return (list(known[at:]) if is_minimum else list(known[: at + 1])), []

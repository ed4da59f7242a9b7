"""Reads proposals of IKE and ESP, as strongSwan and its relatives write them.

Says what a word means, not whether that is approved. Words:
https://docs.strongswan.org/docs/latest/config/proposals.html.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from scanner.cipher_lists.names import split
from scanner.rules_algorithms import AlgorithmTable

_PREFIX = re.compile(r"(?:ke\d_|prf)")
_NO_ALGORITHM = frozenset({"default", "esn", "noesn", "none"})
_WORDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"aes(128|192|256)gmac", "GMAC"),
        (r"aes(128|192|256)(gcm|ccm)\d*", r"AES-\1-\2"),
        (r"aes(128|192|256)ctr", r"AES-\1-CTR"),
        (r"aes(128|192|256)", r"AES-\1-CBC"),
        (r"aes", "AES-128-CBC"),
        (r"aescmac", "CMAC"),
        (r"(blowfish|camellia|serpent|twofish)\d*(?:ctr|ccm\d*)?", r"\1"),
        (r"cast128", "CAST5"),
        (r"md5(_128)?", "HMAC-MD5"),
        (r"sha1?(_160)?", "HMAC-SHA1"),
        (r"sha(?:2_)?(256|384|512)(_96)?", r"HMAC-SHA\1"),
        (r"modp2048s256", "modp_2048"),
        (r"modp(\d+)(s\d+)?", r"modp_\1"),
        (r"ecp(192|224|256|384|521)", r"P-\1"),
        (r"ecp(\d+)bp", "Brainpool"),
        (r"(?:curve|x)(25519|448)", r"X\1"),
        (r"mlkem(512|768|1024)", r"ML-KEM-\1"),
    )
)


def proposals(values: Sequence[str], table: AlgorithmTable) -> tuple[list[str], list[str]]:
    """The algorithms that `values` name, by the table's names, and words that name none."""
    found: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for word in (part for value in values for each in split(value) for part in each.split("-")):
        plain = _PREFIX.sub("", word.lower().rstrip("!"), count=1)
        if not plain or plain in _NO_ALGORITHM:
            continue
        rule = table.find(_meaning(plain))
        if rule is None:
            unknown[word] = None
        else:
            found[rule.name] = None
    return list(found), list(unknown)


def _meaning(word: str) -> str:
    for pattern, name in _WORDS:
        if (match := pattern.fullmatch(word)) is not None:
            return match.expand(name)
    return word

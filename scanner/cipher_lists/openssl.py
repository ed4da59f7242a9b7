"""Evaluates cipher strings as OpenSSL does (`ssl_create_cipher_list` in ssl/ssl_ciph.c).

Says which suites a string allows, not in which order, and not whether they are approved.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from scanner.cipher_lists.traits import Traits, traits_of
from scanner.rules_algorithms import TlsSuite

MAX_TOKENS = 2_000
DEFAULT_LEVEL = 1
"""Of upstream's OpenSSL before 3.2; distributions and later versions have 2."""

_SEPARATORS = re.compile(r"[:;, \t]+")
_SUITE_B = (
    (
        "SUITEB128ONLY",
        "ECDHE-ECDSA-AES128-GCM-SHA256",
    ),
    ("SUITEB128", "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"),
    ("SUITEB192", "ECDHE-ECDSA-AES256-GCM-SHA384"),
)
_DEFAULT = "ALL:!COMPLEMENTOFDEFAULT:!eNULL"
_PROFILE = "PROFILE=SYSTEM"
"""Red Hat's and Fedora's word for the system-wide policy; only at the start."""


Test = Callable[[Traits], bool]


def _exchange(*names: str) -> Test:
    return lambda each: each.exchange in names


def _signer(*names: str) -> Test:
    return lambda each: each.signer in names


def _cipher(*starts: str) -> Test:
    return lambda each: each.cipher.startswith(starts)


def _mac_is(name: str) -> Test:
    return lambda each: each.mac == name


def _both(first: Test, second: Test) -> Test:
    return lambda each: first(each) and second(each)


def _named_dhe(exchange: str) -> Test:
    return lambda each: each.exchange == exchange and each.signer != "NULL"


def _since(protocol: str) -> Test:
    return lambda each: _oldest(each) == protocol


def _oldest(each: Traits) -> str:
    """The protocol that OpenSSL files a suite under: not always the first that may use it."""
    if each.exchange == "SRP":
        return "SSL 3.0"
    if "PSK" in each.exchange and each.mac in ("SHA256", "SHA384") and each.cipher != "ARIA":
        return "TLS 1.0"
    return each.suite.protocols[0]


_NOT_DEFAULT = ("ARIA", "CAMELLIA", "SEED", "RC4", "3DES", "IDEA", "DES", "RC2", "GOST")


def _is_left_out(each: Traits) -> bool:
    return each.cipher != "NULL" and (
        each.signer in ("NULL", "DSS")
        or "CCM" in each.cipher
        or each.cipher.startswith(_NOT_DEFAULT)
    )


_EVERY: Test = lambda each: each.cipher != "NULL"  # noqa: E731 - one of many in the table below

KEYWORDS: Mapping[str, Test] = {
    "ALL": _EVERY,
    "COMPLEMENTOFALL": _cipher("NULL"),
    "COMPLEMENTOFDEFAULT": _is_left_out,
    "kRSA": _exchange("RSA"),
    "kEDH": _exchange("DHE"),
    "kDHE": _exchange("DHE"),
    "DH": _exchange("DHE"),
    "kDHr": _both(_exchange("DH"), _signer("RSA")),
    "kDHd": _both(_exchange("DH"), _signer("DSS")),
    "kDH": _exchange("DH"),
    "kECDHr": _both(_exchange("ECDH"), _signer("RSA")),
    "kECDHe": _both(_exchange("ECDH"), _signer("ECDSA")),
    "kECDH": _exchange("ECDH"),
    "kEECDH": _exchange("ECDHE"),
    "kECDHE": _exchange("ECDHE"),
    "ECDH": _exchange("ECDHE"),
    "kPSK": _exchange("PSK"),
    "kRSAPSK": _exchange("RSAPSK"),
    "kECDHEPSK": _exchange("ECDHEPSK"),
    "kDHEPSK": _exchange("DHEPSK"),
    "kSRP": _exchange("SRP"),
    "kGOST": _exchange("GOST"),
    "aRSA": _signer("RSA"),
    "aDSS": _signer("DSS"),
    "DSS": _signer("DSS"),
    "aNULL": _signer("NULL"),
    "aECDSA": _signer("ECDSA"),
    "ECDSA": _signer("ECDSA"),
    "aPSK": _signer("PSK"),
    "aSRP": _signer("SRP"),
    "aGOST": _signer("GOST"),
    "aGOST12": _signer("GOST"),
    "EDH": _named_dhe("DHE"),
    "DHE": _named_dhe("DHE"),
    "EECDH": _named_dhe("ECDHE"),
    "ECDHE": _named_dhe("ECDHE"),
    "RSA": _both(_exchange("RSA"), _signer("RSA")),
    "ADH": _both(_exchange("DHE"), _signer("NULL")),
    "AECDH": _both(_exchange("ECDHE"), _signer("NULL")),
    "PSK": lambda each: "PSK" in each.exchange,
    "SRP": _exchange("SRP"),
    "3DES": _cipher("3DES"),
    "RC4": _cipher("RC4"),
    "RC2": _cipher("RC2"),
    "IDEA": _cipher("IDEA"),
    "SEED": _cipher("SEED"),
    "DES": _cipher("DES"),
    "eNULL": _cipher("NULL"),
    "NULL": _cipher("NULL"),
    "AES128": _cipher("AES128"),
    "AES256": _cipher("AES256"),
    "AES": _cipher("AES"),
    "AESGCM": _cipher("AES128GCM", "AES256GCM"),
    "AESCCM": _cipher("AES128CCM", "AES256CCM"),
    "AESCCM8": _cipher("AES128CCM8", "AES256CCM8"),
    "CAMELLIA128": _cipher("CAMELLIA128"),
    "CAMELLIA256": _cipher("CAMELLIA256"),
    "CAMELLIA": _cipher("CAMELLIA"),
    "CHACHA20": _cipher("CHACHA20"),
    "ARIA": _cipher("ARIA"),
    "ARIAGCM": _cipher("ARIA"),
    "ARIA128": _cipher("ARIA128"),
    "ARIA256": _cipher("ARIA256"),
    "MD5": _mac_is("MD5"),
    "SHA": _mac_is("SHA1"),
    "SHA1": _mac_is("SHA1"),
    "SHA256": _mac_is("SHA256"),
    "SHA384": _mac_is("SHA384"),
    "SSLv3": _since("SSL 3.0"),
    "TLSv1": _since("TLS 1.0"),
    "TLSv1.0": _since("TLS 1.0"),
    "TLSv1.2": _since("TLS 1.2"),
    "LOW": _cipher("DES"),
    "MEDIUM": _cipher("RC4", "SEED", "IDEA", "3DES"),
    "HIGH": _cipher("AES", "CAMELLIA", "ARIA", "CHACHA20"),
    "FIPS": lambda each: (
        each.cipher.startswith("AES") and "CCM" not in each.cipher and each.exchange != "SRP"
    ),
}
_STATIC = ("kDHr", "kDHd", "kDH", "kECDHr", "kECDHe", "kECDH")
_NAMES_WEAK = frozenset({"3DES", "RC4", "RC2", "IDEA", "SEED", "DES", *_STATIC})
"""Keywords that mean weak suites, which other keywords leave out: few builds have them."""
_NAMES_SHARED = re.compile(r"(PSK|SRP)")


@dataclass(frozen=True, slots=True)
class Expanded:
    """What a cipher string comes to."""

    suites: tuple[Traits, ...] = ()
    unknown: tuple[str, ...] = ()
    level: int | None = None
    """What `@SECLEVEL` sets."""
    profile: bool = False
    """Whether it begins with the system-wide policy, which is set elsewhere."""


class Catalog:
    """All suites by OpenSSL's names and keywords."""

    def __init__(self, suites: Iterable[TlsSuite]) -> None:
        self.all = tuple(found for each in suites if (found := traits_of(each)) is not None)
        self.by_name = {each.suite.openssl: each for each in self.all}
        self.by_name |= {each.suite.name: each for each in self.all}
        # Names of OpenSSL 1.0, which later versions still take.
        self.by_name |= {
            name.replace("DHE-", "EDH-", 1).replace("-3DES", ""): each
            for name, each in self.by_name.items()
            if name.startswith("DHE-") and name.endswith("DES-CBC3-SHA")
        }

    def expand(self, text: str) -> Expanded:
        """What the string `text` allows, by its own words alone."""
        text = text.strip()
        start, rest, profile = self._start(text)
        state = _State(self)
        for word in _words(start):
            state.take(word)
        for word in _words(rest):
            state.take(word)
        return Expanded(
            tuple(each for each in self.all if each in state.chosen),
            tuple(dict.fromkeys(state.unknown)),
            state.level,
            profile,
        )

    def _start(self, text: str) -> tuple[str, str, bool]:
        for word, meaning in _SUITE_B:
            if text.startswith(word):
                # What follows is not looked at.
                return meaning, "", False
        if text.startswith(_PROFILE):
            return _DEFAULT, text[len(_PROFILE) :], True
        if text.startswith("DEFAULT"):
            return _DEFAULT, text[len("DEFAULT") :], False
        return "", text, False

    def negotiable(self, text: str) -> Expanded:
        """What a server with the string `text` would agree to.

        Leaves out what its security level forbids, and, unless the string names them, suites with
        shared secrets, which servers have no secret for.
        """
        found = self.expand(text)
        level = DEFAULT_LEVEL if found.level is None else found.level
        shared = _NAMES_SHARED.search(text) is not None
        kept = tuple(
            each
            for each in found.suites
            if _passes_level(each, level) and (shared or not each.of_shared_secret)
        )
        return Expanded(kept, found.unknown, found.level, found.profile)


_MINIMUM = (0, 80, 112, 128, 192, 256)


def _passes_level(each: Traits, level: int) -> bool:
    """As `ssl_security_default_callback` decides."""
    level = min(level, 5)
    if level <= 0:
        return True
    if each.bits < _MINIMUM[level] or each.signer == "NULL" or each.mac == "MD5":
        return False
    if _MINIMUM[level] > 160 and each.mac == "SHA1":
        return False
    if level >= 2 and each.cipher == "RC4":
        return False
    return level < 3 or each.exchange in ("DHE", "ECDHE", "DHEPSK", "ECDHEPSK")


def _words(text: str) -> list[str]:
    return [each for each in _SEPARATORS.split(text) if each][:MAX_TOKENS]


class _State:
    """The list as it grows and shrinks from word to word."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.chosen: set[Traits] = set()
        self._killed: set[Traits] = set()
        self.unknown: list[str] = []
        self.level: int | None = None

    def take(self, word: str) -> None:
        act, body = (word[0], word[1:]) if word[0] in "!-+@" else ("", word)
        if act == "@":
            level = re.fullmatch(r"SECLEVEL=(\d)", body)
            if level:
                self.level = int(level[1])
            elif body != "STRENGTH":
                self.unknown.append(word)
            return
        meant = self._meant(body)
        if meant is None:
            self.unknown.append(body)
        elif act == "!":
            self._killed |= meant
            self.chosen -= meant
        elif act == "-":
            self.chosen -= meant
        elif not act:
            self.chosen |= meant - self._killed

    def _meant(self, body: str) -> set[Traits] | None:
        """The suites that all of the words, joined by `+`, mean."""
        parts = body.split("+")
        single = self._catalog.by_name.get(body) or self._catalog.by_name.get(parts[0])
        if single is not None:
            return {single}
        tests = [KEYWORDS.get(part) for part in parts]
        if not all(tests):
            return None
        with_weak = not _NAMES_WEAK.isdisjoint(parts)
        return {
            each
            for each in self._catalog.all
            if (with_weak or not each.weak) and all(test and test(each) for test in tests)
        }


@lru_cache(maxsize=8)
def catalog_of(suites: tuple[TlsSuite, ...]) -> Catalog:
    """The catalog of `suites`; made once for each table."""
    return Catalog(suites)

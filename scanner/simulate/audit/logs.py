"""Reads what runtimes print of algorithms: the JVM when told to, Go when it refuses one.

The output is hostile: it is bounded before it comes here, and what is taken from it is short.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from scanner.model import AlgorithmCall, FactKind
from scanner.simulate.go_switches import honors_fips140
from scanner.simulate.plan import Facts

_MOST = 500
"""Different calls that are kept of one log."""
# `Provider: Cipher.AES/GCM/NoPadding, mode: encryption, algorithm from: SunJCE`. Newer JDKs say
# in brackets where and when.
_JAVA = re.compile(
    r"^Provider(?:\[[^\]\n]{1,200}\])?: (?P<engine>[A-Z]\w{1,30})\.(?P<name>[\w/+.-]{1,80}?),?"
    r"(?: mode: [^,\n]{1,40},)?(?: (?:signing|verification|encryption|decryption))?"
    r" algorithm from: (?P<provider>[\w .-]{1,60})$",
    re.MULTILINE,
)
_JAVA_REFUSED = re.compile(
    r"NoSuchAlgorithmException: (?:Cannot find any provider supporting (?P<cipher>[\w/+.-]{1,80})"
    r"|(?P<name>[\w/+.-]{1,80}) (?P<engine>[A-Z]\w{1,30}) not available)"
)
_JAVA_OWN = frozenset({"KeyStore", "SecureRandom", "KeyManagerFactory", "TrustManagerFactory"})
_GO = re.compile(
    r"(?P<package>[a-z][\w./]{2,60}): use of (?P<what>[\w /.-]{2,80}?) (?:is|are) not allowed in "
    r"FIPS 140-only mode"
)


def java_calls(log: str, facts: Facts) -> Iterator[AlgorithmCall]:
    """What JVMs were asked for, whoever asked; a refusal shows where the program prints it."""
    homes = sorted({each.text("home") for each in facts.of(FactKind.JAVA_RUNTIME)} - {""})
    # Of several it is not known which one printed.
    program = f"{homes[0]}/bin/java" if len(homes) == 1 else ""
    found = Counter(
        (hit["engine"], hit["name"], hit["provider"])
        for hit in _JAVA.finditer(log)
        if hit["engine"] not in _JAVA_OWN and not hit["name"].startswith("SunTls")
    )
    for (engine, name, provider), count in sorted(found.items())[:_MOST]:
        yield AlgorithmCall(program, f"java {engine}", name, provider, count=count)
    refused = Counter(
        (hit["engine"] or "Cipher", hit["name"] or hit["cipher"])
        for hit in _JAVA_REFUSED.finditer(log)
    )
    for (engine, name), count in sorted(refused.items())[:_MOST]:
        yield AlgorithmCall(program, f"java {engine}", name, count=count, failed=count)


def go_calls(log: str, facts: Facts) -> Iterator[AlgorithmCall]:
    """What Go refused because of `fips140=only`. It prints nothing of what it grants."""
    programs = [build.path for build in facts.go_builds if honors_fips140(build)]
    program = programs[0] if len(programs) == 1 else ""
    found = Counter((hit["package"], hit["what"]) for hit in _GO.finditer(log))
    for (package, what), count in sorted(found.items())[:_MOST]:
        yield AlgorithmCall(program, f"go {package}", what, count=count, failed=count)

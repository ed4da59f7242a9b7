"""Reads what was noted of a container that ran, and turns it into calls, facts and gaps.

Takes names from the record and nothing else: everything in it may have been written by anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from scanner.facts import fact
from scanner.model import AlgorithmCall, Fact, FactKind, Gap, GapKind
from scanner.rulebook import RuleBook
from scanner.simulate.audit.logs import go_calls, java_calls
from scanner.simulate.audit.preload import runs_dynamic
from scanner.simulate.audit.record import PATH, SIZE, Noted, Record, read_record
from scanner.simulate.box import Box
from scanner.simulate.node import NodeBox
from scanner.simulate.plan import Facts

_MOST = 2000
"""Different calls that are kept of one container."""
_OPTED_OUT, _AS_SERVER = "(-fips)", "(server)"
_HANDSHAKES = frozenset({"SSL_do_handshake", "SSL_accept", "SSL_connect", "gnutls_handshake"})
_LOOK_UPS = frozenset({"EVP_get_digestbyname", "EVP_get_cipherbyname"})
_NO_ALGORITHM = frozenset(
    {
        "SSL_CTX_new",
        "SSL_CTX_new_ex",
        "SSL_CTX_set_cipher_list",
        "SSL_CTX_set_ciphersuites",
        "SSL_set_cipher_list",
        "SSL_set_ciphersuites",
        "SSL_CTX_ctrl",
        "SSL_ctrl",
        "gnutls_priority_init",
        "gnutls_priority_set_direct",
        "OSSL_PROVIDER_load",
        "EVP_default_properties_enable_fips",
        "FIPS_mode_set",
    }
)
"""Functions that are given settings; a setting may have the name of an algorithm."""
_RANK = ("no", "limited", "yes")
_LIBRARIES = ("libcrypto", "libgcrypt", "libgnutls", "libnss3")
_NAMED = 6


def read_calls(
    box: Box, facts: Facts, rules: RuleBook
) -> tuple[tuple[AlgorithmCall, ...], tuple[Gap, ...]]:
    """The calls of a container that ran with the audit, whether it has ended or not.

    Those of crypto libraries among themselves are not counted: no program asked for them.
    """
    log = box.log()[0].decode("utf-8", "replace")
    told = [*java_calls(log, facts), *go_calls(log, facts)]
    content = box.read_file(PATH, SIZE)
    record = read_record(content) if content is not None else None
    noted = list(_merged(record.calls, facts)) if record is not None else []
    calls = [replace(each, approved=_known(_approval(each, rules))) for each in (*noted, *told)]
    calls.sort(key=lambda each: (each.program, each.algorithm, each.api, each.library))
    expected = content is not None or runs_dynamic(facts)
    gaps = (*_gaps(record, len(calls), expected), *_without_us(box, record))
    return tuple(calls[:_MOST]), gaps


def _without_us(box: Box, record: Record | None) -> Iterator[Gap]:
    """Programs that the supervisor saw open a crypto library, and that did not load ours."""
    if record is None or not isinstance(box, NodeBox):
        return
    opened = {
        each.program
        for each in box.node_log().programs()
        if any(path.rpartition("/")[2].startswith(_LIBRARIES) for path in each.opened)
    }
    names = sorted(opened - record.programs)
    if names:
        more = f" and {len(names) - _NAMED} more" if names[_NAMED:] else ""
        reason = (
            "these programs ran without the interposer, as set-uid ones do and those that are "
            "started with other variables, so what they ask for was not seen: "
            f"{', '.join(names[:_NAMED])}{more}"
        )
        yield Gap(GapKind.NOT_SUPPORTED, "audit", reason, caps=False)


def _gaps(record: Record | None, calls: int, expected: bool) -> Iterator[Gap]:
    if record is None and expected:
        reason = "the record of algorithms was removed or overwritten in the container"
        yield Gap(GapKind.UNREADABLE, "audit", reason, caps=False)
    if record is not None and not record.programs:
        reason = "no program of the container loaded the interposer, so it saw nothing"
        yield Gap(GapKind.NOTHING_OBSERVED, "audit", reason, caps=False)
    if record is not None and (record.dropped or calls > _MOST):
        reason = "more algorithms were asked for than are noted; the rest is missing"
        yield Gap(GapKind.TOO_MANY, "audit", reason, caps=False)


@dataclass(slots=True)
class _Sum:
    count: int
    refused: int
    most: int
    caller: str
    algorithm: str


def _merged(noted: Iterable[Noted], facts: Facts) -> Iterator[AlgorithmCall]:
    """One call for each thing asked for, whatever the place; the place that asked most is named."""
    files = frozenset(elf.path for elf in facts.of(FactKind.ELF))
    sums: dict[tuple[str, str, str, str], _Sum] = {}
    for each in noted:
        api = each.api + (_OPTED_OUT if each.opted_out else "") + (_AS_SERVER * each.server)
        key = (each.program, api, _folded(each), _in_image(each.library, files))
        caller = f"{_in_image(each.caller, files)}+{each.offset:#x}" if each.caller else ""
        found = sums.setdefault(key, _Sum(0, 0, 0, "", each.algorithm))
        found.count += each.count
        found.refused += each.refused
        if each.count > found.most:
            found.most, found.caller = each.count, caller
    for (program, api, _, library), found in sums.items():
        yield AlgorithmCall(
            program=program,
            api=api,
            algorithm=found.algorithm,
            library=library,
            caller=found.caller,
            count=found.count,
            failed=found.refused,
        )


def _folded(noted: Noted) -> str:
    """The name without its case, where that means nothing: `md5` and `MD5` are one algorithm."""
    return noted.algorithm if noted.api in _NO_ALGORITHM else noted.algorithm.upper()


def _in_image(path: str, files: frozenset[str]) -> str:
    """A path by its name in the image: the loader knows `/lib/x`, the image `/usr/lib/x`."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in ("", ".", ".."):
            parts.append(part)
    plain = "/" + "/".join(parts)
    if path.startswith("/") and plain not in files and f"/usr{plain}" in files:
        return f"/usr{plain}"
    return plain if path.startswith("/") else path


# --- what the rules say of it ----------------------------------------------------------------


def _known(approval: str) -> bool | None:
    return None if not approval else approval != "no"


def _approval(call: AlgorithmCall, rules: RuleBook) -> str:
    """`yes`, `limited`, `no`, or `""` where no rule knows what was asked for."""
    api = call.api.partition("(")[0]
    if api in _NO_ALGORITHM:
        return ""
    if api in _HANDSHAKES:
        return _tls_approval(call.algorithm, rules)
    name = call.algorithm
    if whole := rules.algorithms.find(name):
        return whole.approved
    # `SHA256withRSA`, `PBKDF2-SHA256`, `DES/ECB/PKCS5Padding`: as good as the worst of its parts.
    parts = re.split(r"with|and", name, flags=re.IGNORECASE)
    if not parts[1:]:
        parts = [name.partition("/")[0]] if "/" in name else name.split("-", 1)
    ranks = [rule.approved for part in parts if (rule := rules.algorithms.find(part))]
    if "no" in ranks or len(ranks) == len(parts):
        return min(ranks, key=_RANK.index)
    return ""


def _tls_approval(name: str, rules: RuleBook) -> str:
    known: dict[str, bool] = {}
    for each in (*rules.tls.suites, *rules.tls.groups, *rules.tls.protocols):
        known[each.name.upper().replace(" ", "").replace("TLSV", "TLS")] = each.approved
    found = known.get(name.upper().replace("TLSV1", "TLS1").replace(" ", ""))
    if found is None and name.upper() in ("TLSV1", "TLS1"):
        found = known.get("TLS1.0")
    return "" if found is None else "yes" if found else "no"


def call_facts(calls: Sequence[AlgorithmCall], condition: str, rules: RuleBook) -> tuple[Fact, ...]:
    """The facts of a run's calls that say something of a program's use of algorithms.

    Left out are look-ups by name that found something, since nothing was computed; what a call
    itself declared not to be for security; and what clients chose, who are the scanner's own.
    """
    return tuple(
        fact(
            FactKind.ALGORITHM_CALL,
            call.program,
            condition=condition,
            library=call.library,
            api=call.api,
            algorithm=call.algorithm,
            caller=call.caller,
            count=call.count,
            refused=_refused(call),
            approved=_approval(call, rules),
            evidence=(_sentence(call),),
        )
        for call in calls
        if not call.api.endswith((_OPTED_OUT, _AS_SERVER))
        and not (call.api in _LOOK_UPS and not call.failed)
    )


def _refused(call: AlgorithmCall) -> str:
    if not call.failed:
        return "none"
    return "all" if call.failed >= call.count else "some"


def _sentence(call: AlgorithmCall) -> str:
    whom = f" of {call.library}" if call.library else ""
    place = f", from {call.caller}" if call.caller else ""
    times = "once" if call.count == 1 else f"{call.count} times"
    end = {"none": "granted", "all": "refused", "some": f"refused {call.failed} times"}
    return (
        f"{call.program or 'a program'}: {call.algorithm} by {call.api}{whom}, {times}, "
        f"{end[_refused(call)]}{place}"
    )

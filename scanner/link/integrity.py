"""Says whether modules are as they were when their integrity checksums were made.

Compares what inspectors computed with what the files say that each module would read; opens no
file. Where it is not sure which key a module uses, it says `unknown` and never `altered`.
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.facts import fact
from scanner.formats.checksums import signed
from scanner.link.world import Linked, World
from scanner.model import Fact, FactKind

_OPENSSL = "openssl"
_FIPSCHECK = "fipscheck"
_MODULES = (
    ("libcrypto", _OPENSSL),
    ("libssl", _OPENSSL),
    ("libgcrypt", "libgcrypt"),
    ("libgnutls", "gnutls"),
    ("libnettle", "gnutls"),
    ("libhogweed", "gnutls"),
    ("libgmp", "gnutls"),
    ("libsoftokn3", "nss"),
    ("libfreebl", "nss"),
    ("libnssdbm3", "nss"),
)
_NOTHING = "0" * 64


def link(world: World) -> Linked:
    """INTEGRITY_STATE facts: one for each file that a module checks when it starts."""
    states: list[Fact] = []
    for each in world.facts.of(FactKind.INTEGRITY):
        form = each.text("form")
        if form == "openssl-provider":
            states.extend(_provider(world, each))
        elif form == "hmac":
            states.extend(_hmac(world, each))
        elif form == "chk":
            states.append(_chk(world, each))
    return Linked(tuple(states))


def _state(
    seen: Fact, module: str, state: str, stored_in: str = "", expected: str = "", why: str = ""
) -> Fact:
    computed = seen.text("computed")
    if state in ("intact", "altered") and expected:
        why = f"{stored_in or seen.path} says {expected[:16]}…, its bytes give {computed[:16]}…"
    return fact(
        FactKind.INTEGRITY_STATE,
        seen.path,
        evidence=(f"{seen.path}: {why}",) if why else (),
        module=module,
        form=seen.text("form"),
        state=state,
        stored_in=stored_in,
    )


def _compared(seen: Fact, module: str, stored_in: str, expected: str, *, sure: bool = True) -> Fact:
    if expected == seen.text("computed"):
        return _state(seen, module, "intact", stored_in, expected)
    if sure:
        return _state(seen, module, "altered", stored_in, expected)
    why = "it does not hold the key of its checksum, which may be another than the usual one"
    return _state(seen, module, "unknown", stored_in, why=why)


# --- OpenSSL 3 -----------------------------------------------------------------------------


def _provider(world: World, seen: Fact) -> Iterator[Fact]:
    code = world.facts.one(FactKind.MODULE_CODE, seen.path)
    module = code.text("module") if code else "openssl-fips-provider"
    if not seen.text("key"):
        why = "it does not hold the usual key of OpenSSL's checksum"
        yield _state(seen, module, "unknown", why=why)
        return
    if stored := seen.text("stored"):
        if stored == _NOTHING:
            yield _state(seen, module, "missing", seen.path, why="its checksum was never put in")
        else:
            yield _compared(seen, module, seen.path, stored)
        return
    readers = [
        each
        for each in world.facts.of(FactKind.OPENSSL_STATE)
        if each.text("provider") == seen.path
    ]
    said = {each.text("module_mac"): each for each in readers if each.text("module_mac")}
    for expected, reader in sorted(said.items()):
        yield _compared(seen, module, reader.text("config"), expected)
    if said:
        return
    if lacking := next((each for each in readers if each.flag("fips_listed")), None):
        why = f"{lacking.text('config')} holds no module-mac"
        yield _state(seen, module, "missing", why=why)
    else:
        why = "no OpenSSL configuration that is in effect holds its checksum"
        yield _state(seen, module, "unknown", why=why)


# --- .hmac ---------------------------------------------------------------------------------


def _hmac(world: World, seen: Fact) -> Iterator[Fact]:
    name = seen.path.rpartition("/")[2]
    module = next(module for beginning, module in _MODULES if name.startswith(beginning))
    if stored := seen.text("stored"):
        if stored == _NOTHING:
            yield _state(seen, module, "missing", seen.path, why="its checksum was never put in")
        else:
            yield _compared(seen, module, seen.path, stored)
        return
    keyed = bool(seen.text("key"))
    sure = keyed or _vouched_for(world, module)
    for stored_in, expected in _said_of(world, seen.path):
        yield _compared(seen, module, stored_in, expected, sure=sure)
        return
    if keyed:
        yield _state(seen, module, "missing", why="it checks itself, and has no .hmac file")


def _vouched_for(world: World, module: str) -> bool:
    """Whether the library that checks the others of `module` is there, with the usual key."""
    leaders = ("libcrypto", "libgnutls")
    return any(
        each.text("key") == _FIPSCHECK
        and each.path.rpartition("/")[2].startswith(leaders)
        and dict(_MODULES).get(each.path.rpartition("/")[2].split(".")[0].split("-")[0]) == module
        for each in world.facts.of(FactKind.INTEGRITY)
    )


def _said_of(world: World, path: str) -> Iterator[tuple[str, str]]:
    """Which file says which checksum of the library: beside it, or GnuTLS's for several."""
    for each in world.facts.of(FactKind.INTEGRITY_FILE):
        if each.text("form") != "hmac":
            continue
        for said in each.texts("says"):
            covered, _, checksum = said.rpartition("=")
            if world.view.resolve(covered or each.text("covers")) == path:
                yield each.path, checksum


# --- NSS -----------------------------------------------------------------------------------


def _chk(world: World, seen: Fact) -> Fact:
    beside = seen.path.removesuffix(".so") + ".chk"
    found = world.view.resolve(beside)
    file = world.facts.one(FactKind.INTEGRITY_FILE, found) if found else None
    if found is None:
        return _state(seen, "nss", "missing", why=f"{beside} is not there")
    if file is None or not file.texts("says"):
        return _state(seen, "nss", "unknown", found, why=f"{found} is of an unknown form")
    good = signed(file.texts("says"), seen.text("computed"))
    if good is None:
        why = f"{found} brings a key of its own, which was not there when the library was read"
        return _state(seen, "nss", "unknown", found, why=why)
    why = f"the signature in {found} is {'one' if good else 'not one'} of its bytes"
    return _state(seen, "nss", "intact" if good else "altered", found, why=why)

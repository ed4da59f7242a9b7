"""Says what a Windows image brings of its own cryptography, and that Windows' own is the host's.

Only code inside the image's files is a use here: which mode Windows' own modules are in is a
policy of the machine that runs the container. Opens no file and judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.facts import fact
from scanner.link.module_state import serve
from scanner.link.world import Linked, World
from scanner.model import Activation, CryptoUse, Fact, FactKind, UseKind

_OWN_LIBRARIES = {
    "bcrypt.dll": "CNG",
    "ncrypt.dll": "CNG key storage",
    "crypt32.dll": "certificates of CryptoAPI",
    "cryptsp.dll": "CryptoAPI",
    "secur32.dll": "Schannel",
    "schannel.dll": "Schannel",
    "sspicli.dll": "Schannel",
}
"""Libraries of Windows through which programs reach its modules."""
_SYSTEM = ("/files/windows/", "/utilityvm/", "/hives/")
_MAX_EVIDENCE = 40


def link(world: World) -> Linked:
    """Uses of code in PE files, and the fact that the image is for Windows."""
    if world.config.platform.os != "windows":
        return Linked()
    callers = tuple(_callers(world))[:_MAX_EVIDENCE]
    system = fact(FactKind.OS_RELEASE, "", id="windows", name="Windows", evidence=callers)
    codes = tuple(_codes(world))
    return Linked(facts=(system, *codes), uses=tuple(_uses(world, codes)))


def _own(world: World) -> Iterator[Fact]:
    """The image's own PE files: those of Windows are the same in every image."""
    for each in world.facts.of(FactKind.PE):
        if not each.path.lower().startswith(_SYSTEM):
            yield each


def _callers(world: World) -> Iterator[str]:
    for each in _own(world):
        names = {name.lower() for name in each.texts("imports")} & _OWN_LIBRARIES.keys()
        if names:
            yield f"{each.path} imports {', '.join(sorted(names))}"


def _uses(world: World, codes: Iterable[Fact]) -> Iterator[CryptoUse]:
    for code in codes:
        served = serve(code, world)
        has_mode = served.activation is not Activation.NONE
        yield CryptoUse(
            consumer=code.path,
            kind=UseKind.STATIC,
            module=served.module,
            activation=Activation.UNKNOWN if has_mode else Activation.NONE,
            activation_reason=(
                "its configuration on Windows was not looked into" if has_mode else served.reason
            ),
            evidence=code.evidence[:4],
        )


def _codes(world: World) -> Iterator[Fact]:
    """Module code in PE files; in an image for another system nothing of it runs."""
    for each in _own(world):
        for held in each.texts("modules"):
            module, _, version = held.partition(" ")
            yield fact(
                FactKind.MODULE_CODE,
                each.path,
                evidence=each.evidence,
                module=module,
                version=version,
                form="pe",
            )

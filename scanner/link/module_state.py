"""Says which module answers behind a piece of crypto code, and whether its mode is on.

For OpenSSL the state of the library decides, for others the module's rule, the image's
environment and what the build reads. Opens no file and judges nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from scanner.link.openssl import OPENSSL, Served, served_by
from scanner.link.world import World
from scanner.model import Activation, Fact, Module
from scanner.rulebook import ModuleRule


def serve(code: Fact, world: World) -> Served:
    """The module that answers behind the crypto code `code`.

    Behind OpenSSL 3 that is the FIPS provider, where the image has one for this library.
    """
    of_openssl = served_by(world, code.path) if code.text("module") == OPENSSL else None
    if of_openssl is not None:
        return of_openssl
    rule = world.rules.modules.get(code.text("module"))
    module = Module(
        id=code.text("module"),
        name=rule.name if rule else code.text("module"),
        version=code.text("version"),
        path=code.path,
    )
    activation, reason = _activation(code, rule, world)
    return Served(module, None, activation, reason)


def _activation(code: Fact, rule: ModuleRule | None, world: World) -> tuple[Activation, str]:
    if rule is None:
        return Activation.UNKNOWN, "no rule says how its approved mode is switched on"
    if rule.approved_mode == "provider":
        return Activation.UNKNOWN, "the state of this library could not be made out"
    if rule.approved_mode == "none":
        return Activation.NONE, f"this build of {rule.name} has no approved mode"
    if rule.approved_mode == "build":
        # Such a module is told by what only its FIPS build holds.
        return Activation.ON, f"{rule.name} runs in its approved mode or not at all"
    if rule.fingerprint and rule.fingerprint.fips and not code.text("fips"):
        return Activation.NONE, "this build has no approved mode"
    switches = rule.enforce.env if rule.enforce else {}
    if forced := _forced_by(switches, world):
        return Activation.ON, f"{forced} is set in {world.start.variables[forced].source}"
    if untold := world.start.unknown(*switches):
        return Activation.UNKNOWN, untold
    for path in rule.switch_files:
        if world.view.exists(path):
            return Activation.ON, f"{path} is in the image"
    if code.flag("reads_kernel_flag"):
        return Activation.HOST, "reads the node's FIPS flag"
    return Activation.OFF, "this build does not read the node's FIPS flag"


def _forced_by(switches: Mapping[str, str], world: World) -> str:
    """The first of `switches` that the image's environment sets to something but off."""
    for name in switches:
        if world.start.get(name) not in (None, "", "0"):
            return name
    return ""

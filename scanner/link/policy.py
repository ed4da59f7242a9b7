"""Says which of the system's policies are in effect, and where they contradict each other.

Looks at the file tree for links and programs; opens no file and judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.facts import fact
from scanner.link.programs import file_at
from scanner.link.world import Linked, World
from scanner.model import Fact, FactKind

_BACK_ENDS = "/etc/crypto-policies/back-ends"
_POLICIES = "/usr/share/crypto-policies/"
_PROGRAMS = {
    "openssh-server": ("/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd"),
    "openssh-client": ("/usr/bin/ssh", "/usr/local/bin/ssh"),
}
_TOPICS = {"Ciphers": "ciphers", "MACs": "macs", "KexAlgorithms": "kex"}
_WIREGUARD = frozenset({"wg", "wireguard-go", "boringtun", "boringtun-cli"})
_SETUP = "fips-mode-setup"


def link(world: World) -> Linked:
    """Settings of OpenSSH in effect, contradictions of crypto-policies, and WireGuard."""
    return Linked((*_ssh(world), *_contradictions(world), *_wireguard(world), *_setup(world)))


def _policies(world: World, component: str) -> list[Fact]:
    stated = world.facts.of(FactKind.SYSTEM_POLICY)
    return [each for each in stated if each.text("component") == component]


def _reached(world: World, paths: tuple[str, ...]) -> tuple[str, str]:
    """The first of the programs that is there, and whether the image starts it."""
    for path in paths:
        found = file_at(path, world.view)
        if found is not None:
            return found, "started" if found in world.start.programs else "installed"
    return "", "no"


# --- OpenSSH -------------------------------------------------------------------------------


def _ssh(world: World) -> Iterator[Fact]:
    for component, programs in _PROGRAMS.items():
        program, reached = _reached(world, programs)
        seen: set[tuple[str, str]] = set()
        # Both Debian and Red Hat include the folder at the top, and the first value counts.
        stated = sorted(
            _policies(world, component), key=lambda each: (".d/" not in each.path, each.path)
        )
        for each in stated:
            setting = (each.text("name"), each.text("block"))
            yield _setting(each, component, program, "no" if setting in seen else reached)
            seen.add(setting)


def _setting(policy: Fact, component: str, program: str, reached: str) -> Fact:
    only = policy.text("state") == "only-unapproved"
    return fact(
        FactKind.SETTING_IN_EFFECT,
        policy.path,
        evidence=policy.evidence,
        software=component,
        program=program,
        directive=policy.text("name"),
        value=policy.text("value"),
        line=policy.number("line"),
        block=policy.text("block"),
        topic=_TOPICS.get(policy.text("name"), "keys"),
        state="",
        written=True,
        algorithms=(),
        unapproved=policy.texts("unapproved"),
        unknown=(),
        only_unapproved=only,
        refused=only,
        advice=policy.text("advice"),
        reached=reached,
    )


# --- crypto-policies -----------------------------------------------------------------------


def _contradictions(world: World) -> Iterator[Fact]:
    stated = {each.path.rpartition("/")[2]: each for each in _policies(world, "crypto-policies")}
    asked = stated.get("config")
    if asked is None:
        return
    wanted = asked.text("value")
    made = stated.get("current")
    if made is not None and made.text("value") != wanted:
        yield _contradiction(made, wanted, made.text("value"), "was generated last")
    for child in world.view.children(_BACK_ENDS):
        target = world.view.resolve(child) or ""
        if target.startswith(_POLICIES):
            policy = target.removeprefix(_POLICIES).partition("/")[0]
            if policy.isupper() and policy != wanted.partition(":")[0]:
                yield _contradiction(asked, wanted, policy, f"is what {child} leads to")


def _contradiction(where: Fact, wanted: str, found: str, how: str) -> Fact:
    return fact(
        FactKind.SYSTEM_POLICY,
        where.path,
        evidence=(f"/etc/crypto-policies/config asks for {wanted}, and {found} {how}",),
        component="crypto-policies",
        name="contradiction",
        value=found,
        state="fips" if wanted.startswith("FIPS") else "default",
        advice=f"update-crypto-policies --set {wanted}",
    )


# --- others --------------------------------------------------------------------------------


def _wireguard(world: World) -> Iterator[Fact]:
    for each in world.facts.of(FactKind.ELF):
        name = each.path.rpartition("/")[2]
        if name in _WIREGUARD and each.flag("executable"):
            started = each.path in world.start.programs
            yield fact(
                FactKind.SYSTEM_POLICY,
                each.path,
                evidence=(
                    f"{each.path}: ChaCha20-Poly1305, Curve25519 and BLAKE2s, and no others",
                ),
                component="wireguard",
                name=name,
                value="",
                state="unapproved",
                unapproved=("ChaCha20-Poly1305", "X25519", "BLAKE2s"),
                reached="started" if started else "installed",
            )


def _setup(world: World) -> Iterator[Fact]:
    for number, step in enumerate(world.config.created_by):
        if _SETUP in step and "--enable" in step:
            yield fact(
                FactKind.SYSTEM_POLICY,
                "",
                evidence=(f"layer {number}: {step[:200]}",),
                component=_SETUP,
                name="--enable",
                value="",
                state="fips",
            )
            return

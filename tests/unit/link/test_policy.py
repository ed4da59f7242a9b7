"""Which policies are in effect, and which contradict each other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.facts import fact
from scanner.link.policy import link
from scanner.link.world import World
from scanner.model import Fact, FactKind

from .worlds import elf, world

CONFIG = "/etc/crypto-policies/config"
BACK_END = "/etc/crypto-policies/back-ends/openssl.config"
GENERATED = "/usr/share/crypto-policies/DEFAULT/openssl.txt"


def policy(path: str, component: str, name: str, value: str, state: str = "default") -> Fact:
    return fact(
        FactKind.SYSTEM_POLICY,
        path,
        component=component,
        name=name,
        value=value,
        line=1,
        state=state,
    )


def ciphers(path: str, value: str, state: str = "only-unapproved") -> Fact:
    return policy(path, "openssh-server", "Ciphers", value, state)


def started(image: World, *command: str) -> World:
    return replace(image, config=replace(image.config, entrypoint=command))


def settings(image: World) -> dict[str, tuple[str, bool]]:
    return {
        each.path: (each.text("reached"), each.flag("refused"))
        for each in link(image).facts
        if each.kind is FactKind.SETTING_IN_EFFECT
    }


def contradictions(image: World) -> list[tuple[str, str]]:
    return [
        (each.path, each.text("value"))
        for each in link(image).facts
        if each.text("name") == "contradiction"
    ]


def test_the_server_reads_it_where_the_image_starts_it() -> None:
    path = "/etc/ssh/sshd_config"
    image = world(elf("/usr/sbin/sshd"), ciphers(path, "arcfour"))
    assert settings(image) == {path: ("installed", True)}
    assert settings(started(image, "/usr/sbin/sshd", "-D")) == {path: ("started", True)}
    assert settings(world(ciphers(path, "arcfour"))) == {path: ("no", True)}


def test_of_two_files_the_one_that_is_included_first_counts() -> None:
    main, first = "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/10-a.conf"
    image = world(
        elf("/usr/sbin/sshd"),
        ciphers(main, "arcfour"),
        ciphers(first, "aes256-ctr", "approved"),
    )
    assert settings(image) == {first: ("installed", False), main: ("no", True)}


def test_a_back_end_of_another_policy_contradicts() -> None:
    asked = policy(CONFIG, "crypto-policies", "policy", "FIPS", "fips")
    image = world(asked, extra=[GENERATED], links=[(BACK_END, GENERATED)])
    assert contradictions(image) == [(CONFIG, "DEFAULT")]


@pytest.mark.parametrize("wanted", ["DEFAULT", "DEFAULT:SHA1"])
def test_a_back_end_of_the_policy_itself_does_not(wanted: str) -> None:
    asked = policy(CONFIG, "crypto-policies", "policy", wanted)
    image = world(asked, extra=[GENERATED], links=[(BACK_END, GENERATED)])
    assert contradictions(image) == []


def test_the_state_that_was_generated_last_counts() -> None:
    current = "/etc/crypto-policies/state/current"
    image = world(
        policy(CONFIG, "crypto-policies", "policy", "FIPS", "fips"),
        policy(current, "crypto-policies", "policy", "DEFAULT"),
    )
    assert contradictions(image) == [(current, "DEFAULT")]
    assert contradictions(world(policy(CONFIG, "crypto-policies", "policy", "FIPS"))) == []


def test_wireguard_is_told_by_its_programs() -> None:
    image = world(elf("/usr/bin/wg", executable=True), elf("/usr/bin/ls", executable=True))  # type: ignore[arg-type]
    assert [(each.path, each.text("reached")) for each in link(image).facts] == [
        ("/usr/bin/wg", "installed")
    ]
    (found,) = link(started(image, "/usr/bin/wg", "show")).facts
    assert found.text("reached") == "started"


def test_fips_mode_setup_in_the_history() -> None:
    image = world()
    steps = ("RUN dnf install -y openssl", "RUN fips-mode-setup --enable")
    image = replace(image, config=replace(image.config, created_by=steps))
    (found,) = link(image).facts
    assert found.text("component") == "fips-mode-setup"
    checked = replace(image.config, created_by=("RUN fips-mode-setup --check",))
    assert link(replace(image, config=checked)).facts == ()

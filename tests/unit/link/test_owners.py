"""Which package a module comes from, and which programs count as the workload."""

from __future__ import annotations

import dataclasses

from scanner.facts import fact
from scanner.link.owners import fill_owners
from scanner.link.world import World
from scanner.model import CryptoUse, Fact, FactKind, Module, UseKind

from .scripts import script
from .worlds import elf, library, world

GCRYPT = "/usr/lib/x86_64-linux-gnu/libgcrypt.so.20"
APT = "/usr/bin/apt"


def starting(here: World, *command: str) -> World:
    return dataclasses.replace(here, config=dataclasses.replace(here.config, cmd=command))


def listing(name: str, *files: str) -> tuple[Fact, Fact]:
    return (
        fact(FactKind.PACKAGE, manager="dpkg", name=name, version="1.2-3", source=name),
        fact(FactKind.PACKAGE_FILES, manager="dpkg", name=name, files=files),
    )


def use(consumer: str) -> CryptoUse:
    return CryptoUse(consumer, UseKind.LINKED, Module("libgcrypt", "Libgcrypt", "1.10", GCRYPT))


def test_a_tool_is_a_tool_until_the_image_starts_it() -> None:
    here = world(elf(APT), *listing("apt", APT))
    [idle] = fill_owners([use(APT)], here)
    assert (idle.role, idle.started) == ("tool", False)
    [started] = fill_owners([use(APT)], starting(here, "apt", "update"))
    assert (started.role, started.started) == ("workload", True)


def test_checksums_of_the_base_system_count_where_the_image_starts_them() -> None:
    # Debian 13 links them with libcrypto, in every image.
    tool = "/usr/bin/sha256sum"
    here = world(elf(tool), script("/start.sh", "sha256sum"), *listing("coreutils", tool))
    [idle] = fill_owners([use(tool)], here)
    assert idle.role == "tool"
    [started] = fill_owners([use(tool)], starting(here, "/start.sh"))
    assert started.role == "workload"


def test_what_a_start_script_runs_is_started_and_so_on() -> None:
    here = starting(
        world(
            elf(APT),
            script("/start.sh", "/inner.sh", "/start.sh"),
            script("/inner.sh", "cd /", "apt"),
            *listing("apt", APT),
        ),
        "/start.sh",
    )
    assert here.start.programs == {"/start.sh", "/inner.sh", APT}
    [started] = fill_owners([use(APT)], here)
    assert started.role == "workload"


def test_other_packages_are_workload() -> None:
    here = world(elf("/usr/bin/curl"), *listing("curl", "/usr/bin/curl"))
    [found] = fill_owners([use("/usr/bin/curl")], here)
    assert found.role == "workload"


def test_a_module_gets_its_package_through_a_merged_usr() -> None:
    here = world(
        elf("/usr/bin/curl"),
        library(GCRYPT),
        *listing("libgcrypt20", "/lib/x86_64-linux-gnu/libgcrypt.so.20"),
        links=[("/lib", "usr/lib")],
    )
    [found] = fill_owners([use("/usr/bin/curl")], here)
    assert found.module.package == "libgcrypt20 1.2-3"


def test_without_a_package_database_nothing_is_claimed() -> None:
    [found] = fill_owners([use(APT)], world(elf(APT)))
    assert (found.module.package, found.role) == ("", "workload")

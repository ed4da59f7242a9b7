"""What is said of an image for Windows."""

from __future__ import annotations

from dataclasses import replace

from scanner.facts import fact
from scanner.link.windows import link
from scanner.link.world import World
from scanner.model import Activation, Fact, FactKind, Platform

from .worlds import code, world


def pe(path: str, *imports: str) -> Fact:
    return fact(FactKind.PE, path, machine="x86_64", managed=False, imports=imports)


def windows(*facts: Fact) -> World:
    image = world(*facts)
    return replace(image, config=replace(image.config, platform=Platform("windows", "amd64")))


def test_code_in_a_file_of_the_application_is_a_use() -> None:
    found = link(
        windows(
            pe("/Files/app/grpc.pyd", "bcrypt.dll", "KERNEL32.dll"),
            code("/Files/app/grpc.pyd", "boringssl", form="pe"),
            pe("/Files/app/crypto.dll"),
            code("/Files/app/crypto.dll", "openssl", "3.6.4", form="pe"),
        )
    )
    assert {(use.consumer, use.module.id, use.activation) for use in found.uses} == {
        ("/Files/app/grpc.pyd", "boringssl", Activation.NONE),
        ("/Files/app/crypto.dll", "openssl", Activation.UNKNOWN),
    }
    (system,) = found.facts
    assert system.text("id") == "windows"
    assert system.evidence == ("/Files/app/grpc.pyd imports bcrypt.dll",)


def test_the_files_of_windows_itself_are_no_use() -> None:
    path = "/Files/Windows/System32/x.dll"
    assert link(windows(pe(path, "bcrypt.dll"), code(path, "libressl", form="pe"))).uses == ()


def test_in_an_image_for_linux_such_files_say_nothing() -> None:
    path = "/usr/lib/python3/site-packages/nacl/_sodium.pyd"
    found = link(world(pe(path, "bcrypt.dll"), code(path, "libsodium", form="pe")))
    assert (found.uses, found.facts) == ((), ())

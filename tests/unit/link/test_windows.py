"""What is said of an image for Windows."""

from __future__ import annotations

from dataclasses import replace

from scanner.facts import fact
from scanner.link.windows import link
from scanner.link.world import World
from scanner.model import Activation, Fact, FactKind, Platform

from .worlds import world


def pe(path: str, *imports: str, modules: tuple[str, ...] = ()) -> Fact:
    return fact(
        FactKind.PE, path, machine="x86_64", managed=False, imports=imports, modules=modules
    )


def windows(*facts: Fact) -> World:
    image = world(*facts)
    return replace(image, config=replace(image.config, platform=Platform("windows", "amd64")))


def test_code_in_a_file_of_the_application_is_a_use() -> None:
    found = link(
        windows(
            pe("/Files/app/grpc.pyd", "bcrypt.dll", "KERNEL32.dll", modules=("boringssl",)),
            pe("/Files/app/crypto.dll", modules=("openssl 3.6.4",)),
        )
    )
    told = {(u.consumer, u.module.id, u.module.version, u.activation) for u in found.uses}
    assert told == {
        ("/Files/app/grpc.pyd", "boringssl", "", Activation.NONE),
        ("/Files/app/crypto.dll", "openssl", "3.6.4", Activation.UNKNOWN),
    }
    system, *_ = found.facts
    assert system.text("id") == "windows"
    assert system.evidence == ("/Files/app/grpc.pyd imports bcrypt.dll",)


def test_the_files_of_windows_itself_are_no_use() -> None:
    path = "/Files/Windows/System32/x.dll"
    assert link(windows(pe(path, "bcrypt.dll", modules=("libressl 3.8.2",)))).uses == ()


def test_in_an_image_for_linux_such_files_say_nothing() -> None:
    path = "/usr/lib/python3/site-packages/nacl/_sodium.pyd"
    found = link(world(pe(path, "bcrypt.dll", modules=("libsodium",))))
    assert (found.uses, found.facts) == ((), ())

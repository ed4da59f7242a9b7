"""What Go programs say of their build, from Go 1.15 to 1.27."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest

from scanner.formats.elf import ElfError, read_elf
from scanner.formats.go_buildinfo import (
    BuildInfoError,
    GoBuildInfo,
    parse_modules,
    read_build_info,
)

FIXTURES = Path(__file__).parents[2] / "fixtures" / "go"
PROGRAMS = sorted(p for p in FIXTURES.iterdir() if p.name.startswith("go1"))


def info(name: str) -> GoBuildInfo:
    stream = io.BytesIO((FIXTURES / name).read_bytes())
    found = read_build_info(stream, read_elf(stream))
    assert found is not None
    return found


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda p: p.name)
def test_the_version(path: Path) -> None:
    expected = path.name.split("-")[0].removeprefix("go")
    assert info(path.name).number.startswith(expected)


def test_strings_behind_pointers() -> None:
    found = info("go1.16-esbuild")
    assert found.main == "github.com/evanw/esbuild/cmd/esbuild"
    assert found.module == "github.com/evanw/esbuild@(devel)"
    assert found.dependencies == ("golang.org/x/sys@v0.0.0-20200501145240-bc7a7d42d5c3",)
    assert found.settings == {}


def test_inline_settings() -> None:
    found = info("go1.27-web-fips-v1.0.0-stripped")
    assert found.settings["GOFIPS140"] == "v1.0.0-c2097c7c"
    assert found.settings["-tags"] == "fips140v1.0"
    assert found.default_godebug("fips140") == "on"
    assert info("go1.27-web-fips-v1.0.0-no-sections") == found


def test_a_build_without_fips_says_nothing_of_it() -> None:
    found = info("go1.27-web")
    assert "GOFIPS140" not in found.settings
    assert found.default_godebug("fips140") == ""
    assert found.experiments == ()


@pytest.mark.parametrize("name", ["go1.27-web-boring-stripped", "go1.27-web-boring-nocgo"])
def test_the_experiment(name: str) -> None:
    found = info(name)
    assert found.version == "go1.27.3-X:boringcrypto"
    assert found.number == "1.27.3"
    assert found.experiments == ("boringcrypto",)


@pytest.mark.parametrize(
    ("version", "number", "suffix", "experiments"),
    [
        ("go1.22 X:boringcrypto", "1.22", " X:boringcrypto", ("boringcrypto",)),
        ("go1.27.3-X:boringcrypto", "1.27.3", "-X:boringcrypto", ("boringcrypto",)),
        ("go1.22.5 (Red Hat 1.22.5-1.el9) X:strictfipsruntime", "1.22.5",
         " (Red Hat 1.22.5-1.el9) X:strictfipsruntime", ("strictfipsruntime",)),
        ("go1.25.3-microsoft", "1.25.3", "-microsoft", ()),
        ("go1.28rc1", "1.28rc1", "", ()),
        ("devel go1.28-abcdef0 Mon Nov 2", "1.28", "-abcdef0 Mon Nov 2", ()),
        ("go1.21 X:aliastypeparams,boringcrypto", "1.21", " X:aliastypeparams,boringcrypto",
         ("aliastypeparams", "boringcrypto")),
        ("bedtime", "", "bedtime", ()),
    ],
)  # fmt: skip
def test_versions(version: str, number: str, suffix: str, experiments: tuple[str, ...]) -> None:
    found = GoBuildInfo(version)
    assert (found.number, found.suffix, found.experiments) == (number, suffix, experiments)


def test_the_last_setting_counts_and_only_under_its_own_name() -> None:
    found = GoBuildInfo(
        "go1.27.3", settings={"DefaultGODEBUG": "xfips140=only,fips140=on,fips140=off"}
    )
    assert found.default_godebug("fips140") == "off"


def test_replacements_and_quoted_settings() -> None:
    main, module, dependencies, settings = parse_modules(
        "path\tcmd/x\nmod\texample.com/x\tv1.0.0\th1:abc=\n"
        "dep\tgolang.org/x/crypto\tv0.1.0\th1:x=\n=>\texample.com/fork\tv9.9.9\th1:y=\n"
        'build\t-ldflags="-X \\"a=b\\" -s"\nbuild\tCGO_CFLAGS=\nbuild\t-tags=`a,b`\n'
    )
    assert (main, module, dependencies) == (
        "cmd/x",
        "example.com/x@v1.0.0",
        ("example.com/fork@v9.9.9",),
    )
    assert settings == {"-ldflags": '-X "a=b" -s', "CGO_CFLAGS": "", "-tags": "a,b"}


def test_a_program_of_another_language_has_none() -> None:
    stream = io.BytesIO((FIXTURES.parent / "elf" / "app-pie").read_bytes())
    assert read_build_info(stream, read_elf(stream)) is None


def test_any_damage_ends_in_a_result_or_an_error() -> None:
    chance = random.Random(1)
    for path in PROGRAMS:
        whole = path.read_bytes()
        for _ in range(60):
            damaged = bytearray(whole[: chance.choice([len(whole), chance.randrange(len(whole))])])
            for _ in range(6):
                if damaged:
                    damaged[chance.randrange(len(damaged))] = chance.choice([0, 0xFF, 0x80, 0x7F])
            stream = io.BytesIO(damaged)
            try:
                read_build_info(stream, read_elf(stream))
            except (ElfError, BuildInfoError):
                continue

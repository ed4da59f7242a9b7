"""Single-file programs and NativeAOT code, in the bytes of real ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scanner.image.files import WindowFile
from scanner.inspectors.binary import BinaryInspector
from scanner.model import Fact, FactKind, FileEntry, FileKind, Gap
from scanner.rulebook import RuleBook
from tests.fixtures.native.sparse import expand


@pytest.fixture(scope="module")
def inspector() -> BinaryInspector:
    return BinaryInspector(RuleBook.load())


def look(inspector: BinaryInspector, path: Path) -> tuple[dict[FactKind, Fact], list[Gap]]:
    size = path.stat().st_size
    descriptor = os.open(path, os.O_RDONLY)
    try:
        entry = FileEntry("/app/program", FileKind.FILE, size, 0o755, 0, 0)
        seen = list(inspector.inspect(WindowFile(entry, descriptor, 0)))
    finally:
        os.close(descriptor)
    return (
        {each.kind: each for each in seen if isinstance(each, Fact)},
        [each for each in seen if isinstance(each, Gap)],
    )


def test_a_single_file_program_is_a_program_and_a_runtime(
    inspector: BinaryInspector, tmp_path: Path
) -> None:
    facts, gaps = look(inspector, expand("metaengine-openapi-httpx-1.0.0", tmp_path))
    app, runtime = facts[FactKind.DOTNET_APP], facts[FactKind.DOTNET_RUNTIME]
    assert (app.text("form"), app.text("framework_version")) == ("single-file", "8.0.28")
    assert app.flag("self_contained")
    assert app.text("calls_crypto") == ""
    assert (runtime.text("version"), runtime.text("override")) == (
        "8.0.28",
        "CLR_OPENSSL_VERSION_OVERRIDE",
    )
    # What lies behind its end was read, so it is no archive that nobody looked into.
    assert FactKind.ARCHIVE not in facts
    assert not gaps


def test_what_a_native_library_inside_needs(inspector: BinaryInspector, tmp_path: Path) -> None:
    facts, _ = look(inspector, expand("fabmcp-1.0.0", tmp_path))
    app = facts[FactKind.DOTNET_APP]
    assert app.texts("natives") == ("libmsalruntime.so",)
    assert "libcrypto.so.3" in app.texts("needs")
    runtime = facts[FactKind.DOTNET_RUNTIME]
    assert (runtime.text("version"), runtime.text("override")) == (
        "10.0.5",
        "DOTNET_OPENSSL_VERSION_OVERRIDE",
    )


def test_code_of_nativeaot_without_cryptography(inspector: BinaryInspector, tmp_path: Path) -> None:
    facts, gaps = look(inspector, expand("geopack-2008-2.5.0-libgeopack.so", tmp_path))
    app = facts[FactKind.DOTNET_APP]
    assert (app.text("form"), app.text("calls_crypto")) == ("native-aot", "no")
    assert FactKind.DOTNET_RUNTIME not in facts
    assert not gaps


def test_code_of_nativeaot_that_calls_openssl(inspector: BinaryInspector, tmp_path: Path) -> None:
    facts, _ = look(inspector, expand("spire-barcode-7.3.0-Base.so", tmp_path))
    app, runtime = facts[FactKind.DOTNET_APP], facts[FactKind.DOTNET_RUNTIME]
    assert (app.text("form"), app.text("calls_crypto")) == ("native-aot", "")
    assert runtime.text("override") == "CLR_OPENSSL_VERSION_OVERRIDE"


def test_a_damaged_bundle_is_a_gap_and_stays_an_archive(
    inspector: BinaryInspector, tmp_path: Path
) -> None:
    path = expand("metaengine-openapi-httpx-1.0.0", tmp_path)
    with path.open("r+b") as file:
        file.seek(69_214_000)  # the manifest
        file.write(b"\xff" * 12)
    facts, gaps = look(inspector, path)
    assert FactKind.DOTNET_APP not in facts
    assert FactKind.ARCHIVE in facts
    assert "single-file bundle cannot be read" in gaps[0].reason


@pytest.mark.parametrize(
    ("name", "module"),
    [("pynacl-1.6.2-sodium.pyd", "libsodium"), ("grpcio-1.85.3-cygrpc.pyd", "boringssl")],
)
def test_modules_inside_files_for_windows(
    inspector: BinaryInspector, tmp_path: Path, name: str, module: str
) -> None:
    facts, _ = look(inspector, expand(name, tmp_path))
    # Stated as what the file holds: in an image for Linux it is no code that runs.
    assert facts[FactKind.PE].texts("modules") == (module,)
    assert FactKind.MODULE_CODE not in facts

"""Archives that nobody opens, and scripts with something packed behind them."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from scanner.image.files import MemoryFile
from scanner.inspectors.archives import MIN_PAYLOAD, ArchiveInspector
from scanner.inspectors.binary import make as make_binary
from scanner.model import Fact, FactKind, FileEntry, FileKind, Gap, GapKind
from scanner.rulebook import RuleBook

FIXTURES = Path(__file__).parents[2] / "fixtures" / "elf"

INSPECTOR = ArchiveInspector()


def inspect(path: str, data: bytes, mode: int = 0o755) -> list[Fact | Gap]:
    file = MemoryFile(FileEntry(path, FileKind.FILE, len(data), mode, 0, 0), data)
    return list(INSPECTOR.inspect(file)) if INSPECTOR.wants(file.entry, file.head) else []


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return out.getvalue()


@pytest.mark.parametrize(
    "member", ["lib/libcrypto.so.3", "a/_x.cpython-311-x86_64-linux-gnu.so", "b.jar", "bin/app"]
)
def test_archive_with_compiled_code_is_noted(member: str) -> None:
    [found] = inspect("/opt/app.pyz", zipped("readme.txt", member))
    assert isinstance(found, Fact)
    assert found.kind is FactKind.ARCHIVE
    assert found.text("form") == "native-zip"
    assert found.texts("members") == (member,)


def test_archive_of_texts_is_not() -> None:
    assert inspect("/opt/app.whl", zipped("a.py", "b.txt", "c.dist-info/METADATA")) == []


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_program_under_another_name_is_noted(method: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("readme", b"text " * 500)
        archive.writestr("assets/data.bin", (FIXTURES / "app-pie").read_bytes())
    [found] = inspect("/opt/app.zip", out.getvalue())
    assert isinstance(found, Fact)
    assert found.texts("members") == ("assets/data.bin",)


def test_archive_with_a_password_is_a_gap() -> None:
    data = bytearray(zipped("secret"))
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(mark) + offset] |= 1
    [gap] = inspect("/opt/app.zip", bytes(data))
    assert isinstance(gap, Gap)
    assert (gap.kind, gap.caps) == (GapKind.ENCRYPTED, True)


def test_broken_archive_is_a_gap() -> None:
    [gap] = inspect("/opt/app.zip", zipped("a.so")[:40])
    assert isinstance(gap, Gap)
    assert "cannot be listed" in gap.reason


@pytest.mark.parametrize("payload", [b"\x7fELF\x02\x01\x01", gzip.compress(b"x", mtime=0)])
def test_script_with_a_payload_is_noted(payload: bytes) -> None:
    script = b"#!/bin/sh\n" + b"# text\n" * (MIN_PAYLOAD // 6)
    [found] = inspect("/opt/installer.run", script + payload)
    assert isinstance(found, Fact)
    assert found.text("form") == "self-extracting"
    assert inspect("/opt/long.sh", script) == []
    assert inspect("/opt/installer.run", script + payload, mode=0o644) == []


def test_payload_on_the_border_of_two_chunks_is_found() -> None:
    border = b"#!/bin/sh\n".ljust((1 << 20) - 3, b"#")
    assert inspect("/opt/installer.run", border + b"\x7fELF\x02\x01\x01")


def tarred(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def test_compressed_programs_are_noted() -> None:
    program = b"\x7fELF\x02\x01\x01"
    [found] = inspect("/opt/APP.TGZ", tarred("bin/app", program))
    assert isinstance(found, Fact)
    assert (found.text("form"), found.texts("members")) == ("native-tar", ("bin/app",))
    assert inspect("/opt/site.tar.gz", tarred("index.html", b"<html>")) == []
    [found] = inspect("/opt/app.gz", gzip.compress(program))
    assert isinstance(found, Fact)
    assert found.texts("members") == ("",)
    assert inspect("/usr/share/doc/app/changelog.gz", gzip.compress(program)) == []


def test_an_image_in_an_archive_is_noted() -> None:
    [found] = inspect("/opt/image.tar.gz", tarred("blobs/sha256/0a", tarred("bin/app", b"\x7fELF")))
    assert isinstance(found, Fact)
    assert (found.text("form"), found.texts("members")) == ("nested", ("blobs/sha256/0a",))


@pytest.mark.parametrize("name", ["app.tar.zst", "app.7z", "cut.tar.gz"])
def test_what_cannot_be_unpacked_is_noted(name: str) -> None:
    [found] = inspect(f"/opt/{name}", tarred("bin/app", bytes(9000))[:30])
    assert isinstance(found, Fact)
    assert found.text("form") == "tar"


def test_script_with_an_archive_of_texts_is_no_gap() -> None:
    start = b"#!/usr/bin/env python3\n".ljust(MIN_PAYLOAD, b"#") + b"\n"
    assert inspect("/usr/bin/tool", start + zipped("__main__.py", "a/b.py")) == []
    [found] = inspect("/usr/bin/tool", start + zipped("__main__.py", "a/_b.so"))
    assert isinstance(found, Fact)
    assert found.text("form") == "native-zip"


def test_archive_behind_a_program_is_listed() -> None:
    program = (FIXTURES / "app-pie").read_bytes()
    binary = make_binary(RuleBook.load())

    def forms(more: bytes, program: bytes = program) -> list[str]:
        data = program + more
        file = MemoryFile(FileEntry("/app", FileKind.FILE, len(data), 0o755, 0, 0), data)
        found = [each for each in binary.inspect(file) if isinstance(each, Fact)]
        return [each.text("form") for each in found if each.kind is FactKind.ARCHIVE]

    padding = "x" * 5000
    assert forms(zipped("lib/_ssl.so", padding)) == ["native-zip"]
    assert forms(zipped("static/index.html", padding)) == []
    assert forms(gzip.compress(program) + bytes(5000)) == ["packed-behind-program"]
    assert forms(b"\1" * 5000) == ["data-behind-program"]
    assert forms(b"\1" * 5000, (FIXTURES / "libfoo-no-sections.so").read_bytes()) == []
    assert forms(b"") == []

"""Java archives, made with `zipfile`, whole and damaged."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from scanner.formats import jar as jar_format
from scanner.formats.jar import (
    Artifact,
    Jar,
    JarEncryptedError,
    JarError,
    JarTooLargeError,
    Problem,
    walk_jars,
)

MANIFEST = (
    b"Manifest-Version: 1.0\r\nMain-Class: com.example.App\r\nLong: aaa\r\n bbb\r\n"
    b"\r\nName: x\r\nMain-Class: not.this.One\r\n"
)
POM = b"#Generated\nversion=1.78.1\ngroupId=org.bouncycastle\nartifactId=bcprov-jdk18on\n"


def make_jar(entries: dict[str, bytes], *, stored: bool = False) -> bytes:
    out = io.BytesIO()
    method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def walk(data: bytes) -> list[Jar | Problem]:
    return list(walk_jars(io.BytesIO(data), len(data), "app.jar"))


INNER = make_jar(
    {"META-INF/maven/org.bouncycastle/bcprov-jdk18on/pom.properties": POM, "org/A.class": b"x"}
)


def test_manifest_names_artifacts_and_signature() -> None:
    data = make_jar(
        {
            "META-INF/MANIFEST.MF": MANIFEST,
            "META-INF/BCKEY.SF": b"",
            "META-INF/maven/org.bouncycastle/bcprov-jdk18on/pom.properties": POM,
        }
    )
    (only,) = walk(data)
    assert isinstance(only, Jar)
    assert only.manifest["Main-Class"] == "com.example.App"
    assert only.manifest["Long"] == "aaabbb"
    assert only.artifacts == (Artifact("org.bouncycastle", "bcprov-jdk18on", "1.78.1"),)
    assert only.signed
    assert only.read("META-INF/MANIFEST.MF") == MANIFEST


@pytest.mark.parametrize("stored", [True, False])
def test_archives_inside_are_walked_packed_or_not(stored: bool) -> None:
    middle = make_jar({"lib/bcprov.jar": INNER}, stored=stored)
    found = walk(make_jar({"BOOT-INF/lib/middle.jar": middle}, stored=stored))
    assert [each.inside for each in found] == [
        "",
        "BOOT-INF/lib/middle.jar",
        "BOOT-INF/lib/middle.jar!/lib/bcprov.jar",
    ]
    last = found[-1]
    assert isinstance(last, Jar)
    assert last.name == "bcprov.jar"
    assert last.artifacts[0].version == "1.78.1"


def test_a_launcher_in_front_shifts_all_offsets() -> None:
    data = b"#!/bin/sh\nexec java -jar $0\n" + make_jar({"META-INF/MANIFEST.MF": MANIFEST})
    (only,) = walk(data)
    assert isinstance(only, Jar)
    assert "Main-Class" in only.manifest


def test_nesting_is_bounded() -> None:
    data = INNER
    for _ in range(6):
        data = make_jar({"x.jar": data})
    *_, last = walk(data)
    assert isinstance(last, Problem)
    assert isinstance(last.error, JarTooLargeError)


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jar_format, "MAX_NESTED", 1 << 20)
    bomb = make_jar({"x.jar": bytes(8 << 20)})
    assert len(bomb) < 20_000
    *_, last = walk(bomb)
    assert isinstance(last, Problem)
    assert isinstance(last.error, JarTooLargeError)


def test_the_sum_of_what_is_unpacked_is_bounded() -> None:
    budget = jar_format._Budget(unpacked=1000)
    data = make_jar({"META-INF/MANIFEST.MF": b"A: " + b"x" * 5000})

    def read_at(offset: int, count: int) -> bytes:
        return data[offset : offset + count]

    (only,) = jar_format._walk(read_at, len(data), "a.jar", "", 0, budget)
    assert isinstance(only, Jar)
    assert only.manifest == {}


def test_an_encrypted_archive_inside_is_told() -> None:
    data = bytearray(make_jar({"x.jar": INNER}))
    for signature, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        position = data.find(signature) + at
        data[position] |= 1
    *_, last = walk(bytes(data))
    assert isinstance(last, Problem)
    assert isinstance(last.error, JarEncryptedError)


@pytest.mark.parametrize("data", [b"", b"PK\3\4", b"x" * 100_000, b"PK\5\6" + b"\xff" * 18])
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    with pytest.raises(JarError):
        walk(data)


def test_a_wild_count_of_entries_is_refused() -> None:
    data = bytearray(INNER)
    struct.pack_into("<H", data, len(data) - 12, 0xFFFE)
    struct.pack_into("<I", data, len(data) - 10, 0xFFFFFFF0)
    with pytest.raises(JarTooLargeError):
        walk(bytes(data))


def test_damage_anywhere_costs_a_problem_and_never_more() -> None:
    data = make_jar({"META-INF/MANIFEST.MF": MANIFEST, "x.jar": INNER, "y.jar": INNER})
    for offset in range(len(data)):
        damaged = bytearray(data)
        damaged[offset] ^= 0xFF
        try:
            walk(bytes(damaged))
        except JarError:
            continue


def test_contents_are_read_whole_and_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_jar({"a.class": b"a" * 3000, "b.txt": b"b", "c.class": b"c" * 3000})
    (jar,) = walk(data)
    assert isinstance(jar, Jar)
    found = dict(jar.contents(lambda name: name.endswith(".class")))
    assert found == {"a.class": b"a" * 3000, "c.class": b"c" * 3000}
    monkeypatch.setattr(jar_format, "MAX_LOOKED_AT", 2000)
    seen: list[str] = []
    with pytest.raises(JarTooLargeError):
        seen.extend(name for name, _content in jar.contents(lambda _name: True))
    assert seen == ["b.txt"]


def test_what_was_unpacked_in_vain_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    bombs = {f"{n}.class": b"\0" * 50_000 for n in range(20)}
    data = make_jar({**bombs, "last.class": b"x"})
    monkeypatch.setattr(jar_format, "MAX_LOOKED_AT", 10_000)
    budget = jar_format._Budget(looked_into=35_000)

    def read_at(offset: int, count: int) -> bytes:
        return data[offset : offset + count]

    (jar,) = jar_format._walk(read_at, len(data), "a.jar", "", 0, budget)
    assert isinstance(jar, Jar)
    with pytest.raises(JarTooLargeError):
        list(jar.contents(lambda _name: True))
    assert budget.looked_into == 0

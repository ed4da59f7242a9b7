"""Signed archives: whole, changed, stripped. The archive is signed by the JDK's jarsigner."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.formats.jar import Jar, walk_jars
from scanner.formats.jar_signature import SignedEntries, signed_entries

SIGNED = (Path(__file__).parents[2] / "fixtures" / "java" / "bc-fips-signed.jar").read_bytes()
MANIFEST = "META-INF/MANIFEST.MF"
PROVIDER = "org/bouncycastle/jcajce/provider/BouncyCastleFipsProvider.class"
OTHER = "org/bouncycastle/jcajce/provider/Other.class"
Change = Callable[[dict[str, bytes]], object]


def changed(change: Change) -> SignedEntries:
    with zipfile.ZipFile(io.BytesIO(SIGNED)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    (jar,) = walk_jars(out, len(out.getvalue()), "bc-fips.jar")
    assert isinstance(jar, Jar)
    return signed_entries(jar)


def test_an_archive_as_it_was_signed() -> None:
    told = changed(lambda entries: None)
    assert told.computed == told.stored != ""
    assert told.differing == ()


@pytest.mark.parametrize(
    ("change", "differing"),
    [
        (lambda e: e.update({OTHER: e[OTHER] + b"\0"}), (OTHER,)),
        (lambda e: e.pop(OTHER), (OTHER,)),
        (lambda e: e.update({"com/x/Added.class": b""}), ("com/x/Added.class",)),
        # a digest in the manifest is put right: then the manifest is not the one that was signed
        (lambda e: e.update({MANIFEST: e[MANIFEST] + b"\r\n"}), (MANIFEST,)),
    ],
)
def test_what_was_changed_is_named(change: Change, differing: tuple[str, ...]) -> None:
    told = changed(change)
    assert told.computed != told.stored != ""
    assert told.differing == differing


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e.update({"META-INF/maven/x/pom.properties": b"version=1\n"}),
        lambda e: e.update({"com/": b""}),
    ],
)
def test_what_is_no_code_may_be_added(change: Change) -> None:
    told = changed(change)
    assert told.computed == told.stored


def test_without_its_signature_nothing_is_stored() -> None:
    told = changed(lambda entries: entries.pop("META-INF/BCKEY.SF"))
    assert told == SignedEntries("", "", ())

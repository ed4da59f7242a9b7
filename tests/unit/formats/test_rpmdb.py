"""rpm databases of all three kinds, made by rpm's own code (see tests/fixtures/rpm/README.md)."""

from __future__ import annotations

import contextlib
import gzip
import sqlite3
from pathlib import Path

import pytest

from scanner.formats import rpmdb
from scanner.formats.rpm_header import Package, RpmHeaderError, parse_header
from scanner.formats.rpmdb import RpmDatabaseError, headers

FIXTURES = Path(__file__).parents[2] / "fixtures" / "rpm"
NAMES = ["rpmdb.sqlite", "Packages.db", "Packages"]


def database(name: str) -> bytes:
    return gzip.decompress((FIXTURES / f"{name}.gz").read_bytes())


def packages(data: bytes) -> dict[str, Package]:
    return {found.name: found for found in map(parse_header, headers(data))}


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_database_gives_the_same_packages(name: str) -> None:
    found = packages(database(name))
    assert set(found) == {"openssl-libs", "dnf"}
    openssl = found["openssl-libs"]
    assert (openssl.version, openssl.source) == ("1:3.0.7-27.el9", "openssl-libs")
    assert len(openssl.files) == 303
    assert "/usr/lib64/ossl-modules/fips.so" in openssl.files
    assert found["dnf"] == Package("dnf", "4.14.0-9.el9", "dnf", ("/usr/bin/dnf-3",))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("keep", [100, 600, 5000, 20_000])
def test_a_database_that_is_cut_short_is_refused_or_gives_less(name: str, keep: int) -> None:
    try:
        found = list(headers(database(name)[:keep]))
    except RpmDatabaseError:
        return
    assert len(found) < 2


@pytest.mark.parametrize("name", NAMES)
def test_damage_anywhere_costs_an_error_and_never_more(name: str) -> None:
    data = database(name)
    for offset in range(0, len(data), 1009):
        damaged = bytearray(data)
        damaged[offset : offset + 8] = b"\xff" * 8
        with contextlib.suppress(RpmDatabaseError):
            for blob in headers(bytes(damaged)):
                with contextlib.suppress(RpmHeaderError):
                    parse_header(blob)


def test_what_is_no_database_is_refused() -> None:
    with pytest.raises(RpmDatabaseError, match="neither"):
        list(headers(b"something else" * 100))


@pytest.mark.parametrize(
    "schema",
    [
        # a view in the table's place, which would run for ever
        "CREATE VIEW Packages AS WITH RECURSIVE n(hnum) AS "
        "(SELECT 1 UNION ALL SELECT hnum + 1 FROM n) SELECT hnum, zeroblob(99) AS blob FROM n",
        "CREATE TABLE Other (hnum, blob)",
    ],
)
def test_a_hostile_schema_is_not_run(schema: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute(schema)
    with pytest.raises(RpmDatabaseError):
        list(headers(connection.serialize()))


def test_a_generated_column_cannot_make_more_than_the_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob AS (zeroblob(1000000)) VIRTUAL)"
    )
    connection.executemany("INSERT INTO Packages (hnum) VALUES (?)", [(n,) for n in range(99)])
    connection.commit()
    monkeypatch.setattr(rpmdb, "MAX_SIZE", 10_000_000)
    with pytest.raises(RpmDatabaseError, match="larger than a bound"):
        list(headers(connection.serialize()))


def test_a_header_without_a_name_or_with_wild_counts_is_refused() -> None:
    blob = next(headers(database("rpmdb.sqlite")))
    for wrong in (b"", blob[:40], b"\xff" * 64, b"\0" * 64, blob[:4] + b"\xff" * 4 + blob[8:]):
        with pytest.raises(RpmHeaderError):
            parse_header(wrong)

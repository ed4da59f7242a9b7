"""States which crates with cryptography a Rust program holds.

The binary inspector calls it for files with a mark of Rust. Which of them are cryptography is in
`rules/packages/cargo.yaml`; modules such as ring or AWS-LC are found by their fingerprints.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from scanner.facts import fact
from scanner.formats.elf import Elf, read_upto
from scanner.formats.rust_crates import MAX_PACKED, SECTION, Crate, CrateListError, crates_in
from scanner.formats.rust_crates import read_list as read_crate_list
from scanner.image import ImageFile
from scanner.inspectors.package_facts import package_fact
from scanner.model import Fact, FactKind, Gap, GapKind
from scanner.rules_packages import PackageTable

MODULE = "rustcrypto"
"""Module of crates that compute by themselves."""
_FIPS_CRATE = "aws-lc-fips-sys"


def inspect_rust(
    file: ImageFile, stream: BinaryIO, elf: Elf, marks: frozenset[str], packages: PackageTable
) -> Iterator[Fact | Gap]:
    """Crates of the program `elf`, read from `stream`."""
    section = elf.section(SECTION)
    if section is None and "rust" not in marks:
        return
    path = file.entry.path
    listed: frozenset[Crate] = frozenset()
    if section is not None:
        try:
            listed = read_crate_list(
                read_upto(stream, section.offset, min(section.size, MAX_PACKED + 1))
            )
        except CrateListError as error:
            yield Gap(GapKind.MALFORMED, path, f"its list of crates {error}", caps=False)
    linked: frozenset[Crate] = frozenset()
    try:
        linked = crates_in(file.chunks())
    except CrateListError as error:
        yield Gap(GapKind.TOO_MANY, path, f"it {error}: which crates it holds is unknown")
    has_fips = any(each.name == _FIPS_CRATE for each in (*listed, *linked))
    own: list[str] = []
    for crate in sorted(linked | listed):
        rule = packages.find("cargo", crate.name)
        if rule is None:
            continue
        in_code = crate in linked
        if in_code and rule.module == MODULE:
            own.append(f"{crate.name} {crate.version}")
        fips = has_fips and crate.name in ("aws-lc-rs", _FIPS_CRATE)
        yield package_fact(
            path,
            "cargo",
            rule,
            crate.version,
            features=("fips",) if fips else (),
            shown_by="code" if in_code else "list",
        )
    if own:
        yield fact(
            FactKind.MODULE_CODE,
            path,
            evidence=tuple(own),
            module=MODULE,
            version="",
            form="static",
        )

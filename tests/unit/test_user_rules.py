"""A folder of one's own adds to every kind of rule, and is checked as the scanner's own are."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.errors import RuleError
from scanner.lint import lint
from scanner.rulebook import MODELS, RuleBook, default_rules

HOUSE = {
    "modules/house-crypto.yaml": """\
name: House Crypto
approved_mode: none
fingerprint:
  require:
    - [house cipher engine]
examples:
  match:
    - file: libhouse.so
  no_match:
    - file: a-user
""",
    "runtimes/house-language.yaml": """\
name: House Language
enforce:
  env: {HOUSE_FIPS: '1'}
""",
    "checks/house-crypto-used.yaml": """\
title: House Crypto is used, which nobody has validated
question: validation
severity: high
confidence: high
verdict: not-ready
scope: use
when:
  all:
    - use: {module: house-crypto}
why: |
  No certificate covers our own library.
fix: |
  Link the system's OpenSSL instead of it.
references:
  - https://example.org/
examples:
  match:
    - - use: {path: /a, module: house-crypto}
  no_match:
    - - use: {path: /a, module: openssl}
""",
    "cmvp/house-9001.yaml": """\
certificate: 9001
module: House Crypto Module
vendor: House
standard: FIPS 140-3
validated: 2025-01-10
sunset: 2030-01-09
covers:
  - module: house-crypto
    versions: [1.0.0]
source: https://csrc.nist.gov/projects/cryptographic-module-validation-program/certificate/9001
checked: 2026-03-29
""",
    "distributions/house-linux.yaml": """\
name: House Linux
systems: [houselinux]
validated: never
sentence: no certificate covers any package of House Linux
references:
  - https://example.org/
checked: 2026-03-29
""",
    "targets/house-nodes.yaml": """\
name: House Nodes
host: {id: ubuntu, version: [24.04]}
runtime: containerd
switched_on: fips=1 on the kernel's command line
shows: [the flag]
environments:
  - {id: ubuntu, version: [24.04]}
kernel:
  certificates: [5215]
  sentence: '#5215 is of its kernel'
references:
  - https://example.org/
checked: 2026-11-25
""",
    "algorithms/house.yaml": """\
algorithms:
  - {name: HOUSE-CIPHER, kind: cipher, approved: no, why: 'we made it up'}
""",
    "logs/house-refused.yaml": """\
meaning: House Crypto refuses an algorithm.
fix: Replace the algorithm that the message names.
runtime: house-language
pattern: 'house: refused \\w{1,20} for FIPS'
effect: breaks
fips_specific: yes
confidence: high
source: https://example.org/
examples:
  match: ['house: refused md5 for FIPS']
  no_match: ['house: granted md5 for FIPS', 'house: refused md5']
""",
    "packages/house.yaml": """\
ecosystem: pypi
packages:
  - name: house-crypto
    crypto: own
    code: interpreted
    what: a cipher of our own
    source: house-crypto 1.0
""",
    "sources/house-script.yaml": """\
language: house
grammars: {.house: python}
mark: 'house'
imports: '(import_statement name: (dotted_name) @module)'
calls: '(call arguments: (argument_list) @arguments) @call'
apis:
  - {names: [house.encrypt], argument: 0}
examples:
  - code: |
      import house
      house.encrypt("HOUSE-CIPHER", data)
    seen: [house.encrypt HOUSE-CIPHER]
""",
    "servers/house-proxy.yaml": """\
name: House Proxy
programs: [house-proxy]
files: ['/etc/house/proxy\\.conf']
syntax: assignments
hints: [tls]
directives:
  - name: tls_protocols
    topic: protocols
    values: protocols
    advice: 'tls_protocols = TLSv1.2 TLSv1.3'
examples:
  match:
    - text: 'tls_protocols = TLSv1.0 TLSv1.2'
      directive: tls_protocols
      unapproved: [TLS 1.0]
  no_match:
    - text: 'tls_protocols = TLSv1.2 TLSv1.3'
""",
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    folder = tmp_path / "house"
    for name, text in HOUSE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    fixtures = folder / "fixtures" / "house-crypto"
    fixtures.mkdir(parents=True)
    (fixtures / "libhouse.so").write_bytes(b"\0house cipher engine 1.0\0")
    (fixtures / "a-user").write_bytes(b"\0house_encrypt\0")
    return folder


def test_there_is_one_of_each_kind_here() -> None:
    """A new kind of rule must be open to others, too: add one to the folder above."""
    assert {name.partition("/")[0] for name in HOUSE} == set(MODELS)


def test_everything_is_added(house: Path) -> None:
    own, more = RuleBook.load(), RuleBook.load(default_rules(), house)
    assert set(more.modules) - set(own.modules) == {"house-crypto"}
    assert set(more.runtimes) - set(own.runtimes) == {"house-language"}
    assert set(more.checks) - set(own.checks) == {"house-crypto-used"}
    assert set(more.servers) - set(own.servers) == {"house-proxy"}
    assert set(more.targets) - set(own.targets) == {"house-nodes"}
    assert {each.id for each in more.certificates} - {each.id for each in own.certificates} == {
        "house-9001"
    }
    assert {each.id for each in more.sources} - {each.id for each in own.sources} == {
        "house-script"
    }
    assert {each.id for each in more.distributions} > {each.id for each in own.distributions}
    assert {each.id for each in more.logs} - {each.id for each in own.logs} == {"house-refused"}
    assert more.packages.find("pypi", "house-crypto") is not None
    assert more.algorithms.approved("house_cipher") is False
    assert more.digest != own.digest


def test_it_is_clean(house: Path) -> None:
    assert lint(house) == ()


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("modules/house-crypto.yaml", "approved_mode: none", "approved_mode: some", ":2: "),
        ("runtimes/house-language.yaml", "enforce:", "enforcing:", ":2: unknown key"),
        ("checks/house-crypto-used.yaml", "module: house-crypto}", "modul: x}", ":9: "),
        ("cmvp/house-9001.yaml", "standard: FIPS 140-3", "standard: FIPS 140-9", ":4: "),
        ("distributions/house-linux.yaml", "validated: never", "validated: no", ":3: "),
        ("targets/house-nodes.yaml", "[5215]", "[1]", ":9: no certificate 1 "),
        ("targets/house-nodes.yaml", "[5215]", "[5115]", ":9: certificate 5115 is of no kernel"),
        (
            "targets/house-nodes.yaml",
            "  - {id: ubuntu",
            "  - {id: haiku",
            ":7: no certificate names",
        ),
        ("targets/house-nodes.yaml", "host: {id: ubuntu, version: [24.04]}", "host: none", ":1: "),
        ("algorithms/house.yaml", ", why: 'we made it up'", "", ":2: "),
        ("logs/house-refused.yaml", "effect: breaks", "effect: hurts", ":5: "),
        ("sources/house-script.yaml", "argument: 0", "argument: first", ":7: "),
        ("packages/house.yaml", "crypto: own", "crypto: mine", ":4: "),
        ("servers/house-proxy.yaml", "topic: protocols", "topic: protocol", ":8: "),
    ],
)
def test_mistakes_are_told_with_file_and_line(
    house: Path, name: str, old: str, new: str, expected: str
) -> None:
    path = house / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    assert any(str(each).startswith(f"house/{name}{expected}") for each in lint(house))


def test_a_scan_tells_all_mistakes_at_once(house: Path) -> None:
    for name in ("modules/house-crypto.yaml", "servers/house-proxy.yaml"):
        (house / name).write_text(HOUSE[name] + "nonsense: yes\n")
    with pytest.raises(RuleError) as caught:
        RuleBook.load(default_rules(), house)
    assert "house/modules/house-crypto.yaml:11: unknown key `nonsense`" in str(caught.value)
    assert "house/servers/house-proxy.yaml:18: unknown key `nonsense`" in str(caught.value)


def test_an_id_that_is_taken_is_refused(house: Path) -> None:
    """Which rule made a finding must not depend on who looks."""
    text = HOUSE["checks/house-crypto-used.yaml"]
    (house / "checks" / "openssl-provider-missing.yaml").write_text(text)
    with pytest.raises(RuleError, match="`openssl-provider-missing` is taken by rules/"):
        RuleBook.load(default_rules(), house)


def test_the_scanner_finds_what_the_folder_knows(house: Path) -> None:
    from scanner.fingerprint import Fingerprints

    prints = Fingerprints(RuleBook.load(default_rules(), house).modules)
    assert [each.module for each in prints.scan([b"\0house cipher engine\0"]).hits] == [
        "house-crypto"
    ]

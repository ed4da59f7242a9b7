"""Each check of the linter finds its mistake, and names the line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scanner.lint import lint
from scanner.rulebook import default_rules

CHECK = """\
title: A title
question: usage
severity: low
confidence: high
verdict: none
scope: use
when:
  all:
    - use: {module: gnutls}
why: |
  Because of this and of that.
fix: |
  Do something else instead of it.
references:
  - https://example.org/
examples:
  match:
    - - use: {path: /a, module: gnutls}
  no_match:
    - - use: {path: /a, module: nss}
"""
CERTIFICATE = """\
certificate: 9001
module: X
vendor: V
standard: FIPS 140-3
validated: 2025-01-10
sunset: 2030-01-09
covers:
  - module: gnutls
    versions: [3.7.6]
source: https://csrc.nist.gov/projects/cryptographic-module-validation-program/certificate/9001
checked: 2026-03-29
"""
LOG = """\
meaning: It is so.
fix: Do this.
runtime: x
pattern: 'bad \\w{1,20} here'
effect: breaks
fips_specific: yes
confidence: high
source: a thread
examples:
  match: ['a bad day here']
  no_match: ['a good day here', 'a bad day']
"""
MODULE = """\
name: X
approved_mode: none
fingerprint:
  require:
    - [a long text]
examples:
  match:
    - file: libx.so
  no_match:
    - file: user
"""
PACKAGES = """\
ecosystem: pypi
packages:
  - name: My_Own
    crypto: own
    code: interpreted
    algorithms: [Blowfish]
    what: a cipher of its own
    source: My_Own 1.0
  - {name: other, crypto: binding, module: openssl, what: calls it, source: other 2.0}
"""
FILES = {
    "checks/a-check.yaml": CHECK,
    "cmvp/x-9001.yaml": CERTIFICATE,
    "logs/a-log.yaml": LOG,
    "modules/a-module.yaml": MODULE,
    "packages/mine.yaml": PACKAGES,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of own rules, beside those of the scanner."""
    for name, text in FILES.items():
        path = tmp_path / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    fixtures = tmp_path / "mine" / "fixtures" / "a-module"
    fixtures.mkdir(parents=True)
    (fixtures / "libx.so").write_bytes(b"\0a long text\0")
    (fixtures / "user").write_bytes(b"\0x_init\0")
    return tmp_path / "mine"


def test_own_rules_are_clean() -> None:
    assert [str(each) for each in lint() if not each.warning] == []


def test_added_rules_are_clean(folder: Path) -> None:
    assert lint(folder) == ()


CASES = [
    ("packages/mine.yaml", "name: other", "name: my-own", 3, "is listed twice"),
    ("packages/mine.yaml", "name: other", "name: pynacl", 9, "is in pypi.yaml as well"),
    ("packages/mine.yaml", "module: openssl", "module: openssll", 9, "no module `openssll`"),
    ("packages/mine.yaml", "Blowfish", "Blowfisch", 6, "no algorithm `Blowfisch`"),
    ("packages/mine.yaml", "    code: interpreted\n", "", 3, "`code` must be"),
    ("packages/mine.yaml", "ecosystem: pypi", "ecosystem: pipi", 1, "must be 'pypi'"),
    ("checks/a-check.yaml", "title: A title", f"title: {'x' * 101}", 1, "101 characters"),
    ("checks/a-check.yaml", "title: A title", "title: A title.", 1, "without a full stop"),
    ("checks/a-check.yaml", "  Do something else instead of it.", "  No.", 12, "too little"),
    ("checks/a-check.yaml", "https://example.org/", "http://example.org/", 15, "https address"),
    ("checks/a-check.yaml", "\n  - https://example.org/", " []", 14, "needs a reference"),
    ("checks/a-check.yaml", "scope: use", "scope: file", 9, ""),
    ("checks/a-check.yaml", "scope: use", "scope: condition", 9, "is not about"),
    ("checks/a-check.yaml", "  all:", "  any:", 7, "needs a condition under `all`"),
    ("checks/a-check.yaml", "verdict: none", "verdict: not-ready", 3, "with severity low"),
    ("checks/a-check.yaml", "severity: low", "severity: critical", 5, "must demand not-ready"),
    (
        "checks/a-check.yaml",
        "severity: low\nconfidence: high\nverdict: none",
        "severity: info\nconfidence: high\nverdict: conditional",
        5,
        "severity info",
    ),
    ("checks/a-check.yaml", "path: /a, module: gnutls", "path: /a, module: nss", 18, "not fire"),
    ("checks/a-check.yaml", "path: /a, module: nss", "path: /a, module: gnutls", 20, "fires on"),
    (
        "checks/a-check.yaml",
        "    - - use: {path: /a, module: nss}",
        "    []",
        16,
        "no example under `no_match`",
    ),
    ("checks/a-check.yaml", "use: {module: gnutls}", "use: {module: gnuttls}", 9, "no module"),
    (
        "checks/a-check.yaml",
        "  Do something else",
        "  ENV COMPlus_EnableFIPS=1 does\n  something else",
        12,
        "recommends EnableFIPS",
    ),
    (
        "checks/a-check.yaml",
        "use: {module: gnutls}",
        "use: {module: gnutls, path: {matches: '(a+)+'}}",
        7,
        "repeats a repetition",
    ),
    ("cmvp/x-9001.yaml", "sunset: 2030-01-09", "sunset: 2025-01-01", 6, "before the validation"),
    ("cmvp/x-9001.yaml", "checked: 2026-03-29", "checked: 2024-03-29", 11, "before the valid"),
    ("cmvp/x-9001.yaml", "140-3", "140-2", 6, "outlives 2026-09-21"),
    ("cmvp/x-9001.yaml", "certificate: 9001", "certificate: none", 1, "in process has neither"),
    ("cmvp/x-9001.yaml", "module: gnutls", "module: gnuttls", 8, "no module `gnuttls`"),
    ("cmvp/x-9001.yaml", "certificate/9001", "certificate/9002", 10, "page of certificate 9002"),
    ("cmvp/x-9001.yaml", "certificate: 9001", "certificate: 9002", 1, "must end in -9002"),
    ("cmvp/x-9001.yaml", "    versions: [3.7.6]\n", "", 8, "names no version"),
    ("logs/a-log.yaml", "'a bad day here'", "'a day here'", 10, "does not match this example"),
    ("logs/a-log.yaml", "'a good day here'", "'bad x here'", 11, "matches this example"),
    ("logs/a-log.yaml", "bad \\w{1,20} here", "bad .* here", 4, "without bound"),
    ("logs/a-log.yaml", "bad \\w{1,20} here", "(?<=a )bad \\w{1,20} here", 4, "looks around"),
    ("logs/a-log.yaml", "\\w{1,20}", "\\w{1,2000}", 4, "more than 1000 characters"),
    ("logs/a-log.yaml", "effect: breaks", "effect: informs", 5, "only FIPS causes"),
    ("modules/a-module.yaml", "a long text", "tiny", 5, "too short"),
    ("modules/a-module.yaml", "file: libx.so", "texts: [a long text]", 7, "of a real file"),
    ("modules/a-module.yaml", "file: user", "texts: [x_init]", 9, "of a real file"),
    ("modules/a-module.yaml", "file: libx.so", "file: user", 8, "does not see it so"),
    ("modules/a-module.yaml", "file: user", "file: libx.so", 10, "does not see it so"),
    ("modules/a-module.yaml", "file: user", "file: gone", 10, "gone: No such file"),
    ("modules/a-module.yaml", "name: X", "name: X\nrecalled: yes", 2, "and a file confirms it"),
    (
        "modules/a-module.yaml",
        "[a long text]",
        "[a long text]\n    - [longer, a long]",
        7,
        "this change: without require[0]",
    ),
    (
        "checks/a-check.yaml",
        "module: gnutls}",
        "module: [gnutls, nettle]}",
        16,
        "this change: all[0].module without nettle",
    ),
    ("logs/a-log.yaml", ", 'a bad day']", "]", 9, "this change: anything for ` here`"),
    (
        "checks/a-check.yaml",
        "examples:",
        "examples:\n  equivalent:\n    without all[9]: it is so",
        18,
        "or there is no such change",
    ),
    (
        "modules/a-module.yaml",
        "name: X",
        "name: X\nbackends: [no-such-thing]",
        2,
        "no module `no-such-thing`",
    ),
]


@pytest.mark.parametrize(("name", "old", "new", "line", "message"), CASES)
def test_a_mistake(folder: Path, name: str, old: str, new: str, line: int, message: str) -> None:
    path = folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    found = [str(each) for each in lint(folder)]
    if not message:
        assert found == []
        return
    assert any(each.startswith(f"mine/{name}:{line}: ") and message in each for each in found), (
        found
    )


def test_a_file_name(folder: Path) -> None:
    (folder / "logs" / "a-log.yaml").rename(folder / "logs" / "A_log.yaml")
    assert ["lower case words" in str(each) for each in lint(folder)] == [True]


def test_a_certificate_in_two_files(folder: Path) -> None:
    shutil.copy(folder / "cmvp" / "x-9001.yaml", folder / "cmvp" / "y-9001.yaml")
    assert any("is in x-9001.yaml as well" in str(each) for each in lint(folder))


def test_tls_names_are_listed_once(folder: Path) -> None:
    (folder / "algorithms").mkdir()
    (folder / "algorithms" / "mine.yaml").write_text(
        "groups:\n"
        "  - {name: secp256r1, code: '0x9999', approved: yes}\n"
        "  - {name: other, code: '0x9998', approved: no}\n"
    )
    found = [str(each) for each in lint(folder)]
    assert any("group `secp256r1` is listed twice" in each for each in found)
    assert any("group `other`: why not approved?" in each for each in found)


def test_a_recalled_source_is_a_warning(folder: Path) -> None:
    path = folder / "logs" / "a-log.yaml"
    path.write_text(path.read_text().replace("a thread", "recalled, not confirmed"))
    [problem] = lint(folder)
    assert problem.warning


def test_unreadable_rules_are_reported_as_they_are(folder: Path) -> None:
    (folder / "checks" / "b.yaml").write_text("title: [")
    (folder / "checks" / "c.yaml").write_text("title: x")
    found = {each.file for each in lint(folder)}
    assert {"mine/checks/b.yaml", "mine/checks/c.yaml"} <= found


def test_a_copy_of_the_own_rules_takes_every_id_twice(tmp_path: Path) -> None:
    shutil.copytree(default_rules(), tmp_path / "copy")
    assert any("is taken by rules/" in str(each) for each in lint(tmp_path / "copy"))


def test_a_change_that_makes_no_difference_can_be_declared(folder: Path) -> None:
    path = folder / "checks" / "a-check.yaml"
    text = path.read_text().replace("module: gnutls}", "module: [gnutls, nettle]}", 1)
    path.write_text(text)
    assert [each.line for each in lint(folder)] == [16]
    declared = "examples:\n  equivalent:\n    all[0].module without nettle: as gnutls\n"
    path.write_text(text.replace("examples:\n", declared))
    assert lint(folder) == ()

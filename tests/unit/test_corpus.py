"""The corpus is well formed, and its comparison hides nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from scanner.rulebook import RuleBook
from scripts.corpus import inside
from scripts.corpus.ask import Told
from scripts.corpus.compare import Outcome, compare
from scripts.corpus.detect import detect
from scripts.corpus.entries import Entry, Kind, Label, read
from scripts.corpus.table import page

FIXTURES = Path(__file__).parent.parent / "fixtures"


def test_labels_name_modules_that_there_are() -> None:
    modules = RuleBook.load().modules
    entries = read()
    assert len(entries) > 100
    for entry in entries:
        assert {label.module for label in entry.holds} <= set(modules), entry.id


def test_some_packages_hold_nothing() -> None:
    """What is not there must not be seen: those without a label are as important."""
    assert sum(not each.holds for each in read()) > 20


@pytest.mark.parametrize(
    "label",
    [
        {"file": "x", "module": "openssl"},
        {"file": "x", "module": "openssl", "ask": "openssl", "documented": "me"},
        {"file": "x", "module": "openssl", "documented": "a changelog", "read": "its bytes"},
        {"file": "x", "module": "openssl", "ask": "python"},
        {"file": "x", "module": "openssl", "ask": "telepathy"},
    ],
)
def test_a_label_says_who_says_so(label: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Label.model_validate(label)


def test_an_entry_is_one_thing() -> None:
    with pytest.raises(ValidationError):
        Entry.model_validate({"id": "x", "pip": "a==1", "npm": "b@1"})


def _told(version: str, problem: str = "") -> Told:
    return Told("lib/x.so", "openssl", version, Kind.ASKED, problem, "it")


@pytest.mark.parametrize(
    ("told", "seen", "expected"),
    [
        (_told("3.0.15"), "3.0.15", Outcome.RIGHT),
        (_told("3.0.15"), "3.0.16", Outcome.WRONG),
        (_told("3.0.15"), "", Outcome.UNVERSIONED),
        (_told("3.0.15"), None, Outcome.MISSED),
        (_told(""), "", Outcome.RIGHT),
        (_told("", "does not start"), "3.0.15", Outcome.UNASKED),
        (_told("", "does not start"), None, Outcome.MISSED),
        (_told("go1.27.3"), "1.27.3", Outcome.RIGHT),
        (_told("3.8"), "3.8.0", Outcome.RIGHT),
        (_told("3.8"), "3.80", Outcome.WRONG),
    ],
)
def test_outcomes(told: Told, seen: str | None, expected: Outcome) -> None:
    found = {} if seen is None else {("lib/x.so", "openssl"): seen}
    (result,) = compare("entry", [told], found)
    assert result.outcome is expected


def test_what_no_label_names_is_a_false_alarm() -> None:
    results = compare("entry", [], {("bin/y", "gnutls"): "3.7.9"})
    assert [(each.path, each.outcome) for each in results] == [("bin/y", Outcome.FALSE_ALARM)]


def test_the_table_lists_every_miss_and_false_alarm_by_name() -> None:
    results = compare("one", [_told("3.0.15")], {("bin/y", "gnutls"): "3.7.9"})
    text = page(
        _entries("one", "clean"), results, {"one": 2, "clean": 1}, {"gone": "is not to be had"}
    )
    assert "| openssl | 1 |  |  |  |  |  | 1 |  |  |  |" in text
    assert "| gnutls |  |  |  |  |  |  |  | 1 |  |  |" in text
    assert "- openssl in `lib/x.so` of `one` (asked), is 3.0.15" in text
    assert "- gnutls in `bin/y` of `one`, seen as 3.7.9" in text
    assert "no source looked at: `clean`." in text
    assert "- `gone`: is not to be had" in text


def _entries(*names: str) -> list[Entry]:
    return [Entry.model_validate({"id": name, "pip": f"{name}==1"}) for name in names]


def test_what_was_only_read_counts_for_nothing() -> None:
    """A label from the very bytes that the scanner goes by agrees with it by itself."""
    told = [
        Told("a", "openssl", "3.0.15", Kind.ASKED),
        Told("b", "openssl", "3.0.15", Kind.READ),
        Told("c", "openssl", "3.0.15", Kind.READ),
    ]
    results = compare("one", told, {("a", "openssl"): "3.0.15", ("b", "openssl"): "3.0.15"})
    text = page(_entries("one"), results, {"one": 3}, {})
    assert "Measured: 1 times a module in a file, 1 of them asked and 0 documented." in text
    assert "Not measured: 2 labels that were only read, 1 of them seen." in text
    assert "| openssl | 1 |  | 1 |  |  |  |  |  | 2 | 1 |" in text


def test_the_held_out_set_is_told_apart() -> None:
    held_out = Entry.model_validate({"id": "two", "pip": "two==1", "held_out": True})
    results = compare("two", [_told("3.0.15")], {})
    text = page([*_entries("one"), held_out], results, {"one": 1, "two": 1}, {})
    apart, corpus = text.split("## The corpus")
    assert "1 missed" in apart
    assert "0 missed" in corpus


def test_the_held_out_set_is_of_other_packages() -> None:
    entries = read()
    others = {(each.pip, each.npm, each.go, each.program) for each in entries if not each.held_out}
    held_out = [each for each in entries if each.held_out]
    assert len(held_out) >= 40
    assert sum(not each.holds for each in held_out) >= len(held_out) // 3
    assert sum(label.kind is Kind.READ for each in held_out for label in each.holds) <= 1
    for each in held_out:
        if not each.deb:
            assert (each.pip, each.npm, each.go, each.program) not in others, each.id


def test_what_only_reads_the_file_is_not_asking() -> None:
    label = Label.model_validate({"file": "x", "module": "go-crypto", "ask": "go"})
    assert label.kind is Kind.READ


def test_the_scanner_is_asked_as_a_scan_asks_it(tmp_path: Path) -> None:
    """Go programs, whose module is built in, and files without any module."""
    (tmp_path / "app").write_bytes((FIXTURES / "go" / "go1.27-web").read_bytes())
    (tmp_path / "text").write_text("OpenSSL 3.0.15")
    seen, count = detect(f"dir:{tmp_path}", RuleBook.load())
    assert count == 2
    assert seen == {("app", "go-crypto"): "1.27.3"}


def test_a_program_is_asked_in_its_own_words(tmp_path: Path) -> None:
    """The very script that runs in containers, asked about a program of this machine."""
    program = tmp_path / "tool"
    program.write_text("#!/bin/sh\necho OpenSSL 3.0.15 3 Sep 2024\n")
    program.chmod(0o755)
    questions = [
        {"file": "tool", "ask": "run", "code": "{file} version"},
        {"file": "tool", "ask": "python", "code": "print('no version at all')"},
        {"file": "tool", "ask": "", "code": ""},
        {"file": "missing", "ask": "run", "code": "{file}"},
        {"file": "tool", "ask": "run", "code": "{file} version", "says": "^OpenSSL"},
        {"file": "tool", "ask": "run", "code": "{file} version", "says": "BoringSSL"},
    ]
    done = subprocess.run(
        [sys.executable, inside.__file__, str(tmp_path), json.dumps(questions)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == [
        {"tool": "3.0.15"},
        {"tool": "!no version in 'no version at all'"},
        {"tool": ""},
        {},
        {"tool": ""},
        {"tool": "!not 'BoringSSL' but 'OpenSSL 3.0.15 3 Sep 2024'"},
    ]

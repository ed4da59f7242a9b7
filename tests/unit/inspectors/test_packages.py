"""Installed packages of interpreted languages. Paths are those of the packages' own archives."""

from __future__ import annotations

import json

import pytest

from scanner.inspectors.packages import make
from scanner.model import Fact, FactKind
from scanner.rulebook import RuleBook

from .files import seen, the_fact, wants

INSPECTOR = make(RuleBook.load())


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        (
            "/usr/lib/python3/dist-packages/PyNaCl-1.5.0.dist-info/METADATA",
            "",
            ("pypi", "PyNaCl", "1.5.0", "own", "compiled", "libsodium"),
        ),
        (
            "/app/lib/python3.11/site-packages/pynacl-1.6.2.dist-info/METADATA",
            "",
            ("pypi", "PyNaCl", "1.6.2", "own", "compiled", "libsodium"),
        ),
        (
            "/usr/lib/python3/dist-packages/ecdsa-0.18.0.egg-info/PKG-INFO",
            "",
            ("pypi", "ecdsa", "0.18.0", "own", "interpreted", ""),
        ),
        # One file, as Debian's python3-pyaes has it.
        (
            "/usr/lib/python3/dist-packages/pyaes-1.6.1.egg-info",
            "",
            ("pypi", "pyaes", "1.6.1", "own", "interpreted", ""),
        ),
        # Of an egg in a folder of its own.
        (
            "/app/src/rsa.egg-info/PKG-INFO",
            "Metadata-Version: 2.1\nName: rsa\nVersion: 4.9.1\n",
            ("pypi", "rsa", "4.9.1", "own", "interpreted", ""),
        ),
        (
            "/app/node_modules/a/node_modules/@noble/curves/package.json",
            '{"name": "@noble/curves", "version": "2.4.0"}',
            ("npm", "@noble/curves", "2.4.0", "own", "interpreted", ""),
        ),
        (
            "/app/node_modules/.pnpm/elliptic@6.6.1/node_modules/elliptic/package.json",
            '{"name": "elliptic", "version": "6.6.1"}',
            ("npm", "elliptic", "6.6.1", "own", "interpreted", ""),
        ),
        # npm i mine@npm:elliptic
        (
            "/app/node_modules/mine/package.json",
            '{"name": "elliptic", "version": "6.6.1"}',
            ("npm", "elliptic", "6.6.1", "own", "interpreted", ""),
        ),
        (
            "/usr/share/nodejs/elliptic/package.json",
            '{"name": "elliptic", "version": "6.5.4"}',
            ("npm", "elliptic", "6.5.4", "own", "interpreted", ""),
        ),
        (
            "/usr/share/rubygems-integration/all/specifications/rbnacl-7.1.1.gemspec",
            "",
            ("gem", "rbnacl", "7.1.1", "binding", "", "libsodium"),
        ),
        (
            "/usr/local/bundle/specifications/bcrypt_pbkdf-1.1.1-x86_64-linux.gemspec",
            "",
            ("gem", "bcrypt_pbkdf", "1.1.1", "own", "compiled", ""),
        ),
        (
            "/usr/lib/R/site-library/digest/DESCRIPTION",
            "Package: digest\nVersion: 0.6.31\nNeedsCompilation: yes\n",
            ("cran", "digest", "0.6.31", "own", "compiled", ""),
        ),
        (
            "/usr/local/lib/R/library/openssl/DESCRIPTION",
            "Package: openssl\n",
            ("cran", "openssl", "", "binding", "", "openssl"),
        ),
        (
            "/usr/share/php/phpseclib3/autoload.php",
            "<?php",
            ("composer", "phpseclib/phpseclib", "", "own", "interpreted", ""),
        ),
        (
            "/usr/share/perl5/Crypt/RC4.pm",
            "package Crypt::RC4;\n$VERSION = '2.02';\n",
            ("cpan", "Crypt::RC4", "2.02", "own", "interpreted", ""),
        ),
        (
            "/usr/lib/x86_64-linux-gnu/perl5/5.36/Crypt/Blowfish.pm",
            "",
            ("cpan", "Crypt::Blowfish", "", "own", "compiled", ""),
        ),
    ],
)
def test_a_package(path: str, content: str, expected: tuple[str, ...]) -> None:
    fact = the_fact(INSPECTOR, path, content)
    names = ("ecosystem", "name", "version", "crypto", "code", "module")
    assert tuple(fact.text(name) for name in names) == expected
    assert not fact.flag("tool")


@pytest.mark.parametrize(
    "path",
    [
        "/app/lib/python3.11/site-packages/requests-2.32.0.dist-info/METADATA",
        "/app/RECORD",
        "/app/node_modules/express/package.json",
        # A folder of a package, and no package.
        "/app/node_modules/express/lib/elliptic/package.json",
        "/app/package.json",
        "/app/specifications/rails-7.0.0.gemspec",
        "/usr/lib/R/site-library/knitr/DESCRIPTION",
        "/src/digest/DESCRIPTION",
        # Of the application itself.
        "/app/Crypt/RC4.pm",
        "/usr/share/perl/5.36/Crypt/RC4.pm",
    ],
)
def test_what_is_no_listed_package(path: str) -> None:
    assert not wants(INSPECTOR, path, b'{"name": "x"}')


@pytest.mark.parametrize("folder", ["/usr/lib/node_modules/npm", "/usr/local/lib/node_modules/npm"])
def test_what_belongs_to_a_package_manager_is_a_tool(folder: str) -> None:
    fact = the_fact(INSPECTOR, f"{folder}/node_modules/md5/package.json", '{"name": "md5"}')
    assert fact.flag("tool")


RECORD = """\
../../bin/pyrsa-decrypt,sha256=oPhAuLojFxjzOsX3aAJ82uYjSNoi7t9iHSTcIcoHZfI,171
rsa-4.9.1.dist-info/METADATA,sha256=H2FIK_2Vy5Ay9SbODRUJXTfX9Rb6QVVGQTDkBMBt6Ko,5590
rsa/__init__.py,sha256=OsHkBBcZLnM4i4CLXuBbIXmPqoqGBEHJPmDBnjGxxmo,1607
rsa/__pycache__/__init__.cpython-311.pyc,,
rsa/py.typed,sha256=TfYjsEjlfDcVNGFibSYzbCf81u37bSXWmv4oTYf0zY8,64
"""
"""Lines that `pip install` writes for rsa 4.9.1, with and without --target."""


def test_files_of_a_package_that_was_installed_beside_own_code() -> None:
    fact = the_fact(INSPECTOR, "/app/rsa-4.9.1.dist-info/RECORD", RECORD)
    assert fact.kind is FactKind.LANGUAGE_FILES
    assert (fact.text("ecosystem"), fact.text("name")) == ("pypi", "rsa")
    # pip moves programs into the target after it wrote the list.
    assert fact.texts("files") == ("/app/bin/pyrsa-decrypt", "/app/rsa/__init__.py")


def test_in_the_usual_folder_only_programs_are_told() -> None:
    path = "/venv/lib/python3.11/site-packages/rsa-4.9.1.dist-info/RECORD"
    record = RECORD.replace("../../bin", "../../../bin")
    assert the_fact(INSPECTOR, path, record).texts("files") == ("/venv/bin/pyrsa-decrypt",)


def test_what_no_index_gave_stays_own_code() -> None:
    record = RECORD + "rsa-4.9.1.dist-info/direct_url.json,sha256=b-lA,56\n"
    fact = the_fact(INSPECTOR, "/app/rsa-4.9.1.dist-info/RECORD", record)
    assert fact.texts("files") == ("/app/bin/pyrsa-decrypt",)


def test_a_list_that_points_elsewhere() -> None:
    assert seen(INSPECTOR, "/app/x-1.dist-info/RECORD", "../main.py,,\n../../etc/a.py,,\n,\n") == []
    assert seen(INSPECTOR, "/app/x-1.dist-info/RECORD", b"\xff\x00\n\n") == []


def test_composer() -> None:
    listed = [
        {"name": "phpseclib/phpseclib", "version": "v3.0.42"},
        {"name": "monolog/monolog", "version": "3.0.0"},
    ]
    for content in ({"packages": listed}, listed):  # of Composer 2 and 1
        fact = the_fact(INSPECTOR, "/app/vendor/composer/installed.json", json.dumps(content))
        assert fact.path == "/app/vendor/phpseclib/phpseclib"
        assert fact.text("version") == "3.0.42"


@pytest.mark.parametrize(
    "content", ["[]", "{}", "1", '{"packages": {}}', '[1, {"name": 2}, {"name": "a"}]']
)
def test_composer_lists_that_are_none(content: str) -> None:
    assert seen(INSPECTOR, "/app/vendor/composer/installed.json", content) == []


def test_a_version_that_is_none() -> None:
    path = "/app/node_modules/md5/package.json"
    (fact,) = seen(INSPECTOR, path, '{"name": "md5", "version": {"a": 1}}')
    assert isinstance(fact, Fact)
    assert fact.text("version") == ""

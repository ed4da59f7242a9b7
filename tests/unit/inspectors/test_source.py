"""Source code of interpreted languages."""

from __future__ import annotations

import pytest

from scanner.inspectors.source import MAX_CALLS, MAX_INSTALLED, MAX_SOURCE, make
from scanner.model import Fact, Gap
from scanner.rulebook import RuleBook

from .files import seen, the_fact, wants

INSPECTOR = make(RuleBook.load())
MD5 = "import hashlib\n\nhashlib.md5(data)\nhashlib.md5(more)\nhashlib.sha256(data)\n"


def calls(path: str, text: str | bytes, mode: int = 0o644) -> list[tuple[str, str, str]]:
    return [
        (each.text("api"), each.text("algorithm"), each.text("approved"))
        for each in seen(INSPECTOR, path, text, mode=mode)
        if isinstance(each, Fact)
    ]


def test_own_code_states_what_it_asks_for_approved_or_not() -> None:
    first, second = seen(INSPECTOR, "/app/a.py", MD5)
    assert isinstance(first, Fact)
    assert isinstance(second, Fact)
    assert dict(first.attributes) == {
        "language": "python",
        "api": "hashlib.md5",
        "algorithm": "md5",
        "approved": "no",
        "line": 3,
        "count": 2,
        "own": True,
        "package": "",
        "security": "",
    }
    assert first.evidence == ("/app/a.py:3: hashlib.md5 and 1 more",)
    assert second.text("approved") == "yes"


@pytest.mark.parametrize(
    ("path", "package"),
    [
        ("/usr/lib/python3/dist-packages/httplib2/auth.py", "httplib2"),
        ("/usr/local/lib/python3.12/site-packages/six.py", "six"),
        ("/app/venv/lib/python3.11/site-packages/a/b/c.py", "a"),
        ("/app/node_modules/node-gyp/gyp/gyp_main.py", "node-gyp"),
        ("/app/node_modules/@a/b/x.py", "@a/b"),
    ],
)
def test_a_dependency_states_only_what_is_not_approved(path: str, package: str) -> None:
    fact = the_fact(INSPECTOR, path, MD5)
    assert (fact.text("algorithm"), fact.flag("own")) == ("md5", False)
    assert fact.text("package") == package


@pytest.mark.parametrize(
    "path",
    [
        "/usr/lib/python3.11/urllib/request.py",
        "/usr/local/lib/python3.12/urllib/request.py",
        "/usr/lib/python3/dist-packages/pip/_vendor/requests/auth.py",
        "/usr/lib/python3/dist-packages/x/tests/test_x.py",
        "/usr/share/gcc/python/x.py",
        "/usr/lib/node_modules/npm/node_modules/ssri/lib/index.js",
        "/usr/share/nodejs/npm/lib/x.js",
        "/app/node_modules/x/test/x.js",
        "/app/static/jquery.min.js",
        "/app/types/x.d.ts",
        "/usr/lib/ruby/3.1.0/digest.rb",
        "/usr/local/lib/ruby/3.3.0/digest.rb",
        "/usr/share/perl5/Debconf/X.pm",
        "/usr/local/lib/php/PEAR.php",
    ],
)
def test_what_came_with_the_runtime_is_not_read(path: str) -> None:
    assert not wants(INSPECTOR, path)


def test_of_a_package_of_ciphers_its_package_is_what_is_told() -> None:
    text = "from Crypto.Hash import MD5\nMD5.new()\n"
    assert seen(INSPECTOR, "/app/lib/python3/site-packages/Crypto/Hash/HMAC.py", text) == []
    assert len(seen(INSPECTOR, "/app/lib/python3/site-packages/other/a.py", text)) == 1


@pytest.mark.parametrize("path", ["/app/a.py", "/srv/x.js", "/opt/a/b.rb", "/var/www/i.php"])
def test_own_code_is_read(path: str) -> None:
    assert wants(INSPECTOR, path)


def test_a_script_without_suffix() -> None:
    text = "#!/usr/bin/env -S python3 -u\n" + MD5
    assert ("hashlib.md5", "md5", "no") in calls("/app/run", text)
    assert not wants(INSPECTOR, "/app/run", b"#!/bin/sh\nhashlib.md5\n")
    assert not wants(INSPECTOR, "/app/Makefile", b"all:\n")


def test_what_protects_nothing() -> None:
    text = "import hashlib\nhashlib.md5(x, usedforsecurity=False)\n"
    assert the_fact(INSPECTOR, "/app/a.py", text).text("security") == "no"
    assert seen(INSPECTOR, "/app/lib/python3/site-packages/x/a.py", text) == []


def test_the_same_names_elsewhere() -> None:
    assert calls("/app/a.py", "import hashlib\n# hashlib.md5(x)\ny = 'hashlib.md5(x)'\n") == []
    assert calls("/app/a.js", "const c = require('./crypto'); c.createHash('md5')") == []


def test_typescript() -> None:
    text = "import { createHash } from 'crypto';\nconst h: string = createHash('md5' as any);\n"
    assert calls("/app/a.ts", text) == [("crypto.createHash", "", "")]
    assert calls("/app/a.ts", text.replace(" as any", "")) == [("crypto.createHash", "md5", "no")]


def test_protocol_versions_are_judged_by_the_table_of_tls() -> None:
    text = "import ssl\nc = ssl.SSLContext(ssl.PROTOCOL_TLSv1)\n"
    assert calls("/app/a.py", text) == [("ssl.PROTOCOL_TLSv1", "TLS 1.0", "no")]


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [
        ("/app/a.js", "const { ec } = require('elliptic')", "elliptic"),
        ("/app/a.js", "const EC = require('elliptic').ec", "elliptic"),
        ("/app/a.mjs", "import { sha256 } from '@noble/hashes/sha2.js'", "@noble/hashes"),
        ("/app/a.js", "const aes = require('crypto-js/aes')", "crypto-js"),
        ("/app/a.js", "const x = await import('sjcl')", "sjcl"),
        ("/app/a.py", "import rsa", "rsa"),
        ("/app/a.py", "from ecdsa.keys import SigningKey", "ecdsa"),
        ("/app/a.php", "<?php use phpseclib3\\Crypt\\Random;", "phpseclib/phpseclib"),
        ("/app/a.pl", "use Crypt::RC4;", "Crypt::RC4"),
    ],
)
def test_importing_what_computes_by_itself(path: str, text: str, name: str) -> None:
    assert (f"import {name}", "", "") in calls(path, text)


def test_importing_what_asks_somebody_else() -> None:
    assert calls("/app/a.js", "const jwt = require('jsonwebtoken'); require('elliptical')") == []


def test_a_bundle_is_no_gap_unless_it_is_the_images_own() -> None:
    large = b"require('crypto').createHash('md5');" + b" " * MAX_SOURCE
    (gap,) = seen(INSPECTOR, "/app/dist/main.js", large)
    assert isinstance(gap, Gap)
    assert not gap.caps
    assert seen(INSPECTOR, "/app/dist/main.js", b"x" * (MAX_SOURCE + 1)) == []
    installed = b"require('crypto').createHash('md5');" + b" " * MAX_INSTALLED
    assert seen(INSPECTOR, "/app/node_modules/x/dist/x.js", installed) == []


def test_calls_are_counted_up_to_a_bound() -> None:
    text = "import hashlib\n" + "".join(f"hashlib.new('x{n}')\n" for n in range(MAX_CALLS + 20))
    assert len(seen(INSPECTOR, "/app/a.py", text)) == MAX_CALLS

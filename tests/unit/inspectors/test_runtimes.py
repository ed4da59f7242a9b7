"""Language runtimes."""

from __future__ import annotations

import pytest

from scanner.inspectors.runtimes import RuntimeInspector, runtimes_inside

from .files import image_file, seen, the_fact, wants

INSPECTOR = RuntimeInspector()


@pytest.mark.parametrize(
    ("path", "name", "version"),
    [
        ("/usr/local/bin/python3.12", "python", "3.12"),
        ("/usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0", "python", "3.11"),
        ("/usr/local/bin/node", "node", ""),
        ("/usr/lib/R/bin/exec/R", "r", ""),
        ("/usr/lib/R/lib/libR.so", "r", ""),
        ("/usr/bin/lua5.4", "lua", "5.4"),
        ("/usr/bin/luajit-2.1.0-beta3", "lua", "2.1.0"),
        ("/usr/lib/x86_64-linux-gnu/liblua5.3.so.0.0.0", "lua", "5.3"),
        ("/root/.nvm/versions/node/v20.11.1/bin/node", "node", "20.11.1"),
        ("/usr/lib64/libnode.so.115", "node", ""),
        ("/usr/bin/ruby3.1", "ruby", "3.1"),
        ("/usr/local/lib/libruby.so.3.3.0", "ruby", "3.3.0"),
        ("/usr/lib/x86_64-linux-gnu/libruby-3.1.so.3.1.2", "ruby", "3.1"),
        ("/usr/local/sbin/php-fpm", "php", ""),
        ("/usr/bin/php8.2", "php", "8.2"),
        ("/usr/bin/perl", "perl", ""),
        ("/usr/lib/x86_64-linux-gnu/libperl.so.5.36.0", "perl", "5.36.0"),
        ("/usr/lib/erlang/erts-13.1.5/bin/beam.smp", "erlang", "13.1.5"),
    ],
)
def test_a_path_tells_the_runtime(path: str, name: str, version: str) -> None:
    fact = the_fact(INSPECTOR, path, b"\x7fELF", mode=0o755)
    assert (fact.text("name"), fact.text("version")) == (name, version)


@pytest.mark.parametrize(
    "path", ["/usr/bin/python3-config", "/usr/bin/nodemon", "/usr/bin/perlivp", "/usr/bin/phpize"]
)
def test_similar_names_are_no_runtimes(path: str) -> None:
    assert seen(INSPECTOR, path, b"\x7fELF", mode=0o755) == []


def test_a_script_is_no_runtime() -> None:
    assert not wants(INSPECTOR, "/usr/local/bin/node", b"#!/bin/sh\n", mode=0o755)


@pytest.mark.parametrize(
    ("marks", "content", "found"),
    [
        # Cut out of deno 2.9.6 and bun 1.4.5 for x86_64.
        ({"deno"}, b"registrykeyValued3n0l4nddeno_t\0denover2.9.62.9.6+e518fbdDeno/2.9.6", "2.9.6"),
        ({"deno"}, b"Deno/0.80.0 (of another's user agent)\0Deno/2.9.6", "2.9.6"),
        ({"bun"}, b"\0\n---- Bun! ----\n\0Bun v1.4.5 (Linux x64)\0", "1.4.5"),
        # One only names Electron's variable, the other names Bun in a text.
        ({"electron"}, b"ELECTRON_RUN_AS_NODE Electron/45.3.4", None),
        (set(), b"Bun v1.4.5", None),
    ],
)
def test_a_runtime_under_any_name(marks: set[str], content: bytes, found: str | None) -> None:
    facts = list(runtimes_inside(image_file("/app/server", content), frozenset(marks)))
    assert [each.text("version") for each in facts] == ([] if found is None else [found])

"""Applications of Erlang, and their FIPS mode."""

from __future__ import annotations

import pytest

from scanner.inspectors.erlang import make
from scanner.model import FactKind
from scanner.rulebook import RuleBook

from .files import seen, the_fact, wants

INSPECTOR = make(RuleBook.load())

# As Debian 12 ships it in erlang-p1-tls 1.1.16, without its list of files.
FAST_TLS = """{application,fast_tls,
             [{description,"TLS / SSL OpenSSL-based native driver for Erlang / Elixir"},
              {vsn,"1.1.16"},
              {modules,[fast_tls,p1_sha]},
              {registered,[]},
              {applications,[kernel,stdlib,crypto,p1_utils]}]}.
"""


def test_an_application_that_is_known() -> None:
    path = "/usr/lib/erlang/lib/p1_tls-1.1.16/ebin/fast_tls.app"
    fact = the_fact(INSPECTOR, path, FAST_TLS)
    assert fact.kind is FactKind.LANGUAGE_PACKAGE
    assert (fact.text("ecosystem"), fact.text("name"), fact.text("version")) == (
        "hex",
        "fast_tls",
        "1.1.16",
    )
    assert (fact.text("crypto"), fact.text("module")) == ("binding", "openssl")


@pytest.mark.parametrize(
    "path", ["/app/lib/cowboy-2.9.0/ebin/cowboy.app", "/app/src/bcrypt.app", "/app/ebin/x/y.app"]
)
def test_others_are_not_read(path: str) -> None:
    assert not wants(INSPECTOR, path)


@pytest.mark.parametrize(
    ("path", "text", "value", "line"),
    [
        ("/app/releases/1.0/sys.config", "[{crypto, [{fips_mode, true}]}].", "true", 1),
        ("/app/sys.config", "[\n {kernel, []},\n {crypto,\n  [{fips_mode,true}]}].", "true", 4),
        ("/app/sys.config", "[{crypto,[{fips_mode,false}]}].", "false", 1),
        ("/app/sys.config", "\n\n%% FIPS\n[{crypto, [{fips_mode, true}]}].", "true", 4),
        ("/app/releases/1.0/vm.args", "-name x@y\n-crypto fips_mode true\n", "true", 2),
    ],
)
def test_fips_mode(path: str, text: str, value: str, line: int) -> None:
    fact = the_fact(INSPECTOR, path, text)
    assert (fact.text("component"), fact.text("name")) == ("erlang", "fips_mode")
    assert (fact.text("value"), int(fact.text("line"))) == (value, line)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/app/sys.config", "%% [{crypto, [{fips_mode, true}]}]."),
        ("/app/sys.config", "[{myapp, [{fips_mode, true}]}]."),
        ("/app/vm.args", "## -crypto fips_mode true\n+K true\n"),
        ("/app/vm.args", "-mycrypto fips_mode true\n"),
    ],
)
def test_what_is_none(path: str, text: str) -> None:
    assert seen(INSPECTOR, path, text) == []

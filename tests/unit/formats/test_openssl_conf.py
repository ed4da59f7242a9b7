"""OpenSSL's configuration syntax. Expected values are those of OpenSSL 3.0.19's NCONF_load."""

from __future__ import annotations

import pytest

from scanner.formats.openssl_conf import MAX_DEPTH, Conf, ConfSyntaxError, parse

FILES = {
    "/etc/inc.cnf": "inc = 1\n[incsec]\nz = 1\n",
    "/etc/incd/a.cnf": "inda = 1\n",
    "/etc/incd/B.CONF": "indb = $inda\n",
    "/etc/incd/c.txt": "indc = 1\n",
    "/etc/loop.cnf": ".include /etc/loop.cnf\nafter = 1\n",
}


def children(path: str) -> tuple[str, ...] | None:
    inside = tuple(each for each in FILES if each.startswith(path + "/"))
    return inside or None


def read(text: str, **env: str) -> Conf:
    return parse(text, read=FILES.get, children=children, env=env)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("a = 1 # comment\n", "a", "1"),
        ('a = "q # x" y\n', "a", "q # x y"),
        ("a = 'it\\'s'\n", "a", "it's"),
        ("a = `x y`z\n", "a", "x yz"),
        ("a = b\\\nc\n", "a", "bc"),
        ("a = b\\\\\nc = 1\n", "a", "b\\"),
        ("a = \\n\\t#\n", "a", "\n\t"),
        ("b = 1\na = $b\n", "a", "1"),
        ("b = 1\na = ${b}x$(b)\n", "a", "1x1"),
        ("[s]\nb = 2\n[default]\na = $s::b\n", "a", "2"),
        ("a = \\$b\n", "a", "$b"),
        ("a = b = c\n", "a", "b = c"),
        ("a = 1\na = 2\n", "a", "2"),
        ("a =\n", "a", ""),
        ("\ufeffa = 1\r\n", "a", "1"),
        ('a = "open\n', "a", "open"),
        (".pragma dollarid:on\na = x$y\n", "a", "x$y"),
        ("1.a = w\n", "1.a", "w"),
        ("b = 2.include = /etc/inc.cnf\n", "b", "2.include = /etc/inc.cnf"),
    ],
)
def test_values_are_what_openssl_makes_of_them(text: str, name: str, value: str) -> None:
    assert read(text).sections["default"][name] == value


@pytest.mark.parametrize(
    "text",
    [
        "no equal sign\n",
        "a b = 1\n",
        "[open\n",
        "[a[b]\n",
        "[$a]\n",
        "a = ${b\n",
        "a = $undefined\n",
        "a = $ENV::UNDEFINED\n",
        ".pragma bogus\n",
        ".pragma dollarid:maybe\n",
        ".pragma abspath:on\n.include relative.cnf\n",
    ],
)
def test_what_openssl_refuses_is_refused(text: str) -> None:
    with pytest.raises(ConfSyntaxError):
        read(text)


def test_environment_is_expanded_and_the_default_section_stands_in() -> None:
    conf = read("b = 1\n[s]\na = $ENV::HOME_OF_IT/$b\n", HOME_OF_IT="/x")
    assert conf.sections["s"]["a"] == "/x/1"


def test_an_included_file_goes_on_in_the_section_it_is_included_from() -> None:
    conf = read("[s]\n.include /etc/inc.cnf\nb = 2\n")
    assert conf.sections["s"] == {"inc": "1"}
    assert conf.sections["incsec"] == {"z": "1", "b": "2"}


@pytest.mark.parametrize(
    "form", [".include /etc/incd", ".include = /etc/incd", ".include=/etc/incd"]
)
def test_of_a_folder_only_cnf_and_conf_files_are_included(form: str) -> None:
    conf = parse(
        form,
        read={**FILES, "/etc/incd/B.CONF": "indb = 2\n"}.get,
        children=children,
    )
    assert conf.sections["default"] == {"inda": "1", "indb": "2"}


def test_a_missing_include_is_passed_over_and_told() -> None:
    conf = read(".include /nowhere.cnf\na = 1\n")
    assert conf.sections["default"] == {"a": "1"}
    assert conf.missing == ("/nowhere.cnf",)


@pytest.mark.parametrize(
    ("text", "env"),
    [
        (".pragma includedir:/etc\n.include inc.cnf\n", {}),
        (".include inc.cnf\n", {"OPENSSL_CONF_INCLUDE": "/etc"}),
        (".pragma includedir:/wrong\n.include inc.cnf\n", {"OPENSSL_CONF_INCLUDE": "/etc"}),
    ],
)
def test_relative_includes_start_at_the_include_folder(text: str, env: dict[str, str]) -> None:
    assert read(text, **env).sections["default"] == {"inc": "1"}


def test_a_circle_of_includes_ends_and_is_told() -> None:
    conf = read(".include /etc/loop.cnf\n")
    assert conf.incomplete
    assert len(conf.includes) == MAX_DEPTH + 1


def test_variables_that_multiply_end_at_the_bound() -> None:
    lines = ["a0 = " + "x" * 1000, *(f"a{n} = $a{n - 1}$a{n - 1}" for n in range(1, 40))]
    with pytest.raises(ConfSyntaxError, match="too long"):
        read("\n".join(lines))


def test_get_falls_back_to_the_default_section() -> None:
    conf = read("a = 1\n[s]\nb = 2\n")
    assert (conf.get("s", "a"), conf.get("s", "b"), conf.get("s", "c")) == ("1", "2", None)

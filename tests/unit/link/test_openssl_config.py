"""What OpenSSL makes of a configuration.

The expected outcomes were observed with OpenSSL 3.0.19 (Debian 12) and 3.5.9 (Debian 13), whose
`fips.so` was installed with `openssl fipsinstall`: `openssl list -providers`, then
`openssl dgst -sha256` and `-md5`.
"""

from __future__ import annotations

import pytest

from scanner.formats.openssl_conf import parse
from scanner.link.openssl_config import BUILT_IN, Provider, Request, interpret, load

FILES = {"fips.so", "legacy.so", "/opt/legacy.so"}
HEAD = "openssl_conf = init\n[init]\n"
FIPS = "[fips_sect]\nactivate = 1\nmodule-mac = 23:F5:1F\n[base_sect]\nactivate = 1\n"
BOTH = "[d]\nactivate = 1\n[l]\nactivate = {}\n"


def can_load(provider: Provider) -> bool:
    file = provider.module or f"{provider.name}.so"
    return file in FILES and (provider.name != "fips" or provider.has_mac)


def start(text: str, version: tuple[int, ...] = (3, 0, 19)) -> tuple[set[str], str, Request]:
    """Active providers; `works`, `approved only` or `nothing works`; and what was asked for."""
    request = interpret(parse(text), version)
    loaded = load(request, can_load)
    names = {*loaded.names} or ({"default"} if loaded.fallback else set())
    if request.requires_fips:
        hashes = "approved only" if "fips" in names else "nothing works"
    elif names == {"base", "fips"}:
        hashes = "approved only"
    else:
        hashes = "works" if names else "nothing works"
    return names, hashes, request


CASES = {
    "fips and base, fips=yes": (
        HEAD + "providers = p\nalg_section = a\n[p]\nfips = fips_sect\nbase = base_sect\n"
        "[a]\ndefault_properties = fips=yes\n" + FIPS,
        ({"fips", "base"}, "approved only"),
    ),
    "fips and base only": (
        HEAD + "providers = p\n[p]\nfips = fips_sect\nbase = base_sect\n" + FIPS,
        ({"fips", "base"}, "approved only"),
    ),
    "fips_mode = yes beside the default provider": (
        HEAD + "providers = p\nalg_section = a\n[p]\nfips = fips_sect\ndefault = d\n"
        "[a]\nfips_mode = yes\n[d]\nactivate = 1\n" + FIPS,
        ({"fips", "default"}, "approved only"),
    ),
    "fips preferred, not required": (
        HEAD + "providers = p\nalg_section = a\n[p]\nfips = fips_sect\ndefault = d\n"
        "[a]\ndefault_properties = ?fips=yes\n[d]\nactivate = 1\n" + FIPS,
        ({"fips", "default"}, "works"),
    ),
    "fips without its checksum": (
        HEAD + "providers = p\nalg_section = a\n[p]\ndefault = d\nfips = f\n"
        "[d]\nactivate = 1\n[f]\nactivate = 1\n[a]\ndefault_properties = fips=yes\n",
        ({"default"}, "nothing works"),
    ),
    "fips listed, its section missing": (
        HEAD + "providers = p\nalg_section = a\n[p]\ndefault = d\nfips = nosuch\n"
        "[d]\nactivate = 1\n[a]\ndefault_properties = fips=yes\n",
        ({"default"}, "works"),
    ),
    "a named file gets no suffix": (
        HEAD + "providers = p\n[p]\ndefault = d\nlegacy = l\n"
        "[d]\nactivate = 1\n[l]\nmodule = legacy\nactivate = 1\n",
        ({"default"}, "works"),
    ),
    "a named file, another identity": (
        HEAD + "providers = p\n[p]\ndefault = d\nfoo = l\n[d]\nactivate = 1\n"
        "[l]\nidentity = legacy\nmodule = legacy.so\nactivate = yes\n",
        ({"default", "legacy"}, "works"),
    ),
    "an absolute file": (
        HEAD + "providers = p\n[p]\ndefault = d\nx = l\n[d]\nactivate = 1\n"
        "[l]\nmodule = /opt/legacy.so\nactivate = 1\n",
        ({"default", "x"}, "works"),
    ),
    "one that cannot load, the default after it": (
        HEAD
        + "providers = p\n[p]\nnosuch = n\ndefault = d\n[n]\nactivate = 1\n[d]\nactivate = 1\n",
        ({"default"}, "works"),
    ),
    "only one that cannot load": (
        HEAD + "providers = p\nalg_section = a\n[p]\nnosuch = n\n[n]\nactivate = 1\n"
        "[a]\ndefault_properties = fips=yes\n",
        (set(), "nothing works"),
    ),
    "fips=yes and no provider": (
        HEAD + "alg_section = a\n[a]\ndefault_properties = fips=yes\n",
        ({"default"}, "nothing works"),
    ),
    "fips=yes before an unknown setting": (
        HEAD + "alg_section = a\n[a]\ndefault_properties = fips=yes\nbogus = 1\n",
        ({"default"}, "nothing works"),
    ),
    "fips_mode is no number": (
        HEAD + "alg_section = a\n[a]\nfips_mode = 1\n",
        ({"default"}, "works"),
    ),
    "an unknown kind of setting ends the reading": (
        HEAD
        + "nosuchmodule = x\nproviders = p\n[p]\ndefault = d\nlegacy = l\n"
        + BOTH.format("on"),
        ({"default"}, "works"),
    ),
    "numbers in front of providers, behind kinds of settings": (
        HEAD + "providers.1 = p\n[p]\n1.default = d\n2.legacy = l\n"
        "[d]\nactivate = 1\n[l]\n0.activate = 1\n",
        ({"default", "legacy"}, "works"),
    ),
    "numbers in front of kinds of settings": (
        HEAD + "1.providers = p\n[p]\ndefault = d\nlegacy = l\n" + BOTH.format("1"),
        ({"default"}, "works"),
    ),
    "the last openssl_conf counts": (
        "openssl_conf = one\nopenssl_conf = two\n[one]\nalg_section = a\n[two]\nx = y\n"
        "[a]\ndefault_properties = fips=yes\n",
        ({"default"}, "works"),
    ),
    "openssl_conf leads nowhere": ("openssl_conf = nosuch\n", ({"default"}, "works")),
    "no openssl_conf": ("[init]\nproviders = p\n", ({"default"}, "works")),
}


@pytest.mark.parametrize("name", CASES)
def test_both_versions_start_as_openssl_does(name: str) -> None:
    text, expected = CASES[name]
    for version in ((3, 0, 19), (3, 5, 9)):
        names, hashes, _request = start(text, version)
        assert (names, hashes) == expected


@pytest.mark.parametrize(
    ("value", "in_3_0", "in_3_5"),
    [
        ("1", True, True),
        ("on", True, True),
        ("0", True, False),
        ("no", True, False),
        ("", True, False),
        ("maybe", True, False),
    ],
)
def test_the_value_of_activate_counts_since_3_3(value: str, in_3_0: bool, in_3_5: bool) -> None:
    text = HEAD + "providers = p\n[p]\ndefault = d\nlegacy = l\n" + BOTH.format(value)
    assert ("legacy" in start(text, (3, 0, 19))[0]) is in_3_0
    assert ("legacy" in start(text, (3, 2, 9))[0]) is in_3_0
    assert ("legacy" in start(text, (3, 5, 9))[0]) is in_3_5


def test_a_value_that_is_neither_yes_nor_no_is_an_error_since_3_3() -> None:
    text = HEAD + "providers = p\n[p]\nlegacy = l\n[l]\nactivate = maybe\n"
    assert "maybe" in start(text, (3, 5, 9))[2].error


@pytest.mark.parametrize(
    ("properties", "required"),
    [
        ("fips=yes", True),
        ("provider=x, fips = yes", True),
        ("fips", True),
        ("?fips=yes", False),
        ("fips=no", False),
        ("", False),
    ],
)
def test_only_a_plain_demand_is_one(properties: str, required: bool) -> None:
    assert Request(properties=properties).requires_fips is required


def test_the_programs_own_name_selects_the_section() -> None:
    text = "nodejs_conf = n\nopenssl_conf = o\n[n]\nalg_section = a\n[o]\n[a]\nfips_mode = yes\n"
    assert interpret(parse(text), (3, 5), "nodejs_conf").requires_fips
    assert not interpret(parse(text), (3, 5)).requires_fips


def test_built_in_providers_need_no_file() -> None:
    text = HEAD + "providers = p\n[p]\nbase = b\n[b]\nactivate = 1\n"
    assert load(interpret(parse(text), (3, 0)), lambda _: False).names == ("base",)
    assert "base" in BUILT_IN

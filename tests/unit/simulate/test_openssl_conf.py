from __future__ import annotations

from scanner.simulate.openssl_conf import enforced_config

DEBIAN = """\
HOME = .
openssl_conf = openssl_init
# a comment
[openssl_init]
providers = provider_sect
ssl_conf = ssl_sect
engines = engine_sect # another comment
alg_section = algorithms

[provider_sect]
default = default_sect

[ssl_sect]
system_default = system_default_sect
"""
SECTION = "[fips_scanner_provider]\nactivate = 1\n"


def sections(text: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("["):
            current = found.setdefault(line.strip("[]"), {})
        elif " = " in line:
            name, value = line.split(" = ", 1)
            current[name] = value
    return found


def test_only_fips_and_base_are_active_and_fips_is_demanded() -> None:
    made = sections(enforced_config(SECTION))
    assert made["fips_scanner_providers"] == {
        "fips": "fips_scanner_provider",
        "base": "fips_scanner_base",
    }
    assert made["fips_scanner_properties"] == {"default_properties": "fips=yes"}
    assert made["fips_scanner_provider"] == {"activate": "1"}


def test_node_reads_the_same_section() -> None:
    default = sections(enforced_config(SECTION))["default"]
    assert default["openssl_conf"] == default["nodejs_conf"] == "fips_scanner_init"


def test_the_image_keeps_everything_but_providers_and_properties() -> None:
    text = enforced_config(SECTION, "/etc/ssl/openssl.cnf", DEBIAN)
    assert text.startswith(".include /etc/ssl/openssl.cnf\n")
    init = sections(text)["fips_scanner_init"]
    assert init == {
        "ssl_conf": "ssl_sect",
        "engines": "engine_sect",
        "providers": "fips_scanner_providers",
        "alg_section": "fips_scanner_properties",
    }


def test_a_path_that_could_write_configuration_is_not_included() -> None:
    assert ".include" not in enforced_config(SECTION, "/x\nopenssl_conf = y", "")

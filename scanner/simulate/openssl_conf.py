"""Writes the OpenSSL configuration that lets a container use its FIPS provider and nothing else.

Keeps what the image's own configuration says about anything but providers and properties.
"""

from __future__ import annotations

import re

_SECTION = re.compile(r"\[\s*([^\]\s]+)\s*\]")
_SETTING = re.compile(r"([\w.:]+)\s*=\s*([^#]*)")
_REPLACED = frozenset({"providers", "alg_section"})
_SAFE_PATH = re.compile(r"/[\w./+@:-]+\Z")


def enforced_config(
    provider_section: str, image_config: str = "", image_text: str = "", *, for_node: bool = True
) -> str:
    """A configuration with a FIPS provider and `fips=yes` for every fetch.

    The image's file is included first, so that its sections stay there; the default section is
    then opened again, where the last setting counts. Of the section that initializes the
    library everything is taken over but the providers and the default properties. The default
    provider is not loaded: what asks for `fips=no` must fail and not be served outside of the
    module. Node.js reads `nodejs_conf` instead of `openssl_conf`.

    Args:
        provider_section: the section `fips_scanner_provider`.
        image_config: path of the image's own configuration, or `""`.
        image_text: its text.
        for_node: whether Node.js is to read it; one with OpenSSL 1.1 ends at a provider.
    """
    lines: list[str] = []
    if image_config and _SAFE_PATH.match(image_config):
        lines += [f".include {image_config}", ""]
    lines += [
        "[default]",
        "openssl_conf = fips_scanner_init",
        *(["nodejs_conf = fips_scanner_init"] if for_node else []),
        "",
        "[fips_scanner_init]",
        *(f"{name} = {value}" for name, value in _kept(image_text)),
        "providers = fips_scanner_providers",
        "alg_section = fips_scanner_properties",
        "",
        "[fips_scanner_providers]",
        "fips = fips_scanner_provider",
        "base = fips_scanner_base",
        "",
        "[fips_scanner_base]",
        "activate = 1",
        "",
        "[fips_scanner_properties]",
        "default_properties = fips=yes",
        "",
        provider_section,
    ]
    return "\n".join(lines)


def _kept(text: str) -> list[tuple[str, str]]:
    """The settings of the section that `openssl_conf` names, without those that are replaced."""
    sections: dict[str, dict[str, str]] = {"default": {}}
    current = sections["default"]
    for line in text.splitlines()[:10_000]:
        stripped = line.strip()
        if found := _SECTION.match(stripped):
            current = sections.setdefault(found[1], {})
        elif setting := _SETTING.match(stripped):
            current[setting[1]] = setting[2].strip()
    init = sections.get(sections["default"].get("openssl_conf", ""), {})
    return [(name, value) for name, value in init.items() if name not in _REPLACED and value]

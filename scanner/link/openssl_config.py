"""Says which providers and properties an OpenSSL 3 configuration asks for, as libcrypto acts on it.

Follows crypto/conf/conf_mod.c, crypto/provider_conf.c and crypto/evp/evp_cnf.c. It looks at no
file: whether a provider can be loaded is the caller's answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scanner.formats.openssl_conf import Conf

_MODULES = frozenset(
    {"providers", "alg_section", "oid_section", "stbl_section", "engines", "ssl_conf", "random"}
)
_YES = frozenset({"1", "yes", "YES", "true", "TRUE", "on", "ON"})
_NO = frozenset({"0", "no", "NO", "false", "FALSE", "off", "OFF"})
_FLAG_YES = frozenset({"TRUE", "true", "Y", "y", "YES", "yes"})
_FLAG_NO = frozenset({"FALSE", "false", "N", "n", "NO", "no"})
BUILT_IN = frozenset({"default", "base", "null"})


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider that a configuration lists."""

    name: str
    """As OpenSSL will call it: `identity`, or the name in the list."""
    module: str
    """The file it names, or `""` for `<name>.so`."""
    activate: bool
    soft: bool
    has_mac: bool
    """Its section holds the checksum that `openssl fipsinstall` writes."""
    mac: str = ""
    """That checksum, in hexadecimal."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a configuration makes libcrypto do, up to the point where it gives up."""

    providers: tuple[Provider, ...] = ()
    properties: str = ""
    """Default property query, or `""`."""
    error: str = ""
    """What makes libcrypto stop reading its configuration; what was done before stays done."""

    @property
    def requires_fips(self) -> bool:
        """Whether algorithms without `fips=yes` are refused."""
        wanted = (part.strip().replace(" ", "") for part in self.properties.split(","))
        return any(part in ("fips=yes", "fips") for part in wanted)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Which providers are there after start."""

    names: tuple[str, ...]
    failed: tuple[str, ...]
    fallback: bool
    """Nothing was asked for, so the default provider steps in."""

    def serves_beyond(self, fips: str) -> bool:
        """Whether a provider other than `fips` and helpers without algorithms is active."""
        return self.fallback or any(each not in (fips, "base", "null") for each in self.names)


def interpret(conf: Conf, version: tuple[int, ...], application: str = "openssl_conf") -> Request:
    """What libcrypto of `version` does with `conf`.

    Args:
        conf: a configuration without syntax error.
        version: `(3, 0, 19)`; `activate = 0` activated before 3.3.
        application: name that the program looks for in the default section.
    """
    start = conf.get("default", application)
    if start is None:
        return Request()
    steps = conf.sections.get(start)
    if steps is None:
        return Request(error=f"it has no section [{start}]")
    providers: list[Provider] = []
    properties = ""
    for name, value in steps.items():
        step = name.rpartition(".")[0] or name
        error = ""
        if step == "providers":
            error = _read_providers(conf, value, version, providers)
        elif step == "alg_section":
            properties, error = _read_algorithms(conf, value, properties)
        elif step not in _MODULES:
            error = f"it names an unknown kind of setting, {name}"
        if error:
            return Request(tuple(providers), properties, error)
    return Request(tuple(providers), properties)


def _read_providers(
    conf: Conf, section: str, version: tuple[int, ...], into: list[Provider]
) -> str:
    listed = conf.sections.get(section)
    if listed is None:
        return f"it has no section [{section}]"
    for name, where in listed.items():
        settings = conf.sections.get(where)
        if settings is None:
            return f"it has no section [{where}]"
        provider, error = _provider(_without_number(name), settings, version)
        if error:
            return error
        into.append(provider)
    return ""


def _provider(name: str, settings: object, version: tuple[int, ...]) -> tuple[Provider, str]:
    assert hasattr(settings, "items")
    module = error = mac = ""
    activate = soft = has_mac = False
    for raw, value in settings.items():
        key = _without_number(raw)
        if key == "identity":
            name = value
        elif key == "module":
            module = value
        elif key == "module-mac":
            has_mac, mac = True, value.replace(":", "").lower()
        elif key in ("activate", "soft_load"):
            # Up to 3.2 the mere presence counts, whatever the value (openssl/openssl#22906).
            switch = version < (3, 3) or value in _YES
            if not switch and value not in _NO:
                error = f"{key} = {value} is neither yes nor no"
            if key == "activate":
                activate = switch
            else:
                soft = switch
    return Provider(name, module, activate, soft, has_mac, mac), error


def _without_number(name: str) -> str:
    return name.partition(".")[2] or name


def _read_algorithms(conf: Conf, section: str, properties: str) -> tuple[str, str]:
    settings = conf.sections.get(section)
    if settings is None:
        return properties, f"it has no section [{section}]"
    for name, value in settings.items():
        key = name.rpartition(".")[0] or name
        if key == "default_properties":
            properties = value
        elif key == "fips_mode":
            if value not in _FLAG_YES | _FLAG_NO:
                return properties, f"fips_mode = {value} is neither yes nor no"
            properties = _with_fips(properties, value in _FLAG_YES)
        else:
            return properties, f"[{section}] holds an unknown setting, {name}"
    return properties, ""


def _with_fips(properties: str, wanted: bool) -> str:
    others = [
        part
        for part in (each.strip() for each in properties.split(","))
        if part and not part.startswith("fips")
    ]
    return ",".join([*others, "fips=yes"] if wanted else others)


def load(request: Request, can_load: Callable[[Provider], bool]) -> Loaded:
    """Which providers are active once `request` was carried out.

    A provider that cannot be loaded does not keep the following ones from loading, but the mere
    attempt keeps the default provider from stepping in.
    """
    wanted = [each for each in request.providers if each.activate]
    names = [each.name for each in wanted if each.name in BUILT_IN or can_load(each)]
    failed = [each.name for each in wanted if each.name not in names]
    return Loaded(tuple(names), tuple(failed), fallback=not wanted)

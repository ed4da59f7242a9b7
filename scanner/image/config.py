"""Reads image configurations, and picks the platform out of several.

Turns JSON that somebody else wrote into plain values; opens nothing.
"""

from __future__ import annotations

import json
import platform as host
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scanner.errors import ImageFormatError, UsageError
from scanner.model import Gap, GapKind, HealthCheck, ImageConfig, Platform

_ARCHITECTURES = {
    "x86_64": "amd64",
    "amd64": "amd64",
    "i386": "386",
    "i686": "386",
    "aarch64": "arm64",
    "arm64": "arm64",
    "armv6l": "arm/v6",
    "armv7l": "arm/v7",
    "armv8l": "arm/v7",
    "loongarch64": "loong64",
}
_KNOWN_SYSTEMS = frozenset({"linux", "windows", "freebsd", "darwin", "solaris", "wasip1"})
_DEFAULT_VARIANTS = {"arm64": "v8", "arm": "v7", "amd64": "v1"}
_NANOSECONDS = 1_000_000_000
_MAX_ITEMS = 10_000
_TOP = frozenset({"config", "Config", "rootfs", "os", "architecture", "variant", "history"})
_CONFIG = frozenset(
    {
        "Env",
        "Entrypoint",
        "Cmd",
        "User",
        "WorkingDir",
        "ExposedPorts",
        "Labels",
        "Healthcheck",
    }
)
_HEALTH = frozenset({"Test", "Interval", "Timeout", "StartPeriod", "Retries"})


def this_platform() -> Platform:
    """The Linux platform that this machine runs."""
    machine = host.machine().lower()
    architecture, _, variant = _ARCHITECTURES.get(machine, machine).partition("/")
    return Platform("linux", architecture, variant)


def parse_platform(text: str) -> Platform:
    """`linux/arm64`, `linux/arm/v7`, `arm64`.

    Raises:
        UsageError: it is none of these.
    """
    parts = text.strip().lower().split("/")
    if len(parts) == 1 and parts[0] not in _KNOWN_SYSTEMS:
        parts.insert(0, "linux")
    known = len(parts) in (2, 3) and parts[0] in _KNOWN_SYSTEMS
    if not known or not all(part.isalnum() for part in parts):
        raise UsageError(f"'{text}' is not a platform: write for example linux/arm64")
    architecture, _, variant = _ARCHITECTURES.get(parts[1], parts[1]).partition("/")
    return Platform(parts[0], architecture, parts[2] if len(parts) == 3 else variant)


def fits(wanted: Platform, offered: Platform) -> bool:
    """Whether an image for `offered` is what was asked for with `wanted`."""
    if (wanted.os, wanted.architecture) != (offered.os, offered.architecture):
        return False
    default = _DEFAULT_VARIANTS.get(wanted.architecture, "")
    return (wanted.variant or default) == (offered.variant or default)


def pick(offered: Sequence[Platform], wanted: Platform | None, reference: str) -> int:
    """Index of the platform to take; without a wish this machine's, or the only one.

    Raises:
        UsageError: none fits, or one has to be asked for.
    """
    for position, each in enumerate(offered):
        if fits(wanted or this_platform(), each):
            return position
    if wanted is not None and not wanted.variant:
        for position, each in enumerate(offered):
            if (each.os, each.architecture) == (wanted.os, wanted.architecture):
                return position
    names = ", ".join(sorted({str(each) for each in offered})[:20]) or "none"
    if wanted is not None:
        raise UsageError(f"'{reference}' is not there for {wanted}: it is for {names}")
    if len(offered) == 1:
        return 0
    raise UsageError(
        f"'{reference}' is not there for {this_platform()}: choose one of {names} with --platform"
    )


def parse_json(data: bytes, what: str) -> dict[str, Any]:
    """The JSON object in `data`.

    Raises:
        ImageFormatError: it is none.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ImageFormatError(f"{what} is not a JSON object; the image is damaged, get it again")
    return value


def parse_config(raw: Mapping[str, Any]) -> ImageConfig:
    """An image configuration, OCI's or Docker's.

    What is of a wrong type counts as absent, and is named in `ImageConfig.malformed`.
    """
    top = _Fields(raw, _TOP)
    config = _Fields(
        top.mapping("config") if raw.get("config") is not None else top.mapping("Config"), _CONFIG
    )
    health = _Fields(config.mapping("Healthcheck"), _HEALTH)
    rootfs = top.mapping("rootfs")
    for name in ("os", "architecture", "variant"):
        top.text(name)
    return ImageConfig(
        platform=platform_of(raw),
        env=tuple(_variables(config.texts("Env"))),
        entrypoint=config.command("Entrypoint"),
        cmd=config.command("Cmd"),
        user=config.text("User"),
        working_dir=config.text("WorkingDir"),
        exposed_ports=tuple(sorted(str(port) for port in config.mapping("ExposedPorts"))),
        labels=tuple(
            sorted((str(key), _text(value)) for key, value in config.mapping("Labels").items())
        ),
        healthcheck=_health_check(health),
        layer_digests=texts(rootfs.get("diff_ids")),
        created_by=_created_by(raw.get("history")),
        malformed=tuple(dict.fromkeys((*top.wrong, *config.wrong, *health.wrong))),
    )


def read_config(raw: bytes, layers: int, reference: str, advice: str) -> ImageConfig:
    """The configuration in `raw`, of an image of so many layers.

    Args:
        advice: what to do when it does not fit, for the end of the message.

    Raises:
        ImageFormatError: it is damaged, or is that of another image.
    """
    config = parse_config(parse_json(raw, f"the configuration of '{reference}'"))
    if len(config.layer_digests) != layers:
        raise ImageFormatError(
            f"'{reference}' has {layers} layers where its configuration has "
            f"{len(config.layer_digests)}; {advice}"
        )
    return config


def check_platform(offered: Platform, platform: str | None, reference: str) -> None:
    """Raises UsageError when an image is for another platform than the one asked for."""
    if platform:
        pick((offered,), parse_platform(platform), reference)


def config_gaps(config: ImageConfig) -> tuple[Gap, ...]:
    """That fields of the configuration could not be understood; one gap for all."""
    if not config.malformed:
        return ()
    names = ", ".join(config.malformed)
    return (
        Gap(
            GapKind.MALFORMED,
            "image configuration",
            f"not of the type, or not spelled, as the image specification has it: {names}; "
            "how a container starts with that is unknown",
        ),
    )


def platform_of(raw: Mapping[str, Any]) -> Platform:
    """The `os`, `architecture` and `variant` of a configuration or an index's entry."""
    return Platform(
        _text(raw.get("os")) or "linux", _text(raw.get("architecture")), _text(raw.get("variant"))
    )


def texts(value: object) -> tuple[str, ...]:
    """The strings of a JSON list."""
    if not isinstance(value, list):
        return ()
    return tuple(item for item in value[:_MAX_ITEMS] if isinstance(item, str))


class _Fields:
    """Reads the fields of a JSON object, and remembers which are not what they should be."""

    def __init__(self, raw: Mapping[str, Any], known: frozenset[str]) -> None:
        self._raw = raw
        # Engines are written in Go, whose decoder takes a name in any case.
        alike = {name.casefold() for name in known}
        self.wrong = [
            next(name for name in sorted(known) if name.casefold() == key.casefold())
            for key in raw
            if key not in known and key.casefold() in alike
        ]
        if raw.keys() >= {"config", "Config"}:
            self.wrong.append("config")

    def mapping(self, name: str) -> Mapping[str, Any]:
        """The object `name`; empty when it is absent or none."""
        value = self._raw.get(name)
        if not isinstance(value, dict | None):
            self.wrong.append(name)
        return _mapping(value)

    def text(self, name: str) -> str:
        """The string `name`; empty when it is absent or none."""
        value = self._raw.get(name)
        if not isinstance(value, str | None):
            self.wrong.append(name)
        return _text(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """The list of strings `name`, as far as it is one."""
        value = self._raw.get(name)
        found = texts(value)
        if value is not None and (not isinstance(value, list) or len(found) < len(value)):
            self.wrong.append(name)
        return found

    def command(self, name: str) -> tuple[str, ...]:
        """As `texts`; very old images hold a string, which counts as a list of one."""
        value = self._raw.get(name)
        if isinstance(value, str):
            return (value,) if value else ()
        return self.texts(name)

    def whole(self, name: str) -> int:
        """The number `name`; 0 when it is absent, not positive or none."""
        value = self._raw.get(name)
        fine = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63
        if value is not None and not fine:
            self.wrong.append(name)
        return value if isinstance(value, int) and fine and value > 0 else 0


def _variables(items: Iterable[str]) -> Iterable[tuple[str, str]]:
    for item in items:
        name, _, value = item.partition("=")
        yield name, value


def _health_check(fields: _Fields) -> HealthCheck | None:
    check = HealthCheck(
        test=fields.texts("Test"),
        interval=fields.whole("Interval") / _NANOSECONDS,
        timeout=fields.whole("Timeout") / _NANOSECONDS,
        start_period=fields.whole("StartPeriod") / _NANOSECONDS,
        retries=fields.whole("Retries"),
    )
    return check if check.test and check.test[0] != "NONE" else None


def _created_by(history: object) -> tuple[str, ...]:
    if not isinstance(history, list):
        return ()
    return tuple(
        _text(step.get("created_by"))
        for step in history[:_MAX_ITEMS]
        if isinstance(step, dict) and not step.get("empty_layer")
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""

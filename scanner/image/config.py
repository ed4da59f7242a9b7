"""Reads image configurations, and picks the platform out of several.

Turns JSON that somebody else wrote into plain values; opens nothing.
"""

from __future__ import annotations

import json
import platform as host
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scanner.errors import ImageFormatError, UsageError
from scanner.model import HealthCheck, ImageConfig, Platform

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
    """An image configuration, OCI's or Docker's. What is of a wrong type counts as absent."""
    config = _mapping(raw.get("config")) or _mapping(raw.get("Config"))
    rootfs = _mapping(raw.get("rootfs"))
    return ImageConfig(
        platform=platform_of(raw),
        env=tuple(_variables(texts(config.get("Env")))),
        entrypoint=_command(config.get("Entrypoint")),
        cmd=_command(config.get("Cmd")),
        user=_text(config.get("User")),
        working_dir=_text(config.get("WorkingDir")),
        exposed_ports=tuple(sorted(str(port) for port in _mapping(config.get("ExposedPorts")))),
        labels=tuple(
            sorted(
                (str(key), _text(value)) for key, value in _mapping(config.get("Labels")).items()
            )
        ),
        healthcheck=_health_check(_mapping(config.get("Healthcheck"))),
        layer_digests=texts(rootfs.get("diff_ids")),
        created_by=_created_by(raw.get("history")),
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


def _command(value: object) -> tuple[str, ...]:
    # Very old images hold a string.
    return (value,) if isinstance(value, str) and value else texts(value)


def _variables(items: Iterable[str]) -> Iterable[tuple[str, str]]:
    for item in items:
        name, _, value = item.partition("=")
        yield name, value


def _health_check(raw: Mapping[str, Any]) -> HealthCheck | None:
    test = texts(raw.get("Test"))
    if not test or test[0] == "NONE":
        return None
    return HealthCheck(
        test=test,
        interval=_seconds(raw.get("Interval")),
        timeout=_seconds(raw.get("Timeout")),
        start_period=_seconds(raw.get("StartPeriod")),
        retries=_whole(raw.get("Retries")),
    )


def _seconds(value: object) -> float:
    return _whole(value) / _NANOSECONDS


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


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

"""Image configurations that say what they mean, and such that nobody can be sure of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scanner.image import config_gaps, open_image
from scanner.image.config import parse_config
from scanner.model import GapKind, HealthCheck

from .image_samples import config_of, docker_archive, tar_of


@pytest.mark.parametrize(
    ("config", "wrong"),
    [
        ({"Entrypoint": {"a": "b"}}, ("Entrypoint",)),
        ({"Entrypoint": ["/app", 7]}, ("Entrypoint",)),
        ({"Cmd": 7}, ("Cmd",)),
        ({"Env": "GODEBUG=fips140=off"}, ("Env",)),
        ({"Env": {"GODEBUG": "fips140=off"}}, ("Env",)),
        ({"Env": ["A=b", None]}, ("Env",)),
        ({"Env": ["A=b"] * 10_001}, ("Env",)),
        ({"env": ["GODEBUG=fips140=off"]}, ("Env",)),
        ({"User": 0}, ("User",)),
        ({"WorkingDir": ["/"]}, ("WorkingDir",)),
        ({"ExposedPorts": ["443/tcp"]}, ("ExposedPorts",)),
        ({"Labels": []}, ("Labels",)),
        ({"Healthcheck": ["CMD", "true"]}, ("Healthcheck",)),
        ({"Healthcheck": {"Test": "true"}}, ("Test",)),
        ({"Healthcheck": {"Test": ["CMD", "x"], "Interval": 10**400}}, ("Interval",)),
        ({"Healthcheck": {"Test": ["CMD", "x"], "Retries": 1.5}}, ("Retries",)),
        ({"Cmd": 1, "Entrypoint": 2}, ("Entrypoint", "Cmd")),
    ],
)
def test_a_field_that_cannot_be_understood_is_named_in_one_gap(
    config: dict[str, Any], wrong: tuple[str, ...]
) -> None:
    parsed = parse_config({"config": config})
    assert parsed.malformed == wrong
    (gap,) = config_gaps(parsed)
    assert (gap.kind, gap.caps) == (GapKind.MALFORMED, True)
    assert all(name in gap.reason for name in wrong)


@pytest.mark.parametrize(
    ("raw", "wrong"),
    [
        ({"config": []}, ("config",)),
        ({"config": {}, "Config": {"Env": ["GODEBUG=fips140=off"]}}, ("config",)),
        ({"os": 1, "architecture": []}, ("os", "architecture")),
        ({"rootfs": "x"}, ("rootfs",)),
    ],
)
def test_what_is_around_the_fields(raw: dict[str, Any], wrong: tuple[str, ...]) -> None:
    assert parse_config(raw).malformed == wrong


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"config": None},
        {"Config": {"Cmd": ["a"]}},
        {
            "os": "linux",
            "architecture": "arm64",
            "config": {
                "Hostname": "",
                "Env": None,
                "Entrypoint": None,
                "Cmd": "/old -style",
                "User": "",
                "ExposedPorts": None,
                "Labels": None,
                "Healthcheck": {"Test": ["NONE"]},
                "OnBuild": None,
                "Shell": ["/bin/sh"],
            },
            "container_config": {"Env": 7},
            "history": None,
        },
    ],
)
def test_what_engines_write_is_no_gap(raw: dict[str, Any]) -> None:
    assert config_gaps(parse_config(raw)) == ()


def test_a_health_check() -> None:
    told = {"Test": ["CMD", "x"], "Interval": 2_000_000_000, "Timeout": -1, "Retries": 3}
    assert parse_config({"config": {"Healthcheck": told}}).healthcheck == HealthCheck(
        ("CMD", "x"), interval=2.0, retries=3
    )


def test_the_rest_of_a_malformed_configuration_counts(tmp_path: Path) -> None:
    layer = tar_of(("a", b"a"))
    config = json.loads(config_of([layer]))
    config["config"]["Env"] = ["A=b", 5, "GODEBUG=fips140=off"]
    path = docker_archive(tmp_path / "i.tar", [layer], config=json.dumps(config).encode())
    with open_image(f"docker-archive:{path}") as image:
        assert image.config.env == (("A", "b"), ("GODEBUG", "fips140=off"))
        assert len(config_gaps(image.config)) == 1

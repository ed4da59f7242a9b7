"""Removes what scans made in the engine: one scan's own things, or those of dead scans.

Touches nothing without this scanner's labels or names.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scanner.errors import EngineError
from scanner.simulate.box import ENGINE_FAILURES
from scanner.simulate.engine import one_line
from scanner.simulate.owner import Owner

if TYPE_CHECKING:
    from docker import DockerClient

SCAN_LABEL = "io.fips-scanner.scan"
OWNER_LABEL = "io.fips-scanner.owner"
LOADED = "fips-scanner-loaded"
"""Repository name of images that were put into the engine for one scan only."""

_TRIES = 5
_PAUSE = 0.2

_Remove = Callable[[], object]


def sweep(client: DockerClient) -> int:
    """Remove what scans left behind whose process is gone.

    Returns:
        How many containers, networks, volumes and images were removed.

    Raises:
        EngineError: the engine does not answer.
    """
    dead = [
        remove
        for labels, remove in _labeled(client, OWNER_LABEL)
        if _is_dead(labels.get(OWNER_LABEL, ""))
    ]
    removed = _remove_all(dead)
    for tag in loaded_tags(client):
        if _is_dead(tag.partition(":")[2].partition("_")[2]):
            with contextlib.suppress(*ENGINE_FAILURES):
                client.images.remove(tag)
                removed += 1
    return removed


def remove_scan(client: DockerClient, scan: str) -> None:
    """Remove everything that the scan with this ID made, as far as the engine lets us."""
    with contextlib.suppress(EngineError):
        _remove_all([remove for _, remove in _labeled(client, f"{SCAN_LABEL}={scan}")])


def loaded_tags(client: DockerClient) -> list[str]:
    """Tags of images that scans have put into the engine.

    Raises:
        EngineError: the engine does not answer.
    """
    try:
        images = client.images.list(name=LOADED)
    except ENGINE_FAILURES as error:
        raise EngineError(one_line(error)) from error
    return [tag for image in images for tag in image.tags if tag.startswith(f"{LOADED}:")]


def _is_dead(owner: str) -> bool:
    known = Owner.parse(owner)
    return known is None or not known.alive()


def _labeled(client: DockerClient, label: str) -> Iterator[tuple[Mapping[str, str], _Remove]]:
    """Labels of all that has `label`, and how to remove it: first what uses the others."""
    api = client.api
    filters = {"label": label}
    try:
        containers: list[dict[str, Any]] = api.containers(all=True, filters=filters)
        networks: list[dict[str, Any]] = api.networks(filters=filters)
        volumes: list[dict[str, Any]] = api.volumes(filters=filters).get("Volumes") or []
    except ENGINE_FAILURES as error:
        raise EngineError(one_line(error)) from error
    for each in containers:
        yield _labels(each), _container_remover(client, each["Id"])
    for each in networks:
        yield _labels(each), _network_remover(client, each["Id"])
    for each in volumes:
        yield _labels(each), _volume_remover(client, each["Name"])


def _labels(listed: Mapping[str, Any]) -> Mapping[str, str]:
    return listed.get("Labels") or {}


def _container_remover(client: DockerClient, id_: str) -> _Remove:
    return lambda: client.api.remove_container(id_, force=True, v=True)


def _volume_remover(client: DockerClient, name: str) -> _Remove:
    return lambda: client.api.remove_volume(name)


def _network_remover(client: DockerClient, id_: str) -> _Remove:
    def remove() -> None:
        # A scanner in a container is still connected to it.
        inside: Mapping[str, Any] = client.api.inspect_network(id_).get("Containers") or {}
        for container in inside:
            client.api.disconnect_container_from_network(container, id_, force=True)
        client.api.remove_network(id_)

    return remove


def _remove_all(things: Sequence[_Remove]) -> int:
    """Remove each of `things`; gives how many it could.

    Those that are busy for a moment, or used by another of them as Podman has it of a container
    whose processes another one shares, are tried again after the others.
    """
    import docker.errors
    import requests

    removed = 0
    left = list(things)
    for attempt in range(_TRIES):
        if attempt and left:
            time.sleep(_PAUSE)
        tried, left = left, []
        for remove in tried:
            try:
                remove()
            except docker.errors.NotFound:
                continue
            except requests.Timeout:
                return removed  # one that hangs is not asked again and again
            except ENGINE_FAILURES:
                left.append(remove)
            else:
                removed += 1
    return removed

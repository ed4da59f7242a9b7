"""Holds everything that a simulated run makes in the engine, and removes all of it.

Nothing made here outlives the scan: not after an error, not after Ctrl-C, and after a crash only
until the next scan starts.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scanner.errors import EngineError, ImageNotFoundError
from scanner.simulate.box import ENGINE_FAILURES, Box, BoxSpec
from scanner.simulate.engine import EngineInfo, engine, engine_info, one_line, own_container
from scanner.simulate.limits import RunLimits
from scanner.simulate.native import NODE_PRELOAD, helper
from scanner.simulate.node import NodeBox, start_of
from scanner.simulate.node_modes import ATTEMPTS, Attempt, NodeModes
from scanner.simulate.node_volume import Helper, helper_volume
from scanner.simulate.owner import Owner
from scanner.simulate.sweep import LOADED, OWNER_LABEL, SCAN_LABEL, remove_scan, sweep

if TYPE_CHECKING:
    from docker import DockerClient

_GRACE = 600.0


class Session:
    """The network and the containers of one simulated run. Use as a context manager."""

    def __init__(
        self,
        client: DockerClient,
        limits: RunLimits,
        node_attempts: Sequence[Attempt] = ATTEMPTS,
    ) -> None:
        self.info: EngineInfo = engine_info(client)
        self.limits = limits
        self.deadline = time.monotonic() + limits.total
        self._client = client
        self._node_modes = NodeModes(node_attempts)
        self._labels = {
            SCAN_LABEL: secrets.token_hex(8),
            OWNER_LABEL: str(Owner.current(limits.total + _GRACE)),
        }
        self._network = ""
        self._peer = ""

    def __enter__(self) -> Session:
        sweep(self._client)
        try:
            self._connect()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    @property
    def address(self) -> str:
        """The address of this process in the network of the run, or `""`."""
        return self._peer

    def _connect(self) -> None:
        from testcontainers.core.network import Network

        options = {"driver": "bridge", "internal": True, "labels": self._labels}
        try:
            network = Network(docker_client_kw={"timeout": 60}, docker_network_kw=options).create()
            self._network = network.name
            own = own_container(self._client)
            if own is not None:
                # A scanner in a container reaches the others only from within their network.
                network.connect(own)
            self._peer = self._own_address(own)
        except ENGINE_FAILURES as error:
            raise EngineError(f"cannot make a network: {one_line(error)}") from error

    def _own_address(self, own: str | None) -> str:
        """The address from which this process speaks to containers of the network, or `""`."""
        attributes = self._client.api.inspect_network(self._network)
        if own is not None:
            member = (attributes.get("Containers") or {}).get(own) or {}
            return str(member.get("IPv4Address", "")).partition("/")[0]
        settings = (attributes.get("IPAM") or {}).get("Config") or [{}]
        return str(settings[0].get("Gateway", ""))

    def _remove(self) -> None:
        scan = self._labels[SCAN_LABEL]
        try:
            remove_scan(self._client, scan)
        except KeyboardInterrupt:  # a second Ctrl-C ends the scan, not the cleaning up
            remove_scan(self._client, scan)
            raise

    def box(
        self,
        image: str,
        *,
        environment: Mapping[str, str] | None = None,
        files: Mapping[str, bytes] | None = None,
        programs: Mapping[str, bytes] | None = None,
        shared: Mapping[str, bytes] | None = None,
        entrypoint: tuple[str, ...] = (),
        health_interval: float | None = None,
        node_helper: bytes | None = None,
        resolver: str = "",
        options: Mapping[str, Any] | None = None,
    ) -> Box:
        """A container of `image`, not yet started.

        Args:
            environment: variables that are set in addition to the image's own.
            files: added to the container, by absolute path.
            programs: added as well, executable.
            shared: added as well, writable for every user.
            entrypoint: runs this instead of the image's entrypoint and command.
            health_interval: seconds between the image's own health checks, when it has any.
            node_helper: shows it a FIPS node, with this program.
            resolver: address of a name server that is asked for all names.
            options: more of the engine's options, in the words of the docker library.

        Raises:
            EngineError: the engine does not tell how the image starts.
        """
        options = {**self._options(), **(options or {})}
        if health_interval is not None:
            options["healthcheck"] = {"interval": int(health_interval * 1e9)}
        if resolver:
            options["dns"] = [resolver]
        spec = BoxSpec(
            image=image,
            environment=environment or {},
            files=files or {},
            programs=programs or {},
            shared=shared or {},
            entrypoint=entrypoint,
            options=options,
            log_limit=self.limits.log,
        )
        if node_helper is None:
            return Box(spec)
        try:
            told = self._client.api.inspect_image(image)  # type: ignore[no-untyped-call]
        except ENGINE_FAILURES as error:
            raise EngineError(one_line(error)) from error
        if not self._node_modes.volume:
            preload = helper(str(told.get("Architecture", "")), NODE_PRELOAD)
            made = helper_volume(self._client, image, self._labels, Helper(node_helper, preload))
            self._node_modes.volume = made
        return NodeBox(spec, start_of(told["Config"] or {}), node_helper, self._node_modes)

    def _options(self) -> dict[str, Any]:
        limits = self.limits
        return {
            "labels": self._labels,
            "network": self._network,
            "mem_limit": limits.memory,
            "memswap_limit": limits.memory,
            "pids_limit": limits.pids,
            "nano_cpus": int(min(limits.cpus, self.info.cpus) * 1e9),
            "cap_drop": ["MKNOD"],
            "log_config": {"type": "json-file", "config": {"max-size": "8m", "max-file": "2"}},
            # Names cannot be looked up on an internal network: fail in seconds, as on a node
            # whose resolver answers, and not after the usual 20.
            "dns_opt": ["timeout:1", "attempts:1"],
            # Java's HTTPS server, for one, looks up the name of each client before it answers.
            "extra_hosts": {"scanner.internal": self._peer} if self._peer else {},
            "init": False,
            "auto_remove": False,
            "restart_policy": {"Name": "no"},
        }


def ensure_image(client: DockerClient, image: str) -> str:
    """The ID of `image` in the engine. Pulls nothing.

    Raises:
        ImageNotFoundError: the engine does not have it.
        EngineError: it does not answer.
    """
    import docker.errors

    try:
        return str(client.images.get(image).id)
    except docker.errors.ImageNotFound as error:
        raise ImageNotFoundError(
            f"{image} is not in the container engine: pull or load it first"
        ) from error
    except ENGINE_FAILURES as error:
        raise EngineError(one_line(error)) from error


@contextlib.contextmanager
def image_in_engine(archive: Callable[[], Iterable[bytes]], image: str = "") -> Iterator[str]:
    """The ID of an image in the engine, loaded for the time being when it is not there.

    Args:
        archive: a stream as `docker save` writes it; not asked for when `image` is there.
        image: name or ID under which the engine may have it already.

    Raises:
        EngineError: no engine, or it cannot load the archive.
    """
    with engine(timeout=600) as client:
        sweep(client)
        if image:
            with contextlib.suppress(ImageNotFoundError):
                yield ensure_image(client, image)
                return
        with load_archive(client, archive()) as loaded:
            yield loaded


@contextlib.contextmanager
def load_archive(client: DockerClient, archive: Iterable[bytes]) -> Iterator[str]:
    """Load an image for the time of the context.

    Yields:
        Its ID. Afterwards the engine has the images and names it had before.

    Raises:
        EngineError: the engine cannot load it.
    """
    names, nameless = _images(client)
    tag = f"{secrets.token_hex(8)}_{Owner.current(24 * 3600)}"
    try:
        try:
            image = client.images.load(iter(archive))[0]  # type: ignore[arg-type]
            # A tag of our own keeps it from being removed by another scan of the same image.
            # One that was there without a name must not get one: it would go with the name.
            if image.id not in nameless:
                image.tag(LOADED, tag)
        except (*ENGINE_FAILURES, IndexError) as error:
            raise EngineError(f"the engine cannot load the image: {one_line(error)}") from error
        yield str(image.id)
    finally:
        _restore(client, names, f"{LOADED}:{tag}")


def _images(client: DockerClient) -> tuple[dict[str, str], frozenset[str]]:
    """The ID of each name in the engine, and the IDs of images without a name."""
    try:
        # One listing, and no look at each image: others may remove one at any time.
        images = client.api.images()
    except ENGINE_FAILURES as error:
        raise EngineError(one_line(error)) from error
    names = {
        tag: str(image["Id"])
        for image in images
        for tag in image.get("RepoTags") or ()
        if tag != "<none>:<none>"
    }
    known = frozenset(names.values())
    return names, frozenset(str(image["Id"]) for image in images) - known


def _restore(client: DockerClient, names: dict[str, str], tag: str) -> None:
    """Put names back that loading moved, and remove those it brought.

    Only names that the loaded image carries are looked at: other work may go on in the engine.
    """
    with contextlib.suppress(*ENGINE_FAILURES):
        image = client.images.get(tag)
        for name in image.tags:
            if name.startswith(f"{LOADED}:"):
                continue
            if name not in names:
                client.images.remove(name)
            elif names[name] != image.id:
                repository, _, label = name.rpartition(":")
                client.images.get(names[name]).tag(repository, label)
        client.images.remove(tag)

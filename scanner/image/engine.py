"""Images in a container engine, through the docker SDK.

Only asks the engine for what it has: never pulls, never runs anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scanner.errors import EngineError, ImageNotFoundError
from scanner.image.config import check_platform, parse_config
from scanner.image.image import StreamedImage
from scanner.image.reference import ImageRef
from scanner.model import ImageConfig

_CHUNK = 1 << 20
_TIMEOUT = 600
"""Seconds without a byte before the engine counts as stuck: it gathers all layers on its own disk
before it sends the first one."""


class NoEngineError(EngineError):
    """There is no engine to talk to."""


class EngineImage(StreamedImage):
    """An image that an engine has."""

    def __init__(
        self,
        reference: str,
        name: str,
        client: Any,  # noqa: ANN401 - the SDK has no types
        found: Any,  # noqa: ANN401
        config: ImageConfig,
        image_id: str,
    ) -> None:
        known = sorted(found.attrs.get("RepoDigests") or ())
        name = name.partition("@")[0].rpartition(":")[0] or name
        digests = [each.partition("@")[2] for each in known if each.partition("@")[0] == name]
        super().__init__(
            reference,
            "docker",
            config,
            manifest_digest=digests[0] if digests else "",
            image_id=image_id,
        )
        size = found.attrs.get("Size")
        self.size = size if isinstance(size, int) else None
        self._client = client
        self._found = found

    def stream(self) -> Iterator[bytes]:
        import requests
        from docker.errors import DockerException

        try:
            yield from self._found.save(chunk_size=_CHUNK)
        except (DockerException, requests.RequestException, OSError) as error:
            raise EngineError(
                f"the engine stopped sending '{self.reference}': {_words(error)}; try again"
            ) from None

    def close(self) -> None:
        self._client.close()


def open_engine_image(ref: ImageRef, platform: str | None) -> EngineImage:
    """The image that the engine knows by the name in `ref`.

    Raises:
        NoEngineError: no engine answers.
        ImageNotFoundError: the engine does not have it.
        EngineError: the engine refuses.
        UsageError: it is for another platform than the one asked for.
    """
    import docker
    import requests
    from docker.errors import DockerException, ImageNotFound

    try:
        client: Any = docker.from_env(timeout=_TIMEOUT)
    except (DockerException, requests.RequestException, ValueError) as error:
        raise _no_engine(ref, error) from None
    try:
        found = client.images.get(ref.name)
        config = _config(client, found.attrs)
        check_platform(config.platform, platform, ref.text)
        return EngineImage(ref.text, ref.name, client, found, config, str(found.id))
    except ImageNotFound:
        client.close()
        raise ImageNotFoundError(
            f"the engine has no image '{ref.name}': pull it, or write registry:{ref.name}"
        ) from None
    except (DockerException, requests.RequestException, OSError) as error:
        client.close()
        raise EngineError(
            f"the engine does not hand out '{ref.text}': {_words(error)}; check the engine"
        ) from None
    except BaseException:
        client.close()
        raise


def _config(client: Any, attributes: dict[str, Any]) -> ImageConfig:  # noqa: ANN401
    history = client.api.history(attributes["Id"])
    return parse_config(
        {
            "os": attributes.get("Os"),
            "architecture": attributes.get("Architecture"),
            "variant": attributes.get("Variant"),
            "config": attributes.get("Config"),
            "rootfs": {"diff_ids": (attributes.get("RootFS") or {}).get("Layers")},
            "history": [
                {"created_by": step.get("CreatedBy"), "empty_layer": not step.get("Size")}
                for step in reversed(history or [])
            ],
        }
    )


def _no_engine(ref: ImageRef, error: Exception) -> NoEngineError:
    reason = _words(error)
    if "Permission denied" in reason:
        return NoEngineError(
            "no permission to use the container engine: run as root or as a member of its group"
        )
    return NoEngineError(
        f"no container engine answers: start one, or scan '{ref.name}' with registry:, oci: or "
        "docker-archive:"
    )


def _words(error: BaseException) -> str:
    explanation = getattr(error, "explanation", None)
    words = str(explanation or error).strip() or type(error).__name__
    return " ".join(words.split())[:300]

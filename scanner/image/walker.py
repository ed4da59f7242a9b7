"""Walks over an image: reads each layer once and shows each file to a visitor.

What comes out is squashed to what a container would see. Knows nothing of what visitors look for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from scanner.errors import ImageFormatError, RegistryError
from scanner.image.arriving import StreamJob, visit_layer
from scanner.image.blobs import FileBlob, opened
from scanner.image.folder import list_folder
from scanner.image.image import FolderImage, Image, Layer, LayeredImage, StreamedImage
from scanner.image.layer import LayerBuilder, LayerError, LayerScan, Member, many_named
from scanner.image.limits import DEFAULT_LIMITS, Limits
from scanner.image.pool import InProcess, Outcome, Processes, Task, Workers
from scanner.image.save_stream import scan_stream
from scanner.image.squash import Walk, squash
from scanner.image.tar import TarError, WindowSource, read_members
from scanner.image.visit import Batch, Item, MakeVisitor, Seen, hash_blob, visit_batch
from scanner.model import Gap, GapKind
from scanner.progress import NoProgress, Progress

POOL_BYTES = 96 << 20
"""Below this much to read, starting worker processes costs more than they save."""
BATCH_BYTES = 24 << 20
BATCH_FILES = 512


def walk(
    image: Image,
    make_visitor: MakeVisitor,
    *,
    workers: int = 1,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> Walk:
    """Show every regular file of `image` to a visitor.

    `make_visitor` is called once in every process that takes part, so it must be picklable when
    `workers` is more than one.

    Raises:
        ImageFormatError: the image is damaged in a way that leaves nothing to say.
        RegistryError, EngineError: where the image comes from fails.
    """
    tell = progress or NoProgress()
    if image.config.platform.os == "windows":
        return _windows(image, lambda: _walk(image, make_visitor, workers, limits, tell))
    return _walk(image, make_visitor, workers, limits, tell)


def _walk(
    image: Image,
    make_visitor: MakeVisitor,
    workers: int,
    limits: Limits,
    tell: Progress,
) -> Walk:
    if isinstance(image, StreamedImage):
        return squash(scan_stream(image, make_visitor(), limits, tell), limits)
    if isinstance(image, LayeredImage):
        total = sum({layer.name: layer.blob.size for layer in image.layers}.values())
        with_pool = workers > 1 and total >= POOL_BYTES
    elif isinstance(image, FolderImage):
        total = 0
        with_pool = workers > 1
    else:
        raise TypeError(f"cannot walk {type(image).__name__}")
    crew: Workers = Processes(make_visitor, workers) if with_pool else InProcess(make_visitor)
    try:
        return squash(_Walker(crew, limits, tell, total).scan(image), limits)
    finally:
        crew.close()


def _windows(image: Image, walk_layers: Callable[[], Walk]) -> Walk:
    """A Windows image, whose base layers may be only where Microsoft keeps them."""
    reason = "Windows image: FIPS is a policy of the host there"
    try:
        walk = walk_layers()
    except (ImageFormatError, RegistryError) as error:
        walk = squash(())
        reason = f"{reason}, and its layers could not be inspected: {error}"
    gap = Gap(GapKind.NOT_SUPPORTED, image.reference, reason)
    return Walk(walk.view, walk.facts, (*walk.gaps, gap))


class _Walker:
    """One walk: hands out the work and puts the results together."""

    def __init__(self, crew: Workers, limits: Limits, progress: Progress, total: int) -> None:
        self._crew = crew
        self._limits = limits
        self._progress = progress
        self._total = total
        self._done = 0
        self._scans: dict[int, LayerScan] = {}
        self._windows: dict[int, FileBlob] = {}
        self._extra: list[LayerScan] = []

    def scan(self, image: LayeredImage | FolderImage) -> list[LayerScan]:
        self._progress.phase("inspecting files")
        if isinstance(image, FolderImage):
            return [self._folder(image)]
        if len(image.layers) > self._limits.layers:
            gap = Gap(
                GapKind.TOO_MANY,
                image.reference,
                f"the image has {len(image.layers)} layers, of which the lowest "
                f"{self._limits.layers} were read",
            )
            spare = LayerScan("", gaps=[gap])
            return [*self._layers(image, image.layers[: self._limits.layers]), spare]
        return self._layers(image, image.layers)

    def _folder(self, image: FolderImage) -> LayerScan:
        scan, items = list_folder(image.root, self._limits)
        self._total = sum(item.size for item in items)
        self._scans[0] = scan
        self._submit(items, image.root, 0, folder=True)
        self._collect()
        again = (
            items[link.number]._replace(number=scan.renumber(link), path=link.path)
            for link in _other_names(scan)
        )
        self._submit(again, image.root, 0, folder=True)
        self._collect()
        return scan

    def _layers(self, image: LayeredImage, layers: Iterable[Layer]) -> list[LayerScan]:
        position: dict[str, int] = {}
        order: list[int] = []
        for layer in layers:
            if layer.name in position:
                order.append(position[layer.name])
                continue
            index = len(order)
            position[layer.name] = index
            order.append(index)
            blob = layer.blob
            if layer.encrypted:
                gap = Gap(GapKind.ENCRYPTED, layer.name, "the layer is encrypted; not inspected")
                self._scans[index] = LayerScan(layer.name, gaps=[gap])
            elif isinstance(blob, FileBlob) and not blob.compression():
                self._window(image, layer, blob, index)
            else:
                job = StreamJob(
                    blob, layer.name, layer.content_digest, index, image.reference, self._limits
                )
                self._crew.submit(Task(visit_layer, job))
        self._collect()
        for index, blob in self._windows.items():
            self._submit(_again(self._scans[index], blob.offset), blob.path, index)
        self._collect()
        return [*(self._scans[index] for index in order), *self._extra]

    def _window(self, image: LayeredImage, layer: Layer, blob: FileBlob, index: int) -> None:
        promised = blob.digest or layer.content_digest
        if promised:
            self._crew.submit(Task(hash_blob, (blob, promised, image.reference)))
        builder = LayerBuilder(layer.name, self._limits)
        self._windows[index] = blob
        with opened(blob.path) as descriptor:
            source = WindowSource(descriptor, blob.offset, blob.size)
            self._submit(self._items(source, blob, builder), blob.path, index)
        self._scans[index] = builder.finish()

    def _items(self, source: WindowSource, blob: FileBlob, builder: LayerBuilder) -> Iterator[Item]:
        try:
            for found in read_members(source, self._limits):
                member = builder.add(found)
                if member is None:
                    continue
                if found.offset + found.stored > blob.size:
                    continue  # the reader is about to say so
                yield Item(
                    member.number,
                    member.path,
                    member.size,
                    member.mode,
                    member.uid,
                    member.gid,
                    blob.offset + found.offset,
                )
        except TarError as error:
            builder.stopped(GapKind.MALFORMED, str(error))
        except OSError as error:
            builder.stopped(GapKind.UNREADABLE, f"cannot be read: {error.strerror or error}")
        except LayerError as error:
            builder.stopped(error.kind, error.reason)

    def _submit(
        self, items: Iterable[Item], host_path: str, index: int, *, folder: bool = False
    ) -> None:
        waiting: list[Item] = []
        size = 0
        for item in items:
            waiting.append(item)
            size += item.size
            if size >= BATCH_BYTES or len(waiting) >= BATCH_FILES:
                self._crew.submit(
                    Task(visit_batch, Batch(host_path, index, tuple(waiting), folder))
                )
                waiting, size = [], 0
        if waiting:
            self._crew.submit(Task(visit_batch, Batch(host_path, index, tuple(waiting), folder)))

    def _collect(self) -> None:
        for outcome in self._crew.outcomes():
            if outcome.lost:
                self._lost(outcome.task)
            elif isinstance(outcome.result, LayerScan):
                job: StreamJob = outcome.task.argument
                self._scans[job.index] = outcome.result
                self._advance(job.blob.size)
            elif isinstance(outcome.result, Seen):
                self._take(outcome)

    def _take(self, outcome: Outcome) -> None:
        batch: Batch = outcome.task.argument
        seen: Seen = outcome.result
        scan = self._scans[batch.layer]
        scan.facts.update(seen.facts)
        scan.file_gaps.update(seen.gaps)
        scan.unwanted |= seen.unwanted
        self._advance(batch.size)

    def _advance(self, size: int) -> None:
        self._done = min(self._done + size, self._total)
        self._progress.advance(self._done, self._total, "bytes")

    def _lost(self, task: Task) -> None:
        reason = "not inspected: the worker process died, perhaps for lack of memory"
        argument: Any = task.argument
        if isinstance(argument, Batch):
            scan = self._scans[argument.layer]
            for item in argument.items:
                gap = Gap(GapKind.INTERNAL, item.path, reason)
                scan.file_gaps[item.number] = (gap,)
        elif isinstance(argument, StreamJob):
            gap = Gap(GapKind.INTERNAL, argument.digest, f"the layer was {reason}")
            self._scans[argument.index] = LayerScan(argument.digest, gaps=[gap])
        else:
            name = argument[1]
            self._extra.append(
                LayerScan(
                    name,
                    gaps=[Gap(GapKind.NOT_VERIFIED, name, "the layer's digest was not checked")],
                )
            )


def _again(scan: LayerScan, start: int) -> Iterator[Item]:
    for link in _other_names(scan):
        offset = start + link.number
        number = scan.renumber(link)
        yield Item(number, link.path, link.size, link.mode, link.uid, link.gid, offset)


def _other_names(scan: LayerScan) -> tuple[Member, ...]:
    """Hard links to what nobody wanted to see under its first name.

    They have to be asked about, since a name can make a file interesting.
    """
    return tuple(link for link in many_named(scan) if link.number in scan.unwanted)

"""Looks at the files of a layer while it streams past, since it cannot be read twice.

Holds one file at a time, up to a bound; nothing is written anywhere.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from scanner.image.blobs import Blob
from scanner.image.files import HEAD_SIZE, MemoryFile, Visit, Visitor
from scanner.image.layer import LayerBuilder, LayerError, LayerScan, Member, many_named
from scanner.image.limits import Limits
from scanner.image.streams import (
    DigestError,
    StreamError,
    TooLongError,
    UnsupportedStreamError,
    drain,
    plain,
    verified,
)
from scanner.image.tar import StreamSource, TarError, TarMember, read_members
from scanner.image.visit import look, missed, wants, wrong_digest
from scanner.model import FileEntry, FileKind, GapKind


@dataclass(frozen=True, slots=True)
class StreamJob:
    """A layer that has to be read from its first byte to its last."""

    blob: Blob
    digest: str
    """What gaps call the layer."""
    content_digest: str
    """Of the decompressed bytes, or `""` when the blob's own digest is checked instead."""
    index: int
    what: str
    limits: Limits


def visit_layer(visitor: Visitor, job: StreamJob) -> LayerScan:
    """Look at a compressed layer.

    Raises:
        ImageFormatError: it is not what its digest promised.
        RegistryError: the registry fails.
    """
    raw = job.blob.chunks()
    if job.blob.digest:
        raw = verified(raw, job.blob.digest, job.blob.size)
    builder = LayerBuilder(job.digest, job.limits)
    try:
        content = plain(raw, job.limits)
        if job.content_digest:
            content = verified(content, job.content_digest)
        complete = visit_stream(visitor, content, builder, job.index, job.limits)
        if complete and job.content_digest:
            drain(content)
        drain(raw)
    except DigestError as error:
        raise wrong_digest(job.blob.digest or job.content_digest, job.what, error) from None
    except (StreamError, TooLongError) as error:
        # Behind the end of the tar, where nothing is looked at.
        builder.gap(GapKind.MALFORMED, f"the layer {error}")
    return builder.finish()


def visit_stream(
    visitor: Visitor, content: Iterator[bytes], builder: LayerBuilder, index: int, limits: Limits
) -> bool:
    """Look at a layer's tar as it arrives. False when it had to be given up; a gap says so."""
    source = StreamSource(content)
    try:
        for found in read_members(source, limits):
            member = builder.add(found)
            if member is not None:
                _visit_arriving(visitor, source, found, member, builder.scan, index, limits)
    except UnsupportedStreamError as error:
        builder.stopped(GapKind.NOT_SUPPORTED, str(error))
    except (TarError, StreamError) as error:
        builder.stopped(GapKind.MALFORMED, str(error))
    except TooLongError as error:
        builder.stopped(GapKind.TOO_LARGE, str(error))
    except LayerError as error:
        builder.stopped(error.kind, error.reason)
    else:
        _miss_other_names(visitor, builder.scan, index)
        return True
    return False


def _visit_arriving(
    visitor: Visitor,
    source: StreamSource,
    found: TarMember,
    member: Member,
    scan: LayerScan,
    index: int,
    limits: Limits,
) -> None:
    size = found.stored
    entry = entry_of(member, index)
    head = source.read(min(HEAD_SIZE, size))
    if len(head) < min(HEAD_SIZE, size):
        return  # the archive ends here, which its reader will notice
    if not wants(visitor, entry, head):
        scan.unwanted.add(member.number)
        return
    if size > limits.buffered_file:
        visit: Visit | None = missed(
            GapKind.TOO_LARGE,
            member.path,
            f"{size} bytes in a layer that can only be read in memory, "
            f"the limit is {limits.buffered_file}",
        )
    else:
        visit = _visit_in_memory(visitor, source, entry, head)
    if visit is None:
        return
    if visit.facts:
        scan.facts[member.number] = visit.facts
    if visit.gaps:
        scan.file_gaps[member.number] = visit.gaps


def _visit_in_memory(
    visitor: Visitor, source: StreamSource, entry: FileEntry, head: bytes
) -> Visit | None:
    if entry.size <= len(head):
        return look(visitor, MemoryFile(entry, head))
    # Grows with what really arrives: the declared size may be a lie.
    buffer = io.BytesIO()
    buffer.write(head)
    for piece in source.pieces(entry.size - len(head)):
        buffer.write(piece)
    if buffer.tell() < entry.size:
        return None
    return look(visitor, MemoryFile(entry, buffer.getvalue()))


def _miss_other_names(visitor: Visitor, scan: LayerScan, index: int) -> None:
    # Content has passed when its further names turn up. What was of no interest under the first
    # name may be of interest under another one: that has to be told.
    for link in tuple(many_named(scan)):
        if link.number in scan.unwanted and wants(visitor, entry_of(link, index), b""):
            first = scan.names[link.number]
            visit = missed(
                GapKind.NOT_SUPPORTED,
                link.path,
                f"it is a hard link to '{first}' in a layer that can only be read once",
            )
            scan.file_gaps[scan.renumber(link)] = visit.gaps


def entry_of(member: Member, index: int) -> FileEntry:
    """A member as visitors see it: a further name of a file is shown as a file."""
    return FileEntry(
        member.path,
        FileKind.FILE,
        member.size,
        member.mode,
        member.uid,
        member.gid,
        "",
        index,
    )

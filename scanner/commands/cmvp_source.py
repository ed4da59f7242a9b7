"""Fetches what `cmvp update` is to read: a file, a folder or an archive of rules, or an address.

Bounded in size, https only; keeps nothing and understands no certificate.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from scanner.cmvp_listing import MAX_BYTES
from scanner.errors import UsageError

MAX_FILES = 5000
MAX_FILE_BYTES = 256 << 10
_RULE = re.compile(r"(?:.*/)?cmvp/([a-z0-9]+(?:-[a-z0-9]+)*\.yaml)")
_TIMEOUT = (10, 60)
_REDIRECTS = 5
_PIECE = 1 << 16

Files = Mapping[str, bytes]
"""Certificate files by name: `openssl-provider-4985.yaml`."""


def fetch(source: str) -> bytes | Files:
    """What is at `source`: the bytes of one file, or the certificate files of a folder or archive.

    Raises:
        UsageError: it cannot be read, is too large, or is an address that is not https.
    """
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", source):
        content = _download(source)
    else:
        path = Path(source)
        if path.is_dir():
            return _certificates(_of_folder(path), source)
        content = _read(path)
    return _certificates(_of_archive(content, source), source) if _is_tar(content) else content


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(
            f"cannot read {path}: {reason}; give a file, a folder or https://HOST/FILE"
        ) from (error)
    _check_size(len(content), str(path))
    return content


def _check_size(size: int, source: str) -> None:
    if size > MAX_BYTES:
        raise UsageError(f"{source} is larger than {MAX_BYTES >> 20} MiB: too large for a list")


def _download(address: str) -> bytes:
    import requests

    here = address
    try:
        for _ in range(_REDIRECTS):
            if urlsplit(here).scheme != "https":
                raise UsageError(
                    f"{here} is not https: certificates are fetched safely or not at all"
                )
            # By hand, since requests would follow a redirect to http.
            with requests.get(here, timeout=_TIMEOUT, stream=True, allow_redirects=False) as answer:
                if answer.is_redirect:
                    here = urljoin(here, answer.headers["location"])
                    continue
                if answer.status_code != requests.codes.ok:
                    raise UsageError(f"{here} answers {answer.status_code}: check the address")
                return _body(answer.iter_content(_PIECE), address)
    except requests.RequestException as error:
        text = " ".join(str(error).split())[:200]
        raise UsageError(f"cannot fetch {here}: {text}") from error
    raise UsageError(f"{address} leads from one address to the next: check it")


def _body(pieces: Iterator[bytes], source: str) -> bytes:
    content = bytearray()
    for piece in pieces:
        content += piece
        _check_size(len(content), source)
    return bytes(content)


def _is_tar(content: bytes) -> bool:
    return content[257:262] == b"ustar" or content[:2] == b"\x1f\x8b"


def _of_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    inner = folder if folder.resolve().name == "cmvp" else folder / "cmvp"
    for path in sorted(inner.glob("*.yaml")):
        with path.open("rb") as file:
            yield f"cmvp/{path.name}", file.read(MAX_FILE_BYTES + 1)


def _of_archive(content: bytes, source: str) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:*") as archive:
            left = MAX_BYTES
            for member in archive:
                left -= member.size
                if left < 0:
                    raise UsageError(f"{source} unpacks to more than {MAX_BYTES >> 20} MiB")
                if member.isfile() and _RULE.fullmatch(member.name):
                    file = archive.extractfile(member)
                    yield member.name, file.read(MAX_FILE_BYTES + 1) if file else b""
    except (tarfile.TarError, EOFError, OSError) as error:
        raise UsageError(f"{source} is no readable archive: {error}") from error


def _certificates(found: Iterator[tuple[str, bytes]], source: str) -> Files:
    files: dict[str, bytes] = {}
    try:
        for name, content in found:
            if (rule := _RULE.fullmatch(name)) is None:
                continue
            if len(content) > MAX_FILE_BYTES:
                raise UsageError(f"{source}: {name} is too large for a certificate")
            files[rule[1]] = content
            if len(files) > MAX_FILES:
                raise UsageError(f"{source} holds more than {MAX_FILES} certificates")
    except OSError as error:
        raise UsageError(f"cannot read {source}: {(error.strerror or str(error)).lower()}") from (
            error
        )
    if not files:
        raise UsageError(f"{source} holds no certificates: a folder or archive has cmvp/*.yaml")
    return files

"""Prepares newer certificates in a folder of their own, and keeps them when all of it loads.

What is in use stays as it was until everything was checked.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from scanner.cmvp_changes import updated_by
from scanner.cmvp_listing import read_listing
from scanner.cmvp_yaml import certificate_yaml
from scanner.commands.cmvp_source import Files
from scanner.errors import RuleError, UsageError
from scanner.lint import lint
from scanner.rulebook import RuleBook


@dataclass(frozen=True, slots=True)
class Staged:
    """Certificates that may be kept."""

    rules: RuleBook
    """All rules, as they would be with them."""
    folder: Path
    target: Path

    def keep(self) -> None:
        """Write them to where they are used, each as a whole; other files there stay.

        Raises:
            UsageError: the folder cannot be written.
        """
        place = self.target / "cmvp"
        try:
            place.mkdir(parents=True, exist_ok=True)
            for file in sorted((self.folder / "cmvp").iterdir()):
                # A scan that runs meanwhile reads *.yaml only.
                partial = place / f".{file.name}.new"
                partial.write_bytes(file.read_bytes())
                partial.replace(place / file.name)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UsageError(
                f"cannot write {self.target}: {reason}; give another folder with --to DIR"
            ) from error


@contextmanager
def prepared(
    content: bytes | Files,
    source: str,
    target: Path,
    rules: RuleBook,
    folders: Sequence[Path],
    today: date,
) -> Iterator[Staged]:
    """The certificates in `target` with what `content` says, checked but not kept.

    Args:
        rules: what is known so far, from `folders`.

    Raises:
        UsageError: `content` lists no certificates.
        RuleError: it makes no valid rules.
    """
    with tempfile.TemporaryDirectory(prefix="fips-scanner-cmvp.") as name:
        folder = Path(name) / "update"
        place = folder / "cmvp"
        if (target / "cmvp").is_dir():
            shutil.copytree(target / "cmvp", place)
        place.mkdir(parents=True, exist_ok=True)
        for file, text in _files(content, source, rules, today).items():
            (place / file).write_bytes(text)
        changed = any(place.iterdir())
        yield Staged(_loaded(folder, target, folders) if changed else rules, folder, target)


def _files(content: bytes | Files, source: str, rules: RuleBook, today: date) -> Files:
    if not isinstance(content, bytes):
        return content
    listing = read_listing(content, source, today)
    written = f"Written by `fips-scanner cmvp update` from a list of {listing.day}."
    return {
        f"{each.id}.yaml": certificate_yaml(each, written).encode()
        for each in updated_by(rules.certificates, listing, today)
    }


def _loaded(folder: Path, target: Path, folders: Sequence[Path]) -> RuleBook:
    """All rules, with `folder` in the place of `target`."""
    problems = [str(each) for each in lint(folder) if not each.warning]
    if problems:
        raise RuleError(tuple(problems))
    return RuleBook.load(*(each for each in folders if each != target), folder)

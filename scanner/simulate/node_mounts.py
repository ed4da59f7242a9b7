"""What container runtimes put into containers of a FIPS node, besides the kernel's own flag.

CRI-O and Podman mount the policy FIPS that an image with crypto-policies brings over the one that
it has chosen (containers/common, pkg/subscriptions). Here the same files are written instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scanner.rules_targets import Mounted
from scanner.simulate.box import Box

POLICY = "FIPS"
BACK_ENDS = f"/usr/share/crypto-policies/back-ends/{POLICY}"
CONFIG = "/etc/crypto-policies/config"
_MOUNTED = "/etc/crypto-policies/back-ends"
_BY_THE_IMAGE = "/usr/share/crypto-policies/default-fips-config"
_MAX = 2**20
"""Bytes; all policies together have some 20 KiB."""


def mounted_files(box: Box, mounts: Iterable[Mounted]) -> Mapping[str, bytes]:
    """What a node that mounts `mounts` puts into containers of the image of `box`, by path."""
    return _crypto_policies(box) if "crypto-policies" in mounts else {}


def _crypto_policies(box: Box) -> dict[str, bytes]:
    found = box.read_folder(BACK_ENDS, _MAX)
    if not found:
        return {}
    files = {f"{_MOUNTED}/{name}": content for name, content in sorted(found.items())}
    files[CONFIG] = box.read_file(_BY_THE_IMAGE, _MAX) or f"{POLICY}\n".encode()
    return files


def in_effect(box: Box, files: Mapping[str, bytes]) -> bool:
    """Whether `box` has the policy of `files`, and no program has put its own in the place."""
    return not files or box.read_file(CONFIG, _MAX) == files[CONFIG]

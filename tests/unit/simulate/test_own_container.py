"""Tests how a scanner in a container finds out which one it is in."""

from __future__ import annotations

import pytest

from scanner.simulate.engine import container_ids

OWN = "ab" * 32
OTHER = "cd" * 32
LAYER = "ef" * 32

_HOSTNAME = f"623 610 254:0 /var/lib/docker/containers/{OWN}/hostname /etc/hostname rw - ext4"
_SET_UP = (
    f"700 20 254:0 /var/lib/docker/containers/{OTHER}/hostname "
    f"/var/lib/docker/overlay2/{LAYER}/merged/etc/hostname rw shared:9 - ext4"
)


@pytest.mark.parametrize(
    ("cgroup", "mounts", "expected"),
    [
        ("", "", ()),
        ("9:name=systemd:/\n0::/", "", ()),
        (f"9:pids:/docker/{OWN}\n8:cpu:/docker/{OWN}", "", (OWN,)),
        ("0::/", _HOSTNAME, (OWN,)),
        ("0::/", _SET_UP, ()),
        ("0::/", f"{_SET_UP}\n{_HOSTNAME}", (OWN,)),
        ("0::/", "broken line\n\n", ()),
    ],
    ids=["empty", "machine", "cgroup-v1", "mounts", "another-set-up", "both", "malformed"],
)
def test_ids_of_the_own_container(cgroup: str, mounts: str, expected: tuple[str, ...]) -> None:
    assert container_ids(cgroup, mounts) == expected

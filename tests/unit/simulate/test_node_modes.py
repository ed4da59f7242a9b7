"""What each way to show a node asks of the engine, and which file has which capabilities."""

from __future__ import annotations

import io
import struct
import tarfile

from scanner.simulate.node_modes import ATTEMPTS, EVENTS, FOLDER, Attempt, NodeMode, NodeModes
from scanner.simulate.node_volume import file_capabilities

BEST, PLAIN, INSIDE, _, PRELOAD = ATTEMPTS


def test_first_process_and_those_that_join_it_begin_differently() -> None:
    assert INSIDE.command("n", ["sh"], first=True)[1:4] == ("inside", "n", EVENTS)
    assert INSIDE.command("n", ["sh", "-c"], first=False)[1:] == ("stub", "n", "--", "sh", "-c")
    assert BEST.command("n", ["sh"], first=True)[1:] == ("stub", "n", "--", "sh")
    assert PRELOAD.command("n", ["sh"], first=False)[1] == "preload"


def test_each_set_of_capabilities_has_a_file_of_its_own() -> None:
    programs = {each.program: each.capabilities for each in ATTEMPTS}
    assert len(programs) == 3
    assert all(path.startswith(f"{FOLDER}/fips-node") for path in programs)
    assert PLAIN.capabilities == PRELOAD.capabilities == ()


def test_file_capabilities_are_those_of_the_kernels_header() -> None:
    assert file_capabilities(()) == {}
    [(name, value)] = file_capabilities(("SYS_ADMIN",)).items()
    assert name == "SCHILY.xattr.security.capability"
    revision, permitted, inheritable, high, _ = struct.unpack("<5I", value.encode())
    assert (revision, permitted, inheritable, high) == (0x02000001, 1 << 21 | 1 << 8, 0, 0)


def test_options_of_the_user_stay() -> None:
    mine = {"Type": "bind", "Source": "/a", "Target": "/b"}
    made = INSIDE.options({"mounts": [mine], "cap_add": ["NET_ADMIN"], "pids_limit": 5}, "v")
    assert made["pids_limit"] == 5
    assert made["mounts"][0] == mine
    helper, events = made["mounts"][1:]
    assert (helper["Source"], helper["ReadOnly"]) == ("v", True)
    assert "Source" not in events
    assert made["cap_add"] == ["NET_ADMIN", "SYS_ADMIN", "SYS_PTRACE"]
    assert BEST.archives() == {}
    [archive] = INSIDE.archives().values()
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        assert [(each.name, each.mode) for each in tar] == [("events", 0o666)]


def test_what_failed_is_not_tried_again() -> None:
    modes = NodeModes()
    modes.settle(Attempt(NodeMode.INSIDE, keeps_set_uid=True))
    assert modes.attempts == ATTEMPTS[2:]

"""Texts as Linux 6.18 and Docker 20.10 show them; columns that are not read are cut off."""

from __future__ import annotations

from pathlib import Path

from scanner.simulate.processes import (
    VARIABLES,
    Listener,
    Process,
    _environment,
    _held,
    _inodes,
    _listening,
    _mapped,
)

NET = b"""\
  sl  local_address rem_address   st
   0: 0B00007F:9CCB 00000000:0000 0A
   1: 00000000:20FB 00000000:0000 0A
   2: 0100007F:1F90 00000000:0000 0A
   3: 020012AC:20FB 010012AC:D431 01
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A
   1: 00000000000000000000000001000000:20FB 00000000000000000000000000000000:0000 0A
"""

MAPS = b"""\
00400000-00452000 r-xp 00000000 08:02 173521      /usr/sbin/nginx
7f5c2a000000-7f5c2a021000 rw-p 00000000 00:00 0
7f5c2b1c6000-7f5c2b3a1000 r-xp 00000000 08:02 135870  /.fips-scanner/fips.so
7f5c2b3a1000-7f5c2b3a2000 r--p 00000000 08:02 135871  /opt/with space/lib.so (deleted)
7ffd5f3e3000-7ffd5f404000 rw-p 00000000 00:00 0      [stack]
"""


def test_listeners() -> None:
    assert _listening(NET) == {
        Listener(8443, loopback=False),
        Listener(8080, loopback=True),
        Listener(80, loopback=False),
    }


def test_listeners_of_a_hostile_text() -> None:
    assert _listening(b"0: :: x 0A\n1: 00000000:zz x 0A\n" + bytes(range(256))) == frozenset()


def test_mapped_files() -> None:
    assert _mapped(MAPS) == {
        "/usr/sbin/nginx",
        "/.fips-scanner/fips.so",
        "/opt/with space/lib.so (deleted)",
    }


def test_environment() -> None:
    text = b"GODEBUG=a=1,fips140=off\0PASSWORD=x\0junk\0LD_PRELOAD=\0"
    assert _environment(text, VARIABLES) == {"GODEBUG=a=1,fips140=off", "LD_PRELOAD="}


def test_variable_of_a_process() -> None:
    process = Process(frozenset({"GODEBUG=fips140=on", "GO=x"}), frozenset())
    assert process.variable("GODEBUG") == "fips140=on"
    assert process.variable("OPENSSL_CONF") is None


# As Linux 6.18 shows it for fips-samples/go-fips140 on 8443, and for a closed connection.
TCP6 = b"""\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:20FB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 65532        0 437519 2 000000001ef59503 100 0 0 10 0
   1: 00000000000000000000000000000000:20FB 00000000000000000000000000000000:9C40 06 00000000:00000000 03:00001770 00000000     0        0 0 3 0000000000000000
"""  # noqa: E501


def test_sockets_that_listen() -> None:
    assert _inodes(TCP6) == {437519: 8443}
    assert _inodes(NET + bytes(range(256))) == {}


def test_ports_that_a_process_holds(tmp_path: Path) -> None:
    for name, target in enumerate(("socket:[437519]", "socket:[9]", "pipe:[437519]", "socket:[x]")):
        (tmp_path / str(name)).symlink_to(target)
    assert _held(tmp_path, {437519: 8443}) == {8443}
    assert _held(tmp_path / "absent", {437519: 8443}) == frozenset()

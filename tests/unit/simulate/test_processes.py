"""Texts as Linux 6.18 and Docker 20.10 show them; columns that are not read are cut off."""

from __future__ import annotations

from scanner.simulate.processes import Listener, _environment, _listening, _mapped

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
    assert _environment(b"A=1\0B=x=y\0junk\0") == {"A=1", "B=x=y"}

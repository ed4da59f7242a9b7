"""What the supervisor of a simulated node writes down, and what an engine starts of an image."""

from __future__ import annotations

import json

from scanner.model import GapKind, ProgramActivity
from scanner.simulate.node import Start, start_of
from scanner.simulate.node_log import MAX_FILES, NodeLog
from scanner.simulate.node_log import parse_node_log as parse
from scanner.simulate.node_modes import HELPER

NGINX = "/usr/sbin/nginx"
FLAG = "/proc/sys/crypto/fips_enabled"


def parse_node_log(content: bytes, *, cut: bool = False) -> NodeLog:
    return parse(content, HELPER, cut=cut)


def line(event: str, program: str = NGINX, path: str = FLAG, **more: object) -> bytes:
    told = {"event": event, "program": program, "pid": 1, "uid": 0, "path": path, "found": True}
    return json.dumps(told | more).encode() + b"\n"


def test_the_helpers_own_reading_is_the_proof() -> None:
    assert not parse_node_log(b'{"event":"supervised"}\n').works
    assert not parse_node_log(line("flag")).works
    log = parse_node_log(line("flag", HELPER) + line("exec", HELPER, NGINX, argv=["nginx", "-g"]))
    assert log.works
    [started] = log.events
    assert (started.kind, started.path, started.argv) == ("exec", NGINX, ("nginx", "-g"))


def test_what_each_program_did_is_put_together() -> None:
    log = parse_node_log(
        line("open", path="/lib/libssl.so.3")
        + line("open", path="/lib/libcrypto.so.3")
        + line("open", path="/lib/fips.so", found=False)
        + line("open", "/usr/bin/apt", "/lib/libgcrypt.so.20")
        + line("flag", "/usr/bin/apt")
        + line("kernel-crypto", "/usr/bin/apt", "md5", found=False)
        + line("exec", path="/bin/true", argv=["true", "--version"])
        + line("exec", HELPER, NGINX, argv=["nginx"])
    )
    assert log.programs() == (
        ProgramActivity("", started=(f"{NGINX} (uid 0)",)),
        ProgramActivity("/usr/bin/apt", True, ("/lib/libgcrypt.so.20",), (), ("md5",)),
        ProgramActivity(
            NGINX,
            opened=("/lib/libcrypto.so.3", "/lib/libssl.so.3"),
            missing=("/lib/fips.so",),
            started=("/bin/true --version (uid 0)",),
        ),
    )


def test_what_was_not_written_down_is_told() -> None:
    assert parse_node_log(b"").complete
    assert not parse_node_log(b"", cut=True).complete
    assert not parse_node_log(b'{"event":"lost"}\n').complete
    assert not parse_node_log(b"").blind
    assert parse_node_log(b'{"event":"unreadable","pid":3}\n').blind


def test_lines_that_the_supervisor_never_writes_are_left_out() -> None:
    hostile = (
        b'\xff{\n[]\n"flag"\n{"event":"flag","program":3,"path":["x"],"uid":"0"}\n{"event":5}\n'
    )
    [event] = parse_node_log(hostile + b"[" * 100_000).events
    assert (event.program, event.path, event.uid, event.found) == ("", "", -1, False)
    many = b"".join(line("open", path=f"/lib/libcrypto.so.{n}") for n in range(MAX_FILES + 50))
    [program] = parse_node_log(many).programs()
    assert len(program.opened) == MAX_FILES


def test_what_an_engine_starts() -> None:
    config = {"Entrypoint": ["/start.sh"], "Cmd": ["serve"], "Shell": None}
    assert start_of(config) == Start(("/start.sh", "serve"))
    assert start_of({"Cmd": ["x"], "Healthcheck": {"Test": ["NONE"]}}) == Start(("x",))
    check = {"Test": ["CMD", "curl", "localhost"]}
    assert start_of({"Healthcheck": check}).health_check == ("curl", "localhost")
    check = {"Test": ["CMD-SHELL", "curl localhost || exit 1"]}
    shell = ("/bin/sh", "-c", "curl localhost || exit 1")
    assert start_of({"Healthcheck": check}).health_check == shell
    ash = start_of({"Healthcheck": check, "Shell": ["/bin/ash", "-ec"]}).health_check
    assert ash == ("/bin/ash", "-ec", "curl localhost || exit 1")


def test_what_was_not_shown_is_a_gap() -> None:
    assert NodeLog(works=True).gaps() == []
    ring = parse_node_log(line("ring", "/app", ""))
    assert ring.events == ()
    [gap] = ring.gaps()
    assert gap.kind is GapKind.NOT_VERIFIED
    assert gap.caps
    assert gap.reason.startswith("/app uses io_uring")
    [gap] = parse_node_log(b'{"event":"no-privileges"}\n').gaps()
    assert not gap.caps
    [gap] = NodeLog(works=True, mode="preload").gaps()
    assert gap.caps
    assert "static and set-uid programs" in gap.reason
    assert NodeLog(works=True, mode="preload", is_host=True).gaps() == []


def test_what_many_processes_tell_alike_is_told_once() -> None:
    log = parse_node_log(line("preloaded") * 2 + line("exec", NGINX, "/bin/a", argv=["a"]) * 3)
    assert log.works
    assert len(log.events) == 1
    assert [each.started for each in log.programs()] == [("/bin/a (uid 0)",)]

"""Each way to show a container a FIPS node changes nothing else that its programs can notice."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import docker
import docker.errors
import pytest

from scanner.model import GapKind
from scanner.simulate.box import Box, BoxSpec
from scanner.simulate.engine import engine as scanner_engine
from scanner.simulate.native import FLAG, helper
from scanner.simulate.node import NodeBox
from scanner.simulate.node_log import NodeLog
from scanner.simulate.node_modes import ATTEMPTS, FOLDER, Attempt
from scanner.simulate.session import Session
from scripts.building import build, build_context, one_at_a_time
from tests.integration.conftest import WORKLOAD
from tests.integration.workloads import SHORT

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("nothing_left")]

LIMITS = replace(SHORT, pids=256, memory=256 * 2**20)
SUPERVISOR, WEAK, INSIDE, WEAK_INSIDE, PRELOAD = ATTEMPTS
STATUS = ("perl", "/status.pl")
SHOWN = "open 1 fopen 1 stat 0 100444 access 0 1 write 30 link 22 md5 2 sha256 22"
HIDDEN = "open - fopen - stat 2 0 access 2 1 write 2 link 2 md5 22 sha256 22"
Image = Callable[..., str]


def name_of(attempt: Attempt) -> str:
    return f"{attempt.mode}{'' if attempt.keeps_set_uid else ' without SYS_ADMIN'}"


MODES = pytest.mark.parametrize("attempt", [SUPERVISOR, INSIDE, PRELOAD], ids=name_of)


@pytest.fixture(scope="module")
def image(engine: docker.DockerClient, base_image_of: dict[str, str]) -> Iterator[Image]:
    """Gives the ID of an image with programs of each kind, for a user and with more settings."""
    tag = "fips-tests/node:latest"
    names = ("go.mod", "main.go", "look.c", "status.pl")
    context = build_context(
        {name: WORKLOAD / name for name in names},
        {"Dockerfile": (WORKLOAD / "Dockerfile.node").read_bytes()},
    )
    bases = {"BASE": "debian:bookworm-slim", "GO": "golang:1.27-bookworm"}
    with one_at_a_time("node-workload"):
        build(engine, tag, context, arguments={k: base_image_of[v] for k, v in bases.items()})
    made: list[str] = []

    def get(user: str = "app", **conf: object) -> str:
        container = engine.containers.create(tag)
        made.append(str(container.commit(conf={"User": user, **conf}).id))
        container.remove()
        return made[-1]

    yield get
    for each in made:
        with contextlib.suppress(docker.errors.APIError):
            engine.images.remove(each, force=True)


@contextlib.contextmanager
def started(
    image: str, *command: str, attempts: tuple[Attempt, ...] = (), **more: Any
) -> Iterator[Box]:
    """A container behind the first of the attempts that works, or without any as it is."""
    program = helper("amd64") if attempts else None
    with (
        scanner_engine() as client,
        Session(client, LIMITS, attempts) as session,
        session.box(image, entrypoint=command, node_helper=program, **more) as box,
    ):
        yield box


@dataclass(frozen=True, slots=True)
class End:
    code: int
    output: str
    log: NodeLog


def end_of(box: Box) -> End:
    deadline = time.monotonic() + 20
    while box.state().running:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    box.finish_log()
    log = box.node_log() if isinstance(box, NodeBox) else NodeLog()
    return End(box.state().exit_code, box.log()[0].decode(), log)


def wait_for(box: Box, text: bytes) -> None:
    deadline = time.monotonic() + 10
    while text not in box.log()[0]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def run(image: str, *command: str, attempts: tuple[Attempt, ...] = (), **more: Any) -> End:
    with started(image, *command, attempts=attempts, **more) as box:
        return end_of(box)


def split(output: str) -> tuple[list[str], list[str]]:
    """What must be as without us, and what is said of the flag."""
    lines = output.splitlines()
    return (
        [each for each in lines if not each.startswith("flag")],
        [each.rsplit(" ", 1)[1] for each in lines if each.startswith("flag")],
    )


@pytest.fixture(scope="module")
def native(image: Image) -> Callable[[str], list[str]]:
    """What `status.pl` says without us as a user."""
    known: dict[str, list[str]] = {}

    def get(user: str) -> list[str]:
        if user not in known:
            end = run(image(user), *STATUS)
            known[user], flags = split(end.output)
            assert end.code == 0
            assert set(flags) == {"none"}
        return known[user]

    return get


@pytest.mark.parametrize(
    ("attempt", "user"),
    [
        *((each, "app") for each in ATTEMPTS),
        *((each, "root") for each in (SUPERVISOR, INSIDE, PRELOAD)),
        (SUPERVISOR, "1000:5"),
    ],
    ids=lambda each: each if isinstance(each, str) else name_of(each),
)
def test_programs_notice_nothing_but_the_flag(
    attempt: Attempt, user: str, image: Image, native: Callable[[str], list[str]]
) -> None:
    end = run(image(user), *STATUS, attempts=(attempt,), options={"read_only": True})
    same, flags = split(end.output)
    assert end.code == 0
    assert flags == ["1"] * (3 if user == "root" else 2)
    gone = [each for each in native(user) if each not in same]
    new = [each for each in same if each not in native(user)]
    if attempt in (WEAK, WEAK_INSIDE):
        # The price of a filter without SYS_ADMIN.
        assert [each.split()[0] for each in gone] == ["NoNewPrivs:", "set-uid"]
        assert "euid=0" in gone[1]
        assert "euid=0" not in new[1]
    else:
        assert gone == []
        assert new == (["LD_PRELOAD=/.fips-node/preload.so"] if attempt is PRELOAD else [])
    assert end.log.works
    assert end.log.complete
    assert not end.log.blind
    assert end.log.set_uid == (attempt not in (WEAK, WEAK_INSIDE))
    assert end.log.simulated_by == attempt.mode.value
    assert end.log.rings == (() if attempt is PRELOAD else ("/usr/bin/perl",))
    read = [each.program for each in end.log.programs() if each.read_flag]
    assert read == ["/usr/bin/perl"]


@MODES
def test_every_libc_sees_it(attempt: Attempt, image: Image) -> None:
    programs = ("look", "look-musl", "look-static")
    end = run(image(), "sh", "-c", "; ".join(programs), attempts=(attempt,))
    static = HIDDEN if attempt is PRELOAD else SHOWN
    assert end.output.splitlines() == [SHOWN, SHOWN, static]
    assert [gap.caps for gap in end.log.gaps()] == ([True] if attempt is PRELOAD else [])
    programs_seen = {each.program for each in end.log.programs() if each.kernel_crypto}
    assert "/usr/local/bin/look-musl" in programs_seen or attempt is PRELOAD


def test_without_us_no_libc_sees_it(image: Image) -> None:
    end = run(image(), "sh", "-c", "look; look-musl; look-static")
    assert end.output.splitlines() == [HIDDEN] * 3


@pytest.mark.parametrize("attempt", [SUPERVISOR, INSIDE], ids=name_of)
def test_programs_for_32_bits_see_it_from_every_thread(attempt: Attempt, image: Image) -> None:
    line = "workload-386 flag; workload-386 kernel-crypto"
    end = run(image(), "sh", "-c", line, attempts=(attempt,))
    assert "good 3200 of 3200" in end.output
    assert "stat true" in end.output
    assert "read-only file system" in end.output
    assert "md5 true\nsha256 false\n" in end.output
    [dash] = [each for each in end.log.programs() if each.program == "/usr/bin/dash"]
    assert "workload-386" in str(dash.started)


@MODES
def test_signals_and_exit_codes_of_the_first_process(
    attempt: Attempt, engine: docker.DockerClient, image: Image
) -> None:
    waits = "$SIG{TERM} = sub { exit 42 }; $| = 1; print qq(waits\n); sleep 1 while 1"
    for stop, code in (("stop", 42), ("kill", 137)):
        with started(image(), "perl", "-e", waits, attempts=(attempt,)) as box:
            wait_for(box, b"waits")
            getattr(engine.containers.get(box.id), stop)()
            assert end_of(box).code == code
    for command, code in (
        (("perl", "-e", "kill SEGV => $$; exit 3"), 3),  # the first process ignores it
        (("/nothing",), 127),
        (("/etc/passwd",), 126),
    ):
        if attempt is PRELOAD and code > 3:
            continue  # no library is loaded, so nothing is shown
        end = run(image(), *command, attempts=(attempt,))
        assert end.code == code, end.output


class _OnFipsHost(NodeBox):
    """Its kernel has the flag: a stand-in, put there before the helper starts."""

    def _dressed(self) -> BoxSpec:
        made = super()._dressed()
        script = f"mount -t tmpfs none /proc/sys; mkdir /proc/sys/crypto; echo 1 > {FLAG}"
        entrypoint = ("sh", "-c", f'{script}; exec "$@"', "sh", *made.entrypoint)
        options = {**made.options, "security_opt": ["seccomp=unconfined"]}
        options["cap_add"] = ["SYS_ADMIN", *options["cap_add"]]
        return replace(made, entrypoint=entrypoint, options=options)


@MODES
def test_a_fips_host_answers_itself(
    attempt: Attempt, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scanner.simulate.session.NodeBox", _OnFipsHost)
    end = run(
        image("root"), "sh", "-c", f"cat {FLAG}; stat -c %s {FLAG}; look", attempts=(attempt,)
    )
    # A stand-in is writable and has a size, and no kernel refuses md5: nothing was faked.
    assert end.output.splitlines()[:2] == ["1", "2"]
    assert "write 0 link 22 md5 22" in end.output
    assert end.log.simulated_by == "host"
    assert end.log.works
    assert end.log.gaps() == []


def test_what_the_engine_or_the_kernel_refuses_is_done_another_way(image: Image) -> None:
    show = ("sh", "-c", f"cat {FLAG}; grep NoNewPrivs /proc/self/status")
    end = run(image(), *show, attempts=ATTEMPTS, options={"cap_drop": ["ALL"]})
    assert end.output == "1\nNoNewPrivs:\t1\n"
    assert end.log.simulated_by == "supervisor"
    profile = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["seccomp"], "action": "SCMP_ACT_ERRNO"}],
    }
    options = {"security_opt": [f"seccomp={json.dumps(profile)}"]}
    environment = {"LD_PRELOAD": "/lib/x86_64-linux-gnu/libm.so.6"}
    show = ("sh", "-c", f"cat {FLAG}; echo $LD_PRELOAD")
    end = run(image(), *show, attempts=ATTEMPTS, options=options, environment=environment)
    assert end.output == f"1\n{environment['LD_PRELOAD']}:{FOLDER}/preload.so\n"
    assert end.log.simulated_by == "preload"
    [gap] = end.log.gaps()
    assert (gap.kind, gap.caps) == (GapKind.NOT_VERIFIED, True)


@MODES
def test_what_an_engine_executes_is_shown_it_as_the_images_user(
    attempt: Attempt, image: Image
) -> None:
    check = {"Test": ["CMD-SHELL", f"test $(id -u)$(cat {FLAG}) = 10001"]}
    made = image(Healthcheck=check)
    with started(made, "sleep", "9", attempts=(attempt,), health_interval=0.2) as box:
        found = box.run(["sh", "-c", f"cat {FLAG}; grep Cap /proc/self/status; id -u"])
        deadline = time.monotonic() + 8
        while (health := box.state().health) == "starting":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        plain = box.run(["sh", "-c", "exit 7"])
    assert health == "healthy"
    assert plain == (7, b"")
    assert found is not None
    lines = found[1].decode().splitlines()
    assert (lines[0], lines[-1]) == ("1", "1000")
    assert "CapBnd:\t00000000a00425fb" in lines


def test_a_program_cannot_put_itself_in_the_helpers_place(image: Image) -> None:
    line = f"cp /bin/sh {SUPERVISOR.program}; mv {FOLDER} /x; umount {FOLDER}; {SUPERVISOR.program}"
    end = run(image("root"), "sh", "-c", line, attempts=(SUPERVISOR,))
    said = end.output.lower()
    assert "read-only file system" in said
    assert "busy" in said
    assert "operation not permitted" in said.splitlines()[-1]


def test_without_its_supervisor_calls_fail_and_nothing_hangs(
    engine: docker.DockerClient, image: Image
) -> None:
    reads = "open(F, '<', '/etc/passwd') or print 'error ', 0 + $!"
    script = f"$| = 1; print qq(up\\n); sleep 2; {reads}, qq(\\n)"
    with started(image(), "perl", "-e", script, attempts=(SUPERVISOR,)) as box:
        assert isinstance(box, NodeBox)
        assert box._supervisor is not None
        wait_for(box, b"up")
        engine.containers.get(box._supervisor.id).kill()
        assert end_of(box).output == "up\nerror 38\n"

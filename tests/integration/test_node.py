"""A container that is shown a FIPS node: every process of it, and nothing else of it changes."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import docker
import pytest

from scanner.doctor.trial import image_archive, mode_of_node
from scanner.facts import fact
from scanner.model import FactKind, GapKind, ImageConfig, Platform
from scanner.rulebook import RuleBook
from scanner.simulate import simulate
from scanner.simulate.engine import engine as scanner_engine
from scanner.simulate.native import FLAG, helper
from scanner.simulate.node import NodeBox
from scanner.simulate.session import Session
from scanner.simulate.sweep import sweep
from tests.integration.workloads import SHORT, config, containers_of, kinds, run

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("nothing_left")]

Workload = Callable[..., str]
THREADS = replace(SHORT, pids=256)
"""Each call that waits for the supervisor holds a thread of its own."""


@contextmanager
def node(image: str, *command: str) -> Iterator[NodeBox]:
    program = helper("amd64")
    assert program is not None
    with scanner_engine() as client, Session(client, THREADS) as session:
        image_id = str(client.images.get(image).id)
        with session.box(image_id, entrypoint=command, node_helper=program) as box:
            assert isinstance(box, NodeBox)
            yield box


def ended(box: NodeBox) -> tuple[int, str]:
    """Its exit code and its output."""
    deadline = time.monotonic() + 20
    while box.state().running:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    box.finish_log()
    return box.state().exit_code, box.log()[0].decode()


def shell(image: str, line: str) -> str:
    """What a shell in the base image prints."""
    with node(image, "sh", "-c", line) as box:
        code, output = ended(box)
    assert code == 0, output
    return output


@pytest.mark.parametrize(
    ("behavior", "user"), [("flag", ""), ("flag", "1000"), ("flag-dropped", "")]
)
def test_static_go_sees_the_flag_from_every_thread(
    behavior: str, user: str, workload: Workload
) -> None:
    with node(workload(behavior, user)) as box:
        code, output = ended(box)
        log = box.node_log()
    assert code == 0, output
    assert "good 3200 of 3200" in output
    assert "stat true" in output
    assert "access <nil> permission denied" in output
    assert "read-only file system" in output
    assert "relative true <nil>" in output
    assert (behavior != "flag-dropped") or "uid 101" in output
    assert log.works
    assert log.complete
    [program] = [each for each in log.programs() if each.program]
    assert (program.program, program.read_flag) == ("/workload", True)


def test_without_us_there_is_no_such_file(engine: docker.DockerClient, workload: Workload) -> None:
    output = engine.containers.run(
        workload("flag"), remove=True, mem_limit="128m", pids_limit=64, network_disabled=True
    ).decode()
    assert "good 0 of 3200" in output


def test_every_process_of_a_shell_sees_it(base_image_of: dict[str, str]) -> None:
    base = base_image_of["debian:bookworm-slim"]
    output = shell(base, f"for i in 1 2 3; do (sh -c 'cat {FLAG}') & done; wait; ls -l {FLAG}")
    assert output.count("1\n") >= 3
    assert f"-r--r--r-- 1 root root 0 {output.split('root root 0 ')[1]}" in output
    assert "No such file" not in output


def test_process_id_signals_and_exit_code_are_the_workloads(
    engine: docker.DockerClient, workload: Workload
) -> None:
    with node(workload("term")) as box:
        deadline = time.monotonic() + 10
        while b"waiting as 1\n" not in box.log()[0]:
            assert time.monotonic() < deadline, box.log()
            time.sleep(0.05)
        engine.containers.get(box.id).stop(timeout=10)
        code, _ = ended(box)
    assert code == 42
    with node(workload("exit")) as box:
        assert ended(box)[0] == 3


def test_capabilities_stay(engine: docker.DockerClient, base_image_of: dict[str, str]) -> None:
    base = base_image_of["debian:bookworm-slim"]
    status = shell(base, "cat /proc/self/status")
    plain = engine.containers.run(
        base,
        ["cat", "/proc/self/status"],
        remove=True,
        cap_drop=["MKNOD"],
        mem_limit="64m",
        pids_limit=16,
        network_disabled=True,
    ).decode()
    for name in ("CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb", "Uid", "Groups", "NoNewPrivs"):
        assert line_of(status, name) == line_of(plain, name)


def line_of(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(f"{name}:"))


def test_orphans_are_seen_and_reaped_as_without_us(base_image_of: dict[str, str]) -> None:
    base = base_image_of["debian:bookworm-slim"]
    output = shell(
        base,
        f"(setsid sh -c 'sleep 0.3; cat {FLAG} > /tmp/seen' &) ; sleep 1; cat /tmp/seen",
    )
    assert output == "1\n"


def test_kernel_crypto_refuses_what_a_fips_kernel_does(workload: Workload) -> None:
    with node(workload("kernel-crypto")) as box:
        code, output = ended(box)
        [program] = [each for each in box.node_log().programs() if each.program]
    assert code == 0, output
    assert output == "md5 true\nsha256 false\n"
    assert program.kernel_crypto == ("md5", "sha256")


def test_libgcrypt_of_debian_aborts_for_the_right_reason(
    sample: Callable[[str], str], rules: RuleBook
) -> None:
    command = fact(FactKind.COMMAND, argv=("/usr/local/bin/start.sh",), program="/bin/sh")
    settings = ImageConfig(Platform("linux", "amd64"), exposed_ports=("8080/tcp",))
    result = simulate(
        sample("libgcrypt-on-node"),
        settings,
        (command,),
        rules=rules,
        limits=SHORT,
        conditions=["node"],
    )
    baseline, on_node, enforced = result.conditions
    assert not enforced.ran
    [gap] = [each for each in result.gaps if each.subject == "enforced"]
    assert gap.requested
    assert gap.caps
    assert baseline.ports == ("8080/tcp",)
    assert on_node.exit_code == 134
    assert ("exit", "breaks") in {(each.what, each.effect.value) for each in on_node.differences}
    assert any("requested algo not in md context" in each.line for each in on_node.log_matches)
    apt = next(each for each in on_node.programs if each.program == "/usr/bin/apt-get")
    assert apt.read_flag
    assert any("libgcrypt" in path for path in apt.opened)


SEES_THE_POLICY = """\
cd /etc/crypto-policies
grep -qx FIPS config && grep -qx approved back-ends/openssl.config && exit 3
sleep 60
"""


def test_what_the_runtime_of_a_target_mounts_is_shown_on_its_nodes(
    engine: docker.DockerClient, base_image_of: dict[str, str], rules: RuleBook
) -> None:
    """As CRI-O does: the image's own policy FIPS lies over the one that it has chosen."""
    base = base_image_of["debian:bookworm-slim"]
    made = engine.containers.create(base, ["sh", "-c", SEES_THE_POLICY])
    try:
        made.put_archive("/", crypto_policies())
        image = made.commit()
    finally:
        made.remove(force=True)
    command = ("sh", "-c", SEES_THE_POLICY)
    settings = ImageConfig(Platform("linux", "amd64"), cmd=command)
    started = fact(FactKind.COMMAND, argv=command, program="/bin/sh")
    try:
        result = simulate(
            str(image.id),
            settings,
            (started,),
            rules=rules,
            limits=replace(SHORT, ready=1.0),
            conditions=["node"],
            target=rules.targets["openshift"],
        )
    finally:
        engine.images.remove(str(image.id), force=True)
    assert [each.exit_code for each in result.conditions if each.ran] == [None, 3]
    assert "/etc/crypto-policies/config reads FIPS" in result.conditions[1].switches


def crypto_policies() -> bytes:
    """The files of an image with crypto-policies, in the policy DEFAULT."""
    buffer = io.BytesIO()
    share = "usr/share/crypto-policies"
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, text in (
            (f"{share}/FIPS/openssl.txt", b"approved\n"),
            (f"{share}/DEFAULT/openssl.txt", b"any\n"),
            ("etc/crypto-policies/config", b"DEFAULT\n"),
        ):
            entry = tarfile.TarInfo(path)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text))
        for path, target in (
            (f"{share}/back-ends/FIPS/openssl.config", "../../FIPS/openssl.txt"),
            ("etc/crypto-policies/back-ends/openssl.config", f"/{share}/DEFAULT/openssl.txt"),
        ):
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)
    return buffer.getvalue()


def test_the_doctor_tries_a_node_with_an_image_of_its_own(engine: docker.DockerClient) -> None:
    program = helper("amd64")
    assert program is not None
    [archive] = image_archive(program, "amd64")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        made = f"sha256:{tar.getnames()[0].removesuffix('.json')}"
    assert mode_of_node("amd64") == "supervisor"
    assert made not in {each.id for each in engine.images.list()}


def test_without_a_helper_it_is_said_and_nothing_concluded(
    workload: Workload, rules: RuleBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scanner.simulate.runner.helper", lambda _: None)
    result = run(workload("plain"), rules)
    assert [each.ran for each in result.conditions] == [True, False, True]
    assert "no helper" in result.conditions[1].reason
    assert GapKind.NOT_RUN in kinds(result)


def test_helper_that_cannot_work_is_said(
    workload: Workload, rules: RuleBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on an engine whose seccomp profile has no `seccomp` call."""
    script = b"#!/workload\n"
    monkeypatch.setattr("scanner.simulate.runner.helper", lambda _: script)
    result = run(workload("plain"), rules)
    baseline, on_node, enforced = result.conditions
    assert baseline.ran
    assert not on_node.ran
    assert enforced.ran
    assert enforced.ports == baseline.ports
    # Where the node is left out, nothing has told before that there is none.
    short = replace(SHORT, ready=1.0)
    result = run(workload("plain"), rules, limits=short, conditions=["enforced"])
    assert [each.ran for each in result.conditions] == [True, False, True]


def test_crash_of_the_scanner_leaves_two_containers_that_the_next_one_sweeps(
    engine: docker.DockerClient, workload: Workload
) -> None:
    program = f"""
import os, signal
from scanner.simulate.engine import engine
from scanner.simulate.limits import RunLimits
from scanner.simulate.native import helper
from scanner.simulate.session import Session
with engine() as client, Session(client, RunLimits()) as session:
    with session.box({workload("sleep")!r}, node_helper=helper("amd64")):
        print("up", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        output, _ = process.communicate(timeout=60)
    assert output == b"up\n"
    with scanner_engine() as client:
        sweep(client)  # a scan that starts beside this test may have been first
    assert containers_of(engine, process.pid) == []


def test_configuration_is_the_engines(workload: Workload, rules: RuleBook) -> None:
    """What runs on the node is what the engine would start, whatever the report knows of it."""
    assert config().command == ("/workload",)
    _, on_node, _ = run(workload("exit"), rules).conditions
    assert on_node.exit_code == 3

"""Smoke tests in real containers: what works as it is, and fails under FIPS conditions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from scanner.model import Difference, Effect, GapKind, StepResult
from scanner.rulebook import RuleBook
from scanner.simulate import simulate
from scanner.simulate.box import Box
from scanner.simulate.engine import engine as scanner_engine
from scanner.simulate.limits import RunLimits
from scanner.simulate.native import helper
from scanner.simulate.node import start_of
from scanner.simulate.plan import Facts, make_plan
from scanner.simulate.provider import read_provider
from scanner.simulate.scenario import (
    ExecStep,
    Scenario,
    ScenarioOptions,
    awaited,
    from_options,
)
from scanner.simulate.session import Session
from scanner.simulate.traffic import compare_steps, perform
from scanner.simulate.watch import Observation, watch
from tests.integration.test_simulate import openssl_facts
from tests.integration.workloads import GO_FACTS, PROGRAM, SHORT, config, started

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("nothing_left")]

Workload = Callable[..., str]
ONLY = {"GODEBUG": "fips140=only"}
LIMITS = replace(SHORT, ready=10.0, memory=256 * 2**20, pids=256)


@contextmanager
def container(
    image: str,
    scenario: Scenario,
    *,
    environment: Mapping[str, str] | None = None,
    files: Mapping[str, bytes] | None = None,
    on_node: bool = False,
    entrypoint: tuple[str, ...] = (),
    limits: RunLimits = LIMITS,
) -> Iterator[tuple[Box, Observation]]:
    """A container that is started as the scenario says, when it is ready."""
    with scanner_engine() as client, Session(client, limits) as session:
        image_id = str(client.images.get(image).id)
        box = session.box(
            image_id,
            environment={**scenario.environment, **(environment or {})},
            files={**scenario.files, **(files or {})},
            programs=scenario.programs,
            entrypoint=entrypoint,
            node_helper=helper("amd64") if on_node else None,
        )
        with box:
            seen = watch(
                box,
                limits,
                awaited=awaited(scenario.wait_for) if scenario.wait_for else None,
                deadline=time.monotonic() + 30,
            )
            yield box, seen


def performed(
    image: str,
    scenario: Scenario,
    condition: str = "baseline",
    known: tuple[StepResult, ...] | None = None,
    **others: object,
) -> tuple[StepResult, ...]:
    with container(image, scenario, on_node=condition == "node", **others) as (box, seen):  # type: ignore[arg-type]
        return perform(
            box, scenario, condition, box.state().address, seen.ports, (8443,), known=known
        )


def short(differences: tuple[Difference, ...]) -> list[tuple[str, str, str]]:
    return [(each.what, each.effect.value, each.detail) for each in differences]


# --- Go, without a shell ---------------------------------------------------------------------


def test_default_request_over_tls(workload: Workload) -> None:
    image = workload("tls")
    baseline = performed(image, Scenario())
    enforced = performed(image, Scenario(), "enforced", baseline, environment=ONLY)
    for steps in (baseline, enforced):
        assert [(each.name, each.passed, each.detail) for each in steps] == [
            ("GET https://:8443/", True, "HTTP 200 OK")
        ]
    assert compare_steps(baseline, enforced) == ()


def test_steps_see_what_the_workload_sees_on_a_node(workload: Workload) -> None:
    flag = ExecStep("flag", ("/workload", "flag"), output="good 3200 of 3200")
    scenario = Scenario(steps=(flag, ExecStep("nothing", ("/nothing",))))
    *_, read, nothing = performed(workload("plain"), scenario, "node")
    assert (read.detail, read.passed) == ("", True)
    assert nothing.detail == "it could not be started: no such file or directory"


def test_container_that_has_ended_fails_every_step(workload: Workload) -> None:
    (step,) = performed(workload("exit"), from_options(ScenarioOptions(commands=("/workload",))))
    assert (step.passed, step.detail) == (False, "the container had ended")


# --- waiting ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["ready to (serve|accept)", "8080", "http:8080/digest"])
def test_ready_when_the_user_says_so(text: str, workload: Workload) -> None:
    scenario = from_options(ScenarioOptions(wait_for=text))
    with container(workload("web"), scenario) as (_, seen):
        assert seen.ready_seconds is not None
        assert seen.seconds < 5
    assert seen.awaited == str(scenario.wait_for)


@pytest.mark.parametrize("text", ["never printed", "8081", "https:8080/"])
def test_not_ready_though_a_port_is_open(text: str, workload: Workload) -> None:
    scenario = from_options(ScenarioOptions(wait_for=text))
    with container(workload("web"), scenario, limits=replace(LIMITS, ready=1.5)) as (_, seen):
        assert seen.ready_seconds is None
        assert seen.ports == (8080,)


# --- an image with Python, a shell and a user of its own ---------------------------------------

SERVER = """\
import hashlib, http.server

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"ok"
        if self.path == "/digest":
            try:
                body = hashlib.pbkdf2_hmac("md5", b"a", b"salt", 1).hex().encode()
            except ValueError as error:
                return self.send_error(500, explain=str(error))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""


@pytest.fixture
def server(tmp_path: Path) -> Path:
    (tmp_path / "server.py").write_text(SERVER)
    (tmp_path / "check").write_text("#!/bin/sh\necho checked by $(id -u)\n")
    (tmp_path / "check").chmod(0o755)
    return tmp_path


def test_python_service_that_derives_a_key_with_md5(
    sample: Callable[[str], str], fips_provider: Path, rules: RuleBook, server: Path
) -> None:
    image = sample("python-md5-wheel")
    scenario = from_options(
        ScenarioOptions(
            requests=("8080/digest=200",), mounts=(f"{server / 'server.py'}:/opt/app/server.py",)
        )
    )
    plan = make_plan(
        Facts(openssl_facts("/usr/bin/python3.11")),
        config(),
        rules,
        own_provider=None,
        provider=read_provider(fips_provider.read_bytes(), "sample"),
    )
    baseline = performed(image, scenario)
    node = performed(image, scenario, "node", baseline)
    enforced = performed(
        image, scenario, "enforced", baseline, environment=plan.environment, files=plan.files
    )
    assert [each.passed for each in baseline] == [True, True]
    assert compare_steps(baseline, node) == ()
    (broken,) = compare_steps(baseline, enforced)
    assert broken.effect is Effect.BREAKS
    assert broken.detail == (
        "GET http://:8080/digest: HTTP 500 Internal Server Error, not 200; in the baseline: passed"
    )
    assert "digital envelope routines" in enforced[1].log


STEPS = """\
env: {PASSWORD: correct-horse}
mounts:
  check: /srv/check
  server.py: /srv/
steps:
  - exec: [/srv/check]
    expect: {output: '^checked by 65532$'}
  - exec: 'cat /srv/server.py | grep -c "import hashlib"'
    expect: {output: '^1$'}
  - exec: sh -c 'echo $PASSWORD; exit 3'
    expect: {exit: 3, output: something else}
  - exec: sleep 30
    timeout: 0.5
  - exec: nothing-like-it
  - exec: sh -c 'exit 126'
    expect: {exit: 126}
  - {http: 8080/, expect: {body: libpq}}
  - {http: 8080/, name: body, expect: {body: absent}}
  - {http: 9999/, conditions: [node]}
"""


def test_what_steps_say(sample: Callable[[str], str], server: Path) -> None:
    (server / "smoke.yaml").write_text(STEPS)
    scenario = from_options(ScenarioOptions(file=server / "smoke.yaml"))
    results = performed(sample("python-md5-wheel"), scenario)
    assert [(each.passed, each.detail) for each in results] == [
        (True, ""),
        (True, ""),
        (False, "`something else` is not in its output"),
        (False, "it did not end within 0.5 s"),
        (False, "it could not be started: executable file not found in $PATH"),
        (True, ""),
        (True, ""),
        (False, "HTTP 200 OK, and `absent` is not in its body"),
    ]
    assert results[2].log == "<PASSWORD>"


def test_command_instead_of_the_image_s(
    sample: Callable[[str], str], engine: docker.DockerClient, server: Path
) -> None:
    # nginx takes arguments: another configuration than the image's, which is copied in.
    image = sample("nginx-openssl")
    (server / "nginx.conf").write_text(
        "pid /tmp/pid; error_log stderr; events {}\n"
        "http { access_log off; client_body_temp_path /tmp/a; proxy_temp_path /tmp/b;\n"
        "  fastcgi_temp_path /tmp/c; uwsgi_temp_path /tmp/d; scgi_temp_path /tmp/e;\n"
        "  server { listen 8081; return 418; } }\n"
    )
    scenario = from_options(
        ScenarioOptions(
            command="-c /srv/nginx.conf -g 'daemon off;'",
            mounts=(f"{server / 'nginx.conf'}:/srv/nginx.conf",),
            requests=("8081/x=418",),
        )
    )
    told = start_of(engine.images.get(image).attrs["Config"])
    image_config = replace(config(), entrypoint=told.command[:1], cmd=())
    (root, step) = performed(image, scenario, entrypoint=scenario.start(image_config))
    assert (root.name, root.detail) == ("GET http://:8081/", "HTTP 418 I'm a Teapot")
    assert step.passed


# --- as a part of a scan -----------------------------------------------------------------------


def test_path_that_needs_md5_breaks_and_the_others_work(
    workload: Workload, rules: RuleBook
) -> None:
    options = ScenarioOptions(
        requests=("8080/digest",),
        commands=("/workload md5", "/nothing"),
        wait_for="ready to serve",
        env=("PASSWORD=correct-horse",),
    )
    result = simulate(
        workload("web"),
        config(),
        (*GO_FACTS, started(PROGRAM)),
        rules=rules,
        limits=LIMITS,
        scenario=from_options(options),
    )
    assert [[(step.name, step.passed) for step in each.steps] for each in result.conditions] == [
        [
            ("GET http://:8080/", True),
            ("GET http://:8080/digest", works),
            ("/workload md5", works),
            ("/nothing", False),
        ]
        for works in (True, True, False)
    ]
    differences = result.conditions[2].differences
    assert short(tuple(each for each in differences if each.what == "step")) == [
        (
            "step",
            "breaks",
            "GET http://:8080/digest: the connection was closed without an answer; "
            "in the baseline: passed",
        ),
        ("step", "breaks", "/workload md5: exit code 2; in the baseline: passed"),
    ]
    assert "crypto/md5: use of MD5 is not allowed" in result.conditions[2].steps[2].log
    (gap,) = (each for each in result.gaps if each.kind is GapKind.NOTHING_OBSERVED)
    assert gap.reason.startswith("step `/nothing` failed in the baseline (it could not be started")
    assert "correct-horse" not in str(result)

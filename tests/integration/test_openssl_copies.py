"""Several copies of OpenSSL in one process, as Python's own and that of a wheel."""

from __future__ import annotations

import json
import platform
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from scanner.facts import fact
from scanner.model import Fact, FactKind, ImageConfig, Platform
from scanner.rulebook import RuleBook
from scanner.simulate.box import Box, BoxSpec
from scanner.simulate.openssl_copies import BARE_NAME
from scanner.simulate.plan import CONFIG, PROVIDER, Facts, Plan, make_plan
from scanner.simulate.probes import alone
from scanner.simulate.provider import read_provider
from scripts.building import build, build_context, fetch_wheels, one_at_a_time

pytestmark = pytest.mark.docker

LIBCRYPTO = "/usr/lib/x86_64-linux-gnu/libcrypto.so.3"
WHEEL = "/opt/wheels/cryptography/hazmat/bindings/_rust.abi3.so"
LIMITS = {"mem_limit": "512m", "pids_limit": 64, "network_mode": "none"}


def copy_of_openssl(path: str, form: str, folder: str) -> Fact:
    return fact(
        FactKind.MODULE_CODE, path, module="openssl", version="3.5.9", form=form, modules_dir=folder
    )


CRYPTOGRAPHY = "cryptography==50.0.2"
BOTH = """\
import json
import _hashlib
from cryptography.hazmat.primitives import hashes
def tell(name, work):
    try: work()
    except Exception as error: print(json.dumps([name, False]))
    else: print(json.dumps([name, True]))
tell("python md5", lambda: _hashlib.openssl_md5(b""))
tell("python sha256", lambda: _hashlib.openssl_sha256(b""))
tell("wheel md5", lambda: hashes.Hash(hashes.MD5()))
tell("wheel sha256", lambda: hashes.Hash(hashes.SHA256()))
"""


@pytest.fixture(scope="module")
def two_copies(engine: docker.DockerClient, sample: Callable[[str], str]) -> str:
    """An image with Debian's Python and a wheel that has OpenSSL compiled into it."""
    systems = ("manylinux_2_34_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
    target = [part for system in systems for part in ("--platform", system)]
    wheels = fetch_wheels(
        f"{CRYPTOGRAPHY}-cp311", *target, "--python-version", "3.11", CRYPTOGRAPHY
    )
    texts: dict[str, bytes] = {}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            texts |= {f"wheels/{name}": archive.read(name) for name in names}
    dockerfile = f"FROM {sample('python-md5-wheel')}\nCOPY wheels /opt/wheels\n"
    tag = "fips-tests/two-copies:latest"
    with one_at_a_time("two-copies"):
        build(engine, tag, build_context({}, texts | {"Dockerfile": dockerfile.encode()}))
    return tag


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the wheel is for x86_64")
def test_each_copy_of_openssl_in_a_process_needs_a_provider_of_its_own(
    two_copies: str, fips_provider: Path, rules: RuleBook
) -> None:
    provider = read_provider(fips_provider.read_bytes(), "the samples")
    config = ImageConfig(Platform("linux", "amd64"))
    system = copy_of_openssl(LIBCRYPTO, "library", "/usr/lib/x86_64-linux-gnu/ossl-modules")
    wheel = copy_of_openssl(WHEEL, "static", "/opt/pyca/cryptography/openssl/lib64/ossl-modules")
    facts = Facts([system, wheel])
    enforced = make_plan(facts, config, rules, own_provider=None, provider=provider)

    def told(plan: Plan) -> dict[str, bool]:
        environment = {**plan.environment, "PYTHONPATH": "/opt/wheels"}
        ask = alone(
            lambda command: Box(
                BoxSpec(two_copies, environment, plan.files, entrypoint=command, options=LIMITS)
            )
        )
        output = ask(("/usr/bin/python3.11", "-c", BOTH)).output
        return dict(json.loads(line) for line in output.splitlines())

    text = enforced.files[CONFIG]
    one_path = replace(
        enforced,
        files={
            CONFIG: text.replace(f"module = {BARE_NAME}".encode(), f"module = {PROVIDER}".encode()),
            PROVIDER: provider.content,
        },
    )
    expected = {"python md5": False, "python sha256": True, "wheel md5": False}
    # Although it is approved: the provider at this path serves the first copy alone.
    assert told(one_path) == {**expected, "wheel sha256": False}
    assert told(enforced) == {**expected, "wheel sha256": True}

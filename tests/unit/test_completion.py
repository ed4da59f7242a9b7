"""What shells offer: asked of the functions, and by a Bash that completes."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from threading import Thread

import pytest

from scanner import cli_complete
from scanner.commands.completion import script
from scanner.completions import images, rules
from scanner.rule_places import default_rules
from tests.unit.commands.running import ROOT, environment

LISTED = [
    {"RepoTags": ["app:1.0", "app:1.1", "registry.example:5000/team/web:2"]},
    {"RepoTags": ["$(touch /tmp/pwned):1", "app`id`:1", "a b:1", "<none>:<none>", "-o:1"]},
    {"RepoTags": None},
]


class Engine(BaseHTTPRequestHandler):
    """Answers as the engine does for a list of images."""

    answer = json.dumps(LISTED).encode()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def address_string(self) -> str:
        return "shell"

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    path = str(tmp_path / "engine.sock")
    with ThreadingUnixStreamServer(path, Engine) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        yield f"unix://{path}"
        server.shutdown()


@pytest.mark.usefixtures("engine")
def test_images_of_the_engine_are_offered_and_nothing_that_a_shell_would_run() -> None:
    everything = ["app:1.0", "app:1.1", "registry.example:5000/team/web:2"]
    assert list(images("")) == everything
    assert list(images("app")) == everything[:2]
    assert list(images("docker:app:1.1")) == ["docker:app:1.1"]
    assert list(images("docker:")) == [f"docker:{each}" for each in everything]
    assert list(images("oci:a")) == []


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("answer", [b"", b"[1]", b'{"a": 1}', b"\xff\xfe", b'[{"RepoTags": 1}]'])
def test_an_engine_that_talks_nonsense_offers_nothing(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "answer", answer)
    assert list(cli_complete.images("a")) == []


@pytest.mark.parametrize(
    "host", ["unix:///no/such.sock", "ssh://build", "tcp://[", "garbage", "unix://"]
)
def test_without_an_engine_nothing_is_offered(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    assert list(cli_complete.images("a")) == []


def test_the_docker_context_names_the_engine(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text('{"currentContext": "build"}')
    folder = tmp_path / "contexts/meta" / hashlib.sha256(b"build").hexdigest()
    folder.mkdir(parents=True)
    (folder / "meta.json").write_text(json.dumps({"Endpoints": {"docker": {"Host": engine}}}))
    assert list(images("app:1.0")) == ["app:1.0"]


def test_rules_are_offered_by_id(tmp_path: Path) -> None:
    (tmp_path / "targets").mkdir()
    (tmp_path / "targets/our-nodes.yaml").write_text("name: Our $(nodes) `here`\n")
    (tmp_path / "targets/$(x).yaml").write_text("name: x\n")
    folders = (default_rules(), tmp_path)
    found = dict(rules("", folders, ("targets",)))
    assert set(found) == {"generic", "openshift", "aks-azurelinux3", "aks-ubuntu2204", "our-nodes"}
    assert found["our-nodes"] == "Our (nodes) here"
    assert found["generic"] == "Any FIPS node"
    assert "go-plain-crypto" in dict(rules("go-", folders))
    assert not list(cli_complete.rule_ids("zzz"))


@pytest.mark.parametrize("shell", [each.value for each in cli_complete.Shell])
def test_scripts_are_whole(shell: str) -> None:
    text = script(shell)
    assert "VARIABLE" not in text
    assert "PROGRAM" not in text
    assert f"{cli_complete.VARIABLE}=complete_{shell}" in text


TRY = """\
source "$1"
while read -r line; do
    COMP_LINE=$line COMP_POINT=${#line} COMPREPLY=()
    _fips_scanner_completion fips-scanner
    echo "${COMPREPLY[@]}"
done
"""


def test_bash_completes_names_with_colons(engine: str, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    assert bash
    (tmp_path / "script").write_text(script("bash"))
    program = tmp_path / "bin/fips-scanner"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m scanner "$@"\n')
    program.chmod(0o755)
    lines = {
        "fips-scanner scan docker:ap": "app:1.0 app:1.1",
        "fips-scanner scan registry.example:50": "5000/team/web:2",
        "fips-scanner scan x --target openshift -o sar": "sarif",
    }
    done = subprocess.run(
        [bash, "-c", TRY, "bash", str(tmp_path / "script")],
        input="".join(f"{each}\n" for each in lines),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=ROOT,
        env=environment(DOCKER_HOST=engine, PATH=f"{program.parent}:/usr/bin:/bin"),
    )
    assert done.stderr == ""
    assert dict(zip(lines, done.stdout.splitlines(), strict=True)) == lines

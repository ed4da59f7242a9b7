"""What a user can get wrong: one line, the right exit code, and nothing left running."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ONE_LAYER = "layer.tar"


def run(
    *arguments: str, before: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, sys.executable, "-m", "scanner", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "NO_COLOR": "1", **environment},
    )


def tar_of(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def docker_archive(
    layers: list[bytes], *, os_name: str = "linux", diff_ids: list[str] | None = None
) -> bytes:
    diff_ids = diff_ids or [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]
    config = json.dumps(
        {
            "os": os_name,
            "architecture": "amd64",
            "config": {"Cmd": ["/app"]},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        }
    ).encode()
    names = [f"{number}/{ONE_LAYER}" for number in range(len(layers))]
    manifest = json.dumps(
        [{"Config": "config.json", "RepoTags": ["t:1"], "Layers": names}]
    ).encode()
    files = dict(zip(names, layers, strict=True))
    return tar_of({**files, "config.json": config, "manifest.json": manifest})


def only_line(result: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in result.stderr.splitlines() if line.startswith("fips-scanner: ")]
    assert len(lines) == 1, result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    return lines[0]


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("UPPER/Case", "not an image name"),
        ("docker-archive:/no/such/file.tar", "/no/such/file.tar"),
        ("dir:/no/such/folder", "/no/such/folder"),
        ("oci:/no/such/layout", "/no/such/layout"),
        ("registry:127.0.0.1:1/x:1", "127.0.0.1:1"),
        ("./app.tar", "there is no such file or directory: './app.tar'"),
        ("127.0.0.1:1/app.tar", "there is no such file: '127.0.0.1:1/app.tar'"),
    ],
)
def test_a_reference_that_leads_nowhere(reference: str, says: str) -> None:
    result = run("scan", reference, "--static", "--insecure")
    assert result.returncode in (2, 3)
    assert says in only_line(result)


def test_no_engine_and_no_registry() -> None:
    result = run("scan", "docker:some/image:1", DOCKER_HOST="unix:///no/such/docker.sock")
    assert result.returncode in (2, 3)
    assert "container engine" in only_line(result)


def test_not_a_tar(tmp_path: Path) -> None:
    path = tmp_path / "app.tar"
    path.write_bytes(b"this is text, and long enough for a tar header\n" * 40)
    result = run("scan", f"docker-archive:{path}", "--static")
    assert result.returncode in (2, 3)
    assert str(path) in only_line(result)


def test_a_truncated_archive(tmp_path: Path) -> None:
    layer = tar_of({"bin/app": os.urandom(200_000)})
    whole = docker_archive([layer])
    path = tmp_path / "app.tar"
    path.write_bytes(whole[: len(whole) // 2])
    result = run("scan", f"docker-archive:{path}", "--static")
    assert result.returncode in (2, 3)
    assert str(path) in only_line(result)


def test_a_layer_that_is_not_what_its_digest_says(tmp_path: Path) -> None:
    path = tmp_path / "app.tar"
    path.write_bytes(docker_archive([tar_of({"a": b"b"})], diff_ids=["sha256:" + "0" * 64]))
    result = run("scan", f"docker-archive:{path}", "--static")
    assert result.returncode in (2, 3)
    assert "digest" in only_line(result) or "damaged" in only_line(result)


def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "app.tar"
    path.write_bytes(docker_archive([tar_of({"a": b"b"})]))
    path.chmod(0)
    # Root reads everything, unless the right to do so is taken from it.
    humble = () if os.geteuid() else ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    result = run("scan", f"docker-archive:{path}", "--static", before=humble)
    assert result.returncode in (2, 3)
    assert "permission" in only_line(result).lower()


def test_an_empty_image_holds_no_crypto(tmp_path: Path) -> None:
    path = tmp_path / "empty.tar"
    path.write_bytes(docker_archive([tar_of({})]))
    result = run("scan", f"docker-archive:{path}", "--static", "--output", "json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["verdict"] == "no-crypto"


def test_a_windows_image_is_undetermined_and_says_why(tmp_path: Path) -> None:
    path = tmp_path / "windows.tar"
    path.write_bytes(docker_archive([tar_of({"Files/x.dll": b"MZ"})], os_name="windows"))
    result = run("scan", f"docker-archive:{path}", "--static", "--output", "json")
    assert result.returncode == 3, result.stderr
    report = json.loads(result.stdout)
    assert report["verdict"] == "undetermined"
    assert any("indows" in gap["reason"] for gap in report["gaps"])


def test_a_platform_that_the_image_does_not_have(tmp_path: Path) -> None:
    path = tmp_path / "app.tar"
    path.write_bytes(docker_archive([tar_of({"a": b"b"})]))
    result = run("scan", f"docker-archive:{path}", "--static", "--platform", "linux/riscv64")
    assert result.returncode == 2
    assert "linux/riscv64" in only_line(result)


def test_a_layer_that_is_no_tar_costs_a_gap_or_the_scan(tmp_path: Path) -> None:
    path = tmp_path / "app.tar"
    path.write_bytes(docker_archive([gzip.compress(b"not a tar at all" * 100)]))
    result = run("scan", f"docker-archive:{path}", "--static", "--output", "json")
    assert result.returncode == 3, result.stderr


def test_a_directory_is_inspected_and_never_ready(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "os-release").write_text("ID=debian\nVERSION_ID=12\n")
    result = run("scan", f"dir:{tmp_path}", "--output", "json")
    report = json.loads(result.stdout)
    assert report["image"]["os"] == "debian 12"
    assert report["verdict"] == "no-crypto"


def test_options_are_checked_before_the_scan(tmp_path: Path) -> None:
    assert run("scan", "x", "--fail-on", "sometimes").returncode == 2
    assert run("scan", "x", "--date", "yesterday").returncode == 2
    target = tmp_path / "no" / "such" / "folder" / "report.json"
    result = run("scan", "dir:/", "-o", f"text={target}")
    assert result.returncode == 2
    assert str(target) in only_line(result)


def test_an_unknown_rule_is_named() -> None:
    result = run("explain", "no-such-rule")
    assert result.returncode == 2
    assert "no-such-rule" in only_line(result)

"""The registry client against a small server of this test, which misbehaves on demand.

Well-behaved registries are in tests/integration/test_sources.py.
"""

from __future__ import annotations

import base64
import json
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scanner.errors import ImageFormatError, ImageNotFoundError, RegistryError, UsageError
from scanner.image import Walk, open_image, walk
from scanner.image.credentials import Credentials, find_credentials
from scanner.image.http import RegistryHost, challenges, is_loopback

from .image_samples import Layout, Recorder, seen, sha, tar_of

LAYER = tar_of(("a", b"A"), ("big", bytes(range(256)) * 4000))
Answer = tuple[int, dict[str, str], bytes]
Rule = Callable[["Server", str, dict[str, str]], Answer | None]


class Server:
    """A registry with one image, `app:1`. A rule may answer before it does."""

    def __init__(self, folder: Path, rule: Rule | None = None) -> None:
        layout = Layout(folder)
        self.manifest = layout.add([LAYER])
        self.root = layout.finish()
        self.rule = rule
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.host = ""

    def answer(self, path: str, headers: dict[str, str]) -> Answer:
        self.requests.append((path, headers))
        told = self.rule(self, path, headers) if self.rule else None
        if told is not None:
            return told
        if path in ("/v2/app/manifests/1", f"/v2/app/manifests/{sha(self.manifest)}"):
            kind = {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}
            return 200, kind, self.manifest
        blob = self.root / "blobs" / "sha256" / path.rpartition("sha256:")[2]
        if path.startswith("/v2/app/blobs/") and blob.exists():
            data = blob.read_bytes()
            begin, status = 0, 200
            if "range" in headers:
                begin, status = int(headers["range"][6:-1]), 206
            return status, {}, data[begin:]
        return 404, {}, b"{}"


@contextmanager
def served(server: Server) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more, body = server.answer(self.path, headers)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            if int(more.get("Content-Length", len(body))) != len(body):
                self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            pass

    class QuietServer(ThreadingHTTPServer):
        def handle_error(self, *arguments: object) -> None:
            pass  # a client that hangs up is what some tests are about

    http = QuietServer(("127.0.0.1", 0), Handler)
    server.host = f"127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


@pytest.fixture(autouse=True)
def docker_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Docker configuration, and no wish to wait."""
    folder = tmp_path / "docker"
    folder.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("urllib3.util.retry.time.sleep", lambda _: None)
    return folder / "config.json"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Server]:
    with served(Server(tmp_path / "image")) as server:
        yield server


def scan(server: Server, name: str = "app:1") -> Walk:
    with open_image(f"registry:{server.host}/{name}", insecure=True) as image:
        return walk(image, Recorder)


def count(server: Server, part: str) -> int:
    return sum(part in path for path, _ in server.requests)


def test_an_image_is_read(registry: Server) -> None:
    with open_image(f"registry:{registry.host}/app:1", insecure=True) as image:
        assert image.digest == image.manifest_digest == sha(registry.manifest)
        assert seen(walk(image, Recorder).facts)["/a"] == "A"
    digest = sha(registry.manifest)
    assert seen(scan(registry, f"app@{digest}").facts)["/a"] == "A"


def test_busy_and_failing_answers_are_tried_again(
    registry: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    troubles = [(429, {"Retry-After": "7200"}, b""), (503, {}, b""), (500, {}, b"")]
    waits: list[float] = []
    registry.rule = lambda server, path, headers: troubles.pop() if troubles else None
    monkeypatch.setattr("urllib3.util.retry.time.sleep", waits.append)
    assert seen(scan(registry).facts)["/a"] == "A"
    assert troubles == []
    assert max(waits) <= 30


def test_a_registry_that_keeps_failing_is_one_line(registry: Server) -> None:
    registry.rule = lambda server, path, headers: (503, {}, b"<html>\nbusy</html>")
    with pytest.raises(RegistryError, match="answers with status 503") as caught:
        scan(registry)
    assert "\n" not in str(caught.value)


def test_a_download_that_breaks_off_is_taken_up(registry: Server) -> None:
    def half(server: Server, path: str, headers: dict[str, str]) -> Answer | None:
        if "/blobs/" not in path or "range" in headers:
            return None
        blob = server.root / "blobs" / "sha256" / path.rpartition("sha256:")[2]
        data = blob.read_bytes()
        if len(data) < 1000:
            return None
        return 200, {"Content-Length": str(len(data))}, data[: len(data) // 2]

    registry.rule = half
    assert seen(scan(registry).facts)["/a"] == "A"
    assert any("range" in headers for _, headers in registry.requests)


def test_a_download_that_always_breaks_off_is_an_error(registry: Server) -> None:
    registry.rule = lambda server, path, headers: (
        (200, {"Content-Length": "99999"}, b"x") if count(server, "/blobs/") > 1 else None
    )
    with pytest.raises((RegistryError, ImageFormatError)):
        scan(registry)
    assert len(registry.requests) < 20


@pytest.mark.parametrize("part", ["/manifests/", "/blobs/"])
def test_wrong_bytes_are_refused(registry: Server, part: str) -> None:
    def lie(server: Server, path: str, headers: dict[str, str]) -> Answer | None:
        server.rule = None
        status, more, body = server.answer(path, headers)
        server.rule = lie
        return (status, more, body[:-2] + b" }") if part in path and len(body) > 9 else None

    registry.rule = lie
    with pytest.raises(ImageFormatError, match="has the digest"):
        scan(registry, f"app@{sha(registry.manifest)}")


def test_a_huge_manifest_is_not_read(registry: Server) -> None:
    registry.rule = lambda server, path, headers: (200, {}, b"{" + b" " * (5 << 20))
    with pytest.raises(RegistryError, match="more than 4194304 bytes"):
        scan(registry)


def test_an_unknown_image_is_one_line(registry: Server) -> None:
    with pytest.raises(ImageNotFoundError, match=r"has no '.*app:2': check the name"):
        scan(registry, "app:2")


def test_no_registry_there_is_one_line() -> None:
    with pytest.raises(RegistryError, match="cannot be reached: check the name"):
        open_image("registry:127.0.0.1:1/app", insecure=True)


def test_insecure_is_for_this_machine_only() -> None:
    with pytest.raises(UsageError, match="this machine's own registries only"):
        open_image("registry:host.example/app", insecure=True)


def test_plain_http_is_not_used_unasked(registry: Server) -> None:
    with pytest.raises(RegistryError, match="--insecure"):
        open_image(f"registry:{registry.host}/app:1")
    assert registry.requests == []


def login(path: Path, host: str, username: str = "user", password: str = "pass:word") -> None:
    auth = base64.b64encode(f"{username}:{password}".encode()).decode()
    path.write_text(json.dumps({"auths": {host: {"auth": auth}}}))


def basic_only(server: Server, path: str, headers: dict[str, str]) -> Answer | None:
    if headers.get("authorization") == "Basic " + base64.b64encode(b"user:pass:word").decode():
        return None
    return 401, {"WWW-Authenticate": 'Basic realm="here"'}, b"{}"


def test_basic_credentials_come_from_the_docker_configuration(
    registry: Server, docker_config: Path
) -> None:
    registry.rule = basic_only
    with pytest.raises(RegistryError, match="docker login"):
        scan(registry)
    login(docker_config, registry.host)
    assert seen(scan(registry).facts)["/a"] == "A"


def token_server(server: Server, path: str, headers: dict[str, str]) -> Answer | None:
    if path.startswith("/token"):
        if not headers.get("authorization", "").startswith("Basic "):
            return 401, {}, b"{}"
        assert "scope=repository%3Aapp%3Apull" in path
        assert "service=reg" in path
        return 200, {}, b'{"access_token": "T1"}'
    if headers.get("authorization") == "Bearer T1":
        return None
    challenge = (
        f'Bearer realm="http://{server.host}/token",service="reg",scope="repository:app:pull"'
    )
    return 401, {"WWW-Authenticate": challenge}, b"{}"


def test_a_token_is_fetched_once_and_used(registry: Server, docker_config: Path) -> None:
    registry.rule = token_server
    login(docker_config, registry.host)
    assert seen(scan(registry).facts)["/a"] == "A"
    assert count(registry, "/token") == 1


def test_a_refused_log_in_is_one_line(registry: Server) -> None:
    registry.rule = token_server
    with pytest.raises(RegistryError, match="refuses the log-in"):
        scan(registry)


def test_a_token_server_elsewhere_must_speak_https(registry: Server, docker_config: Path) -> None:
    login(docker_config, registry.host)
    registry.rule = lambda server, path, headers: (
        401,
        {"WWW-Authenticate": 'Bearer realm="http://tokens.example/t",service="x"'},
        b"{}",
    )
    with pytest.raises(RegistryError, match=r"tokens\.example', which is not https"):
        scan(registry)


def test_credentials_do_not_follow_a_redirect_to_another_host(
    registry: Server, docker_config: Path, tmp_path: Path
) -> None:
    login(docker_config, registry.host)
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login net password rc\n")
    with served(Server(tmp_path / "other")) as other:

        def elsewhere(server: Server, path: str, headers: dict[str, str]) -> Answer | None:
            refused = basic_only(server, path, headers)
            if refused or "/blobs/" not in path:
                return refused
            return 307, {"Location": f"http://{other.host}{path}"}, b""

        registry.rule = elsewhere
        assert seen(scan(registry).facts)["/a"] == "A"
        assert other.requests
        assert all("authorization" not in headers for _, headers in other.requests)


def test_a_redirect_away_from_https_is_refused(registry: Server) -> None:
    registry.rule = lambda server, path, headers: (302, {"Location": "http://host.example/x"}, b"")
    with pytest.raises(RegistryError, match="which is not https: nothing was sent there"):
        scan(registry)


def test_a_redirect_in_a_circle_ends(registry: Server) -> None:
    registry.rule = lambda server, path, headers: (302, {"Location": path}, b"")
    with pytest.raises(RegistryError, match="redirects more than 5 times"):
        scan(registry)


def test_a_credential_helper_is_asked(
    tmp_path: Path, docker_config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = tmp_path / "docker-credential-test"
    helper.write_text(
        "#!/bin/sh\ncat >/dev/null\n"
        'echo \'{"ServerURL": "reg.example", "Username": "<token>", "Secret": "identity"}\'\n'
    )
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    docker_config.write_text('{"credHelpers": {"reg.example": "test"}}')
    assert find_credentials("reg.example") == Credentials(identity_token="identity")
    assert find_credentials("other.example") == Credentials()


@pytest.mark.parametrize(
    "text",
    ['{"auths": {"reg.example": {"auth": "%%"}}}', '{"credHelpers": {"reg.example": "missing"}}'],
)
def test_unusable_credentials_are_one_line(text: str, docker_config: Path) -> None:
    docker_config.write_text(text)
    with pytest.raises(RegistryError, match=r"unusable credentials for 'reg\.example'"):
        find_credentials("reg.example")


def test_no_secret_is_shown() -> None:
    credentials = Credentials("user", "secret1", "secret2")
    host = RegistryHost("reg.example", "app", _header="secret3", _credentials=credentials)
    assert "secret" not in repr(host)


def test_a_connection_does_not_travel_but_the_log_in_does() -> None:
    host = RegistryHost("reg.example", "app", _header="Bearer T")
    copy = pickle.loads(pickle.dumps(host))
    assert copy == host


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (
            'Bearer realm="https://a/t?x=1,2",service="s",scope="repository:a/b:pull,push"',
            [
                (
                    "bearer",
                    {
                        "realm": "https://a/t?x=1,2",
                        "service": "s",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
        ),
        ("Basic realm=here", [("basic", {"realm": "here"})]),
        (
            'Basic realm="x", Bearer realm="y"',
            [("basic", {"realm": "x"}), ("bearer", {"realm": "y"})],
        ),
        ("Negotiate", []),
        ("", []),
    ],
)
def test_challenges(header: str, found: list[tuple[str, dict[str, str]]]) -> None:
    assert list(challenges(header)) == found


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost:5000", True),
        ("127.0.0.1", True),
        ("127.9.9.9:80", True),
        ("[::1]:5000", True),
        ("10.0.0.1", False),
        ("localhost.example", False),
        ("127.0.0.1.example:80", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback

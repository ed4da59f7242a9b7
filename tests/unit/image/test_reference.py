"""What a user may write to name an image."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.errors import UsageError
from scanner.image.reference import parse_reference

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "source", "host", "repository", "tag", "digest", "name"),
    [
        ("nginx", "auto", "docker.io", "library/nginx", "latest", "", "nginx:latest"),
        ("nginx:1.27", "auto", "docker.io", "library/nginx", "1.27", "", "nginx:1.27"),
        ("a/b", "auto", "docker.io", "a/b", "latest", "", "a/b:latest"),
        (f"nginx@{DIGEST}", "auto", "docker.io", "library/nginx", "", DIGEST, f"nginx@{DIGEST}"),
        ("docker:team/x:2", "docker", "docker.io", "team/x", "2", "", "team/x:2"),
        (
            "registry:host.example:5000/team/app:v1",
            "registry",
            "host.example:5000",
            "team/app",
            "v1",
            "",
            "host.example:5000/team/app:v1",
        ),
        ("localhost/app", "auto", "localhost", "app", "latest", "", "localhost/app:latest"),
        (
            "registry:[::1]:5000/a",
            "registry",
            "[::1]:5000",
            "a",
            "latest",
            "",
            "[::1]:5000/a:latest",
        ),
        (DIGEST, "docker", "", "", "", DIGEST, DIGEST),
        ("0123456789ab", "auto", "docker.io", "library/0123456789ab", "", "", "0123456789ab"),
    ],
)
def test_names(
    text: str, source: str, host: str, repository: str, tag: str, digest: str, name: str
) -> None:
    ref = parse_reference(text)
    assert ref.source == source
    assert (ref.host, ref.repository, ref.tag, ref.digest) == (host, repository, tag, digest)
    assert ref.name == name


@pytest.mark.parametrize(
    ("text", "path", "tag", "digest"),
    [
        ("docker-archive:app.tar", "app.tar", "", ""),
        ("docker-archive:app.tar:team/x:1", "app.tar", "team/x:1", ""),
        ("oci:/some/layout:v1", "/some/layout", "v1", ""),
        (f"oci:layout@{DIGEST}", "layout", "", DIGEST),
        ("dir:/root:fs", "/root:fs", "", ""),
    ],
)
def test_paths(text: str, path: str, tag: str, digest: str) -> None:
    ref = parse_reference(text)
    assert (ref.path, ref.tag, ref.digest) == (path, tag, digest)


def test_a_file_without_its_source_is_told_how_to_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "App.tar").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"write docker-archive:App\.tar"):
        parse_reference("App.tar")


def test_a_colon_in_the_name_of_a_file_that_is_there_parts_nothing(tmp_path: Path) -> None:
    path = tmp_path / "app:1.tar"
    path.touch()
    assert parse_reference(f"docker-archive:{path}").path == str(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not an image name"),
        ("docker:", "names no image"),
        ("Nginx", "lower-case"),
        ("/dev/null", "docker-archive:/dev/null"),
        ("./app.tar", "there is no such file or directory: './app.tar'"),
        ("/no/such/app", "there is no such file or directory: '/no/such/app'"),
        ("a:b:c", "wrong tag"),
        ("a@sha256:12", "wrong digest"),
        ("registry:ho_st.example/x", "wrong host"),
        ("oci::x", "has no path"),
        ("oci:x:", "has no tag"),
        ("a//b", "not an image name"),
    ],
)
def test_mistakes_are_one_line_that_says_what_to_do(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        parse_reference(text)
    assert "\n" not in str(caught.value)

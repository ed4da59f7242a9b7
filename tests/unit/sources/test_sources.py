import io
import sys
from pathlib import Path

import pytest

from scanner.errors import SourceError, UsageError
from scanner.sources import SourceOptions, build_arguments, wanted_images
from scanner.sources.files import MAX_BYTES


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def piped(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def references(*names: str, lists: tuple[str, ...] = ()) -> list[str]:
    return [each.reference for each in wanted_images(names, lists).targets]


def test_a_list(here: Path) -> None:
    (here / "l").write_bytes(
        b"\xef\xbb\xbf# ours\r\n\r\n a:1  # first\r\nb@sha256:" + b"0" * 64 + b"\noci:x#y\na:1"
    )
    found = wanted_images((), ("l",))
    assert [each.reference for each in found.targets] == ["a:1", f"b@sha256:{'0' * 64}", "oci:x#y"]
    assert found.targets[0].asked_by == ("l:3", "l:6")


def test_everything_together_in_the_order_of_names(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "l").write_text("d\ndockerfile:sub/D\n")
    (here / "sub").mkdir()
    (here / "sub/D").write_text("FROM e\n")
    (here / "Dockerfile").write_text("FROM f\n")
    (here / "sub/docker-compose.yml").write_text("services: {s: {image: g}, b: {build: .}}\n")
    piped(monkeypatch, b"b\nc\n")
    found = wanted_images(("a", "-", "Dockerfile", "sub/docker-compose.yml", "c"), ("l",))
    assert [each.reference for each in found.targets] == ["a", "b", "c", "f", "g", "d", "e"]
    asked = {each.reference: each.asked_by for each in found.targets}
    assert asked["a"] == ()
    assert asked["b"] == ("standard input:1",)
    assert asked["e"] == ("sub/D:1 (what it is built on)",)
    assert [each.reference for each in found.failures] == ["service b"]
    assert found.is_several


def test_names_of_files_are_images_where_there_is_no_file() -> None:
    assert references("compose.yaml", "docker-compose.yml") == [
        "compose.yaml",
        "docker-compose.yml",
    ]
    assert not wanted_images(("compose.yaml",)).is_several
    too_long_for_a_file = f"{'x' * 300}/compose.yaml"
    assert references(too_long_for_a_file) == [too_long_for_a_file]


def test_a_compose_file_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    piped(monkeypatch, b"services: {s: {image: a}}")
    [target] = wanted_images(("compose:-",)).targets
    assert target.asked_by == ("standard input:1 (service s)",)


def test_a_platform_of_a_service_wins(here: Path) -> None:
    (here / "compose.yaml").write_text(
        "services: {a: {image: a, platform: linux/arm64}, b: {image: a}, c: {image: a}}"
    )
    found = wanted_images(("compose.yaml", "z"), options=SourceOptions(platform="linux/s390x"))
    assert [(each.reference, each.platform) for each in found.targets] == [
        ("a", "linux/arm64"),
        ("a", "linux/s390x"),
        ("z", "linux/s390x"),
    ]
    assert len(found.targets[1].asked_by) == 2


def test_every_mistake_is_told_at_once(here: Path) -> None:
    (here / "l").write_text("UPPER\n-\nok\na b\ncompose:c\n")
    (here / "c").write_text("services: {s: {image: X}, t: {image: y, platform: x/y/z/w}}")
    with pytest.raises(SourceError) as raised:
        wanted_images(("bad@x", "dockerfile:none"), ("l", "gone"))
    lines = raised.value.problems
    assert len(lines) == 8
    for line, start in zip(
        lines,
        [
            "'bad@x'",
            "cannot read none",
            "l:1: 'UPPER'",
            "l:2: a list cannot",
            "l:4: 'a b'",
            "l:5: c:1 (service s): 'X'",
            "l:5: c:1 (service t): 'x/y/z/w' is not a platform",
            "cannot read gone",
        ],
        strict=True,
    ):
        assert line.startswith(start), line


def test_a_variable_that_is_not_set_is_told_with_the_name_that_it_breaks(here: Path) -> None:
    (here / "compose.yaml").write_text("services: {a: {image: 'a:$SURELY_NOT_SET'}}")
    with pytest.raises(SourceError) as raised:
        wanted_images(("compose.yaml",))
    unset, wrong = raised.value.problems
    assert unset == "compose.yaml:1: the variable SURELY_NOT_SET is not set"
    assert wrong.startswith("compose.yaml:1 (service a): 'a:' has a wrong tag")


@pytest.mark.parametrize(
    ("names", "lists", "says"),
    [
        ((), (), "nothing to scan: name an IMAGE"),
        (("-", "compose:-"), (), "read only once"),
        (("-",), ("-",), "read only once"),
        ((), ("empty",), "empty names no image"),
        ((), ("large",), "larger than 1 MiB"),
        ((), ("binary",), "not UTF-8"),
        ((), (".",), "is a directory"),
        (("dockerfile:scratch",), (), "nothing to scan: scratch:1: scratch is empty"),
    ],
)
def test_what_cannot_be_is_a_mistake(
    names: tuple[str, ...], lists: tuple[str, ...], says: str, here: Path
) -> None:
    (here / "empty").write_text("# nothing\n\n")
    (here / "large").write_bytes(b"a\n" * (MAX_BYTES // 2 + 1))
    (here / "binary").write_bytes(b"\xff\xfe")
    (here / "scratch").write_text("FROM scratch")
    with pytest.raises(UsageError, match=says):
        wanted_images(names, lists)


def test_build_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWN", "yes")
    assert build_arguments(["A=b=c", "E=", "KNOWN"]) == {"A": "b=c", "E": "", "KNOWN": "yes"}
    for wrong in ("=x", "NOT_SET_ANYWHERE"):
        with pytest.raises(UsageError, match="write"):
            build_arguments([wrong])

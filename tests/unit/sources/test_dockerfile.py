import platform
from pathlib import Path

import pytest

from scanner.errors import UsageError
from scanner.sources.build import dockerfile_images
from scanner.sources.dockerfile import parse_dockerfile
from scanner.sources.wanted import Wanted

HERE = {"x86_64": "linux/amd64", "aarch64": "linux/arm64"}[platform.machine()]

BUILD = r"""# syntax=docker/dockerfile:1
ARG BASE=debian
ARG TAG
ARG FULL=${BASE}:${TAG}-slim
FROM --platform=$BUILDPLATFORM golang:1.22 AS Build
RUN <<EOF cat <<-'TAB'
FROM evil:1
EOF
	FROM evil:2
	TAB
COPY --from=elsewhere:1 /x /x
RUN echo a && \
    # FROM evil:3

    FROM evil:4
from ${FULL} as base
FROM base
COPY --link --from=build --chown=1 /a /b
COPY --from=docker:24 /usr/bin/docker /bin/
COPY --from=0 /c /d
COPY <<"E.1" /etc/x
FROM evil:5
E.1
"""


def images(
    path: Path, text: str, stage: str = "", built_for: str | None = None, **given: str
) -> Wanted:
    path.write_text(text)
    return dockerfile_images(str(path), arguments=given, stage=stage, platform=built_for)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "Dockerfile"


def test_the_base_and_what_is_copied_from(file: Path) -> None:
    found = images(file, BUILD, TAG="12")
    assert [(each.reference, each.platform) for each in found.targets] == [
        ("debian:12-slim", None),
        ("library/docker:24", None),
    ]
    assert found.targets[0].asked_by == (f"{file}:16 (what it is built on)",)
    assert found.targets[1].asked_by == (f"{file}:19 (files are copied from it)",)
    [note] = found.notes
    assert "what comes from its stage build shows only in the built image" in note


def test_arguments_win_over_defaults(file: Path) -> None:
    assert images(file, BUILD, TAG="12", BASE="ubuntu").targets[0].reference == "ubuntu:12-slim"
    found = images(file, "ARG A=1\nARG A\nFROM x:$A\nARG A=2\n")
    assert found.targets[0].reference == "x:1"


def test_another_stage_than_the_last(file: Path) -> None:
    for stage in ("BUILD", "0"):
        found = images(file, BUILD, stage=stage)
        assert [(each.reference, each.platform) for each in found.targets] == [
            ("golang:1.22", HERE),
            ("elsewhere:1", None),
        ]
    with pytest.raises(UsageError, match="there is no stage 9; there are build, base"):
        images(file, BUILD, stage="9")


def test_platforms(file: Path) -> None:
    text = "FROM --platform=$TARGETPLATFORM a-$TARGETARCH$TARGETVARIANT AS a\n"
    text += "FROM a\nCOPY --from=b . .\n"
    found = images(file, text, built_for="linux/arm/v7")
    assert [(each.reference, each.platform) for each in found.targets] == [
        ("a-armv7", "linux/arm/v7"),
        ("b", "linux/arm/v7"),
    ]
    assert images(file, "FROM --platform=linux/s390x a").targets[0].platform == "linux/s390x"


def test_scratch_brings_nothing(file: Path) -> None:
    found = images(file, "FROM golang AS b\nFROM scratch\nCOPY --from=b /a /a")
    assert found.targets == ()
    assert found.notes[0] == f"{file}:2: scratch is empty, so it brings nothing"


def test_a_stage_is_one_before_and_the_nearest(file: Path) -> None:
    found = images(file, "FROM a AS x\nFROM x AS x\nFROM x")
    assert [each.reference for each in found.targets] == ["a"]
    # Of what is not yet built, the name is that of an image.
    found = images(file, "FROM later\nCOPY --from=1 /x /x\nFROM b AS later\n", stage="0")
    assert [each.reference for each in found.targets] == ["later", "1"]


def test_the_escape_can_be_a_backtick(file: Path) -> None:
    text = "# syntax=x\n# escape=`\nFROM a:`\n1\nRUN dir C:\\\nCOPY --from=b x y\n"
    found = images(file, text)
    assert [each.reference for each in found.targets] == ["a:1", "b"]
    # Behind anything else it is a comment.
    found = images(file, "# a comment\n# escape=`\nFROM a\nRUN x `\nCOPY --from=b x y\n")
    assert [each.reference for each in found.targets] == ["a", "b"]


def test_windows_line_ends_and_quotes(file: Path) -> None:
    file.write_bytes(b'\xef\xbb\xbfARG T="1"\r\nFROM "a:$T"\r\nCOPY --from="b" x \\\r\n y\r\n')
    found = dockerfile_images(str(file), arguments={})
    assert [each.reference for each in found.targets] == ["a:1", "b"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ":1: it has no FROM"),
        ("RUN x\n", ":1: it has no FROM"),
        ("\nFROM a b\n", ":2: FROM takes an image"),
        ("FROM\n", ":1: FROM takes an image"),
        ("ARG T\nFROM a:$T\n", ":2: the argument T is not set: add --build-arg T=VALUE"),
        ("FROM ${T}\n", "--build-arg T=VALUE"),
        ("FROM ${T:?which}\n", ":1: the variable T is not set: which"),
        ("FROM ${T%x}\n", ":1: .*not understood"),
        ("\n" * 100_001, "more lines"),
    ],
)
def test_what_cannot_be_built_is_a_mistake(text: str, says: str, file: Path) -> None:
    with pytest.raises(UsageError, match=says):
        images(file, text)


def test_an_argument_that_need_not_be_set_is_told(file: Path) -> None:
    found = images(file, "FROM alpine$SUFFIX")
    assert found.targets[0].reference == "alpine"
    assert "SUFFIX is not set" in found.notes[0]


def test_what_never_ends_ends() -> None:
    parse_dockerfile("FROM a\nRUN <<EOF\n" + "x\n" * 50_000)
    parse_dockerfile("FROM a\n" + "RUN x \\\n" * 50_000)
    parse_dockerfile("FROM a\nRUN " + "<<E " * 20_000)
    parse_dockerfile(f"#a={' ' * 200_000}b\nFROM a")

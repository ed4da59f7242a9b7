from pathlib import Path

import pytest

from scanner.errors import UsageError
from scanner.sources.compose import compose_images
from scanner.sources.wanted import Wanted

SHOP = """\
x-base: &base
  platform: linux/arm64
  restart: always

services:
  web:
    <<: *base
    image: "shop/${WEB:-web}:$TAG"
    ports: ["80:80"]
  worker:
    extends: {service: web}
    command: work
  registry:
    image: registry:2
  api:
    build: .
  named:
    build: .
    image: shop/named:3.10
  debug:
    image: busybox
    profiles: [debug, tools]
  nothing: {}
"""


def images(
    path: Path, text: str = SHOP, profiles: tuple[str, ...] = (), **variables: str
) -> Wanted:
    path.write_text(text)
    return compose_images(str(path), environment=variables, profiles=profiles)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "compose.yaml"


def test_the_images_of_services(file: Path) -> None:
    found = images(file, TAG="7")
    assert [(each.reference, each.platform) for each in found.targets] == [
        ("shop/web:7", "linux/arm64"),
        ("shop/web:7", "linux/arm64"),
        ("library/registry:2", None),
        ("shop/named:3.10", None),
    ]
    assert found.targets[0].asked_by == (f"{file}:8 (service web)",)
    assert found.targets[2].asked_by == (f"{file}:14 (service registry)",)


def test_a_service_that_is_only_built_or_has_nothing_is_a_failure(file: Path) -> None:
    api, nothing = images(file, TAG="7").failures
    assert (api.reference, api.exit_code) == ("service api", 3)
    assert "name it with 'image:'" in api.error
    assert api.asked_by == (f"{file}:15 (service api)",)
    assert "neither an image nor a build" in nothing.error


def test_profiles(file: Path) -> None:
    without = images(file, TAG="7")
    assert not any("busybox" in each.reference for each in without.targets)
    [note] = without.notes
    assert (
        note
        == f"{file}:21 (service debug) is left out: it needs the profile debug or tools (--profile)"
    )
    for active in (("tools",), ("*",)):
        found = images(file, profiles=active, TAG="7")
        assert any("busybox" in each.reference for each in found.targets)
    by_variable = images(file, TAG="7", COMPOSE_PROFILES="a,debug")
    assert any("busybox" in each.reference for each in by_variable.targets)


def test_the_environment_wins_over_the_file_beside(file: Path) -> None:
    (file.parent / ".env").write_text(
        "# settings\nTAG=1 # first\nexport WEB='front'\nLATER=${TAG}.1\nCOMPOSE_PROFILES=debug\n"
    )
    found = images(file)
    assert found.targets[0].reference == "shop/front:1"
    assert any("busybox" in each.reference for each in found.targets)
    assert images(file, TAG="2").targets[0].reference == "shop/front:2"
    text = "services: {a: {image: 'a:${LATER}'}}"
    assert images(file, text).targets[0].reference == "a:1.1"


def test_the_environment_wins_within_the_file_beside(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file.parent / ".env").write_text("TAG=1\nLATER=${TAG}.1\n")
    monkeypatch.setenv("TAG", "2")
    found = images(file, "services: {a: {image: 'a:${LATER}'}}", TAG="2")
    assert found.targets[0].reference == "a:2.1"


def test_a_variable_that_is_not_set_is_told(file: Path) -> None:
    assert f"{file}:8: the variable TAG is not set" in images(file).notes
    with pytest.raises(UsageError, match=r"compose\.yaml:1: the variable T is not set: say"):
        images(file, "services: {a: {image: 'a:${T:?say which}'}}")


def test_files_that_are_included_or_extended(file: Path) -> None:
    folder = file.parent / "parts"
    folder.mkdir()
    (folder / "base.yml").write_text("services: {base: {image: base:1, build: .}, x: {image: x}}")
    (folder / "more.yml").write_text(
        "include: [base.yml, ../compose.yaml]\nservices: {more: {image: more:1}}"
    )
    text = """\
include:
  - path: [parts/more.yml]
services:
  a:
    extends: {file: parts/base.yml, service: base}
    platform: linux/s390x
"""
    found = images(file, text)
    assert [(each.reference, each.platform) for each in found.targets] == [
        ("base:1", "linux/s390x"),
        ("more:1", None),
        ("base:1", None),
        ("x", None),
    ]


def test_tags_of_compose_are_known(file: Path) -> None:
    found = images(
        file, "services: {a: {image: !override 'a:1', build: !reset null, ports: !override [1]}}"
    )
    assert found.targets[0].reference == "a:1"


BOMB = "a0: &a0 {k: v}\n" + "".join(
    f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], k{n}: v}}\n" for n in range(1, 40)
)


def test_mappings_that_are_merged_over_and_over_do_not_grow(file: Path) -> None:
    assert (
        images(file, f"{BOMB}services: {{a: {{<<: *a39, image: b}}}}").targets[0].reference == "b"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("services: [", r":1 is no YAML"),
        ("- a", "no 'services:'"),
        ("a: b", "no services"),
        ("services: [a]", "'services' is no mapping"),
        ("services: {a: b}", ":1: the service a is no mapping"),
        ("services:\n  a: {image: [x]}", ":2: image of the service a is no text"),
        ("services: {a: {extends: a}}", "in a circle"),
        ("services: {a: {extends: b}}", "has no service b"),
        ("services: {a: {extends: []}}", "'extends' names no service"),
        ("include: [no.yml]", "cannot read .*no.yml"),
        ("include: [{}]", "'include' holds no path"),
        ("services: {a: {image: '${'}}", ":1: .*not followed"),
        ("services: {a: {image: !!python/name:os.system x}}", "no YAML"),
        ("[" * 1200, "is (no YAML|nested too deeply)"),
        ("\0", "not a text file"),
    ],
)
def test_what_cannot_be_understood_is_a_mistake(text: str, says: str, file: Path) -> None:
    with pytest.raises(UsageError, match=says):
        images(file, text)

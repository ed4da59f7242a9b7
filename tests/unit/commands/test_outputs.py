from dataclasses import replace
from pathlib import Path

import pytest

from scanner import cli
from scanner.commands.outputs import Output, Outputs, file_names, parse_outputs
from scanner.errors import UsageError
from scanner.model import Batch
from scanner.sources.wanted import Target
from tests.unit.conftest import Answer
from tests.unit.report.nginx import NOT_READY_NGINX
from tests.unit.report.reports import NO_CRYPTO, READY_GO


def test_names_of_files_are_safe_and_no_other_image_has_them() -> None:
    references = [
        "team/web:1.2",
        "docker:team/web:1.3",
        "registry://r.io:5000/a/b@sha256:00",
        "dir:/srv/../etc/passwd",
        "..",
        "-rf",
        "a/b",
        "a-b",
        "A-B",
        "x" * 200,
        "dir:/b\x1b[2J\udcff ü\n",
    ]
    names = file_names([Target(each) for each in references])
    assert names[:6] == (
        "team-web-1.2",
        "team-web-1.3",
        "r.io-5000-a-b-sha256-00",
        "srv-..-etc-passwd",
        "image",
        "rf",
    )
    assert len({each.lower() for each in names}) == len(names)
    for each in names:
        assert each.isascii()
        assert each.isprintable()
        assert len(each) <= 80
        assert not set(each) & set("/\\ :*?\"<>|'&$")
        assert each[0] not in ".-"


def test_the_same_image_for_two_platforms_and_the_same_names_again() -> None:
    targets = [Target("a", "linux/amd64"), Target("a", "linux/arm64"), Target("b")]
    first, second, third = file_names(targets)
    assert third == "b"
    assert first != second
    # What else is scanned in the call does not change a name.
    assert file_names([Target("a", "linux/arm64"), Target("a", "linux/s390x")])[0] == second


@pytest.mark.parametrize(
    "texts",
    [["json", "text"], ["json=a", "text=a"], ["json={image}", "text={image}"], ["x=a"], ["json="]],
)
def test_outputs_that_cannot_be(texts: list[str]) -> None:
    with pytest.raises(UsageError):
        parse_outputs(texts)


def test_a_file_for_each_image(tmp_path: Path) -> None:
    targets = [Target("a:1"), Target("b"), Target("c")]
    wanted = parse_outputs([f"json={tmp_path}/{{image}}/r.json", f"text={tmp_path}/{{image}}.txt"])
    with Outputs(wanted, targets, verbose=False, several=True) as outputs:
        assert not list(outputs.files)
        outputs.write_image(2, NO_CRYPTO)
        assert (tmp_path / "c.txt").read_text().startswith("NO CRYPTO")
        outputs.write_image(0, READY_GO)
        outputs.write(Batch((READY_GO, NO_CRYPTO)))
        assert [str(each.relative_to(tmp_path)) for each in outputs.files] == [
            "a-1/r.json",
            "a-1.txt",
            "c/r.json",
            "c.txt",
        ]
    # Of an image without a report, nothing is left.
    files = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {"r.json", "c.txt", "a-1.txt"}
    assert not any((tmp_path / "b").iterdir())


def test_a_format_about_one_image_wants_a_file_for_each() -> None:
    for file in (None, Path("all.cdx.json")):
        output = Output("cyclonedx", file)
        with pytest.raises(UsageError, match=r"write cyclonedx=\{image\}\.cdx\.json"):
            Outputs([output], [Target("a"), Target("b")], verbose=False, several=True)


def test_a_file_that_cannot_be_written_is_told_at_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a").symlink_to("/dev/full")
    wanted = [Output("text", tmp_path / "{image}"), Output("json", tmp_path / "all")]
    with Outputs(wanted, [Target("a"), Target("b")], verbose=False, several=True) as outputs:
        outputs.write_image(0, NO_CRYPTO)
        outputs.write_image(1, NO_CRYPTO)
        outputs.write(Batch((NO_CRYPTO, NO_CRYPTO)))
        assert capsys.readouterr().err == ""
        assert [outputs.answer(code) for code in (0, 1, 3)] == [2, 1, 3]
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 3
    assert len(set(told)) == 1
    assert "no space left" in told[0]
    assert (tmp_path / "b").exists()
    assert (tmp_path / "all").exists()


def test_a_folder_that_cannot_be_made_is_told_before_the_scans(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(UsageError, match="cannot make the folder"):
        Outputs([Output("text", tmp_path / "{image}/x")], [Target("a")], verbose=False)


def test_no_report_takes_the_place_of_another(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("app.json")
    targets = [Target("app"), Target("other")]

    def opened(*names: str) -> None:
        outputs = [Output("json", tmp_path / names[0]), Output("markdown", tmp_path / names[1])]
        with Outputs(outputs, targets, verbose=False, several=True):
            pass

    for names in (("app.json", "link"), ("{image}.json", "app.json"), ("x/../a", "a")):
        (tmp_path / "x").mkdir(exist_ok=True)
        with pytest.raises(UsageError, match="two reports for"):
            opened(*names)
    opened("{image}.json", "all.md")
    opened("/dev/null", "/dev/null")
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == []


@pytest.mark.parametrize(
    ("options", "code", "gate"),
    [
        (["--fail-on", "never"], 2, "gate: off"),
        (["--fail-on", "high"], 1, " at or above high: "),
    ],
)
def test_a_report_that_cannot_be_made_costs_no_other_and_not_the_gate(
    options: list[str],
    code: int,
    gate: str,
    tmp_path: Path,
    answers: Answer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    image = replace(NOT_READY_NGINX.image, manifest_digest="")
    answers(replace(NOT_READY_NGINX, image=image))
    files = ("a.intoto.json", "a.sarif", "a.json")
    outputs = [
        f"--output={name}={tmp_path}/{file}"
        for name, file in zip(("attestation", "sarif", "json"), files, strict=True)
    ]
    assert cli.run(["scan", "x", "--no-policy", "-o", "text", *outputs, *options]) == code
    seen = capsys.readouterr()
    assert seen.out.startswith("NOT READY")
    assert sum("no attestation of" in line for line in seen.err.splitlines()) == 1
    assert gate in seen.err
    assert f"written to {tmp_path}/a.sarif, {tmp_path}/a.json\n" in seen.err
    assert {each.name for each in tmp_path.iterdir()} == {"a.sarif", "a.json"}

    # What is saved can be shown in the same way.
    again = [
        "report",
        f"{tmp_path}/a.json",
        "-o",
        outputs[0].removeprefix("--output="),
        "-o",
        "csv",
    ]
    assert cli.run(again) == 2
    assert cli.run([*again, "--gate"]) == code
    seen = capsys.readouterr()
    assert seen.err.count("no attestation of") == 2
    assert seen.out


def test_trouble_is_told_in_the_same_order_whichever_scan_ends_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = [Output("attestation", tmp_path / "{image}")]
    with Outputs(wanted, [Target("a"), Target("b")], verbose=False, several=True) as outputs:
        for at, name in ((1, "b"), (0, "a")):
            image = replace(NO_CRYPTO.image, reference=name, manifest_digest="")
            outputs.write_image(at, replace(NO_CRYPTO, image=image))
        outputs.answer(0)
    first, second = capsys.readouterr().err.splitlines()
    assert "'a'" in first
    assert "'b'" in second

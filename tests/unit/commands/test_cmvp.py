"""`fips-scanner cmvp` as users meet it: what it shows, keeps and refuses."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from scanner import cli
from scanner.commands import cmvp_source
from scanner.commands.cmvp_source import fetch
from scanner.commands.rule_folders import kept_rules, rule_folders
from scanner.errors import UsageError
from scanner.rulebook import default_rules
from tests.unit.test_cmvp_changes import ACTIVE, listing

Output = pytest.CaptureFixture[str]
OWN = default_rules() / "cmvp/openssl-provider-4985.yaml"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where certificates are kept."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data/fips-scanner/rules"


def moved(tmp_path: Path) -> Path:
    path = tmp_path / "modules.json"
    path.write_bytes(listing({**ACTIVE, "sunset_date": "3/10/2029"}))
    return path


def test_list_and_show(capsys: Output) -> None:
    assert cli.run(["cmvp", "list", "--vendor", "openssl project", "--date", "2026-11-24"]) == 0
    assert (
        "#4985      active           2030-03-10  OpenSSL FIPS Provider" in capsys.readouterr().out
    )
    assert cli.run(["cmvp", "list", "--module", "gnutls", "--status", "active"]) == 0
    listed = capsys.readouterr().out
    assert "#5049" in listed
    assert "#4985" not in listed
    assert cli.run(["cmvp", "show", "#4985"]) == 0
    assert "When operated in approved mode" in capsys.readouterr().out
    assert cli.run(["cmvp", "show", "4985", "-o", "json", "--date", "2030-03-11"]) == 0
    (shown,) = json.loads(capsys.readouterr().out)["certificates"]
    assert (shown["status"], shown["covers"]) == ("historical", ["openssl-fips-provider"])
    assert cli.run(["cmvp", "show", "1"]) == 2
    assert "knows no certificate 1" in capsys.readouterr().err


def test_an_update_is_shown_kept_and_used(data: Path, tmp_path: Path, capsys: Output) -> None:
    source = str(moved(tmp_path))
    assert cli.run(["cmvp", "update", source, "--dry-run"]) == 0
    assert "sunset moved from 2030-03-10 to 2029-03-10" in capsys.readouterr().out
    assert not data.exists()
    assert cli.run(["cmvp", "update", source]) == 0
    assert str(data) in capsys.readouterr().err
    assert [each.name for each in (data / "cmvp").iterdir()] == [OWN.name]
    assert cli.run(["cmvp", "show", "4985"]) == 0
    assert "2029-03-10" in capsys.readouterr().out


def test_an_update_elsewhere_is_used_when_named(data: Path, tmp_path: Path, capsys: Output) -> None:
    there = tmp_path / "there"
    assert cli.run(["cmvp", "update", str(moved(tmp_path)), "--to", str(there)]) == 0
    assert f"--rules {there}" in capsys.readouterr().err
    assert not data.exists()
    cli.run(["cmvp", "show", "4985", "--rules", str(there)])
    assert "2029-03-10" in capsys.readouterr().out


def test_a_newer_scanner_wins_over_older_kept_facts(data: Path, capsys: Output) -> None:
    (data / "cmvp").mkdir(parents=True)
    stale = OWN.read_text().replace("sunset: 2030-03-10", "sunset: 2027-01-01")
    (data / "cmvp" / OWN.name).write_text(stale.replace("checked: 2026", "checked: 2025"))
    cli.run(["cmvp", "show", "4985"])
    assert "2030-03-10" in capsys.readouterr().out


def test_rules_with_a_mistake_change_nothing(data: Path, tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "cmvp").mkdir()
    bad = OWN.read_text().replace("openssl-fips-provider", "no-such-module")
    (tmp_path / "cmvp" / OWN.name).write_text(bad)
    assert cli.run(["cmvp", "update", str(tmp_path)]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert "no module `no-such-module`" in told[0]
    assert not data.exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["update", "http://example.org/modules.json"], "is not https"),
        (["update", "ftp://example.org/modules.json"], "is not https"),
        (["update", "missing.json"], "cannot read missing.json"),
        (["update", "/dev/zero"], "larger than 64 MiB"),
        (["update", "/proc"], "holds no certificates"),
        (["check", "--date", "2001-01-01"], "lies before"),
        (["check", "--date", "soon"], "is not a day"),
        (["check", "missing.json"], "cannot read the report missing.json"),
    ],
)
def test_mistakes_are_told_in_one_line(
    arguments: list[str], complaint: str, capsys: Output
) -> None:
    assert cli.run(["cmvp", *arguments]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert complaint in told[0]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "file").write_text("")
    there = str(tmp_path / "file/rules")
    assert cli.run(["cmvp", "update", str(moved(tmp_path)), "--to", there]) == 2
    assert "give another folder with --to DIR" in capsys.readouterr().err


def test_check_answers_with_the_programs_of_reports(tmp_path: Path, capsys: Output) -> None:
    use = {
        "consumer": "/usr/sbin/nginx",
        "module": {
            "id": "openssl-fips-provider",
            "name": "OpenSSL FIPS Provider",
            "version": "3.1.2",
            "path": "/usr/lib/fips.so",
            "package": "",
        },
    }
    report = {"image": {"os": "debian 12", "reference": "shop/web:1"}, "uses": [use]}
    (tmp_path / "web.json").write_text(json.dumps(report))
    assert cli.run(["cmvp", "check", str(tmp_path), "--date", "2031-01-01"]) == 1
    shown = capsys.readouterr().out
    assert "#4985 OpenSSL FIPS Provider: status" in shown
    assert "shop/web:1" in shown
    assert "/usr/sbin/nginx: OpenSSL FIPS Provider 3.1.2: active #4985 -> historical" in shown
    assert cli.run(["cmvp", "check", str(tmp_path), "--date", "2031-01-01", "-o", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [each["image"] for each in told["affected"]] == ["shop/web:1"]
    assert 4985 in [each["certificate"] for each in told["changes"]]


def test_a_folder_may_hold_reports_of_other_formats(tmp_path: Path, capsys: Output) -> None:
    arguments = ["cmvp", "check", str(tmp_path), "--date", "2031-01-01"]
    assert cli.run(arguments) == 2
    assert "holds no JSON report of fips-scanner" in capsys.readouterr().err
    others = {
        "cdx": {"bomFormat": "CycloneDX"},
        "sarif": {"version": "2.1.0", "runs": []},
        "oscal": {"assessment-results": {}},
        "intoto": {"_type": "https://in-toto.io/Statement/v1"},
    }
    for name, content in others.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    assert cli.run(arguments) == 2
    capsys.readouterr()
    report = {"image": {"os": "debian 12", "reference": "shop/web:1"}, "uses": []}
    (tmp_path / "web.json").write_text(json.dumps(report))
    assert cli.run(arguments) == 0
    told = capsys.readouterr().err.splitlines()
    assert [each.partition(" is left out: it is ")[0] for each in told] == [
        str(tmp_path / f"{name}.json") for name in sorted(others)
    ]
    assert cli.run(["cmvp", "check", str(tmp_path / "cdx.json"), "--date", "2031-01-01"]) == 2
    assert "cdx.json is no JSON report" in capsys.readouterr().err
    (tmp_path / "x.json").write_text("{}")
    assert cli.run(arguments) == 2


def tar(*files: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def test_of_an_archive_only_certificates_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rules.tgz"
    path.write_bytes(
        tar(
            ("rules/cmvp/a-1.yaml", b"x: y"),
            ("rules/checks/b.yaml", b""),
            ("../../cmvp/../etc/c.yaml", b""),
            ("cmvp/sub/d.yaml", b""),
        )
    )
    assert fetch(str(path)) == {"a-1.yaml": b"x: y"}
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(UsageError, match="no readable archive"):
        fetch(str(path))


def test_sizes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rules.tgz"
    path.write_bytes(tar(("cmvp/a-1.yaml", bytes(300 << 10))))
    with pytest.raises(UsageError, match="too large for a certificate"):
        fetch(str(path))
    monkeypatch.setattr(cmvp_source, "MAX_FILES", 1)
    path.write_bytes(tar(("cmvp/a-1.yaml", b""), ("cmvp/b-2.yaml", b"")))
    with pytest.raises(UsageError, match="more than 1 certificates"):
        fetch(str(path))


def test_where_certificates_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept_rules({"XDG_DATA_HOME": "/d", "HOME": "/h"}) == Path("/d/fips-scanner/rules")
    assert kept_rules({"HOME": "/h"}) == Path("/h/.local/share/fips-scanner/rules")
    assert kept_rules({"XDG_DATA_HOME": "relative"}) is None
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert rule_folders() == (default_rules(),)
    (tmp_path / "fips-scanner/rules").mkdir(parents=True)
    assert rule_folders((Path("x"),)) == (
        default_rules(),
        tmp_path / "fips-scanner/rules",
        Path("x"),
    )

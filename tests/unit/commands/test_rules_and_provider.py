import re
import struct
from pathlib import Path

from tests.unit.commands.running import start


def test_rules_list_and_lint() -> None:
    listed = start("rules", "list", "checks")
    assert listed.returncode == 0
    assert "go-plain-crypto" in listed.stdout
    linted = start("rules", "lint")
    assert linted.returncode == 0
    assert re.fullmatch(r"rules: 0 mistakes, \d+ warnings\n", linted.stderr)


def test_rules_lint_tells_all_mistakes_with_their_lines(tmp_path: Path) -> None:
    checks = tmp_path / "mine/checks"
    checks.mkdir(parents=True)
    (checks / "one.yaml").write_text("title: x\ncolor: red\n")
    (checks / "two.yaml").write_text(": [\n")
    done = start("rules", "lint", str(tmp_path / "mine"))
    assert done.returncode == 1
    assert "mine/checks/one.yaml:2: unknown key `color`" in done.stdout
    assert "mine/checks/two.yaml:1: not YAML" in done.stdout


def small_provider(version: bytes = b"3.1.2", machine: int = 62) -> bytes:
    """The least that is taken for a fips.so: an ELF header, and the texts that it is known by."""
    header = struct.pack("<4s5B7xHHI", b"\x7fELF", 2, 1, 1, 0, 0, 3, machine, 1) + bytes(40)
    return header + b"\0OSSL_provider_init\0OpenSSL FIPS Provider\0" + version + b"\0"


def test_a_provider_from_a_file_is_kept_and_shown(tmp_path: Path) -> None:
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    path = tmp_path / "fips.so"
    path.write_bytes(small_provider())
    kept = start("provider", "import", str(path), **cache)
    assert kept.returncode == 0, kept.stderr
    assert kept.stdout.startswith("OpenSSL FIPS provider 3.1.2, amd64\n")
    shown = start("provider", "show", "--arch", "amd64", **cache)
    assert shown.returncode == 0
    assert str(tmp_path / "cache") in shown.stdout


def test_a_provider_from_an_image_is_the_one_that_containers_see(
    rootfs: Path, tmp_path: Path
) -> None:
    modules = rootfs / "usr/lib/ossl-modules"
    modules.mkdir(parents=True)
    (modules / "fips.so").write_bytes(small_provider(b"3.5.9", machine=183))
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    kept = start("provider", "import", f"dir:{rootfs}", "--quiet", **cache)
    assert kept.returncode == 0, kept.stderr
    assert "3.5.9, arm64" in kept.stdout
    assert "/usr/lib/ossl-modules/fips.so" in kept.stdout
    assert (tmp_path / "cache/fips-scanner/providers/arm64/fips.so").is_file()


def test_an_image_without_a_provider(rootfs: Path, tmp_path: Path) -> None:
    done = start("provider", "import", f"dir:{rootfs}", "-q", XDG_CACHE_HOME=str(tmp_path))
    assert done.returncode == 2
    assert "has no OpenSSL FIPS provider" in done.stderr
    assert done.stderr.count("\n") == 1


def test_no_provider_is_said_with_a_way_to_get_one(tmp_path: Path) -> None:
    done = start("provider", "show", "--arch", "riscv64", XDG_CACHE_HOME=str(tmp_path))
    assert done.returncode == 1
    assert "no FIPS provider for riscv64" in done.stderr
    assert "openssl-provider-fips" in done.stderr


def test_providers_for_all_c_libraries_are_shown(tmp_path: Path) -> None:
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    for name, needed in (("glibc", b"\0GLIBC_2.17\0"), ("none", b"")):
        path = tmp_path / name
        path.write_bytes(small_provider(b"3.5.7-simulation") + needed)
        assert start("provider", "import", str(path), **cache).returncode == 0
    shown = start("provider", "show", "--arch", "amd64", **cache)
    assert shown.stdout.count("OpenSSL FIPS provider 3.5.7-simulation, amd64\n") == 2
    assert shown.stdout.count("built for simulation only, not a validated module\n") == 2
    assert "needs     the GNU C library 2.17 or later\n" in shown.stdout


def test_building_for_an_architecture_that_cannot_be_built_for(tmp_path: Path) -> None:
    done = start("provider", "build", str(tmp_path / "x"), "--arch", "s390x")
    assert done.returncode == 2
    assert done.stderr == ("fips-scanner: cannot build for s390x; --arch takes amd64 and arm64\n")

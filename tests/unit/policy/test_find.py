from pathlib import Path

import pytest

from scanner.errors import UsageError
from scanner.policy import NAME, find_policy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    deep = tmp_path / "home/project/a/b"
    deep.mkdir(parents=True)
    return deep


def put(folder: Path, name: str = NAME) -> Path:
    path = folder / name
    path.write_text("version: 1\n")
    return path


def test_the_nearest_one_is_found(folder: Path) -> None:
    above = put(folder.parent)
    assert find_policy(folder) == above
    here = put(folder)
    assert find_policy(folder) == here


def test_none_is_found_where_there_is_none(folder: Path) -> None:
    assert find_policy(folder, folder.parents[2]) is None


@pytest.mark.parametrize("kind", ["folder", "file of a worktree"])
def test_the_search_ends_with_the_repository(folder: Path, kind: str) -> None:
    put(folder.parents[1])
    root = folder.parent
    if kind == "folder":
        (root / ".git").mkdir()
    else:
        (root / ".git").write_text("gitdir: elsewhere\n")
    assert find_policy(folder) is None
    assert find_policy(folder.parents[1])
    at_root = put(root)
    assert find_policy(folder) == at_root


def test_a_policy_of_the_home_directory_holds_only_there(folder: Path) -> None:
    home = folder.parents[2]
    path = put(home)
    assert find_policy(folder, home) is None
    assert find_policy(home, home) == path


def test_a_stranger_decides_nothing(folder: Path) -> None:
    shared = folder.parents[1]
    path = put(shared)
    assert find_policy(folder) == path
    shared.chmod(0o1777)
    assert find_policy(folder) is None
    assert find_policy(shared) == path


@pytest.mark.parametrize("name", [".fips-scanner.yml", "fips-scanner.yaml"])
def test_a_file_with_another_name_is_told(folder: Path, name: str) -> None:
    put(folder.parent, name)
    with pytest.raises(UsageError, match="a policy is called") as raised:
        find_policy(folder)
    assert name in str(raised.value)
    put(folder)
    assert find_policy(folder)


def test_a_link_to_nothing_is_no_absence(folder: Path) -> None:
    (folder / NAME).symlink_to(folder / "gone")
    assert find_policy(folder) == folder / NAME


def test_what_is_no_file_is_no_absence(folder: Path) -> None:
    put(folder.parent)
    (folder / NAME).mkdir()
    with pytest.raises(UsageError, match="is no file, so no policy is read"):
        find_policy(folder)

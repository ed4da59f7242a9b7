"""`--update-snapshots` for the tests of output."""

import difflib
from collections.abc import Callable
from pathlib import Path

import pytest

SNAPSHOTS = Path(__file__).parents[2] / "snapshots"


@pytest.fixture
def snapshot(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with a file of tests/snapshots, byte for byte."""
    update = request.config.getoption("--update-snapshots")

    def compare(name: str, text: str) -> None:
        path = SNAPSHOTS / name
        if update:
            path.write_bytes(text.encode())
            return
        assert path.exists(), f"no {path.name}: run pytest --update-snapshots and read it"
        expected = path.read_bytes().decode()
        if text != expected:
            diff = difflib.unified_diff(
                expected.splitlines(), text.splitlines(), str(path), "now", lineterm=""
            )
            pytest.fail(
                "\n".join([*diff, "", "If this is meant: pytest --update-snapshots"]),
                pytrace=False,
            )

    return compare

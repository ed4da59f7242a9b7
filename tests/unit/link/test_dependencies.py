"""Code of dependencies beside the image's own, as `pip install --target /app` leaves it."""

from __future__ import annotations

import pytest

from scanner.facts import fact
from scanner.inspectors.packages import make as packages
from scanner.inspectors.source import make as sources
from scanner.link import link
from scanner.model import CryptoUse, Fact, FactKind, ImageConfig
from tests.unit.inspectors.files import seen

from .worlds import LINUX, rules, tree

JOSE = "/app/jose/backends/ecdsa_backend.py"
LAYOUT = {
    # As pip 24 lays out `pip install --target /app python-jose paramiko`, cut down.
    "/app/ecdsa-0.19.2.dist-info/METADATA": "Metadata-Version: 2.1\n",
    "/app/ecdsa-0.19.2.dist-info/RECORD": "ecdsa/__init__.py,sha256=x,1\necdsa/curves.py,,\n",
    "/app/ecdsa/curves.py": "import hashlib\nhashlib.md5(b'')\n",
    "/app/python_jose-3.5.0.dist-info/RECORD": "jose/backends/ecdsa_backend.py,sha256=x,1\n",
    JOSE: "import hashlib\nimport ecdsa\nhashlib.sha256(b'')\n",
    "/app/paramiko-5.1.0.dist-info/RECORD": "paramiko/pkey.py,sha256=x,1\n",
    "/app/paramiko/pkey.py": (
        "import hashlib\nhashlib.md5(b'')\nhashlib.md4(b'', usedforsecurity=False)\n"
    ),
}


def linked(files: dict[str, str]) -> tuple[list[Fact], tuple[CryptoUse, ...]]:
    made = (packages(rules()), sources(rules()))
    facts = [
        each
        for path, content in files.items()
        for inspector in made
        for each in seen(inspector, path, content)
        if isinstance(each, Fact)
    ]
    index, uses, _ = link(facts, tree(files), ImageConfig(platform=LINUX), rules())
    return [each for each in index if each.kind is FactKind.SOURCE_CALL], uses


def test_calls_of_listed_files_are_those_of_dependencies() -> None:
    (call,), uses = linked(LAYOUT)
    assert (call.path, call.text("api")) == ("/app/paramiko/pkey.py", "hashlib.md5")
    assert (call.text("own"), call.text("package")) == ("no", "paramiko")
    assert uses == ()


def test_own_code_beside_them_stays_own() -> None:
    calls, (use,) = linked({**LAYOUT, "/app/main.py": "import ecdsa\n"})
    assert [each.text("api") for each in calls if each.flag("own")] == ["import ecdsa"]
    assert (use.consumer, use.module.name) == ("/app/main.py", "ecdsa")


@pytest.mark.parametrize("lists", [(), ("/app/other.py",)])
def test_without_a_list_that_names_it_a_file_is_own(lists: tuple[str, ...]) -> None:
    call = fact(FactKind.SOURCE_CALL, "/app/a.py", api="hashlib.md5", approved="no", own=True)
    listing = fact(FactKind.LANGUAGE_FILES, "/app/x", ecosystem="pypi", name="x", files=lists)
    index, _, _ = link([call, listing], tree([call.path]), ImageConfig(platform=LINUX), rules())
    assert call in list(index)

"""Tells files of tests, examples, documentation and dependencies by their path.

A key or certificate that lies there was published with a package, and protects nothing.
"""

from __future__ import annotations

import re

_FOLDER = re.compile(
    r"/(?:tests?|testing|testdata|test[-_](?:data|files|certs|keys)|certdata|specs?|fixtures?"
    r"|__tests__|examples?|samples?|demos?|docs?|man|mocks?|benchmarks?|integration[-_]tests?"
    r"|site-packages|dist-packages|node_modules|gems|third_party|vendor|go/pkg/mod|usr/local/go"
    r"|perl5|site_perl|vendor_perl|usr/(?:local/)?(?:share|lib(?:/[\w-]{1,40})?)/perl"
    r"|pyenv/versions/[^/]{1,20}/lib)/",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"snakeoil|(?:^|[-_.])(?:test|example|sample|dummy|demo)s?(?:[-_.]|$)", re.IGNORECASE
)
_PROSE = (".md", ".rst", ".html", ".htm", ".adoc", ".tex", ".pod", ".1", ".3", ".d.ts", ".map")


def is_sample(path: str) -> bool:
    """Whether the file `path` was published to test, to show or to explain something."""
    name = path.rpartition("/")[2]
    return (
        _FOLDER.search(path) is not None or _NAME.search(name) is not None or name.endswith(_PROSE)
    )

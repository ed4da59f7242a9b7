"""Fills the templates: escaping, the style, the script, and the policy that forbids all else.

Knows nothing of reports.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from scanner.report.escape import visible

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_LONGEST = 2000
"""Characters of one text; of rules, none is longer. The middle of longer ones is cut out."""
_UNBROKEN = 56
"""Characters in a row without a place to break."""


def write(template: str, **values: object) -> str:
    """The page that `template` makes of `values`."""
    style, script = _asset("report.css"), _asset("report.js")
    return (
        _environment()
        .get_template(template)
        .render(
            **values,
            style=_own_markup(style),
            script=_own_markup(script),
            csp=content_policy(style, script),
        )
    )


def content_policy(style: str, script: str) -> str:
    """A Content-Security-Policy under which a page can fetch nothing and send nothing."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_digest(style)}'",
            f"script-src '{_digest(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _asset(name: str) -> str:
    return resources.files("scanner.report.html").joinpath("templates", name).read_text("utf-8")


def _own_markup(text: str) -> object:
    """A text of the scanner's own, which goes into the page as it is."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704


@lru_cache(maxsize=1)
def _environment() -> Environment:
    # Nobody who scans without asking for a page has to wait for it.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("scanner.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        # Whatever a template forgets: no control character reaches a page.
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["breakable"] = breakable
    environment.filters["inline"] = inline
    environment.globals["line_break"] = _own_markup("\n")
    return environment


def _shown(value: object) -> object:
    if isinstance(value, str) and not hasattr(value, "__html__"):  # markup has that
        return visible(value, _LONGEST)
    return value


def breakable(text: str) -> Markup:
    """`text` that may be broken after a slash, and where nothing else lets it be broken."""
    from markupsafe import Markup, escape

    pieces = re.findall(rf"[^/\s]{{1,{_UNBROKEN}}}/*|/+|\s+", visible(text, _LONGEST))
    return Markup("<wbr>").join(escape(each) for each in pieces)


def inline(text: str) -> Markup:
    """`text` in which what stands in backticks is code, as in the rules."""
    from markupsafe import Markup, escape

    pieces = visible(text, _LONGEST).split("`")
    if len(pieces) % 2 == 0:
        return escape("`".join(pieces))
    return Markup("").join(
        Markup("<code>{}</code>").format(each) if at % 2 else escape(each)
        for at, each in enumerate(pieces)
    )

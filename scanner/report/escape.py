"""Makes text from an image safe to show: a path or log line may try to rewrite the terminal.

Changes nothing that a person can see to be what it is.
"""

from __future__ import annotations

import unicodedata

LONGEST = 300
"""Characters of a path or log line that are shown; the middle of longer ones is cut out."""

# Besides control characters: format characters (bidirectional overrides, zero widths), lone
# surrogates, private and unassigned code points, and line separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def visible(text: str, limit: int = LONGEST) -> str:
    r"""`text` on one line, with everything invisible written as an escape such as `\x1b`."""
    if len(text) > limit:
        head = limit * 2 // 3
        text = f"{text[:head]} ... {text[head - limit :]}"
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(character) for character in text)


def visible_lines(text: str) -> list[str]:
    """The lines of a text that may have several, each made visible."""
    return [visible(line, len(line)) for line in text.expandtabs(4).split("\n")]


def encodable(text: str) -> str:
    """`text` with lone surrogates written out, since UTF-8 and strict JSON have none.

    They stand for bytes of file names that are not UTF-8.
    """
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _escaped(character: str) -> str:
    if character == " ":
        return character
    category = unicodedata.category(character)
    if category not in _HIDDEN and category != "Zs":
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as Python carries it
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

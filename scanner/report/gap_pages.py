"""Explains the kinds of gaps: what could not be looked at, what that means, what can be done."""

from __future__ import annotations

from rich.text import Text

from scanner.model import GapKind
from scanner.report.page import Page

PREFIX = "gap:"

_PAGES: dict[GapKind, tuple[str, str]] = {
    GapKind.TOO_LARGE: (
        "A file, an archive or a list is larger than what the scanner reads: its end is unknown.",
        "Leave it out of the image, or split it.",
    ),
    GapKind.TOO_MANY: (
        "There are more files or entries than the scanner looks at; those beyond are unknown.",
        "Leave out what the image does not need.",
    ),
    GapKind.UNREADABLE: (
        "A file or a layer could not be read.",
        "Build or pull the image anew; where that does not help, report it.",
    ),
    GapKind.MALFORMED: (
        "A file is not in the form that its name or its first bytes promise.",
        "Replace the file by an intact one, or remove it.",
    ),
    GapKind.PACKED: (
        "A program is packed or hides what it holds (UPX, an archive behind a script, garbled Go), "
        "so that its cryptography cannot be seen.",
        "Build it without packing; start-up and layer compression win nothing by it.",
    ),
    GapKind.ENCRYPTED: (
        "A file is encrypted and was not looked into.",
        "Keep it out of the image, or accept it for as long as somebody knows what it holds.",
    ),
    GapKind.TIMED_OUT: (
        "Looking took longer than allowed.",
        "Scan again with a longer --timeout, or on a quieter machine.",
    ),
    GapKind.NOT_SUPPORTED: (
        "The scanner cannot look at this sort of thing.",
        "Look at it by hand, and accept it with the result as the reason.",
    ),
    GapKind.NOT_RUN: (
        "The container was not run, or not under every condition: what it does there is unknown.",
        "Scan without --static and with all conditions, on a machine with an engine of the image's "
        "architecture; give an image without a command one by --command.",
    ),
    GapKind.NO_ENGINE: (
        "No container engine answered, so that nothing was run.",
        "`fips-scanner doctor` says what is missing.",
    ),
    GapKind.NOTHING_OBSERVED: (
        "The container ran, and nothing was seen that could be compared.",
        "Give it something to do by --http or --exec, and what it needs by --env or --mount.",
    ),
    GapKind.NO_PROVIDER: (
        "The image uses OpenSSL 3 without a FIPS provider, and none of this machine loads in it.",
        "`fips-scanner doctor` says how to get one.",
    ),
    GapKind.NOT_VERIFIED: (
        "Nothing showed that a switch took effect, so that the run proves less.",
        "Let the container do something with cryptography: --http, --exec.",
    ),
    GapKind.INTERNAL: (
        "A part of the scanner failed on this.",
        "Report it, with FIPS_SCANNER_DEBUG=1 and the file if you may.",
    ),
    GapKind.INTERRUPTED: (
        "The scan was ended before it was done.",
        "Scan again.",
    ),
}


def gap_page(name: str, page: Page) -> bool:
    """Write what the gap `name`, such as `gap:packed`, means; False when there is none."""
    kinds = [each for each in GapKind if name == f"{PREFIX}{each.value}"]
    for kind in kinds:
        means, advice = _PAGES[kind]
        page.paragraph(Text(f"{PREFIX}{kind.value}", style="bold"))
        page.blank()
        page.paragraph(means)
        page.blank()
        page.paragraph("It keeps an image from ready and no-crypto where the report says so.")
        page.blank()
        page.paragraph(f"What to do: {advice}", hanging=2)
    return bool(kinds)


def gap_names() -> tuple[str, ...]:
    """What `gap_page` knows."""
    return tuple(f"{PREFIX}{each.value}" for each in GapKind)

"""The words, colors and shapes of the page: a color never stands alone.

Says nothing that the report does not say.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from scanner.model import (
    Activation,
    CryptoUse,
    Effect,
    Severity,
    ValidationStatus,
    VerdictKind,
    WaiverState,
)
from scanner.report.sections.head import VERDICTS
from scanner.report.views.uses import MODES, STATUS


class Tone(StrEnum):
    """How good or bad news is. Each has a color and a shape."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    MUTE = "mute"


@dataclass(frozen=True, slots=True)
class Badge:
    """A word with its color and shape."""

    word: str
    tone: Tone


_TONES = {"red": Tone.BAD, "yellow": Tone.WARN, "green": Tone.GOOD}

_VERDICT_TONES = {
    VerdictKind.READY: Tone.GOOD,
    VerdictKind.NO_CRYPTO: Tone.GOOD,
    VerdictKind.CONDITIONAL: Tone.WARN,
    VerdictKind.UNDETERMINED: Tone.WARN,
    VerdictKind.NOT_READY: Tone.BAD,
}
SEVERITY_TONES = {
    Severity.CRITICAL: Tone.BAD,
    Severity.HIGH: Tone.BAD,
    Severity.MEDIUM: Tone.WARN,
    Severity.LOW: Tone.MUTE,
    Severity.INFO: Tone.MUTE,
}
EFFECTS = {
    Effect.BREAKS: Badge("breaks", Tone.BAD),
    Effect.LEAKS: Badge("leaks", Tone.BAD),
    Effect.NEVER_WORKED: Badge("never worked", Tone.WARN),
    Effect.FLAKY: Badge("flaky", Tone.WARN),
    Effect.CHANGES: Badge("changed", Tone.WARN),
    Effect.RESTRICTS: Badge("restricted", Tone.GOOD),
}
"""Worst first."""
WAIVER_STATES = {
    WaiverState.EXPIRED: Badge("expired", Tone.BAD),
    WaiverState.UNMATCHED: Badge("matches nothing", Tone.WARN),
    WaiverState.HOLDS: Badge("holds", Tone.GOOD),
}


def verdict_badge(kind: VerdictKind) -> Badge:
    """How a verdict is called: `Not ready`."""
    return Badge(VERDICTS[kind][0].capitalize(), _VERDICT_TONES[kind])


def verdict_sentence(kind: VerdictKind) -> str:
    """What a verdict means, in one sentence."""
    return VERDICTS[kind][2]


def severity_badge(severity: Severity) -> Badge:
    """How bad a finding is: `high`."""
    return Badge(severity.value, SEVERITY_TONES[severity])


def status_badge(status: ValidationStatus) -> Badge:
    """What CMVP says: `active`, `historical` …, and how good that is."""
    word, style = STATUS[status]
    return Badge(word, _TONES[style])


def mode_badge(activation: Activation) -> Badge:
    """Whether the approved mode is on, and how good that is."""
    word, style = MODES[activation]
    return Badge(word, _TONES[style])


def use_tone(use: CryptoUse) -> Tone:
    """The worse of module and mode."""
    order = (Tone.BAD, Tone.WARN, Tone.GOOD)
    return min(
        (status_badge(use.validation.status).tone, mode_badge(use.activation).tone), key=order.index
    )


def score_tone(score: int | None) -> Tone:
    """As the bars of the text report are colored."""
    if score is None:
        return Tone.MUTE
    return Tone.GOOD if score >= 90 else Tone.WARN if score >= 50 else Tone.BAD


def size_words(size: int) -> str:
    """`13.4 MB`."""
    value, unit = float(size), "B"
    for bigger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, bigger
    return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"


def fitted(text: str, length: int) -> str:
    """`text` in `length` characters: of a path the end, which tells more."""
    if len(text) <= length:
        return text
    if "/" in text:
        return f"…{text[len(text) - length + 1 :]}"
    return f"{text[: length - 1]}…"

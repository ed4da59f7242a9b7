"""What is shown of a comparison, and in which order: the same for a terminal and for Markdown.

Texts are as in the reports: whoever lays them out makes them safe. Leaves out nothing that a
person must know; what explains the same thing twice is told once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scanner.diff.model import (
    Cause,
    Comparison,
    FindingChange,
    Grown,
    Kind,
    LayerChange,
    PointsChange,
    Side,
)
from scanner.report.comparison.view_programs import libraries, programs
from scanner.report.comparison.view_rest import assets, gaps, runs, tls
from scanner.report.comparison.view_values import (
    MARKS,
    WORSE_AT,
    Item,
    Section,
    Tone,
    arrow,
    caused,
    shortened,
    some,
)
from scanner.report.order import RUNS
from scanner.report.page import counted

_DIGEST = len("sha256:") + 12
_STEP = 120
"""Characters of a build instruction."""
_WHAT = 200
"""Characters of what is wrong in a place."""
_VERDICTS = ("no-crypto", "ready", "conditional", "undetermined", "not-ready")


@dataclass(frozen=True, slots=True)
class Headline:
    """The top: what became of verdict, score and gate, and which reports they are of."""

    verdict: str
    score: str
    gate: str
    """`""` where none was asked."""
    tone: Tone
    sides: tuple[str, str]
    notes: tuple[str, ...]
    """What differs besides the image, and whether anything does."""


def headline(comparison: Comparison) -> Headline:
    """The top of a comparison."""
    old, new = comparison.old, comparison.new
    worse = _VERDICTS.index(new.verdict) - _VERDICTS.index(old.verdict) or old.score - new.score
    points = f" ({new.score - old.score:+})" if new.score != old.score else ""
    names = (each.verdict.upper().replace("-", " ") for each in (old, new))
    return Headline(
        verdict=_turn(*names),
        score=f"score {_turn(old.score, new.score)}{points}",
        gate=_gate(comparison),
        tone="bad" if worse > 0 else "good" if worse < 0 else "",
        sides=(_side(old), _side(new)),
        notes=tuple(_notes(comparison)),
    )


def _side(side: Side) -> str:
    day = f"judged for {side.date}"
    known = (side.reference, side.os, side.platform, side.digest[:_DIGEST], day)
    return ", ".join(each for each in known if each)


def outcome(comparison: Comparison) -> str:
    """Verdict, score and gate in a few words: `still not-ready, score 31 -> 36`."""
    old, new = comparison.old, comparison.new
    score = f"score {_turn(old.score, new.score)}"
    parts = (_turn(old.verdict, new.verdict), score, _gate(comparison))
    return ", ".join(each for each in parts if each)


def _turn(old: object, new: object) -> str:
    return f"still {new}" if old == new else f"{old} -> {new}"


def _gate(comparison: Comparison) -> str:
    old, new = comparison.old.gate, comparison.new.gate
    return f"gate {_turn(old or 'not asked', new or 'not asked')}" if old or new else ""


_BESIDES = {
    "day": "certificates are judged for another day",
    "rules": "the rules are others",
    "scanner": "another release of the scanner looked",
    "runs": "other conditions were run",
    "target": "it is judged for another target",
    "platform": "it is another platform's image",
    "name": "it is an image of another name",
}


def _notes(comparison: Comparison) -> Iterator[str]:
    if comparison.same_image:
        yield (
            "It is the same image: what differs comes from the day, the rules, the scanner, or the "
            "run."
        )
    elif any(each.name in tuple(Cause) for each in comparison.besides):
        yield "Not only the image is another one. What may come from that is marked with it."
    for each in comparison.besides:
        yield f"{each.name}: {arrow(each)} ({_BESIDES[each.name]})"


def sections(comparison: Comparison) -> list[Section]:
    """What changed, what matters most first. Nothing where nothing did."""
    found = [
        _findings(comparison.findings),
        _scores(comparison),
        libraries(comparison.libraries),
        programs(comparison.uses, comparison.libraries),
        *tls(comparison.tls),
        runs(comparison.runs),
        assets(comparison.assets),
        gaps(comparison.gaps),
        _image(comparison),
    ]
    return [each for each in found if each is not None]


def _findings(changes: Iterable[FindingChange]) -> Section | None:
    items = [_finding(each) for each in changes]
    if not items:
        return None
    words = [each.label.partition(",")[0] for each in items]
    numbers = {word: words.count(word) for word in ("new", "worse", "moved", "better", "gone")}
    beside = ", ".join(f"{number} {word}" for word, number in numbers.items() if number)
    return Section("Findings", tuple(items), beside)


def _finding(change: FindingChange) -> Item:
    severity = str(change.new_severity or change.old_severity)
    if change.kind is Kind.CHANGED and change.old_severity is not change.new_severity:
        severity += f" (was {change.old_severity})"
    lesser = change.removed or (change.old_severity, change.old_verdict) != (
        change.new_severity,
        change.new_verdict,
    )
    word = {Kind.ADDED: "new", Kind.REMOVED: "gone"}.get(
        change.kind, "worse" if change.worse else "better" if lesser else "moved"
    )
    notes = [change.id]
    if change.old_verdict is not change.new_verdict and change.kind is Kind.CHANGED:
        notes.append(
            f"allows at best {change.new_verdict or 'ready'}, was {change.old_verdict or 'ready'}"
        )
    if change.ignored:
        notes.append("set aside by the policy")
    if change.unchanged:
        notes.append(f"unchanged in {counted(change.unchanged, 'place')}")
    return Item(
        mark=MARKS[change.kind],
        label=f"{word}, {severity}",
        text=change.title,
        tone="bad" if change.worse else "good" if word in ("gone", "better") else "",
        notes=tuple(notes),
        lists=(
            ("at", _places(change.added)),
            (WORSE_AT, _grown(change.grown)),
            ("no longer at", _places(change.removed)),
        ),
        causes=caused(change.causes),
    )


def _places(places: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(_place, places))


def _place(place: str) -> str:
    return f"the {place} run" if place in RUNS else place or "the image's configuration"


def _grown(places: Iterable[Grown]) -> tuple[str, ...]:
    """What is wrong now, with the first place where it is so and how many others there are."""
    together: dict[str, list[str]] = {}
    for each in places:
        what = some(each.what, "; ", _WHAT)
        together.setdefault(what, []).append(_place(each.place))
    return tuple(
        f"{found[0]}{f' and {len(found) - 1} more' if found[1:] else ''}: {what}"
        for what, found in together.items()
    )


def _scores(comparison: Comparison) -> Section | None:
    items = []
    for score in comparison.scores:
        points = [each for each in comparison.points if each.question is score.question]
        items.append(
            Item(
                mark=MARKS[Kind.CHANGED],
                label=score.question.value if score.question else "total",
                text=f"{_score(score.old)} -> {_score(score.new)}",
                tone=_tone(score.old, score.new),
                notes=tuple(map(_points, points)),
            )
        )
    return (
        Section("Score", tuple(items), "of each question, and points of the total")
        if items
        else None
    )


def _tone(old: int | None, new: int | None) -> Tone:
    if old is None or new is None or old == new:
        return ""
    return "good" if new > old else "bad"


def _score(score: int | None) -> str:
    return "not looked at" if score is None else str(score)


def _points(change: PointsChange) -> str:
    cause = change.cause
    for prefix, after in (("gap:", " (gap)"), ("uses:", " (programs)")):
        if cause.startswith(prefix):
            cause = cause.removeprefix(prefix) + after
    cause = cause.replace("verdict:", "because it is ")
    state = " (new)" if not change.old else " (gone)" if not change.new else ""
    return f"{round(change.old - change.new, 2):+g} {cause}{state}"


def _image(comparison: Comparison) -> Section | None:
    items = [
        Item(MARKS[Kind.CHANGED], each.name, arrow(each))
        for each in comparison.image
        if each.name not in ("digest", "platform")
    ]
    items += (Item(MARKS[each.kind], "layer", _step(each)) for each in comparison.layers)
    if not items:
        return None
    kept = comparison.layers_kept
    return Section("Image", tuple(items), f"{counted(kept, 'layer')} in common" if kept else "")


def _step(layer: LayerChange) -> str:
    size = f"{layer.size / (1 << 20):.1f} MiB" if layer.size >= 1 << 17 else f"{layer.size} bytes"
    step = " ".join(layer.created_by.removeprefix("/bin/sh -c ").split()).removeprefix("#(nop) ")
    return f"{size}, {shortened(step, _STEP) if step else layer.diff_id[:_DIGEST]}"

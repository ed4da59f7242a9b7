"""What reports made by hand have in common."""

from datetime import date

from scanner.model import (
    ImageInfo,
    Question,
    Report,
    Verdict,
)

DAY = date(2026, 11, 23)
RULES = "sha256:5f0c2d9b8a7e6f5d4c3b2a190807f6e5d4c3b2a190807f6e5d4c3b2a19080706"
DIGEST = "sha256:9b7c0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5"


def report(image: ImageInfo, verdict: Verdict, **parts: object) -> Report:
    return Report("0.1.0", RULES, DAY, image, verdict, **parts)  # type: ignore[arg-type]


def scores(*values: int | None) -> dict[Question, int | None]:
    return dict(zip(Question, values, strict=True))

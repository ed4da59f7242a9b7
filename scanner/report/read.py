"""Reads JSON reports back: those of `scanner.report.json`, of this and of earlier releases.

Takes nothing on trust: a report comes from a file that anybody may have written. Opens no file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from scanner.errors import UsageError
from scanner.model import (
    Asset,
    Batch,
    ConditionResult,
    CryptoUse,
    Failure,
    Finding,
    Gap,
    ImageInfo,
    LayerInfo,
    PointsLost,
    PolicyResult,
    Question,
    Report,
    Verdict,
    VerdictKind,
)
from scanner.report.escape import visible

MAX_BYTES = 64 << 20
"""A report of a large image has a few MiB."""

_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
"""Holds for the values of the model inside, too: they have no settings of their own."""

_Score = Annotated[int, Field(ge=0, le=100)]
_WRITE_ONE = "write one with `fips-scanner scan IMAGE -o json=FILE`"
_SHOWN = 200
"""Characters of what is wrong."""


@dataclass(frozen=True, config=_STRICT)
class _Origin:
    path: str
    layer: Annotated[int, Field(ge=0)]


@dataclass(frozen=True, config=_STRICT)
class _Document:
    """The top level of `schema-v1.json`. What releases added to it has a default."""

    schema_version: Literal["1"]
    scanner_version: str
    rules_digest: str
    date: date
    image: ImageInfo
    verdict: VerdictKind
    verdict_reasons: tuple[str, ...]
    score: _Score
    scores: Mapping[Question, _Score | None]
    points_lost: tuple[PointsLost, ...]
    uses: tuple[CryptoUse, ...]
    findings: tuple[Finding, ...]
    conditions: tuple[ConditionResult, ...]
    gaps: tuple[Gap, ...]
    assets: tuple[Asset, ...] = ()
    layers: tuple[LayerInfo, ...] = ()
    origins: tuple[_Origin, ...] = field(default=())
    target: str = ""
    policy: PolicyResult | None = None

    def report(self) -> Report:
        return Report(
            scanner_version=self.scanner_version,
            rules_digest=self.rules_digest,
            date=self.date,
            image=self.image,
            verdict=Verdict(
                self.verdict,
                self.verdict_reasons,
                self.score,
                {each: self.scores.get(each) for each in Question},
                self.points_lost,
            ),
            uses=self.uses,
            findings=self.findings,
            conditions=self.conditions,
            gaps=self.gaps,
            assets=self.assets,
            layers=self.layers,
            # A layer that is not there would be looked up by whoever renders this.
            origins={
                each.path: each.layer for each in self.origins if each.layer < len(self.layers)
            },
            target=self.target,
            policy=self.policy,
        )


@dataclass(frozen=True, config=_STRICT)
class _Documents:
    """The top level of `batch-v1.json`."""

    schema_version: Literal["1"]
    reports: tuple[_Document, ...]
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, config=ConfigDict(extra="ignore", strict=False))
class _Sort:
    """What tells of which sort a document is, whatever else is in it."""

    schema_version: Any = None
    scanner_version: Any = None
    verdict: Any = None
    reports: Any = None
    images: Any = None
    runs: Any = None
    bomFormat: Any = None  # noqa: N815
    predicate: Any = None


_ONE = TypeAdapter(_Document)
_MANY = TypeAdapter(_Documents)
_SORT = TypeAdapter(_Sort)

_OTHERS = {
    "runs": "SARIF",
    "bomFormat": "CycloneDX",
    "predicate": "an attestation",
    "images": "a comparison",
}
"""What else the scanner writes in JSON, by a key at the top."""


def read_report(content: str | bytes, name: str) -> Report:
    """The report in `content`, which comes from `name`.

    Raises:
        UsageError: it is none, is about several images, or is of a newer release.
    """
    batch = read_batch(content, name)
    if len(batch.reports) != 1:
        count = len(batch.reports)
        raise UsageError(f"{name} holds {count} reports: name a file that holds one")
    return batch.reports[0]


def read_batch(content: str | bytes, name: str) -> Batch:
    """The reports in `content`, which comes from `name`: a batch, or one report by itself.

    Raises:
        UsageError: it is neither, or is of a newer release.
    """
    raw = content.encode("utf-8", "replace") if isinstance(content, str) else content
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if len(raw) > MAX_BYTES:
        raise UsageError(f"{name} is larger than {MAX_BYTES >> 20} MiB: no report has that size")
    sort = _sort(raw, name)
    try:
        if sort.reports is not None:
            found = _MANY.validate_json(raw)
            return Batch(tuple(each.report() for each in found.reports), found.failures)
        return Batch((_ONE.validate_json(raw).report(),))
    except ValidationError as error:
        raise UsageError(_problem(error, sort, name)) from error


def _sort(raw: bytes, name: str) -> _Sort:
    if not raw.strip():
        raise UsageError(f"{name} is empty: {_WRITE_ONE}")
    try:
        sort = _SORT.validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        if first["type"] == "json_invalid":
            reason = first["msg"].removeprefix("Invalid JSON: ")
            raise UsageError(f"{name} is not JSON ({reason}): {_WRITE_ONE}") from error
        raise UsageError(f"{name} is no report of fips-scanner: {_WRITE_ONE}") from error
    if sort.reports is None and sort.verdict is None:
        what = next((w for key, w in _OTHERS.items() if getattr(sort, key) is not None), "")
        instead = f"{name} is {what}, not a report" if what else f"{name} is no report"
        raise UsageError(f"{instead} of fips-scanner in JSON: {_WRITE_ONE}")
    version = sort.schema_version
    if version != "1":
        told = visible(str(version), 20)
        raise UsageError(
            f"{name} is a report by schema {told}, and this release reads schema 1: "
            "use the fips-scanner that wrote it, or a newer one"
        )
    return sort


def _problem(error: ValidationError, sort: _Sort, name: str) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = _place(first["loc"])
    more = error.error_count() - 1
    others = f" (and {more} more)" if more else ""
    if first["type"] in ("unexpected_keyword_argument", "enum"):
        version = visible(str(sort.scanner_version), 20) if sort.scanner_version else ""
        wrote = f"; fips-scanner {version} wrote it: use that, or a newer one" if version else ""
        what = "is not known" if first["type"] != "enum" else _said(first["msg"])
        return f"{name} is no report that this release can read: {where}: {what}{others}{wrote}"
    return f"{name} is no report of fips-scanner: {where}: {_said(first['msg'])}{others}"


def _said(message: str) -> str:
    message = message[:1].lower() + message[1:]
    return visible(message, _SHOWN)


def _place(location: Sequence[int | str]) -> str:
    """`findings[3].severity`."""
    text = ""
    for each in location:
        if isinstance(each, int):
            text += f"[{each}]"
        else:
            text += f".{visible(each, 40)}" if text else visible(each, 40)
    return text or "the document"

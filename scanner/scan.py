"""The pipeline: open, walk, link, run, judge, weigh.

No print, no exit, no clock: the caller passes the day and gets a report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby
from pathlib import Path

from scanner import __version__
from scanner.assets import inventory
from scanner.errors import EngineError, UsageError
from scanner.image import (
    Image,
    ImageView,
    Limits,
    Walk,
    config_gaps,
    docker_archive_stream,
    open_image,
    walk,
)
from scanner.inspectors import visitor_maker
from scanner.interruption import Interrupted, Interruption
from scanner.judge import judge, use_fact
from scanner.link import link
from scanner.link.world import FactIndex
from scanner.model import GENERIC, CryptoUse, FactKind, Gap, GapKind, ImageInfo, Report
from scanner.origins import layers_of, with_origins
from scanner.progress import NoProgress, Progress
from scanner.rulebook import RuleBook, Target
from scanner.simulate import RunLimits, Simulation, simulate
from scanner.simulate.engine import engine_available
from scanner.simulate.observed import as_seen
from scanner.simulate.results import CONDITIONS, INTERRUPTED
from scanner.simulate.scenario import Scenario
from scanner.simulate.session import image_in_engine
from scanner.verdict import weigh

MAX_GAPS = 500
"""Of one kind in a report; the rest is counted."""

Turn = Callable[[], AbstractContextManager[object]]
"""Makes what is waited for before containers are started: scans side by side take turns."""


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """How to scan. The defaults suit a scan of one image on a developer's machine."""

    static: bool = False
    """Inspect only; the verdict is capped."""
    platform: str | None = None
    """`linux/arm64`; None for this machine's."""
    insecure: bool = False
    """Allow plain http to a registry on loopback."""
    provider: Path | None = None
    """A `fips.so` for the enforced condition, where the image has none."""
    scenario: Scenario = field(default_factory=Scenario)
    """How its containers are started, and what they are asked to do."""
    target: str = GENERIC
    """Where it is meant to run: the id of a file in `rules/targets/`."""
    conditions: tuple[str, ...] = CONDITIONS
    """Under which it is run. Whatever is run is run in the baseline as well; what is left out
    caps the verdict."""
    workers: int = 1
    """Processes that inspect side by side."""
    limits: Limits = field(default_factory=Limits)
    run_limits: RunLimits = field(default_factory=RunLimits)


def scan(
    reference: str,
    *,
    rules: RuleBook,
    today: date,
    options: ScanOptions | None = None,
    progress: Progress | None = None,
    interruption: Interruption | None = None,
    turn: Turn = nullcontext,
) -> Report:
    """Scan one image.

    Args:
        reference: `docker:NAME`, `registry:NAME`, `oci:PATH`, `docker-archive:PATH`,
            `dir:PATH`, or a bare name: engine first, then registry.
        rules: what to judge by.
        today: the day on which certificates are judged.
        interruption: may cut the simulated run short, which becomes a gap of the report.
        turn: entered for the time in which containers run.

    Raises:
        ScannerError: the image cannot be opened or read at all, or an option names what there is
            not. What goes wrong later becomes a gap of the report.
        Interrupted: the user did not want to wait until all files were inspected.
    """
    options = options or ScanOptions()
    progress = progress or NoProgress()
    interruption = interruption or Interruption()
    target = _target(options, rules)
    with open_image(
        reference, platform=options.platform, insecure=options.insecure, progress=progress
    ) as image:
        walked = walk(
            image,
            visitor_maker(rules),
            workers=options.workers,
            limits=options.limits,
            progress=progress,
        )
        # What was inspected shall be told, also by a scan that is cut short.
        with interruption.deferred():
            facts, uses, link_gaps = link(walked.facts, walked.view, image.config, rules)
            run = _run(image, facts, uses, rules, options, target, progress, interruption, turn)
            progress.phase("judging")
            return _judged(image, walked, facts, uses, link_gaps, run, rules, today, options.target)


def _judged(
    image: Image,
    walked: Walk,
    facts: FactIndex,
    uses: tuple[CryptoUse, ...],
    link_gaps: tuple[Gap, ...],
    run: Simulation,
    rules: RuleBook,
    today: date,
    target: str,
) -> Report:
    judgment = judge(as_seen(uses, run.facts), (*facts, *run.facts), rules, today, target)
    assets, more = inventory(facts)
    gaps = _ordered(
        (
            *config_gaps(image.config),
            *_not_a_root(image, walked.view, facts),
            *walked.gaps,
            *link_gaps,
            *run.gaps,
            *more,
        )
    )
    report = Report(
        scanner_version=__version__,
        rules_digest=rules.digest,
        date=today,
        image=_image_info(image, facts, files=len(walked.view)),
        verdict=weigh(judgment.findings, judgment.uses, gaps, run.conditions, rules.scoring),
        uses=judgment.uses,
        findings=judgment.findings,
        conditions=run.conditions,
        gaps=gaps,
        assets=assets,
        layers=layers_of(image.config, walked.view),
        target=target,
    )
    return with_origins(report, walked.view)


def _target(options: ScanOptions, rules: RuleBook) -> Target | None:
    """What is known of the target; None of the generic one, where these rules have no such file."""
    unknown = [each for each in options.conditions if each not in CONDITIONS]
    if unknown:
        raise UsageError(f"no condition is called {unknown[0]}; there are {', '.join(CONDITIONS)}")
    target = rules.targets.get(options.target)
    if target is None and options.target != GENERIC:
        known = ", ".join(sorted(rules.targets)) or "none in these rules"
        raise UsageError(f"no target is called {options.target}; there are {known}")
    return target


def _run(
    image: Image,
    facts: FactIndex,
    uses: tuple[CryptoUse, ...],
    rules: RuleBook,
    options: ScanOptions,
    target: Target | None,
    progress: Progress,
    interruption: Interruption,
    turn: Turn,
) -> Simulation:
    """The simulated run, or the gap that says why there was none."""
    gap = _why_not_run(image, options)
    if gap is not None:
        return Simulation(gaps=(gap,))
    with ExitStack() as stack:
        try:
            with interruption.allowed():
                stack.enter_context(turn())
        except Interrupted:
            return Simulation(gaps=(_not_run(image, INTERRUPTED, GapKind.INTERRUPTED),))
        return _simulated(image, facts, uses, rules, options, target, progress, interruption)


def _simulated(
    image: Image,
    facts: FactIndex,
    uses: tuple[CryptoUse, ...],
    rules: RuleBook,
    options: ScanOptions,
    target: Target | None,
    progress: Progress,
    interruption: Interruption,
) -> Simulation:
    try:
        with image_in_engine(lambda: docker_archive_stream(image), image.image_id) as loaded:
            return simulate(
                loaded,
                image.config,
                (*facts, *(use_fact(use) for use in uses)),
                rules=rules,
                limits=options.run_limits,
                provider=options.provider,
                scenario=options.scenario,
                conditions=options.conditions,
                target=target,
                progress=progress,
                interruption=interruption,
            )
    except EngineError as error:
        return Simulation(gaps=(_not_run(image, str(error), GapKind.NO_ENGINE),))


def _why_not_run(image: Image, options: ScanOptions) -> Gap | None:
    if options.static:
        return _not_run(image, "inspected only, as asked for", requested=True)
    if image.source == "dir":
        return _not_run(image, "a directory has no command that could be started")
    if image.config.platform.os != "linux":
        return _not_run(image, f"it is a {image.config.platform.os} image")
    info = engine_available()
    if isinstance(info, EngineError):
        return _not_run(image, str(info), GapKind.NO_ENGINE)
    if info.architecture != image.config.platform.architecture:
        return _not_run(
            image, f"it is for {image.platform} and the engine's machine is {info.architecture}"
        )
    if not options.scenario.applied_to(image.config).command:
        return _not_run(image, "the image has neither an entrypoint nor a command")
    return None


def _not_run(
    image: Image, reason: str, kind: GapKind = GapKind.NOT_RUN, *, requested: bool = False
) -> Gap:
    sentence = f"not run: {reason}; what it does under FIPS conditions is unknown"
    return Gap(kind, image.reference, sentence, requested=requested)


def _not_a_root(image: Image, view: ImageView, facts: FactIndex) -> Iterator[Gap]:
    """That a directory is hardly what it was taken for: the root of an image."""
    if image.source != "dir" or any(each in view for each in ("/etc", "/usr")):
        return
    if next(iter(facts.of(FactKind.ELF)), None) is None:
        reason = "a folder without /etc, /usr or any program, hardly the root of an image"
        yield Gap(GapKind.NOT_SUPPORTED, image.reference, reason)


def _image_info(image: Image, facts: FactIndex, files: int) -> ImageInfo:
    release = next(iter(facts.of(FactKind.OS_RELEASE)), None)
    os_name = f"{release.text('id')} {release.text('version')}".strip() if release else ""
    return ImageInfo(
        reference=image.reference,
        digest=image.digest,
        platform=image.platform,
        os=os_name,
        layers=len(image.config.layer_digests),
        files=files,
        manifest_digest=image.manifest_digest,
    )


def _ordered(gaps: tuple[Gap, ...]) -> tuple[Gap, ...]:
    """Sorted, each once, and no more of a kind than anybody reads."""

    def kind(gap: Gap) -> tuple[bool, GapKind, bool]:
        return (not gap.caps, gap.kind, gap.requested)

    unique = sorted(dict.fromkeys(gaps), key=lambda gap: (*kind(gap), gap.subject))
    ordered: list[Gap] = []
    for _, group in groupby(unique, kind):
        same = list(group)
        ordered += same[:MAX_GAPS]
        more = len(same) - MAX_GAPS
        if more > 0:
            reason = f"and {more:,} more gaps of the kind {same[0].kind.value}"
            ordered.append(replace(same[0], subject="", reason=reason))
    return tuple(ordered)

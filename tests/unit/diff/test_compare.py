from dataclasses import replace
from datetime import date
from typing import Any

from scanner.diff import compare, compare_batches
from scanner.diff.compare import counterpart
from scanner.diff.model import Cause, Field, Kind, PointsChange, ScoreChange
from scanner.model import (
    Activation,
    Asset,
    AssetKind,
    Batch,
    ConditionResult,
    Difference,
    Effect,
    Failure,
    Gap,
    GapKind,
    LayerInfo,
    PointsLost,
    Question,
    Report,
    TlsCertificate,
    TlsEndpoint,
    ValidationStatus,
)
from tests.unit.diff.parts import made, run, setting, use
from tests.unit.report.nginx import NOT_READY_NGINX


def test_a_report_compared_with_itself_tells_nothing() -> None:
    found = compare(NOT_READY_NGINX, NOT_READY_NGINX)
    lists = ("besides", "image", "layers", "scores", "points", "findings", "uses", "libraries")
    assert all(not getattr(found, each) for each in (*lists, "tls", "runs", "assets", "gaps"))
    assert found.same_image


def test_a_directory_is_not_known_to_be_the_same() -> None:
    assert not compare(made(""), made("")).same_image


def test_what_differs_besides_the_image_is_said() -> None:
    new = replace(made("sha256:2", "other:1"), date=date(2027, 1, 1), scanner_version="9")
    new = replace(new, rules_digest="sha256:9", conditions=(run(),), target="openshift")
    names = [each.name for each in compare(made(), new).besides]
    # A report that names no target is of before there were any.
    assert names == ["day", "rules", "scanner", "runs", "name"]


def test_scores_and_what_took_the_points() -> None:
    def lost(score: int, **points: float) -> Report:
        verdict = replace(
            made().verdict,
            score=score,
            points_lost=tuple(PointsLost(Question.USAGE, n, c) for c, n in points.items()),
        )
        return replace(made(), verdict=verdict)

    found = compare(lost(40, a=1, b=2), lost(50, b=2.5, c=3))
    assert found.scores == (ScoreChange(None, 40, 50),)
    assert found.points == (
        PointsChange(Question.USAGE, "c", 0, 3),
        PointsChange(Question.USAGE, "b", 2, 2.5),
        PointsChange(Question.USAGE, "a", 1, 0),
    )


# --- uses and libraries


def test_an_update_of_a_library_is_told_of_it_and_of_its_programs() -> None:
    old = made(uses=(use("/a"), use("/b")))
    found = compare(old, made("sha256:2", uses=(use("/a", "3.0.20"), use("/b", "3.0.20"))))
    [library] = found.libraries
    version = Field("version", "3.0.19", "3.0.20")
    assert (library.kind, library.users) == (Kind.CHANGED, 2)
    assert library.fields == (
        version,
        Field("package", "libopenssl 3.0.19-1", "libopenssl 3.0.20-1"),
    )
    assert [each.consumer for each in found.uses] == ["/a", "/b"]
    assert all(version in each.fields for each in found.uses)


def test_a_program_that_changes_its_module() -> None:
    found = compare(made(uses=(use(),)), made("sha256:2", uses=(use(module="gnutls"),)))
    assert [(each.kind, each.module) for each in found.uses] == [
        (Kind.ADDED, "gnutls"),
        (Kind.REMOVED, "openssl"),
    ]
    assert [(each.kind, each.module) for each in found.libraries] == [
        (Kind.ADDED, "gnutls"),
        (Kind.REMOVED, "openssl"),
    ]


def test_a_program_in_a_path_with_a_version_is_the_same() -> None:
    old, new = use("/usr/lib/python3.11/a.so"), use("/usr/lib/python3.12/a.so", "3.1")
    [change] = compare(made(uses=(old,)), made("sha256:2", uses=(new,))).uses
    assert change.kind is Kind.CHANGED
    assert change.fields[0] == Field("program", old.consumer, new.consumer)


def causes_of(old: Report, new: Report) -> tuple[Cause, ...]:
    [change] = compare(old, new).uses
    return change.causes


def test_the_validation_of_a_module_that_stayed_changes_by_day_rules_or_system() -> None:
    later: dict[str, Any] = {"date": date(2027, 1, 1)}
    old = made(uses=(use(status=ValidationStatus.ACTIVE),))
    new = made("sha256:2", uses=(use(status=ValidationStatus.HISTORICAL),), **later)
    assert causes_of(old, new) == (Cause.DAY,)
    assert causes_of(old, replace(new, rules_digest="x")) == (Cause.DAY, Cause.RULES)
    other = made("sha256:2", os="rhel 9", uses=new.uses, **later)
    assert causes_of(old, other) == (Cause.IMAGE, Cause.DAY)
    assert causes_of(old, made("sha256:2", uses=new.uses)) == (Cause.IMAGE,)
    updated = (use(version="4", status=ValidationStatus.HISTORICAL),)
    assert causes_of(old, made("sha256:2", uses=updated, **later)) == (Cause.IMAGE,)


def test_what_is_read_otherwise_from_the_same_image_comes_from_the_scanner() -> None:
    old, new = made(uses=(use(),)), made(uses=(use(mode=Activation.ON),))
    assert causes_of(old, replace(new, scanner_version="9")) == (Cause.SCANNER,)
    assert causes_of(old, new) == (Cause.RUN,)
    assert causes_of(old, replace(new, image=made("sha256:2").image)) == (Cause.IMAGE,)


# --- runs


def test_tls_is_compared_port_by_port_and_run_by_run() -> None:
    old = made(conditions=(run("A", name="baseline"), run("A")))
    port = TlsEndpoint(443, ("TLS 1.2", "TLS 1.3"), ("A", "B"), (), ("B",))
    new = made(
        "sha256:2",
        conditions=(
            replace(run(name="baseline"), tls=(port, TlsEndpoint(8443, ("TLS 1.2",)))),
            replace(run(), tls=()),
        ),
    )
    told = [(e.condition, e.port, e.part, e.added, e.removed) for e in compare(old, new).tls]
    assert told == [
        ("baseline", 443, "protocol", ("TLS 1.3",), ()),
        ("baseline", 443, "suite", ("B",), ()),
        ("baseline", 8443, "port", ("TLS",), ()),
        ("enforced", 443, "port", (), ("TLS",)),
    ]
    assert compare(old, new).tls[1].unapproved == ("B",)


def test_certificates_and_sessions_without_ems() -> None:
    def shows(key: str, *, without_ems: bool | None) -> Report:
        leaf = TlsCertificate("CN=a", key, "RSA with SHA-256", "2027-01-01")
        port = TlsEndpoint(443, certificates=(leaf,), completes_without_ems=without_ems)
        return made(conditions=(replace(run(), tls=(port,)),))

    found = compare(shows("RSA 1024", without_ems=True), shows("RSA 2048", without_ems=False)).tls
    assert [(each.part, each.added) for each in found] == [
        ("certificate", ("CN=a, RSA 2048, signed by RSA with SHA-256",)),
        ("without-ems", ("refused",)),
    ]
    # Not found out is no change.
    assert not compare(shows("a", without_ems=None), shows("a", without_ems=True)).tls


def test_how_a_run_went_is_compared_without_times() -> None:
    was = run(ready_seconds=1.0, ports=("443/tcp",))
    now = run(
        ready_seconds=9.0,
        exit_code=1,
        differences=(Difference("exit", Effect.BREAKS, "it exited with 1 after 0.7 s"),),
    )
    told = [(each.what, each.added, each.removed) for each in _runs(was, now)]
    assert told == [
        ("end", ("exited with 1",), ("still running",)),
        ("port", (), ("443/tcp",)),
        ("breaks", ("exit",), ()),
    ]


def _runs(was: ConditionResult, now: ConditionResult) -> Any:
    return compare(made(conditions=(was,)), made("sha256:2", conditions=(now,))).runs


def test_a_condition_that_was_not_run_is_not_compared() -> None:
    assert _runs(ConditionResult("enforced", False), run("A", exit_code=1)) == ()


# --- assets, gaps, layers


def test_assets_are_compared_without_lines() -> None:
    old = made(assets=(setting("TLS 1.0", line=3),))
    assert compare(old, made("sha256:2", assets=(setting("TLS 1.0", line=30),))).assets == ()
    [change] = compare(old, made("sha256:2", assets=(setting(),))).assets
    assert change.kind is Kind.CHANGED
    assert change.fields == (Field("unapproved", "TLS 1.0", ""),)


def test_one_more_of_several_alike_is_one_that_came() -> None:
    def keys(*names: str) -> Report:
        return made(
            names[0],
            assets=tuple(Asset(AssetKind.SETTING, "/a", "ciphers", n) for n in names),
        )

    [change] = compare(keys("a", "c"), keys("a", "b", "c")).assets
    assert (change.kind, change.fields) == (Kind.ADDED, (Field("detail", "", "b"),))
    [change] = compare(keys("a", "b", "c"), keys("b", "c")).assets
    assert (change.kind, change.fields) == (Kind.REMOVED, (Field("detail", "a", ""),))


def gap(subject: str, **parts: Any) -> Gap:
    return Gap(GapKind.NOT_RUN, subject, "not run", **parts)


def test_a_gap_of_the_image_itself_is_the_same_with_another_tag() -> None:
    old = made(reference="app:blue", gaps=(gap("app:blue"), gap("/a-1.0")))
    new = made("sha256:2", "app:green", gaps=(gap("app:green"), gap("/a-1.1")))
    assert compare(old, new).gaps == ()
    [change] = compare(old, replace(new, gaps=(gap("app:green"),))).gaps
    assert (change.kind, change.subject) == (Kind.REMOVED, "/a-1.0")
    [change] = compare(
        replace(old, gaps=(gap("/a", caps=False),)), replace(new, gaps=(gap("/a"),))
    ).gaps
    assert (change.kind, change.caps) == (Kind.CHANGED, True)


def test_layers_are_told_by_what_built_them() -> None:
    base, a, b = (LayerInfo(f"sha256:{n}", f"RUN {n}", 1, 1) for n in ("base", "a", "b"))
    found = compare(made(layers=(base, a)), made("sha256:2", layers=(base, b)))
    assert found.layers_kept == 1
    assert [(each.kind, each.created_by) for each in found.layers] == [
        (Kind.REMOVED, "RUN a"),
        (Kind.ADDED, "RUN b"),
    ]


def test_layers_that_are_not_known_are_not_compared() -> None:
    known = made(layers=(LayerInfo("sha256:1", "", 1, 1),))
    for other in (made(), made(layers=(LayerInfo("", "", 1, 1),))):
        found = compare(known, other)
        assert (found.layers_kept, found.layers) == (0, ())


# --- several


def test_images_are_compared_by_name() -> None:
    old = Batch((made(reference="a:1"), made(reference="b:1"), made(reference="c:1")))
    failed = Failure("d", "x", 3)
    new = Batch(
        (made("sha256:2", "b:2"), made("sha256:2", "registry:a:2"), made(reference="e")), (failed,)
    )
    found = compare_batches(old, new)
    assert [(e.old.reference, e.new.reference) for e in found.images] == [
        ("b:1", "b:2"),
        ("a:1", "registry:a:2"),
    ]
    assert [each.reference for each in found.added] == ["e"]
    assert [each.reference for each in found.removed] == ["c:1"]
    assert found.failures == (failed,)


def test_one_image_on_either_side_is_compared_whatever_it_is_called() -> None:
    found = compare_batches(Batch((made(),)), Batch((made(reference="z"),)))
    assert len(found.images) == 1


def test_of_several_of_one_name_the_same_platform_and_tag_is_taken() -> None:
    def on(platform: str, reference: str) -> Report:
        report = made(reference=reference)
        return replace(report, image=replace(report.image, platform=platform))

    among = [on("linux/amd64", "a:1"), on("linux/arm64", "a:1"), on("linux/arm64", "a:2")]
    assert counterpart(on("linux/arm64", "a:2"), among) is among[2]
    assert counterpart(on("linux/arm64", "a:3"), among) is among[1]
    assert counterpart(on("linux/s390x", "a:2"), among) is among[2]
    assert counterpart(on("linux/amd64", "b:1"), among) is None

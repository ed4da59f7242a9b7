import re
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.text import Text

from scanner.model import (
    Activation,
    Asset,
    AssetKind,
    ConditionResult,
    Confidence,
    CryptoUse,
    Finding,
    Gap,
    GapKind,
    LogMatch,
    Module,
    PointsLost,
    ProgramActivity,
    Question,
    Report,
    Severity,
    UseKind,
    Validation,
    ValidationStatus,
    VerdictKind,
)
from scanner.report import Look, text
from scanner.report.page import Page
from scanner.report.sections.findings import findings
from scanner.report.sections.head import VERDICTS
from scanner.report.views.uses import KINDS, MODES, STATUS
from tests.unit.report.nginx import NOT_READY_NGINX
from tests.unit.report.reports import ALL, UNDETERMINED

HOSTILE = (
    "/a\x1b[2J\x1b]0;owned\x07\r\n[bold red]x[/]\u202egpj.exe\u200b\x9b1m\udcff\t:smile:\u2028"
)
"""Terminal escapes, markup, direction override, zero width, C1, not UTF-8, a line separator."""


def pasteable(report: Report) -> set[str]:
    """The lines of fixes that are to be pasted, as the report indents them."""
    lines = "\n".join(finding.fix for finding in report.findings).splitlines()
    return {line.strip() for line in lines if line.strip()}


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("name", ALL)
def test_no_line_is_too_wide_but_those_to_be_pasted(name: str, width: int, verbose: bool) -> None:
    keep = pasteable(ALL[name])
    for line in text.render(ALL[name], Look(width=width, verbose=verbose)).splitlines():
        assert cell_len(line) <= width or line.strip() in keep, line


@pytest.mark.parametrize("name", ALL)
def test_plain_output_has_no_escapes_and_no_drawing(name: str) -> None:
    shown = text.render(ALL[name], Look())
    assert shown.isascii()
    assert set(re.findall(r"[\x00-\x1f\x7f]", shown)) == {"\n"}
    assert not re.search(r" $", shown, re.MULTILINE)
    assert "\n\n\n" not in shown


def test_color_only_adds_escapes() -> None:
    colored = text.render(NOT_READY_NGINX, Look(color=True))
    assert "\x1b[1;31mHIGH" in colored
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", colored)
    plain = text.render(NOT_READY_NGINX, Look())
    assert len(stripped.splitlines()) == len(plain.splitlines())


def hostile_report() -> Report:
    use = CryptoUse(
        HOSTILE,
        UseKind.LINKED,
        Module(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),
        library=Module("x", HOSTILE, HOSTILE, HOSTILE + "b"),
        validation=Validation(ValidationStatus.UNKNOWN, reason=HOSTILE),
        activation=Activation.UNKNOWN,
        activation_reason=HOSTILE,
        evidence=(HOSTILE,),
    )
    finding = NOT_READY_NGINX.findings[0]
    hostile = replace(
        finding,
        title=HOSTILE,
        locations=(HOSTILE,),
        why=HOSTILE,
        fix=f"{HOSTILE}\n\n    {HOSTILE}",
        evidence=(HOSTILE,),
    )
    ran = NOT_READY_NGINX.conditions[0]
    endpoint = replace(ran.tls[0], suites=(HOSTILE,), unapproved=(HOSTILE,), error=HOSTILE)
    condition = replace(
        ran,
        name=HOSTILE,
        reason=HOSTILE,
        health=HOSTILE,
        tls=(endpoint,),
        log_matches=(LogMatch("r", HOSTILE, HOSTILE),),
        differences=tuple(replace(each, detail=HOSTILE) for each in ran.differences),
        switches=(HOSTILE,),
        verified=(HOSTILE,),
    )
    verdict = replace(
        NOT_READY_NGINX.verdict,
        reasons=(HOSTILE,),
        points_lost=(PointsLost(Question.USAGE, 1, HOSTILE),),
    )
    image = replace(NOT_READY_NGINX.image, reference=HOSTILE, digest=HOSTILE, os=HOSTILE)
    return replace(
        NOT_READY_NGINX,
        image=image,
        verdict=verdict,
        uses=(use, replace(use, role="tool")),
        findings=(hostile, replace(hostile, ignored_by="waiver", ignored_because=HOSTILE)),
        conditions=(condition,),
        assets=(Asset(AssetKind.SOURCE, HOSTILE, HOSTILE, HOSTILE, 1, 1, (HOSTILE,), (HOSTILE,)),),
        gaps=(Gap(GapKind.INTERNAL, HOSTILE, HOSTILE),),
    )


@pytest.mark.parametrize("verbose", [False, True])
def test_hostile_content_is_shown_and_not_obeyed(verbose: bool) -> None:
    shown = text.render(hostile_report(), Look(verbose=verbose))
    assert set(re.findall(r"[\x00-\x1f\x7f-\x9f\u2028\u202e\u200b\ud800-\udfff]", shown)) == {"\n"}
    shown.encode("utf-8")
    joined = re.sub(r"\s+", "", shown)
    assert r"/a\x1b[2J\x1b]0;owned\x07\r\n[boldred]x[/]\u202egpj.exe\u200b\x9b1m\xff" in joined
    assert ":smile:" in shown


def test_hostile_content_in_color_brings_no_escapes_of_its_own() -> None:
    shown = text.render(hostile_report(), Look(color=True))
    escapes = set(re.findall(r"\x1b(?!\[[0-9;]*m)", shown))
    assert escapes == set()


def test_long_content_is_cut_in_the_middle() -> None:
    long = "/" + "a" * 5000 + "/end"
    report = replace(
        NOT_READY_NGINX, findings=(replace(NOT_READY_NGINX.findings[0], locations=(long,)),)
    )
    shown = re.sub(r"\s+", "", text.render(report))
    assert "aaa..." in shown
    assert "/end" in shown
    assert "a" * 5000 not in shown


def test_wide_characters_count_as_two_columns() -> None:
    finding = replace(NOT_READY_NGINX.findings[0], locations=("/路径/" + "文件" * 60,))
    for line in text.render(replace(NOT_READY_NGINX, findings=(finding,))).splitlines():
        assert cell_len(line) <= 80 or line.strip() in pasteable(NOT_READY_NGINX)


def section(shown: str, title: str) -> list[str]:
    blocks = re.split(r"\n(?=\S)", shown)
    return next(block for block in blocks if block.startswith(title)).splitlines()


def test_findings_come_worst_first() -> None:
    shown = section(text.render(NOT_READY_NGINX), "Findings")
    words = [line.split()[0] for line in shown if re.match(r"  [A-Z]{3,}  ", line)]
    assert words == ["CRITICAL", "HIGH", "LOW"]


def test_pasteable_lines_are_left_alone() -> None:
    shown = text.render(NOT_READY_NGINX)
    long = (
        "ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
        "ECDHE-ECDSA-AES256-GCM-SHA384;"
    )
    assert any(line.strip() == long for line in shown.splitlines())
    assert "[openssl_init]\n           providers = provider_sect\n" in shown


def test_fences_are_no_part_of_what_is_pasted_and_indentation_is() -> None:
    shown = text.render(ALL["conditional-breaks"])
    assert "```" not in shown
    assert "           import hashlib\n               hashlib.sha256(data)\n" in shown


def test_an_item_that_goes_on_in_the_next_line_is_no_code() -> None:
    assert "- copy the program and what it needs into a distroless stage" in " ".join(
        text.render(NOT_READY_NGINX).split()
    )


def test_many_programs_of_one_module_are_three_and_a_count() -> None:
    shown = section(text.render(NOT_READY_NGINX), "What uses")
    joined = " ".join(" ".join(shown).split())
    assert "and 37 more" in joined
    assert joined.count("ngx_") == 2  # and nginx itself, which comes first
    assert "5 package tools" in joined


def test_two_more_are_named_rather_than_counted_as_one() -> None:
    uses = NOT_READY_NGINX.uses[:4]
    shown = text.render(replace(NOT_READY_NGINX, uses=uses))
    joined = re.sub(r"\s+", "", "".join(section(shown, "What uses")))
    assert "and1more" not in joined
    assert all(use.consumer.rpartition("/")[2] in joined for use in uses)


def test_tls_rows_are_those_that_matter() -> None:
    shown = section(text.render(NOT_READY_NGINX), "TLS on port 8443")
    rows = {line.split()[0]: line.split()[1:] for line in shown[2:8]}
    assert rows["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"] == ["yes", "yes", "no:", "leaks"]
    assert rows["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"] == ["yes", "-", "yes:", "lost"]
    assert rows["x25519"] == ["yes", "-", "no"]
    assert rows["TLS_RSA_WITH_AES_128_CBC_SHA"] == ["yes", "yes", "no"]
    assert "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" not in rows
    assert "5 suites" in " ".join(" ".join(shown).split())


def test_a_run_in_which_the_port_was_not_asked_accepts_nothing() -> None:
    baseline = next(each for each in NOT_READY_NGINX.conditions if each.name == "baseline")
    ended = ConditionResult("enforced", True, "exited with 1", exit_code=1)
    shown = text.render(replace(NOT_READY_NGINX, conditions=(baseline, ended)))
    assert re.search(r"TLS 1\.3 +yes +- +yes: lost", shown)


def test_a_single_run_has_a_single_column() -> None:
    baseline = next(each for each in NOT_READY_NGINX.conditions if each.name == "baseline")
    shown = section(text.render(replace(NOT_READY_NGINX, conditions=(baseline,))), "TLS on port")
    assert shown[1].split() == ["baseline", "approved"]
    assert any("accepted as it is" in line for line in shown)


def test_gaps_with_one_reason_are_put_together() -> None:
    shown = " ".join(" ".join(section(text.render(UNDETERMINED), "Not looked at")).split())
    assert "/var/data/blob2.bin and 3 more: larger than 256 MiB" in shown
    assert "! keeps an image from being called ready" in shown


def test_a_verdict_that_gaps_do_not_touch_has_no_marks() -> None:
    assert "! " not in text.render(ALL["no-crypto-static"])


@pytest.mark.parametrize("score", [0, 1, 50, 99, 100])
def test_a_bar_is_full_only_at_100_and_empty_only_at_0(score: int) -> None:
    verdict = replace(NOT_READY_NGINX.verdict, scores=dict.fromkeys(Question, score))
    bar = section(text.render(replace(NOT_READY_NGINX, verdict=verdict)), "Score")[1][17:27]
    assert (bar == "#" * 10) == (score == 100)
    assert (bar == "." * 10) == (score == 0)


def test_every_value_of_the_model_has_a_word() -> None:
    assert set(VERDICTS) == set(VerdictKind)
    assert set(STATUS) == set(ValidationStatus)
    assert set(MODES) == set(Activation)
    assert set(KINDS) == set(UseKind)


def test_closing_names_the_worst_finding() -> None:
    assert "fips-scanner explain run-leaks-when-enforced" in text.render(NOT_READY_NGINX)
    assert "explain" not in text.render(UNDETERMINED)


def test_a_finding_without_locations() -> None:
    finding: Finding = replace(NOT_READY_NGINX.findings[0], locations=())
    shown = section(text.render(replace(NOT_READY_NGINX, findings=(finding,))), "Findings")
    assert not any(line.startswith("  where") for line in shown)


def test_content_that_a_section_forgot_to_make_visible_is_caught_by_the_page() -> None:
    page = Page(Look(color=True))
    page.paragraph(Text(HOSTILE, style="bold"))
    page.line(HOSTILE, indent=2)
    page.columns([[HOSTILE], ["x"]], (20, 20), indent=2)
    page.labeled(HOSTILE, [HOSTILE], indent=2, at=10)
    shown = page.result()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e\u200b\ud800-\udfff]", shown)


def test_a_run_says_what_took_effect_and_what_was_left_out() -> None:
    result = ConditionResult(
        "enforced",
        ran=True,
        switches=("LIBGCRYPT_FORCE_FIPS_MODE=1", "NSS_FIPS=1"),
        verified=("NSS_FIPS=1: it is in the running program's environment",),
    )
    missing = Gap(GapKind.NO_PROVIDER, "enforced", "OpenSSL 3 was left unrestricted: no provider")
    reason = "nothing shows that it took effect: LIBGCRYPT_FORCE_FIPS_MODE=1"
    unproven = Gap(GapKind.NOT_VERIFIED, "enforced", reason)
    report = replace(ALL["conditional-breaks"], conditions=(result,), gaps=(missing, unproven))
    shown = [line.strip() for line in section(text.render(report), "Simulated run")]
    assert shown[-5:] == [
        "switched on: LIBGCRYPT_FORCE_FIPS_MODE=1",
        "not seen to take effect",
        "switched on: NSS_FIPS=1",
        "took effect: it is in the running program's environment",
        "not restricted: OpenSSL 3, for want of a FIPS provider; see below",
    ]


def test_what_was_seen_from_inside_is_told_of_the_node() -> None:
    activity = ProgramActivity(
        "/usr/sbin/nginx", False, ("/lib/libcrypto.so.3", "/etc/ssl/openssl.cnf"), ("/lib/fips.so",)
    )
    reader = ProgramActivity("/usr/bin/apt-get", True, ("/lib/libgcrypt.so.20",))
    node = ConditionResult("node", True, "running", programs=(activity, reader))
    shown = " ".join(text.render(replace(UNDETERMINED, conditions=(node,)), Look()).split())
    assert (
        "/usr/sbin/nginx: opened libcrypto.so.3, openssl.cnf, did not find fips.so, "
        "never read the FIPS flag" in shown
    )
    assert "/usr/bin/apt-get: opened libgcrypt.so.20, read the FIPS flag" in shown
    quiet = replace(UNDETERMINED, conditions=(ConditionResult("node", True, "running"),))
    told = " ".join(text.render(quiet, Look()).split())
    assert "no program opened a crypto library or read the FIPS flag" in told


def test_the_started_program_is_named_before_others() -> None:
    finding = Finding(
        id="x",
        question=Question.MODULE,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        title="X",
        locations=("/a", "/b", "/c", "/d", "/usr/local/bin/server"),
        why="Y",
        fix="Z",
    )
    page = Page(Look())
    findings(page, (finding,), {"/usr/local/bin/server"})
    (where,) = [line for line in page.result().splitlines() if line.strip().startswith("where")]
    assert where.split() == ["where", "/usr/local/bin/server"]

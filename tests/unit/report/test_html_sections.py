"""What the sections of the page say, and in which order."""

from __future__ import annotations

from dataclasses import replace
from xml.etree.ElementTree import Element

from scanner.model import (
    AlgorithmCall,
    AlgorithmOffer,
    ConditionResult,
    CryptoUse,
    Difference,
    Effect,
    LayerInfo,
    Module,
    StepResult,
    TlsClient,
    UseKind,
)
from scanner.report import html
from scanner.report.html.crypto_map import ROWS
from tests.unit.report.nginx import NOT_READY_NGINX
from tests.unit.report.test_html import page, parsed, words

SVG = "{http://www.w3.org/2000/svg}"


def rows_of(root: Element, caption: str) -> list[list[str]]:
    """The cells of the tables with this caption."""
    tables = [
        each for each in root.iter("table") if caption in " ".join(map(words, each.iter("caption")))
    ]
    assert tables, caption
    return [
        [words(cell) for cell in row if cell.tag in ("th", "td")]
        for table in tables
        for body in table.iter("tbody")
        for row in body.iter("tr")
    ]


RUNS = replace(
    NOT_READY_NGINX,
    conditions=(
        ConditionResult(
            "enforced",
            True,
            calls=(
                AlgorithmCall("/bin/a", "EVP_MD_fetch", "MD5", count=2, failed=2, approved=False),
                AlgorithmCall("/bin/a", "EVP_MD_fetch", "SHA256", approved=True),
                AlgorithmCall("/bin/b", "EVP_get_digestbyname", "MD4", approved=False),
            ),
            offers=(
                AlgorithmOffer("/lib/libcrypto.so.3", "probe", "done", True),
                AlgorithmOffer("/lib/libcrypto.so.3", "digest", "SHA-256", True, True),
                AlgorithmOffer("/lib/libcrypto.so.3", "digest", "BLAKE2", True, False),
            ),
            clients=(
                TlsClient("/bin/a", "db", 5432, suites=("X", "Y"), unapproved=("X",)),
                TlsClient("/bin/b", "", 443, protocols=("TLS 1.3",)),
            ),
            steps=(StepResult("GET http://:80/ok", False, "HTTP 500", log="first\nlast\n"),),
            differences=(
                Difference("tls-suite", Effect.RESTRICTS, "no longer accepted", "B"),
                Difference("tls-suite", Effect.RESTRICTS, "no longer accepted", "A"),
                Difference("exit", Effect.BREAKS, "it exited with 1"),
            ),
            switches=("A=1", "B=1"),
            verified=("A=1: it was seen",),
        ),
        ConditionResult(
            "baseline",
            True,
            offers=(
                AlgorithmOffer("/lib/libcrypto.so.3", "probe", "done", True),
                AlgorithmOffer("/lib/libcrypto.so.3", "digest", "MD5", True, False),
                AlgorithmOffer("/lib/libcrypto.so.3", "digest", "BLAKE2", True, False),
                AlgorithmOffer("/lib/libcrypto.so.3", "digest", "SHA-256", True, True),
            ),
            steps=(StepResult("GET http://:80/ok", True),),
        ),
    ),
)


def test_runs_are_told_side_by_side() -> None:
    root = parsed(html.render(RUNS))
    assert [row[:2] for row in rows_of(root, "The runs side by side")] == [
        ["baseline as it is", "for comparison"],
        ["enforced approved algorithms only", "1 thing breaks"],
    ]
    assert rows_of(root, "What differs in the run enforced") == [
        ["breaks", "exit", "it exited with 1"],
        ["restricted", "TLS suite", "A, B"],
    ]
    assert rows_of(root, "What the container was asked to do") == [
        ["port 80: GET /ok (http) enforced: HTTP 500 first last", "passed", "fails"]
    ]
    text = words(root)
    assert "switched on: A=1 took effect: it was seen" in text
    assert "used by no program that was seen: B=1" in text


def test_what_programs_asked_for_begins_with_what_matters() -> None:
    root = parsed(html.render(RUNS))
    telling = rows_of(root, "What programs asked for that is not approved, or was refused")
    assert telling == [
        ["MD5 by EVP_MD_fetch, 2 times", "no", "refused", "/bin/a", "enforced"],
    ]
    others = rows_of(root, "What else programs asked for")
    assert [row[0].split()[0] for row in others] == ["SHA256", "MD4"]


def test_what_libraries_gave_is_told_run_by_run() -> None:
    root = parsed(html.render(RUNS))
    assert rows_of(root, "What it gave in each run") == [
        ["BLAKE2", "digest", "yes", "yes", "no: still served"],
        ["MD5", "digest", "yes", "no", "no: gone when enforced"],
        ["SHA-256", "digest", "yes", "yes", "yes"],
    ]
    assert "3 algorithms, 1 not approved and still given when enforced" in words(root)


def test_what_clients_offered() -> None:
    assert rows_of(parsed(html.render(RUNS)), "servers that it looked for") == [
        ["/bin/a", "db:5432", "1 of 2 suites", "enforced"],
        ["/bin/b", "a server:443", "nothing", "enforced"],
    ]


def test_the_timeline_tells_which_step_brought_what() -> None:
    path = NOT_READY_NGINX.uses[0].module.path
    report = replace(
        NOT_READY_NGINX,
        layers=(
            LayerInfo("sha256:0", "", 10, 2_000_000),
            LayerInfo("sha256:1", "/bin/sh -c apt-get install nginx", 3, 1_000_000),
            LayerInfo("sha256:2", "/bin/sh -c #(nop) COPY file:a in /app", 1, 0),
        ),
        origins={path: 0, "/usr/sbin/nginx": 1},
    )
    steps = [
        words(each)
        for each in parsed(html.render(report)).iter("li")
        if each.get("class") in ("brought", "plain-step")
    ]
    assert steps[0].startswith("Layer 1: its build step is not known 2.0 MB, 10 files")
    assert "OpenSSL 3.0.19: not validated" in steps[0]
    assert steps[1].startswith("Layer 2: RUN apt-get install nginx 1.0 MB, 3 files")
    assert "1 program that uses cryptography; 1 finding (1 high)" in steps[1]
    assert steps[2] == "Layer 3: COPY file:a in /app 0 B, 1 file no cryptography seen"


def test_the_map_leads_from_each_program_to_its_module() -> None:
    root = parsed(page("not-ready-nginx"))
    (drawing,) = (each for each in root.iter(f"{SVG}svg") if each.get("aria-labelledby"))
    boxes = [" ".join(map(words, each)).strip() for each in drawing.iter(f"{SVG}g")]
    assert any("/usr/sbin/nginx and 39 more, started by the image" in each for each in boxes)
    assert any("libcrypto.so.3 linked" in each for each in boxes)
    assert any("OpenSSL FIPS Provider 3.0.7 interim, expired #4746" in each for each in boxes)
    # nginx and the agent reach theirs through a file, the two others do without.
    assert sum("line" in (each.get("class") or "") for each in drawing.iter(f"{SVG}path")) == 6


def test_many_groups_of_programs_are_drawn_in_part_and_listed_in_full() -> None:
    uses = tuple(
        CryptoUse(f"/bin/{n:02}", UseKind.STATIC, Module("x", "Own code", f"1.{n}", f"/bin/{n:02}"))
        for n in range(40)
    )
    made = html.render(replace(NOT_READY_NGINX, uses=uses))
    assert f"{40 - ROWS} more rows are in the table only" in made
    assert len(rows_of(parsed(made), "Programs of the image")) == 40

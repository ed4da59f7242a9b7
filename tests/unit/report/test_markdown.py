import re
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options

from scanner.model import Batch, Failure, ImageInfo, Report
from scanner.report.markdown import render, render_many
from scanner.report.markdown_text import code, fenced, paragraphs, plain, prose
from tests.unit.report.gated import WAIVED_POSTGRES
from tests.unit.report.nginx import NOT_READY_NGINX
from tests.unit.report.reports import ALL
from tests.unit.report.test_text import HOSTILE, hostile_report

WILD = (
    "</details></summary><img src=x onerror=alert(1)><script>x</script> @team/all #12 !7 &3 ~bug "
    "%2 [a](https://evil.example) ![b](//evil.example) https://evil.example www.evil.example "
    "a@evil.example `x` ``y`` *z* _u_ ~~v~~ $w$ | --> <!-- :smile: \\| &amp; &lt; /close"
)


class Page(HTMLParser):
    """What a reader sees, and the elements that make it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []
        self.texts: list[str] = []
        self.codes = 0
        self.outside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.outside += "\n"  # no mention goes on over the border of an element
        self.codes += tag in ("code", "pre")
        self.targets += [value or "" for name, value in attrs if name in ("href", "src")]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        self.codes -= tag in ("code", "pre")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if not self.codes:  # mentions and the like are looked for outside of code only
            self.outside += data

    @property
    def text(self) -> str:
        return "".join(self.texts).replace("\u200b", "")


def page(markdown: str) -> Page:
    """Rendered as GitHub does it, with its extensions, and without taking raw HTML out."""
    return Page(cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE))


def harmless(made: Page) -> None:
    assert not {"img", "script", "a", "del", "input", "em", "iframe"} & set(made.tags), made.tags
    assert made.targets == []
    # What GitHub and GitLab would make links of themselves, once it is HTML.
    assert not re.search(r"(^|\W)@\w|#\d|![0-9]|&\d|~\w|%\d|https?://|www\.", made.outside)


@pytest.mark.parametrize("text", [WILD, HOSTILE, "- a", "1. a", "# a", "> a", "===", "a`", "`|`"])
def test_text_is_shown_and_not_obeyed(text: str) -> None:
    for make in (code, plain, prose):
        for around in ("- {}", "| a |\n|---|\n| {} |", "{}", "1. {}"):
            made = page(around.format(make(text)))
            harmless(made)
            assert made.tags.count("td") <= 1
            assert not {"h1", "h2", "blockquote", "hr"} & set(made.tags)
    plainly = " ".join(text.split())
    if text.isascii() and text.isprintable():
        assert plainly in page(code(plainly)).text
        assert plainly in page(f"x {plain(plainly)}").text


def test_code_of_any_backticks() -> None:
    for text in ("`", "``", "a`b", "`a", "a``", "` `` ```"):
        made = page(code(text))
        assert made.texts == [text, "\n"] or "".join(made.texts).strip() == text
        assert "code" in made.tags


def test_prose_keeps_its_code_and_its_spaces() -> None:
    assert prose("`a_b` and `c` (d)") == "`a_b` and `c` (d)"
    assert page(prose("`fips-scanner explain` tells *more*")).tags == ["p", "code"]


def test_what_is_to_be_pasted_stays_as_it_is() -> None:
    lines = ["```", "  a <b> @c", "````"]
    made = page("\n".join(fenced(lines)))
    assert "".join(made.texts).split("\n")[:3] == lines
    assert paragraphs("Do:\n\n    a = 1\n      b\n\nThen:\n- x\n- y\n") == [
        *("Do:", "", "```", "a = 1", "  b", "```", "", "Then:", "", "- x", "- y")
    ]


def outside_code(markdown: str) -> str:
    return re.sub(r"^ *(`{3,})\n.*?^ *\1$", "", markdown, flags=re.MULTILINE | re.DOTALL)


def ordering_report() -> Report:
    close = "/close"
    finding = replace(
        WAIVED_POSTGRES.findings[0], title="/close", fix="/close\n\n    /merge\n\n/close"
    )
    image = ImageInfo(close, close, "/merge", close)
    return replace(WAIVED_POSTGRES, image=image, findings=(finding,), target="/close")


@pytest.mark.parametrize("report", [*ALL.values(), hostile_report(), ordering_report()])
def test_a_report_is_well_formed(report: Report) -> None:
    text = render(report)
    made = page(text)
    harmless(made)
    assert text.startswith("<!-- fips-scanner report: ")
    assert text.splitlines()[0].endswith(" -->")
    assert not re.search(r"^\s*/", outside_code(text), re.MULTILINE)  # an order to GitLab
    assert made.tags.count("h2") == 1
    assert text.count("<details>") == text.count("</details>") == made.tags.count("details")
    assert report.verdict.kind.replace("-", " ")[:8] in made.text


def wild_report() -> Report:
    finding = WAIVED_POSTGRES.findings[0]
    bad = replace(
        finding,
        title=WILD,
        locations=(f"/{WILD}",),
        why=WILD,
        fix=f"{WILD}\n\n    {WILD}\n",
        evidence=(f"/{WILD}: {WILD}",),
    )
    assert WAIVED_POSTGRES.policy
    waiver = WAIVED_POSTGRES.policy.waivers[2]
    policy = replace(
        WAIVED_POSTGRES.policy,
        source=WILD,
        gate=replace(WAIVED_POSTGRES.policy.gate, reasons=(WILD,)),
        waivers=(
            replace(
                waiver,
                waiver=replace(waiver.waiver, rule=WILD, pattern=WILD, reason=WILD, owner=WILD),
            ),
        ),
    )
    return replace(
        WAIVED_POSTGRES,
        image=replace(WAIVED_POSTGRES.image, reference=WILD, os=WILD, platform=WILD, digest=WILD),
        findings=(bad, replace(bad, id=WILD, ignored_by="waiver", ignored_because=WILD)),
        gaps=tuple(
            replace(each, subject=WILD, reason=WILD, ignored_because=WILD)
            for each in WAIVED_POSTGRES.gaps
        ),
        layers=tuple(replace(each, created_by=WILD) for each in WAIVED_POSTGRES.layers),
        origins={f"/{WILD}": 1},
        target=WILD,
        policy=policy,
    )


def test_hostile_content_is_shown_and_not_obeyed() -> None:
    report = wild_report()
    for text in (
        render(report),
        render_many(Batch((report, WAIVED_POSTGRES), (Failure(WILD, WILD, 2),))),
    ):
        made = page(text)
        harmless(made)
        assert made.tags.count("details") == text.count("\n</details>")
        assert "<script>x</script> @team/all #12" in made.text


def test_what_fails_the_gate_comes_first() -> None:
    made = page(render(WAIVED_POSTGRES)).text
    order = [
        "Gate failed, which asks for no finding at or above high and a score of 60",
        "the waiver of private-key-in-image for server.key expired",
        "Without what the policy sets aside: not ready, score 41.",
        "What fails the gate",
        "high (rule: medium)",
        "What to do",
        "Give the key to the container when it starts.",
        "Waivers",
        "Expired",
        "Expires soon",
        "Matches nothing",
        "1 other finding",
        "3 findings set aside",
        "waiver: accepted until 2026-12-15 by @team/base-images",
        "Not looked at: 1 place",
        "Score of each question",
    ]
    places = [made.index(each) for each in order]
    assert places == sorted(places)
    assert "layer 2 of 3, RUN apt-get update && apt-get install -y postgresql-$PG" in made


@pytest.mark.parametrize(("days", "told"), [(0, True), (30, True), (31, False)])
def test_waivers_that_expire_soon_are_told(days: int, told: bool) -> None:
    assert WAIVED_POSTGRES.policy
    first = WAIVED_POSTGRES.policy.waivers[0]
    expires = WAIVED_POSTGRES.date + timedelta(days=days)
    waiver = replace(first, waiver=replace(first.waiver, expires=expires))
    policy = replace(WAIVED_POSTGRES.policy, waivers=(waiver,))
    text = render(replace(WAIVED_POSTGRES, policy=policy))
    assert ("Expires soon" in text) is told
    assert ("### Waivers" in text) is told


def test_an_open_gate_says_what_was_not_looked_at() -> None:
    text = render(ALL["undetermined-no-engine"])
    assert "### Not looked at" in text
    assert "DOCKER\\_HOST" in text


def test_a_gate_that_is_passed_does_not_make_an_image_ready() -> None:
    report = replace(NOT_READY_NGINX, findings=())
    assert "It passes, and must not be counted as FIPS 140-3 ready." in render(report)


def test_the_first_line_finds_the_comment_again() -> None:
    def first(report: Report, reference: str) -> str:
        image = replace(report.image, reference=reference)
        return render(replace(report, image=image)).splitlines()[0]

    one = first(ALL["ready-go"], "docker:team/app:1.0")
    assert one == "<!-- fips-scanner report: team/app -->"
    assert first(WAIVED_POSTGRES, "team/app@sha256:ab") == one
    assert first(WAIVED_POSTGRES, "team/other:1.0") != one
    assert first(WAIVED_POSTGRES, "a--><b>--") == (
        "<!-- fips-scanner report: a%2D%2D%3E%3Cb%3E%2D%2D -->"
    )
    batch = Batch((ALL["ready-go"], WAIVED_POSTGRES))
    assert render_many(batch).startswith("<!-- fips-scanner report: several images -->\n")


def huge_report() -> Report:
    finding = WAIVED_POSTGRES.findings[0]
    places = tuple(f"/{'é|' * 200}{number}" for number in range(50))
    findings = tuple(
        replace(finding, id=f"rule-{number:03}", title="T | <b> " * 40, locations=places)
        for number in range(300)
    )
    gaps = tuple(
        replace(WAIVED_POSTGRES.gaps[0], subject=f"/{n}", reason=f"{n} " * 200) for n in range(300)
    )
    return replace(WAIVED_POSTGRES, findings=findings, gaps=gaps, date=date(2026, 11, 23))


def test_a_comment_stays_below_what_github_takes() -> None:
    report = huge_report()
    text = render(report)
    assert len(text.encode()) <= 60_000
    harmless(page(text))
    assert "### What fails the gate" in text
    assert re.search(r"^and \d{3} more$", text, re.MULTILINE)
    several = tuple(
        replace(report, image=replace(report.image, reference=f"team/app{n}:1")) for n in range(6)
    )
    text = render_many(Batch((*several, ALL["ready-go"])))
    assert len(text.encode()) <= 60_000
    assert "Left out, as a comment holds no more: `team/app" in text
    made = page(text)
    assert made.tags.count("details") == text.count("\n</details>")
    assert made.tags.count("tr") > 7  # all of them are in the table


def test_several_images_begin_with_a_table_worst_first() -> None:
    batch = Batch((ALL["ready-go"], WAIVED_POSTGRES), (Failure("team/gone:1", "no such image", 2),))
    text = render_many(batch)
    table = [line for line in text.splitlines() if line.startswith("| `")][:3]
    assert table == [
        "| `registry:ghcr.io/team/orders:4.2` | failed | not ready | 22 | "
        "`module-not-validated`, `private-key-in-image` |",
        "| `team/gone:1` | could not be scanned |  |  | no such image |",
        "| `team/gateway:2.4` | passed | ready | 100 |  |",
    ]
    assert "1 of 3 pass the gate" in text
    assert text.index("orders:4.2</code>: gate failed") < text.index("gateway:2.4</code>: gate")


def test_nothing_scanned() -> None:
    assert "FIPS readiness of 0 images: 0 of 0 pass the gate" in render_many(Batch(()))

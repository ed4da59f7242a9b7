"""Whatever an image says, what is written keeps to its format. Made up at random, always alike."""

import csv
import io
import random
from dataclasses import replace

from scanner.model import (
    Batch,
    Confidence,
    Failure,
    Finding,
    Gap,
    GapKind,
    GateResult,
    ImageInfo,
    LayerInfo,
    Question,
    Report,
    Severity,
    Waiver,
    WaiverResult,
    WaiverState,
)
from scanner.report import csv_table, junit, markdown, sarif
from tests.unit.report.gated import WAIVED_POSTGRES
from tests.unit.report.test_junit import schema
from tests.unit.report.test_markdown import harmless, page
from tests.unit.report.test_sarif import runs

BITS = (
    *("`", "``", "|", "\\", "<b>", "</details>", "<!--", "-->", "@x", "#1", "&amp;", "&3", "&#64;"),
    *("[a](b)", "](", "![", "https://e.x", "www.e.x", "a@b.co", "mailto:a@b.co", "{0}", "{", "}"),
    *("\n", "\r", "\t", "\0", "\x1b[1m", "\udcff", "\ud800", "\u202e", "\ufffe", "\u2028", "é"),
    *(";=1", "=1", ":12", "/", "..", "%", "$x$", "~~", "~l", "*", "_", "__", " ", "  ", "!7", "^1"),
    *("- ", "1. ", "# ", "'", '"', "\\|", "]]>", "x:y", "/close", "\U0001f600"),
)
ROUNDS = 15


class Wild:
    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def text(self) -> str:
        return "".join(self.chance.choices(BITS, k=self.chance.randint(0, 8)))

    def location(self) -> str:
        return self.chance.choice(("", "/", "enforced")) + self.text()

    def finding(self) -> Finding:
        places = tuple(self.location() for _ in range(self.chance.randint(0, 4)))
        seen = tuple(
            place + self.chance.choice((":", " ", ":3 ", ": ")) + self.text() for place in places
        )
        return Finding(
            self.text() or "x",
            self.chance.choice(tuple(Question)),
            self.chance.choice(tuple(Severity)),
            self.chance.choice(tuple(Confidence)),
            self.text(),
            places,
            self.text(),
            f"{self.text()}\n\n    {self.text()}",
            (*seen, self.text()),
            (self.text(), f"https://{self.text()}"),
            ignored_by=self.chance.choice(("", "waiver")),
            ignored_because=self.text(),
        )

    def waiver(self) -> WaiverResult:
        texts = (self.text(), self.text(), self.text(), self.text())
        waiver = Waiver(*texts, WAIVED_POSTGRES.date)
        return WaiverResult(waiver, self.chance.choice(tuple(WaiverState)), 1)

    def report(self) -> Report:
        names = (self.text(), self.text(), self.text(), self.text())
        findings = tuple(self.finding() for _ in range(self.chance.randint(0, 4)))
        assert WAIVED_POSTGRES.policy
        policy = replace(
            WAIVED_POSTGRES.policy,
            source=self.text(),
            gate=GateResult(False, self.chance.choice((1, 3)), (self.text(), self.text())),
            waivers=(self.waiver(), self.waiver()),
        )
        return replace(
            WAIVED_POSTGRES,
            image=ImageInfo(*names, asked_by=(self.text(),)),
            findings=findings,
            gaps=(Gap(GapKind.PACKED, self.location(), self.text(), ignored_because=self.text()),),
            layers=(LayerInfo(self.text(), self.text()),),
            origins={place: 0 for each in findings for place in each.locations},
            policy=self.chance.choice((None, policy)),
            target=self.text(),
        )


def test_formats_keep_their_form() -> None:
    wild = Wild(4)
    for _ in range(ROUNDS):
        report = wild.report()
        failure = Failure(wild.text(), wild.text(), 2, wild.text(), (wild.text(),))
        batch = Batch((report, WAIVED_POSTGRES, report), (failure,))
        for text in (sarif.render(report), sarif.render_many(batch)):
            ids = [each["automationDetails"]["id"] for each in runs(text)]
            assert len(set(ids)) == len(ids)
        for text in (junit.render(report), junit.render_many(batch)):
            schema().validate(text)
        for text in (csv_table.render(report), csv_table.render_many(batch)):
            for row in csv.reader(io.StringIO(text, newline=""), strict=True):
                assert len(row) == len(csv_table.COLUMNS)
                assert not any(cell.strip().startswith(tuple("=+-@|%")) for cell in row)
        for text in (markdown.render(report), markdown.render_many(batch)):
            made = page(text)
            harmless(made)
            assert made.tags.count("details") == text.count("\n</details>")

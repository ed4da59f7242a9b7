"""The algorithm table: which rows are shown, what an answer that is missing means, and escaping."""

from __future__ import annotations

from dataclasses import replace

from scanner.model import AlgorithmOffer, ConditionResult
from scanner.report.look import Look
from scanner.report.page import Page
from scanner.report.sections.offers import offers

LIBRARY = "/usr/lib/libcrypto.so.3"
COMPLETE = ("probe", "complete", True, None)
Told = tuple[str, str, bool, bool | None]


def run(name: str, *told: Told, provider: str = LIBRARY) -> ConditionResult:
    made = (AlgorithmOffer(provider, *each) for each in told)
    return ConditionResult(name, True, offers=tuple(made))


def page(*conditions: ConditionResult, verbose: bool = False) -> str:
    made = Page(Look(verbose=verbose))
    offers(made, conditions)
    return made.result()


def row(text: str, name: str) -> list[str]:
    (line,) = (line for line in text.splitlines() if line.strip().startswith(name))
    return line.split(")")[1].split()


BEFORE = (
    ("library", "OpenSSL 3.5.9", True, None),
    ("provider", "default 3.5.9", True, None),
    ("digest", "MD5", True, False),
    ("digest", "SHA2-256", True, True),
    ("group", "P-224", True, True),
    ("digest", "MD2", False, False),
    COMPLETE,
)


def flat(text: str) -> str:
    return " ".join(text.split())


AFTER = (
    ("provider", "fips 3.5.9", True, None),
    ("setting", "fips=yes by default", True, None),
    ("mac", "HMAC with a 64-bit key", True, False),
    ("digest", "SHA2-256", True, True),
    ("digest", "MD5", False, False),
    ("group", "P-224", False, True),
    COMPLETE,
)
SERVED = (*BEFORE, ("mac", "HMAC with a 64-bit key", True, False))


def test_what_is_still_given_is_named_and_the_rest_counted() -> None:
    text = flat(page(run("enforced", *AFTER), run("baseline", *SERVED)))
    assert "still served when enforced: HMAC with a 64-bit key (mac) Besides: " in text
    assert "P-224" not in text
    assert "MD5" not in text
    assert "SHA2-256" not in text
    assert "1 given in every run alike; 1 not approved and no longer given" in text
    assert "1 approved for some purposes or in full, and no longer given" in text
    assert "baseline: default 3.5.9" in text
    assert "enforced: fips 3.5.9, fips=yes by default" in text


def test_nothing_served_is_said_in_numbers_alone() -> None:
    gone = [each for each in AFTER if each[0] != "mac"]
    text = flat(page(run("baseline", *BEFORE), run("enforced", *gone)))
    assert "served" not in text
    assert "Besides" not in text
    assert "1 not approved and no longer given when enforced" in text


def test_libraries_of_one_picture_are_told_together() -> None:
    both = [
        replace(
            run(name, *told),
            offers=run(name, *told).offers
            + run(name, *told, provider="/opt/libcrypto.so.3").offers,
        )
        for name, told in (("baseline", SERVED), ("enforced", AFTER))
    ]
    text = page(*both)
    assert text.count("still served") == 1
    assert "  /opt/libcrypto.so.3\n  /usr/lib/libcrypto.so.3\n    baseline: default" in text


def test_library_that_was_not_asked_when_enforced_is_shown_on_request_only() -> None:
    other = run("enforced", *AFTER, provider="/opt/libcrypto.so.3")
    text = page(run("baseline", *BEFORE), other)
    assert LIBRARY not in text
    assert "/opt/libcrypto.so.3" in text
    verbose = page(run("baseline", *BEFORE), other, verbose=True)
    assert row(verbose[verbose.index(LIBRARY) :], "MD5") == ["yes", "?", "no"]


def test_verbose_shows_every_row_that_was_given() -> None:
    text = page(run("baseline", *BEFORE), run("enforced", COMPLETE), verbose=True)
    assert row(text, "MD5") == ["yes", "-", "no"]
    assert row(text, "SHA2-256") == ["yes", "-", "yes:", "lost"]
    assert "MD2" not in text


def test_what_an_incomplete_answer_does_not_mention_is_not_lost() -> None:
    incomplete: Told = ("probe", "complete", False, None)
    both = (
        run("baseline", *SERVED),
        run("enforced", ("mac", "HMAC with a 64-bit key", True, False), incomplete),
    )
    text = page(*both)
    assert "no longer given" not in text
    assert "3 unknown to the rules or not asked for in every run" in text
    text = page(*both, verbose=True)
    assert "lost" not in text
    assert row(text, "P-224")[:2] == ["yes", "?"]


def test_modes_of_one_cipher_share_a_name() -> None:
    modes: list[Told] = [("cipher", f"BF-{mode}", True, False) for mode in ("CBC", "CFB", "OFB")]
    gone: Told = ("digest", "MD5", True, False)
    text = page(run("baseline", *modes, gone, COMPLETE), run("enforced", *modes, COMPLETE))
    assert "enforced: BF-CBC and 2 alike (cipher)\n" in text


def test_names_have_a_limit() -> None:
    many: list[Told] = [("group", f"curve{number:02d}", True, False) for number in range(30)]
    gone = ("digest", "MD5", True, False)
    both = (run("baseline", *many, gone, COMPLETE), run("enforced", *many, COMPLETE))
    text = page(*both)
    assert text.count("curve") == 8
    assert "and 22 more" in flat(text)
    assert page(*both, verbose=True).count("served") == 30


def test_library_that_no_switch_reached_is_one_line() -> None:
    told = (("digest", "MD5", True, False), ("digest", "SHA2-256", True, True), COMPLETE)
    both = (run("baseline", *told), run("enforced", *told))
    text = page(*both)
    assert "2 given in every run alike, 1 of them not approved: no switch reached it." in text
    assert "served" not in text
    assert row(page(*both, verbose=True), "MD5") == ["yes", "yes", "no:", "served"]


def test_as_it_is_alone_is_shown_on_request_only() -> None:
    assert page(run("baseline", *BEFORE)).strip() == ""
    assert row(page(run("baseline", *BEFORE), verbose=True), "MD5") == ["yes", "no"]


def test_nothing_probed_is_no_section() -> None:
    assert page(run("baseline"), run("enforced")).strip() == ""


def test_what_comes_from_the_image_is_made_visible() -> None:
    hostile: Told = ("digest\x1b[31m", "MD5\x1b[2J\u202e", True, False)
    text = page(
        run("baseline", hostile, COMPLETE, provider="/lib/\x1b[1m"),
        run("enforced", hostile, COMPLETE, provider="/lib/\x1b[1m"),
        verbose=True,
    )
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "served" in text

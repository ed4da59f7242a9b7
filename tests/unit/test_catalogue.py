"""The catalogue says what the rules say, and the page in the repository is not an old one."""

from __future__ import annotations

import re
from collections import Counter

from scanner.rulebook import RuleBook
from scripts.catalogue import TARGET, catalogue

RULES = RuleBook.load()
PAGE = catalogue(RULES)


def test_the_page_in_the_repository_is_of_these_rules() -> None:
    assert TARGET.read_text() == PAGE, "run `make catalogue`"


def test_every_rule_is_in_it_in_the_words_of_explain() -> None:
    titles = Counter(re.findall(r"^### (\S+)$", PAGE, re.MULTILINE))
    for rules in (RULES.checks, RULES.modules, RULES.runtimes, RULES.servers):
        assert set(rules) <= set(titles)
    assert {each.id for each in RULES.logs} <= set(titles)
    for check in RULES.checks.values():
        assert check.why.strip() in PAGE
        assert check.fix.strip() in PAGE
    for certificate in RULES.certificates:
        assert certificate.source in PAGE


def test_links_lead_to_a_heading() -> None:
    headings = {
        re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-")
        for line in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    }
    links = set(re.findall(r"\]\(#([^)]+)\)", PAGE))
    assert links
    assert links <= headings


def test_a_fingerprint_that_no_file_confirmed_says_so() -> None:
    recalled = [each.id for each in RULES.modules.values() if each.recalled]
    assert recalled
    for name in recalled:
        section = PAGE.split(f"\n### {name}\n")[1].split("\n### ")[0]
        assert "not confirmed on a real file" in section


def test_it_is_the_same_every_day() -> None:
    """Dates of certificates are in it; what they are worth today is not."""
    table = [line for line in PAGE.split("\n## Certificates\n")[1].splitlines() if "| FIPS" in line]
    assert len(table) == len(RULES.certificates)
    assert not [line for line in table if re.search(r"\b(active|days)\b", line)]

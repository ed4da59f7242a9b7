import random
from functools import lru_cache

import pytest

from scanner.policy.patterns import RELATIVE, matches, never_matches


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("/usr/sbin/nginx", "/usr/sbin/nginx", True),
        ("/usr/sbin/nginx", "/usr/sbin/nginx2", False),
        ("/usr/sbin/*", "/usr/sbin/nginx", True),
        ("/usr/*", "/usr/sbin/nginx", False),
        ("/usr/**", "/usr/sbin/nginx", True),
        ("/usr/**/nginx", "/usr/nginx", True),
        ("/usr/**/nginx", "/usr/local/sbin/nginx", True),
        ("/usr/**/nginx", "/usr/local/sbin/xnginx", False),
        ("/a**/b", "/ab", False),
        ("/a**/b", "/ax/y/b", True),
        ("nginx", "/usr/sbin/nginx", True),
        ("nginx", "nginx", True),
        ("nginx", "/usr/nginx/x", False),
        ("*.so.?", "/usr/lib/libssl.so.3", True),
        ("*", "", True),
        ("*", "/any/path", True),
        ("**/*.jar", "/app.jar", True),
        ("*.jar", "/app/x.jar!/lib/y.class", False),
        ("OpenSSL*", "OpenSSL FIPS Provider", True),
        ("[ab]", "a", False),
        ("a+b", "aab", False),
        ("", "", True),
        ("x?z", "x\nz", True),
    ],
)
def test_patterns(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected


def test_patterns_mean_what_a_plain_search_finds() -> None:
    chance = random.Random(5)
    pieces = ["a", "b", "/", "/", "*", "**", "?", "**/", "/**/", "a/"]
    found = 0
    for _ in range(8_000):
        pattern = "/" + "".join(chance.choices(pieces, k=chance.randint(0, 6)))
        text = "/" + "".join(chance.choices("ab//", k=chance.randint(0, 8)))
        expected = _searched(pattern, text)
        found += expected
        assert matches(pattern, text) is expected, (pattern, text)
    assert found > 500


def _searched(pattern: str, text: str) -> bool:
    """The meaning of a pattern, spelled out without regard to time."""

    @lru_cache(None)
    def from_here(at: int, to: int) -> bool:
        rest = pattern[at:]
        ends = range(to, len(text) + 1)
        if not rest:
            return to == len(text)
        if rest.startswith("**/") and (at == 0 or pattern[at - 1] == "/"):
            folders = (end + 1 for end in ends if text[end : end + 1] == "/")
            return from_here(at + 3, to) or any(from_here(at + 3, each) for each in folders)
        if rest.startswith("**"):
            return any(from_here(at + 2, each) for each in ends)
        if rest[0] == "*":
            return any(from_here(at + 1, each) for each in ends if "/" not in text[to:each])
        if to == len(text):
            return False
        same = text[to] != "/" if rest[0] == "?" else text[to] == rest[0]
        return same and from_here(at + 1, to + 1)

    return from_here(0, 0)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("**a" * 30 + "b", "a" * 4096),
        ("*a" * 30 + "b", "a" * 4096),
        ("/**/a" * 30 + "/b", "/a" * 2048),
        ("**/" + "*a" * 20 + "/b", "/" + "a" * 4096),
    ],
)
def test_a_hostile_path_takes_no_exponential_time(pattern: str, text: str) -> None:
    # With plain backtracking any of these outlives every patience.
    assert not matches(pattern, text)


@pytest.mark.parametrize("pattern", ["!/a", "./a", "../a", "/a/", "a//b", "/a/../b", "/a/."])
def test_patterns_that_match_nothing_are_told(pattern: str) -> None:
    assert never_matches(pattern)


@pytest.mark.parametrize("pattern", ["/a", "**", "*", "a.b", "/.hidden/...", "/a/**", "a\\x2db"])
def test_patterns_that_may_match_are_not(pattern: str) -> None:
    assert not never_matches(pattern)
    assert not RELATIVE.search(pattern)


@pytest.mark.parametrize(
    ("pattern", "relative"),
    [("usr/bin/x", True), ("?/a", True), ("*a/b", True), ("*/a", False), ("**a/b", False)],
)
def test_patterns_that_no_absolute_path_can_match(pattern: str, relative: bool) -> None:
    assert bool(RELATIVE.search(pattern)) is relative

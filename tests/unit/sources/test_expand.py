import pytest

from scanner.errors import UsageError
from scanner.sources.expand import expand

KNOWN = {"A": "1", "EMPTY": "", "MONEY": "$A ${A}"}


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("plain", "plain"),
        ("$A-${A}x$A", "1-1x1"),
        ("$$A $${A} $$$A", "$A ${A} $1"),
        ("${B:-two} ${B-two} ${EMPTY:-two} [${EMPTY-two}]", "two two two []"),
        ("${A:+yes}[${B:+yes}][${EMPTY:+yes}]${EMPTY+yes}", "yes[][]yes"),
        ("${B:-${C:-${A}}}", "1"),
        ("${B:-a:b-c?d}", "a:b-c?d"),
        ("${A:?must} ${EMPTY?must}x", "1 x"),
        ("${B}$B", ""),
        # Values are not looked into again, and a $ before nothing stands for itself.
        ("$MONEY", "$A ${A}"),
        ("a$ b$1 $", "a$ b$1 $"),
    ],
)
def test_variables_as_in_compose(text: str, means: str) -> None:
    assert expand(text, KNOWN.get) == means


def test_a_dockerfile_escapes_in_its_own_way() -> None:
    assert expand("\\$A $$A `$A", KNOWN.get, escape="\\") == "$A $1 `1"
    assert expand("`$A \\$A", KNOWN.get, escape="`") == "$A \\1"


def test_what_is_missing_is_told_unless_there_is_a_default() -> None:
    told: list[str] = []
    assert expand("$B${C}${D:-x}${E+$F}${A:-$G}", KNOWN.get, missing=told.append) == "x1"
    assert told == ["B", "C"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("${A", "no }"),
        ("${A:-x", "no }"),
        ("${}", "not followed"),
        ("${A/x/y}", "not understood"),
        ("${B:?set it}", "B is not set: set it"),
        ("${EMPTY:?}", "EMPTY is not set"),
        ("${A:-" * 30 + "}" * 30, "too deeply"),
        ("x" * 70_000, "longer than"),
    ],
)
def test_what_is_wrong_is_told(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        expand(text, KNOWN.get)

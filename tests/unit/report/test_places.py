from dataclasses import replace

import pytest

from scanner.model import GateRules, LayerInfo, Question, Severity, VerdictKind
from scanner.report.views.images import gate_asks, repository
from scanner.report.views.places import instruction, place_words, places
from tests.unit.report.gated import WAIVED_POSTGRES

FINDING = WAIVED_POSTGRES.findings[0]


def test_places_have_what_was_seen_there() -> None:
    started, other = places(WAIVED_POSTGRES, FINDING)
    assert started.path.endswith("/postgres")  # what the image starts comes first
    # Its own line of evidence was cut; that it uses the same is known from the uses.
    assert started.seen == ("OpenSSL 3.0.19 (linked)",)
    assert other.seen == ("OpenSSL 3.0.19 (linked); no certificate covers it",)
    assert (started.layer, other.layer) == (1, 1)


def test_what_a_program_uses_besides_is_not_told_of_another_finding() -> None:
    other = replace(FINDING, evidence=("/usr/lib/postgresql/15/bin/psql: GnuTLS 3.7.9 (linked)",))
    assert [each.seen for each in places(WAIVED_POSTGRES, other)] == [
        (),
        ("GnuTLS 3.7.9 (linked)",),
    ]


def test_lines_are_taken_from_evidence_or_from_the_place() -> None:
    finding = replace(
        FINDING,
        locations=("/etc/a.conf", "/etc/b.conf:7", "/etc/odd:12"),
        evidence=("/etc/a.conf:3 ssl on", "/etc/a.conf:9: old", "/etc/a.conf:3 ssl on", "besides"),
    )
    report = replace(WAIVED_POSTGRES, origins={"/etc/odd:12": 0})
    found = {each.location: each for each in places(report, finding)}
    assert found["/etc/a.conf"].lines == (3, 9)
    assert found["/etc/a.conf"].seen == ("ssl on", "old")
    assert (found["/etc/b.conf:7"].path, found["/etc/b.conf:7"].lines) == ("/etc/b.conf", (7,))
    assert (found["/etc/odd:12"].path, found["/etc/odd:12"].lines) == ("/etc/odd:12", ())


def test_evidence_may_go_on_with_a_word() -> None:
    finding = replace(
        FINDING,
        question=Question.COMPATIBILITY,
        locations=("/usr/bin/a", "/usr/bin/a b", "/usr/bin/c"),
        evidence=("/usr/bin/a b needs libssl.so.3", "/usr/bin/a needs libz.so", "/usr/bin/c"),
    )
    found = {each.location: each.seen for each in places(WAIVED_POSTGRES, finding)}
    assert found == {
        "/usr/bin/a": ("needs libz.so",),
        "/usr/bin/a b": ("needs libssl.so.3",),
        "/usr/bin/c": (),
    }


def test_evidence_without_a_place_belongs_to_the_only_one() -> None:
    finding = replace(FINDING, locations=("enforced",), evidence=("port 8443 still accepts it",))
    (place,) = places(WAIVED_POSTGRES, finding)
    assert (place.path, place.seen) == ("", ("port 8443 still accepts it",))
    assert place_words(place) == "simulated run: enforced"


@pytest.mark.parametrize(
    ("created_by", "expected"),
    [
        ("", ""),
        ("/bin/sh -c #(nop)  USER www-data", "USER www-data"),
        ("/bin/sh -c apt-get update   && true", "RUN apt-get update && true"),
        ("RUN /bin/sh -c make # buildkit", "RUN make"),
        ("RUN |2 A=1 B=x y /bin/sh -c make # buildkit", "RUN make"),
        ("|1 A=1 /bin/sh -c make", "RUN make"),
        ("COPY app /app # buildkit", "COPY app /app"),
        (
            f"/bin/sh -c #(nop) COPY file:{'ab' * 32} in /etc/x ",
            "COPY file:abababababab in /etc/x",
        ),
        ("RUN |1 A=/bin/bash -c x", "RUN |1 A=/bin/bash -c x"),
        ("bazel build ...", "bazel build ..."),
    ],
)
def test_instructions_are_as_in_a_dockerfile(created_by: str, expected: str) -> None:
    assert instruction(LayerInfo("", created_by)) == expected


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("nginx", "nginx"),
        ("nginx:1.27", "nginx"),
        ("docker:nginx:1.27", "nginx"),
        ("registry:localhost:5000/team/app", "localhost:5000/team/app"),
        ("localhost:5000/team/app:2@sha256:ab", "localhost:5000/team/app"),
        ("oci:build/layout:2", "build/layout"),
        ("docker-archive:app.tar", "app.tar"),
        ("dir:/srv/a:b@c", "/srv/a:b@c"),
        ("docker", "docker"),
        ("", ""),
    ],
)
def test_an_image_is_called_the_same_in_every_build(reference: str, expected: str) -> None:
    assert repository(reference) == expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (GateRules(), "no finding at or above high"),
        (GateRules(None), "nothing but a scan that could look"),
        (
            GateRules(Severity.LOW, 60, VerdictKind.CONDITIONAL, (Question.USAGE,)),
            "no finding at or above low on usage and a score of 60 or more and "
            "conditional or better",
        ),
    ],
)
def test_what_the_gate_asks(rules: GateRules, expected: str) -> None:
    assert gate_asks(rules) == expected

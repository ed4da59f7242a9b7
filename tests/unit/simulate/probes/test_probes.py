"""Which programs probes run, with what, and what becomes of their answers."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from scanner.facts import fact
from scanner.model import AlgorithmOffer, Fact, FactKind
from scanner.rulebook import RuleBook
from scanner.simulate.plan import Facts
from scanner.simulate.probes import PROBES, offer_facts, openssl, probe_all, probe_files
from scanner.simulate.probes.question import Answer

SYSTEM = "/usr/lib/x86_64-linux-gnu/libcrypto.so.3"
BUNDLED = "/opt/app/psycopg2_binary.libs/libcrypto-fb8d5b21.so.3"
ALPINE = "/usr/lib/libcrypto.so.3"
LINUX_LOADER = "/lib64/ld-linux-x86-64.so.2"
END = b'{"kind":"end","name":"complete","worked":true}\n'


def library(
    path: str, *needed: str, machine: str = "x86_64", module: str = "openssl"
) -> list[Fact]:
    return [
        fact(FactKind.MODULE_CODE, path, module=module, form="library"),
        fact(FactKind.ELF, path, machine=machine, needed=needed or ("libc.so.6",)),
    ]


def use(library_path: str, role: str = "workload") -> Fact:
    return fact(FactKind.USE, f"/usr/bin/{role}", module="openssl", library=library_path, role=role)


def program(path: str, interpreter: str, machine: str = "x86_64") -> Fact:
    return fact(FactKind.ELF, path, interpreter=interpreter, machine=machine)


@pytest.fixture(scope="module")
def rules() -> RuleBook:
    return RuleBook.load()


def test_a_library_is_asked_through_the_loader_that_the_image_names() -> None:
    loader = "/nix/store/abc-glibc/lib/ld-linux-x86-64.so.2"
    facts = Facts([*library(SYSTEM), use(SYSTEM), program("/bin/a", loader)])
    (question,) = openssl.questions(facts)
    assert question.provider == SYSTEM
    assert question.command == (loader, "/.fips-scanner/probes/openssl-glibc", SYSTEM)


@pytest.mark.parametrize(
    ("machine", "needed", "loader"),
    [
        ("x86_64", "libc.so.6", LINUX_LOADER),
        ("aarch64", "libc.so.6", "/lib/ld-linux-aarch64.so.1"),
        ("x86_64", "libc.musl-x86_64.so.1", "/lib/ld-musl-x86_64.so.1"),
        ("aarch64", "libc.so", "/lib/ld-musl-aarch64.so.1"),
    ],
)
def test_without_such_a_program_the_usual_loader_is_taken(
    machine: str, needed: str, loader: str
) -> None:
    facts = Facts([*library(ALPINE, needed, machine=machine), use(ALPINE)])
    (question,) = openssl.questions(facts)
    assert question.command[0] == loader
    assert question.command[1] in openssl.files(facts, {"x86_64": "amd64"}.get(machine, "arm64"))


def test_libraries_of_the_workload_come_first_and_those_of_tools_not_at_all() -> None:
    facts = Facts(
        [
            *library("/a/libcrypto.so.1.1"),
            *library("/b/libcrypto.so.3"),
            *library(SYSTEM),
            *library(BUNDLED),
            use(SYSTEM, "tool"),
            use("/b/libcrypto.so.3", "tool"),
            use("/b/libcrypto.so.3"),
        ]
    )
    asked = [question.provider for question in openssl.questions(facts)]
    assert asked == ["/b/libcrypto.so.3", "/a/libcrypto.so.1.1", BUNDLED]


def test_neither_libssl_nor_what_is_linked_statically_can_be_asked() -> None:
    facts = Facts(
        [
            *library("/usr/lib/libssl.so.3"),
            *library("/usr/lib/libcrypto.so.55", module="libressl"),
            fact(FactKind.MODULE_CODE, "/usr/bin/node", module="openssl", form="static"),
        ]
    )
    assert not openssl.applies(facts)


def test_files_are_what_the_commands_name() -> None:
    facts = Facts(
        [
            *library(SYSTEM),
            *(
                fact(FactKind.RUNTIME, f"/usr/bin/{path}", name=name)
                for name, path in RUNTIMES.items()
            ),
            fact(FactKind.JAVA_RUNTIME, "/opt/java/release", home="/opt/java"),
            fact(FactKind.ELF, "/opt/java/bin/java"),
            fact(FactKind.COMMAND, argv=("perl",), program="/usr/bin/perl"),
        ]
    )
    files = probe_files(facts, "amd64")
    for probe in PROBES:
        assert probe.applies(facts)
        for question in probe.questions(facts):
            named = [part for part in question.command if part.startswith("/.fips-scanner")]
            for part in named:
                assert any(path == part or path.startswith(f"{part}/") for path in files)
            assert named
    assert all(content for content in files.values())


RUNTIMES = {
    "python": "python3.12",
    "node": "node",
    "ruby": "ruby3.1",
    "php": "php8.2",
    "perl": "perl",
}


def test_a_library_beside_an_interpreter_is_none() -> None:
    facts = Facts([fact(FactKind.RUNTIME, "/usr/lib/libpython3.11.so.1.0", name="python")])
    assert [probe for probe in PROBES if probe.applies(facts)] == []


def test_what_failed_is_a_gap_that_names_whom_and_why(rules: RuleBook) -> None:
    facts = Facts([*library(SYSTEM), *library(BUNDLED), use(SYSTEM), use(BUNDLED)])

    def ask(command: Sequence[str]) -> Answer:
        if command[-1] == BUNDLED:
            return Answer(failure="it could not be started: no such file")
        return Answer(json.dumps({"kind": "digest", "name": "MD5", "worked": True}).encode())

    offers, gaps = probe_all(facts, rules, ask, "enforced")
    assert (offers[0].provider, offers[0].algorithm) == (SYSTEM, "MD5")
    assert [(gap.subject, gap.caps) for gap in gaps] == [("enforced", False)] * 2
    reasons = " ".join(gap.reason for gap in gaps)
    assert f"{BUNDLED} offers is not all known: it could not be started" in reasons
    assert f"{SYSTEM} offers is not all known: it ended early" in reasons


def test_time_is_bounded(rules: RuleBook) -> None:
    facts = Facts([*library(SYSTEM), use(SYSTEM)])
    offers, gaps = probe_all(facts, rules, lambda _: Answer(END), "baseline", seconds=0)
    assert offers == ()
    assert "time for all probes" in gaps[0].reason


def test_offers_become_facts(rules: RuleBook) -> None:
    offers = (
        AlgorithmOffer(SYSTEM, "digest", "MD5", False, False),
        AlgorithmOffer(SYSTEM, "cipher", "DES-EDE3-CBC", True, True),
        AlgorithmOffer(SYSTEM, "digest", "of tomorrow", True, None),
        AlgorithmOffer("/usr/bin/python3", "tls", "TLS_AES_128_GCM_SHA256", True, True),
    )
    made = offer_facts(offers, "enforced", rules)
    assert [(each.path, each.text("algorithm"), each.text("approved")) for each in made] == [
        (SYSTEM, "MD5", "no"),
        (SYSTEM, "DES-EDE3-CBC", "limited"),
        (SYSTEM, "of tomorrow", ""),
        ("/usr/bin/python3", "TLS_AES_128_GCM_SHA256", "yes"),
    ]
    assert {each.text("condition") for each in made} == {"enforced"}
    assert [each.flag("offered") for each in made] == [False, True, True, True]

"""Requests to real servers on loopback, and how two runs compare."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from scanner.model import Difference, Effect, GapKind, StepResult
from scanner.simulate.compare import compare, settled
from scanner.simulate.http import Answer, NoAnswer, Request, ask
from scanner.simulate.scenario import ExecStep, Scenario, never_ready, step_gaps
from scanner.simulate.tls_table import Approval
from scanner.simulate.traffic import compare_steps, exercise, speaks_ssh, step_facts
from scanner.simulate.watch import Observation
from tests.unit.simulate.values import table

LOOPBACK = "127.0.0.1"
Serve = Callable[[Callable[[socket.socket], None]], int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Gives the port of a server that does the same with each connection."""
    listeners: list[socket.socket] = []

    def start(answer: Callable[[socket.socket], None]) -> int:
        listener = socket.create_server((LOOPBACK, 0))
        listeners.append(listener)

        def loop() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    try:
                        answer(connection)
                    except OSError:
                        continue

        threading.Thread(target=loop, daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for each in listeners:
        each.shutdown(socket.SHUT_RDWR)
        each.close()


def saying(text: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(text)

    return answer


def drip(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(100):
        connection.sendall(b"x")
        time.sleep(0.05)


def flood(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def silent(connection: socket.socket) -> None:
    connection.recv(4096)
    time.sleep(2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", Answer(200, b"hi")),
        (b"HTTP/1.0 500 Oh\r\n\r\nno", Answer(500, b"no")),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n",
            Answer(200, b"hi!"),
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", Answer(200, b"hi", cut=True)),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n", Answer(204)),
        (b"-ERR unknown command\r\n", NoAnswer("the answer is not in HTTP")),
        (b"HTTP/1.1 2x0 OK\r\n\r\n", NoAnswer("the answer is not in HTTP")),
        (b"", NoAnswer("the connection was closed without an answer")),
    ],
)
def test_answers(serve: Serve, text: bytes, expected: Answer | NoAnswer) -> None:
    assert ask(LOOPBACK, Request(serve(saying(text))), 2.0) == expected


def test_endless_answer_is_read_in_part(serve: Serve) -> None:
    answer = ask(LOOPBACK, Request(serve(flood)), 5.0, 1000)
    assert answer == Answer(200, b"x" * 1000, cut=True)


def test_slow_answer_ends_in_time(serve: Serve) -> None:
    begin = time.monotonic()
    answer = ask(LOOPBACK, Request(serve(drip)), 0.5)
    assert isinstance(answer, Answer)
    assert answer.body.startswith(b"xx")
    assert answer.cut
    assert time.monotonic() - begin < 2


def test_no_answer_in_time(serve: Serve) -> None:
    port = serve(silent)
    assert ask(LOOPBACK, Request(port), 0.2) == NoAnswer("no answer within 0.2 s")
    secure = Request(serve(silent), secure=True)
    assert ask(LOOPBACK, secure, 0.2) == NoAnswer("no TLS handshake within 0.2 s")


def test_no_tls_and_nobody_there(serve: Serve) -> None:
    plain = Request(serve(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n")), secure=True)
    assert str(ask(LOOPBACK, plain, 2.0)).startswith("the TLS handshake failed: ")
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
    assert ask(LOOPBACK, Request(port), 2.0) == NoAnswer("the connection was refused")


def test_what_is_sent() -> None:
    request = Request(8080, "/a?b", "POST", headers={"host": "shop.test", "X-A": "1"}, body=b"{}")
    assert request.content == (
        b"POST /a?b HTTP/1.1\r\nUser-Agent: fips-scanner\r\nAccept: */*\r\nConnection: close\r\n"
        b"Content-Length: 2\r\nhost: shop.test\r\nX-A: 1\r\n\r\n{}"
    )
    assert b"Host: localhost:8080\r\n" in Request(8080).content
    assert b"Host: shop.test:443\r\n" in Request(443, host="shop.test").content


def test_html_is_told_as_text() -> None:
    page = b"<!DOCTYPE html>\n<html>\n <p>Why: 1 < 2 &amp; so</p>\n\n</html>"
    assert Answer(500, page).said() == "Why: 1 < 2 &amp; so"
    assert Answer(500, b" a\n\n<b>\n").said() == "a\n<b>"


# --- a request to each port ----------------------------------------------------------------------


def test_ports_that_speak_something_else_are_left_out(serve: Serve) -> None:
    web, redis = serve(saying(b"HTTP/1.1 404 Not Found\r\n\r\n")), serve(saying(b"-ERR\r\n"))
    (step,) = exercise(LOOPBACK, (redis, web), (), 2.0)
    assert (step.name, step.passed) == (f"GET http://:{web}/", True)
    assert step.detail == "HTTP 404 Not Found"


@pytest.mark.parametrize(
    "said",
    [
        # In the words of Tomcat, nginx and Go.
        b'<!doctype html><html lang="en"><p>This combination of host and port requires TLS.</p>',
        b"<html><center>The plain HTTP request was sent to HTTPS port</center></html>",
        b"Client sent an HTTP request to an HTTPS server.\n",
    ],
)
def test_server_that_wants_tls_does_not_speak_plain_http(serve: Serve, said: bytes) -> None:
    port = serve(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n" + said))
    assert exercise(LOOPBACK, (port,), (), 2.0) == ()
    known = (StepResult(f"GET http://:{port}/", True, "HTTP 200 OK"),)
    (step,) = exercise(LOOPBACK, (port,), (), 2.0, known=known)
    assert (step.passed, step.detail) == (False, "HTTP 400 Bad Request: it wants TLS")


def test_only_what_the_baseline_answered_is_asked_again(serve: Serve) -> None:
    web, other = serve(saying(b"")), serve(saying(b"HTTP/1.1 200 OK\r\n\r\n"))
    known = (StepResult(f"GET http://:{web}/", True, "HTTP 200 OK"),)
    again = exercise(LOOPBACK, (other, web), (web,), 2.0, known=known)
    assert [(each.name, each.passed, each.detail) for each in again] == [
        (f"GET http://:{web}/", False, "the connection was closed without an answer")
    ]


def test_server_error_is_no_success(serve: Serve) -> None:
    web = serve(saying(b"HTTP/1.1 503 Busy\r\n\r\nno database"))
    (step,) = exercise(LOOPBACK, (web,), (), 2.0)
    assert (step.passed, step.detail) == (False, "HTTP 503 Service Unavailable")
    assert step.log == "no database"


# --- comparing -----------------------------------------------------------------------------------

ROOT = "GET http://:8080/"


def test_steps_are_compared() -> None:
    baseline = (
        StepResult("works", True),
        StepResult("never", False, "exit code 1"),
        StepResult("heals", False, "exit code 1"),
        StepResult(ROOT, True, "HTTP 200 OK"),
        StepResult("skipped", True),
    )
    other = (
        StepResult("works", False, "exit code 2"),
        StepResult("never", False, "exit code 3"),
        StepResult("heals", True),
        StepResult(ROOT, True, "HTTP 404 Not Found"),
        StepResult("alone", False, "exit code 4"),
        StepResult("alone and fine", True),
    )
    changes = Effect.CHANGES
    assert compare_steps(baseline, other) == (
        Difference(
            "step",
            Effect.BREAKS,
            "works: exit code 2; in the baseline: passed",
            "works: passed",
            "works: fails",
        ),
        Difference(
            "step",
            changes,
            "heals passes; in the baseline: exit code 1",
            "heals: fails",
            "heals: passed",
        ),
        Difference(
            "http",
            changes,
            f"{ROOT}: HTTP 404 Not Found; in the baseline: HTTP 200 OK",
            f"{ROOT}: HTTP 200 OK",
            f"{ROOT}: HTTP 404 Not Found",
        ),
        Difference(
            "step",
            changes,
            "alone is not run in the baseline and fails: exit code 4",
            "alone: not run",
            "alone: fails",
        ),
    )
    assert compare_steps(baseline, baseline) == ()


def test_the_same_failure_in_other_words_is_the_same() -> None:
    baseline = (StepResult(ROOT, True, "HTTP 200 OK"),)
    first = compare_steps(baseline, (StepResult(ROOT, False, "the connection was refused"),))
    again = compare_steps(baseline, (StepResult(ROOT, False, "HTTP 500"),))
    assert [each.condition for each in first] == [each.condition for each in again]
    assert [(each.what, each.effect) for each in first] == [("http", Effect.BREAKS)]
    assert settled(first, again) == first
    (flaky,) = settled(first, ())
    assert flaky.effect is Effect.FLAKY


def test_steps_are_part_of_the_comparison() -> None:
    worked = Observation(None, 3.0, 1.0, steps=(StepResult("sign in", True),))
    fails = Observation(None, 3.0, 1.0, steps=(StepResult("sign in", False, "exit code 2"),))

    def compared(verified: bool) -> list[tuple[str, Effect]]:
        found = compare(
            worked,
            fails,
            new_matches=(),
            breaking_rules=frozenset(),
            approval=Approval(table()),
            exposed=(),
            verified=verified,
        )
        return [(each.what, each.effect) for each in found]

    assert compared(verified=True) == [("step", Effect.BREAKS)]
    assert compared(verified=False) == [("step", Effect.CHANGES)]


def test_facts() -> None:
    (made,) = step_facts((StepResult("sign in", False, "exit code 2", log="x"),), "node")
    assert made.evidence == ("sign in: exit code 2",)
    assert dict(made.attributes) == {
        "condition": "node",
        "name": "sign in",
        "passed": False,
        "detail": "exit code 2",
    }


def test_gaps_of_steps() -> None:
    scenario = Scenario(
        steps=(
            ExecStep("fails", ("a",)),
            ExecStep("late", ("b",)),
            ExecStep("elsewhere", ("c",), conditions=("node",)),
        )
    )
    results = (StepResult("GET http://:80/", False, "HTTP 503"), StepResult("fails", False, "x"))
    late, failed = step_gaps(scenario, "baseline", results)
    assert (late.kind, late.caps) == (GapKind.NOT_RUN, True)
    assert "step `late` was not begun" in late.reason
    assert (failed.kind, failed.caps) == (GapKind.NOTHING_OBSERVED, True)
    assert "step `fails` failed in the baseline (x)" in failed.reason
    # Under a condition, a failure is a difference and no gap.
    (gap,) = step_gaps(scenario, "node", results)
    assert "step `late` and 1 more was not begun" in gap.reason
    assert step_gaps(Scenario(), "baseline", results) == []


def test_what_was_waited_for() -> None:
    never = Observation(None, 20.0, None, awaited="a line of output like `up`")
    (gap,) = never_ready(never)
    assert gap.reason.startswith("it did not show a line of output like `up` within 20 s, so")
    assert never_ready(Observation(None, 20.0, 1.0, awaited="port 1")) == []
    assert never_ready(Observation(None, 20.0, None)) == []
    was = Observation(None, 3.0, 1.0, awaited="port 1")
    now = Observation(None, 20.0, None, awaited="port 1")
    (difference,) = compare(
        was,
        now,
        new_matches=(),
        breaking_rules=frozenset(),
        approval=Approval(table()),
        exposed=(),
        verified=True,
    )
    assert difference.detail == "it never showed port 1; in the baseline it did after 1.0 s"


@pytest.mark.parametrize(
    ("greeting", "is_ssh"), [(b"SSH-2.0-OpenSSH_9.2\r\n", True), (b"220 mail ESMTP\r\n", False)]
)
def test_a_server_of_ssh_is_known_by_its_greeting(greeting: bytes, is_ssh: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=lambda: server.accept()[0].sendall(greeting), daemon=True)
        thread.start()
        assert speaks_ssh("127.0.0.1", server.getsockname()[1]) is is_ssh
        thread.join(5)


def test_a_closed_port_speaks_no_ssh() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert not speaks_ssh("127.0.0.1", port)

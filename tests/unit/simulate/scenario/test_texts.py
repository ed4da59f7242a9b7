"""What users write on one line."""

from __future__ import annotations

import pytest

from scanner.simulate.http import Request
from scanner.simulate.scenario import WaitFor
from scanner.simulate.scenario.texts import (
    arguments_of,
    checked_request_of,
    command_of,
    mount_of,
    request_of,
    target_of,
    variable_of,
    wait_for_of,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8080", Request(8080)),
        ("8080/healthz", Request(8080, "/healthz")),
        ("https:8443/login", Request(8443, "/login", secure=True)),
        ("post 8080/a?b=c&d", Request(8080, "/a?b=c&d", "POST")),
        ("GET http://:8080/", Request(8080)),
        ("GET https://:8443/healthz", Request(8443, "/healthz", secure=True)),
        ("https://shop.test:8443/x", Request(8443, "/x", secure=True, host="shop.test")),
        ("https://shop.test/x", Request(443, "/x", secure=True, host="shop.test")),
        ("http://shop.test", Request(80, host="shop.test")),
        ("8080/é#part", Request(8080, "/%C3%A9")),
        ("8080/%41", Request(8080, "/%41")),
    ],
)
def test_request(text: str, expected: Request) -> None:
    assert request_of(text) == expected


@pytest.mark.parametrize(
    "text", ["", "/healthz", "healthz", "https://", "8080/a b", "ftp:21/", "70000/", "0/", "8080x"]
)
def test_no_request(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no request: write|there is no port"):
        request_of(text)


def test_name_of_a_request_can_be_read_again() -> None:
    for text in ("8080/a", "POST https://shop.test:1/b?c=1", "https:8443"):
        request = request_of(text)
        assert request_of(str(request)) == request


@pytest.mark.parametrize(
    ("text", "path", "status"),
    [
        ("8080/login=401", "/login", 401),
        ("8080/login", "/login", None),
        ("8080/?page=2", "/?page=2", None),
        ("8080/?page=2=200", "/?page=2", 200),
        ("8080=204", "/", 204),
    ],
)
def test_status_after_a_request(text: str, path: str, status: int | None) -> None:
    request, expected = checked_request_of(text)
    assert (request.path, expected) == (path, status)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("psql -c 'select 1; select 2'", ("psql", "-c", "select 1; select 2")),
        ('curl "http://x/?a=1&b=2"', ("curl", "http://x/?a=1&b=2")),
        (r"echo \$HOME", ("echo", "$HOME")),
        ("curl -s x | grep ok", ("/bin/sh", "-c", "curl -s x | grep ok")),
        ('echo "$HOME"', ("/bin/sh", "-c", 'echo "$HOME"')),
        ("a && b", ("/bin/sh", "-c", "a && b")),
        ("a >/tmp/b", ("/bin/sh", "-c", "a >/tmp/b")),
    ],
)
def test_command_gets_a_shell_only_where_it_asks_for_one(text: str, words: tuple[str, ...]) -> None:
    assert command_of(text) == words


def test_arguments_never_get_a_shell() -> None:
    assert arguments_of("--name a|b ''") == ("--name", "a|b", "")


@pytest.mark.parametrize("text", ["", "  ", "echo 'open"])
def test_no_command(text: str) -> None:
    with pytest.raises(ValueError, match=r"is empty|no closing quotation"):
        command_of(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5432", WaitFor(port=5432)),
        ("https:8443/ready", WaitFor(request=Request(8443, "/ready", secure=True))),
        ("ready to (accept|serve)", WaitFor(log="ready to (accept|serve)")),
    ],
)
def test_wait_for(text: str, expected: WaitFor) -> None:
    assert wait_for_of(text) == expected


@pytest.mark.parametrize("text", ["", "70000", "(", "https:0/"])
def test_nothing_to_wait_for(text: str) -> None:
    with pytest.raises(ValueError, match=r"is empty|no port|no regular expression"):
        wait_for_of(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.pem:/etc/ssl/a.pem", ("a.pem", "/etc/ssl/a.pem")),
        ("c:a:/x", ("c:a", "/x")),
        ("a:/etc/../srv//b/", ("a", "/srv/b/")),
        ("a:/../../etc", ("a", "/etc")),
    ],
)
def test_mount(text: str, expected: tuple[str, str]) -> None:
    assert mount_of(text) == expected


@pytest.mark.parametrize("text", ["a", ":/a", "a:b", "a:"])
def test_no_mount(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no mount|is no place"):
        mount_of(text)


def test_target_of_root() -> None:
    assert target_of("//") == "/"


def test_variables() -> None:
    here = {"TOKEN": "from-here"}
    assert variable_of("A=b=c", here) == ("A", "b=c")
    assert variable_of("A=", here) == ("A", "")
    assert variable_of("TOKEN", here) == ("TOKEN", "from-here")


@pytest.mark.parametrize("text", ["=s3cret", "A B=s3cret", "A=s3cret\0", "MISSING"])
def test_wrong_variables_do_not_tell_their_values(text: str) -> None:
    with pytest.raises(ValueError, match=r"variable|is not set here") as caught:
        variable_of(text, {})
    assert "s3cret" not in str(caught.value)

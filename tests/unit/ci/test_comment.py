"""The comment on a pull request, written to a server that speaks this part of GitHub's API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.unit.ci.scripts import ROOT

MARK = "<!-- fips-scanner report: app -->"
COMMENTS = "/repos/team/app/issues/7/comments"


class GitHub(BaseHTTPRequestHandler):
    """Comments of one pull request; whoever has the token may write."""

    comments: ClassVar[list[dict[str, Any]]] = []
    asked: ClassVar[list[tuple[str, str]]] = []
    status: ClassVar[int] = 200

    def _answer(self) -> None:
        self.asked.append((self.command, self.path))
        assert self.headers["Authorization"] == "Bearer secret"
        length = int(self.headers.get("Content-Length") or 0)
        sent = json.loads(self.rfile.read(length)) if length else {}
        content: Any = {"html_url": "https://github.example/1", **sent}
        if self.command == "GET":
            page = int(self.path.rpartition("page=")[2])
            content = self.comments[(page - 1) * 100 : page * 100]
        elif self.command == "POST":
            self.comments.append({"id": 1000, "body": sent["body"], "user": {"type": "Bot"}})
        else:
            number = int(self.path.rpartition("/")[2])
            next(each for each in self.comments if each["id"] == number).update(sent)
        text = json.dumps(content).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = _answer  # noqa: N815 - the names are the server's

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def github() -> Iterator[str]:
    GitHub.comments, GitHub.asked, GitHub.status = [], [], 200
    with ThreadingHTTPServer(("127.0.0.1", 0), GitHub) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def comment(github: str, folder: Path, text: str, **variables: str) -> tuple[int, str]:
    (folder / "fips.md").write_text(text)
    given = {
        **os.environ,
        "GITHUB_API_URL": github,
        "GITHUB_REPOSITORY": "team/app",
        "GITHUB_TOKEN": "secret",
        "PULL_REQUEST": "7",
        "no_proxy": "127.0.0.1",
        **variables,
    }
    done = subprocess.run(
        [sys.executable, str(ROOT / "ci/comment.py"), "fips.md"],
        cwd=folder,
        env=given,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_first_scan_comments_and_the_next_one_replaces_the_text(
    github: str, tmp_path: Path
) -> None:
    GitHub.comments += [
        *({"id": at, "body": "hello", "user": {"type": "User"}} for at in range(100)),
        {"id": 100, "body": f"{MARK}\nquoted by a person", "user": {"type": "User"}},
    ]
    assert comment(github, tmp_path, f"{MARK}\nfails") == (0, "https://github.example/1\n")
    assert comment(github, tmp_path, f"{MARK}\npasses")[0] == 0
    assert [each["body"] for each in GitHub.comments[100:]] == [
        f"{MARK}\nquoted by a person",
        f"{MARK}\npasses",
    ]
    assert GitHub.asked[-1] == ("PATCH", "/repos/team/app/issues/comments/1000")


def test_refusal_names_the_permission_and_never_the_token(github: str, tmp_path: Path) -> None:
    GitHub.status = 403
    code, said = comment(github, tmp_path, f"{MARK}\nfails")
    assert code == 2
    assert "give the job the permission pull-requests: write" in said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("text", "variables", "said"),
    [
        ("no mark", {}, "does not begin with a mark"),
        (f"{MARK}\n", {"PULL_REQUEST": "7/../../8"}, "PULL_REQUEST is no number"),
        (f"{MARK}\n", {"GITHUB_TOKEN": ""}, "GITHUB_TOKEN is not set"),
    ],
)
def test_what_cannot_be_a_comment_asks_nobody(
    github: str, tmp_path: Path, text: str, variables: dict[str, str], said: str
) -> None:
    code, shown = comment(github, tmp_path, text, **variables)
    assert code == 2
    assert said in shown
    assert not GitHub.asked

"""Keeps one comment with the scan's result on a pull request: the next scan replaces its text.

Takes what it needs to know from the variables of GitHub's runner. Judges nothing: the text is the
Markdown report, whose first line is the mark by which the comment is found again.

    python ci/comment.py fips-reports/fips.md
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import requests

SECONDS = 30
PAGES = 20
"""Of a hundred comments each; what is further back is not looked for."""


def main(arguments: list[str]) -> int:
    """Write the comment; returns the exit code."""
    if len(arguments) != 1:
        return _refuse("name the Markdown report: comment.py fips-reports/fips.md")
    text = Path(arguments[0]).read_text(encoding="utf-8")
    mark = text.partition("\n")[0]
    if not mark.startswith("<!--"):
        return _refuse(f"{arguments[0]} does not begin with a mark; write it with -o markdown")
    number = os.environ.get("PULL_REQUEST", "")
    if not number.isdecimal():
        return _refuse("PULL_REQUEST is no number; this runs for pull requests only")
    missing = [each for each in ("GITHUB_REPOSITORY", "GITHUB_TOKEN") if not os.environ.get(each)]
    if missing:
        return _refuse(f"{missing[0]} is not set; this runs in GitHub Actions")
    try:
        print(write(text, mark, int(number)))
    except requests.RequestException as error:
        _refuse(f"GitHub did not take the comment: {error}")
        return _refuse("give the job the permission pull-requests: write")
    return 0


def write(text: str, mark: str, number: int) -> str:
    """Replace the comment that begins with `mark`, or add it; returns its address."""
    api = os.environ.get("GITHUB_API_URL") or "https://api.github.com"
    issues = f"{api}/repos/{os.environ['GITHUB_REPOSITORY']}/issues"
    with requests.Session() as session:
        # A header alone would give way to what a ~/.netrc says.
        session.auth = _with_token
        session.headers["Accept"] = "application/vnd.github+json"
        known = _find(session, f"{issues}/{number}/comments", mark)
        if known is None:
            answer = _ask(session, "POST", f"{issues}/{number}/comments", {"body": text})
        else:
            answer = _ask(session, "PATCH", f"{issues}/comments/{known}", {"body": text})
    return str(answer.json()["html_url"])


def _find(session: requests.Session, address: str, mark: str) -> int | None:
    for page in range(1, PAGES + 1):
        comments = _ask(session, "GET", f"{address}?per_page=100&page={page}").json()
        for each in comments:
            # A person who quotes the mark keeps their comment.
            if each["body"].startswith(mark) and each["user"]["type"] == "Bot":
                return int(each["id"])
        if len(comments) < 100:
            return None
    return None


def _ask(
    session: requests.Session, method: str, address: str, body: dict[str, str] | None = None
) -> requests.Response:
    answer = session.request(method, address, json=body, timeout=SECONDS)
    answer.raise_for_status()
    return answer


def _with_token(request: requests.PreparedRequest) -> requests.PreparedRequest:
    request.headers["Authorization"] = f"Bearer {os.environ['GITHUB_TOKEN']}"
    return request


def _refuse(text: str) -> int:
    sys.stderr.write(f"fips-scanner: {text}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

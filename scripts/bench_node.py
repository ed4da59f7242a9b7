"""Times work in a container without us and on a simulated FIPS node, shown in each way.

Prints milliseconds, of three rounds the middle one; asserts nothing.
"""

from __future__ import annotations

import statistics
import sys
import time

from scanner.simulate.box import Box
from scanner.simulate.engine import engine
from scanner.simulate.limits import RunLimits
from scanner.simulate.native import helper
from scanner.simulate.node_modes import ATTEMPTS, Attempt
from scanner.simulate.session import Session
from scripts import base_images

WORK = {
    "read every file below /usr and /etc": "find /usr /etc -type f -exec cat {} + > /dev/null",
    "start `/bin/true` 300 times": "for i in $(seq 300); do /bin/true; done",
    "start `perl -MPOSIX` 20 times": "for i in $(seq 20); do perl -MPOSIX -e 1; done",
}
ROUNDS = 3
_CLOCK = "date +%s%N"


def main() -> int:
    """Print a table in Markdown."""
    columns = [_column(attempt) for attempt in (None, *_kinds())]
    names = ["without", *(str(each.mode) for each in _kinds())]
    print(f"| | {' | '.join(names)} |")
    print(f"|---|{'---|' * len(names)}")
    for row, title in enumerate(WORK):
        print(f"| {title} | {' | '.join(str(column[row]) for column in columns)} |")
    return 0


def _kinds() -> list[Attempt]:
    """One attempt of each mode: what it keeps of set-uid programs costs no time."""
    return list({each.mode: each for each in reversed(ATTEMPTS)}.values())[::-1]


def _column(attempt: Attempt | None) -> list[int]:
    """Milliseconds of each work."""
    script = "; ".join(
        f"{_CLOCK}; {work}; {_CLOCK}" for _ in range(ROUNDS) for work in WORK.values()
    )
    with engine() as client:
        base = base_images.ensure(client)["debian:bookworm-slim"]
        attempts = () if attempt is None else (attempt,)
        program = None if attempt is None else helper("amd64")
        limits = RunLimits(pids=256)
        with (
            Session(client, limits, attempts) as session,
            session.box(base, entrypoint=("sh", "-c", script), node_helper=program) as box,
        ):
            marks = [int(line) for line in _output(box).split()]
    spent = [(end - begin) // 10**6 for begin, end in zip(marks[::2], marks[1::2], strict=True)]
    return [round(statistics.median(spent[row :: len(WORK)])) for row in range(len(WORK))]


def _output(box: Box) -> bytes:
    while box.state().running:
        time.sleep(0.2)
    box.finish_log()
    return box.log()[0]


if __name__ == "__main__":
    sys.exit(main())

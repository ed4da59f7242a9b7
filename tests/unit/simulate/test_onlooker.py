from __future__ import annotations

import time

from scanner.simulate.onlooker import Onlooker
from scanner.simulate.processes import Process


def process(program: str, *mapped: str) -> Process:
    return Process(frozenset(), frozenset((program, *mapped)), program, frozenset({993}))


def test_process_that_lives_for_one_connection_is_seen() -> None:
    master, started = process("/master"), process("/login")
    login = process("/login", "/libcrypto.so.3", "/fips.so")
    ending = process("", "/libcrypto.so.3")
    looks = iter([(master,), (master, started), (login, ending), (master, started)])
    with Onlooker(lambda: next(looks, ())) as onlooker:
        time.sleep(0.6)
    assert onlooker.with_those_gone((master,)) == (master, login)
    # The next one waits for its connection, and has loaded nothing yet.
    assert onlooker.with_those_gone((master, started)) == (master, login)
    grown = process("/login", "/libcrypto.so.3", "/fips.so", "/more.so")
    assert onlooker.with_those_gone((master, grown)) == (master, grown)

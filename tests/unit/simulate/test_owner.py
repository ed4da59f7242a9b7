from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace

from scanner.simulate.owner import Owner


def test_text_form_fits_labels_and_tags_and_comes_back() -> None:
    owner = Owner.current(60)
    assert Owner.parse(str(owner)) == owner
    assert len(f"{'0' * 16}_{owner}") <= 128
    assert owner.pid == os.getpid()


def test_own_process_is_alive_even_after_its_deadline() -> None:
    assert Owner.current(-60).alive()


def test_process_that_ended_is_dead_before_its_deadline() -> None:
    code = "from scanner.simulate.owner import Owner; print(Owner.current(3600))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    owner = Owner.parse(done.stdout.strip())
    assert owner is not None
    assert not owner.alive()


def test_pid_that_was_used_again_is_dead() -> None:
    owner = Owner.current(60)
    assert not replace(owner, started=owner.started - 1).alive()


def test_other_machine_or_namespace_lives_until_its_deadline() -> None:
    owner = Owner.current(60)
    for elsewhere in (replace(owner, boot="ffffffff"), replace(owner, namespace=1)):
        assert elsewhere.alive()
        assert not replace(elsewhere, deadline=int(time.time()) - 1).alive()


def test_text_that_is_no_owner() -> None:
    for text in ("", "x", "00000000-1-2-3", f"{Owner.current(1)}-5", "0000000g-1-2-3-4"):
        assert Owner.parse(text) is None

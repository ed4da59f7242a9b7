"""Runs jobs of a walk in this process, or in several that cannot take the scan down with them.

Knows nothing of what a job does. A worker that dies costs its job, never the scan.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, NamedTuple, Protocol

from scanner.image.files import Visitor
from scanner.image.visit import MakeVisitor
from scanner.processes import process_context

_MAX_DEATHS = 8
"""Workers that may die before all that is left is given up."""


class Task(NamedTuple):
    """A job: `function(visitor, argument)`."""

    function: Callable[[Visitor, Any], Any]
    argument: Any


class Outcome(NamedTuple):
    """What became of a task."""

    task: Task
    result: Any
    lost: bool
    """Its worker died; there is no result."""


class Workers(Protocol):
    """Takes tasks and hands back outcomes, in any order."""

    def submit(self, task: Task) -> None: ...

    def outcomes(self) -> Iterator[Outcome]:
        """Outcomes until no task is left. What a task raises is raised here."""
        ...

    def close(self) -> None:
        """Let go of everything, at once."""
        ...


class InProcess:
    """Does each task when its outcome is asked for."""

    def __init__(self, make_visitor: MakeVisitor) -> None:
        self._visitor = make_visitor()
        self._tasks: list[Task] = []

    def submit(self, task: Task) -> None:
        self._tasks.append(task)

    def outcomes(self) -> Iterator[Outcome]:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            yield Outcome(task, task.function(self._visitor, task.argument), lost=False)

    def close(self) -> None:
        self._tasks.clear()


class Processes:
    """Does tasks in worker processes, each with a visitor of its own."""

    def __init__(self, make_visitor: MakeVisitor, count: int) -> None:
        self._make_visitor = make_visitor
        self._before = set(multiprocessing.active_children())
        # Not `fork`: a thread of the caller may hold a lock that a fork would copy. The server
        # process imports once what all workers need, and they share its memory.
        self._context = process_context()
        self._context.set_forkserver_preload([__name__, _module_of(make_visitor)])
        self._executor = self._start(count)
        self._futures: dict[Future[Any], Task] = {}
        self._left_over: list[Task] = []

    def _start(self, count: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            count, self._context, initializer=_prepare, initargs=(self._make_visitor,)
        )

    def submit(self, task: Task) -> None:
        if not self._left_over:
            try:
                self._futures[self._executor.submit(_work, task)] = task
            except BrokenProcessPool:
                self._left_over.append(task)
        else:
            self._left_over.append(task)

    def outcomes(self) -> Iterator[Outcome]:
        while self._futures:
            done, _ = wait(self._futures, return_when=FIRST_COMPLETED)
            for future in done:
                task = self._futures.pop(future)
                try:
                    result = future.result()
                except BrokenProcessPool:
                    self._left_over.append(task)
                else:
                    yield Outcome(task, result, lost=False)
        yield from self._one_by_one()

    def _one_by_one(self) -> Iterator[Outcome]:
        # A death breaks the whole pool. Alone, each task shows whether it was the cause.
        deaths = 0
        tasks, self._left_over = self._left_over, []
        if tasks:
            self._restart()
        for task in tasks:
            if deaths >= _MAX_DEATHS:
                yield Outcome(task, None, lost=True)
                continue
            try:
                result = self._executor.submit(_work, task).result()
            except BrokenProcessPool:
                deaths += 1
                self._restart()
                yield Outcome(task, None, lost=True)
            else:
                yield Outcome(task, result, lost=False)

    def _restart(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._executor = self._start(1)

    def close(self) -> None:
        for child in set(multiprocessing.active_children()) - self._before:
            child.kill()
        self._executor.shutdown(wait=True, cancel_futures=True)


def _module_of(make_visitor: MakeVisitor) -> str:
    return str(getattr(make_visitor, "func", make_visitor).__module__)


_make: MakeVisitor | None = None
_visitor: Visitor | None = None


def _prepare(make_visitor: MakeVisitor) -> None:
    global _make  # noqa: PLW0603 - a worker process does nothing else
    _make = make_visitor
    # Ctrl-C reaches the whole process group; the main process decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        with contextlib.suppress(OSError):
            parent.join()
        os._exit(1)


def _work(task: Task) -> Any:  # noqa: ANN401 - whatever the task returns
    global _visitor  # noqa: PLW0603
    if _visitor is None:
        assert _make is not None
        _visitor = _make()
    return task.function(_visitor, task.argument)

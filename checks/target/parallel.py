"""Jobs done by a bounded number of threads that no exit waits for: what hangs on a dead host holds nobody up."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
HEAD_START_S = 1.0
"""So long the others wait for the first job at most."""


class InParallel(Generic[T]):
    """`jobs`, at most `most` of them at a time; iterate over it for (index, result) as they come.

    What a job raises is raised by the iteration; when that ends, for whatever reason, no further job is begun.
    """

    def __init__(self, jobs: Sequence[Callable[[], T]], most: int) -> None:
        self.jobs, self.most = jobs, most
        self.begun: set[int] = set()
        """Indices of the jobs that were begun."""
        self._todo: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[int, Callable[[], T]]] = queue.SimpleQueue()
        self._over = threading.Event()
        self._first = threading.Event()
        self._threads: list[threading.Thread] = []

    def ended(self, within_s: float) -> bool:
        """Waits until no job goes on any more, for so many seconds at most; whether that is so."""
        deadline = time.monotonic() + within_s
        for thread in filter(threading.Thread.is_alive, self._threads):
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def __iter__(self) -> Iterator[tuple[int, T]]:
        for index in range(len(self.jobs)):
            self._todo.put(index)
        self._threads = [threading.Thread(target=self._work, name=f"look-{number}", daemon=True)
                         for number in range(min(self.most, len(self.jobs)))]
        try:
            for number, thread in enumerate(self._threads):
                thread.start()
                if number == 0:  # what all need and nobody has worked out yet is worked out once
                    self._first.wait(HEAD_START_S)
            for _ in self.jobs:
                index, result = self._done.get()
                yield index, result()
        finally:
            self._over.set()

    def _work(self) -> None:
        while not self._over.is_set():
            try:
                index = self._todo.get_nowait()
            except queue.Empty:
                return
            self.begun.add(index)
            self._done.put((index, self._tried(index)))
            self._first.set()

    def _tried(self, index: int) -> Callable[[], T]:
        """What gives the job's result, or raises what it raised."""
        try:
            result = self.jobs[index]()
        except BaseException as error:  # it is raised where somebody waits for it
            failure = error

            def fail() -> T:
                raise failure

            return fail
        return lambda: result

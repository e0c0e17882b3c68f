"""Work in several processes of this machine."""
from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
import ctypes
import multiprocessing
from typing import Any

from il_ros.errors import WorkError
from il_ros.scheduling import end_with_parent
from il_ros.spread.spread import A, Ask, ASK_S, B, TRIES, Work


class Processes:
    """Processes that end with this one; what is lost with a killed one is done again."""

    disk = True

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def done(self, work: Work[A, B], items: Sequence[A], ask: Ask
             ) -> Generator[tuple[int, B], None, None]:
        """See `Spread`."""
        left, lost = dict(enumerate(items)), 0
        while left:
            before = len(left)
            for number, result in self._round(work, left, ask):
                del left[number]
                yield number, result
            lost = 0 if len(left) < before else lost + 1
            if lost == TRIES:
                raise WorkError(
                    f'processes were killed {TRIES} times in a row with none of {len(left)} parts '
                    'of the work done: is the memory full? Say fewer --jobs')

    def _round(self, work: Work[A, B], left: dict[int, A], ask: Ask) -> Iterator[tuple[int, B]]:
        """Yield what is done before a process is killed; else everything."""
        context = multiprocessing.get_context('spawn')
        unwanted = context.RawValue(ctypes.c_bool, False)   # no lock to die with a killed process
        with ProcessPoolExecutor(
                min(self.workers, len(left)), context, _begin, (unwanted,)) as pool:
            jobs: dict[Future[B], int] = {}
            try:
                for number, item in left.items():
                    jobs[pool.submit(work, item, _ask)] = number
                while jobs:
                    finished, _ = wait(jobs, ASK_S, FIRST_COMPLETED)
                    ask()
                    for future in finished:
                        yield jobs.pop(future), future.result()
            except BrokenProcessPool:
                return
            finally:        # whoever goes on after an error finds nobody at work any more
                unwanted.value = True
                pool.shutdown(cancel_futures=True)


class _UnwantedError(Exception):
    """Ends work that nobody waits for any more."""


_unwanted: Any = None


def _begin(unwanted: Any) -> None:
    global _unwanted
    end_with_parent()
    _unwanted = unwanted


def _ask() -> None:
    if _unwanted.value:
        raise _UnwantedError

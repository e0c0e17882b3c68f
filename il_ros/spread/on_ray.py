"""Work on the machines of Ray."""
from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
import logging
import os
import socket
from typing import Any

from il_ros.errors import ConfigError, IlRosError, WorkError
from il_ros.spread.spread import A, Ask, ASK_S, B, TRIES, Work

ANSWER_S = 5.0
AHEAD = 2       # items per core that are handed out: enough for the next one to be there


@contextmanager
def cluster() -> Iterator[Any]:
    """Give the module `ray`, connected to the cluster that RAY_ADDRESS names, else to a new one.

    Raises:
        ConfigError: Nobody answers there.
    """
    import ray

    address = os.environ.get('RAY_ADDRESS', '')
    try:
        _require_answer(address)
        ray.init(include_dashboard=False, log_to_driver=False, ignore_reinit_error=True,
                 logging_level=logging.WARNING)
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        text = str(error).strip().splitlines()
        raise ConfigError(f'RAY_ADDRESS={address}: no cluster of Ray answers: '
                          f'{text[0] if text else type(error).__name__}') from None
    try:
        yield ray
    finally:
        ray.shutdown()


def _require_answer(address: str) -> None:
    """Find out soon whether somebody listens: Ray itself asks for minutes."""
    host, _, port = address.rpartition('/')[2].rpartition(':')
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), ANSWER_S).close()


class OnRay:
    """Machines that have this package; what is lost with one is done again on another."""

    disk = False

    def __init__(self, ray: Any) -> None:
        """Take what `cluster` gave."""
        self._ray = ray
        self.workers = max(int(ray.cluster_resources().get('CPU', 1)), 1)

    def done(self, work: Work[A, B], items: Sequence[A], ask: Ask
             ) -> Generator[tuple[int, B], None, None]:
        """See `Spread`."""
        run = self._ray.remote(_run).options(num_cpus=1, max_retries=TRIES)
        left, waiting, shared = deque(enumerate(items)), dict[Any, int](), self._ray.put(work)
        try:
            while left or waiting:
                while left and len(waiting) < AHEAD * self.workers:
                    number, item = left.popleft()
                    waiting[run.remote(shared, item)] = number
                finished, _ = self._ray.wait(list(waiting), timeout=ASK_S)
                ask()
                for reference in finished:
                    yield waiting.pop(reference), _result(self._ray, reference)
        finally:
            for reference in waiting:
                self._ray.cancel(reference, force=True)


def _run(work: Work[A, B], item: A) -> B:
    return work(item, lambda: None)


def _result(ray: Any, reference: Any) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, IlRosError):
            raise error.cause from None
        raise WorkError('a machine of Ray could not do its work: '
                        f'{str(error).strip().splitlines()[-1]}') from error
    except ray.exceptions.RayError as error:
        raise WorkError(f'work was lost with its machine {TRIES + 1} times: '
                        f'{str(error).strip().splitlines()[0]}') from None

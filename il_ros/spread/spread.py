"""Where work over many items is done; what comes out does not depend on it."""
from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
import os
from typing import Protocol, TypeVar

from il_ros.errors import ConfigError

A = TypeVar('A')
B = TypeVar('B')
Ask = Callable[[], None]
Work = Callable[[A, Ask], B]    # a function of a module: other processes find it by its name
HERE, RAY = 'here', 'ray'
PLACES = (HERE, RAY)
ASK_S = 0.5     # between two questions whether the work is still wanted
TRIES = 3       # of what was lost with its process or its machine


class Spread(Protocol):
    """One way to do work.

    Attributes:
        disk: Whether the work sees the files of this machine, and this machine those of the work.
        workers: How many items are worked on at a time; 0 where it is this process.
    """

    disk: bool
    workers: int

    def done(self, work: Work[A, B], items: Sequence[A], ask: Ask
             ) -> Generator[tuple[int, B], None, None]:
        """Yield the number of each item and what the work made of it, as they are done.

        Args:
            work: Called with an item and with what it has to call now and then.
            items: As other processes can take them.
            ask: Called now and then in this process; what it raises ends the work.

        Raises:
            WorkError: A process or machine was lost with its work, again and again.
        """


class Here:
    """In this process, one after the other."""

    disk = True
    workers = 0

    def done(self, work: Work[A, B], items: Sequence[A], ask: Ask
             ) -> Generator[tuple[int, B], None, None]:
        """See `Spread`."""
        for number, item in enumerate(items):
            yield number, work(item, ask)


def in_order(spread: Spread, work: Work[A, B], items: Sequence[A],
             ask: Ask = lambda: None) -> Iterator[B]:
    """Yield what the work made of each item, in the order of the items; see `Spread.done`."""
    early: dict[int, B] = {}
    following = 0
    with closing(spread.done(work, items, ask)) as done:
        for number, result in done:
            early[number] = result
            while following in early:
                yield early.pop(following)
                following += 1


@contextmanager
def spread_over(on: str = HERE, jobs: int | None = 0) -> Iterator[Spread]:
    """Give where work is done.

    Args:
        on: 'here', or 'ray' for the machines that RAY_ADDRESS names, else a Ray of this machine.
        jobs: Processes of this machine; one per core when None, none but this one when 0.

    Raises:
        ConfigError: There is no such place, or it does not go with `jobs`.
    """
    if on not in PLACES:
        raise ConfigError(f'--on: expected one of {", ".join(PLACES)}, got {on!r}')
    if on == HERE:
        from il_ros.spread.processes import Processes

        count = os.cpu_count() or 1 if jobs is None else jobs
        yield Processes(count) if count else Here()
        return
    if jobs:
        raise ConfigError(f'--jobs {jobs}: leave it out with --on ray, which uses every core of '
                          'its machines')
    from il_ros.spread.on_ray import cluster, OnRay

    with cluster() as ray:
        yield OnRay(ray)

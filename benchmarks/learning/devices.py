"""What a policy learns from a person at each device, beside the scripted operator's own hand.

Ten times a simulated person does PickPlace with a device, by its own bytes or messages, through
arbiter and gate; a show that fails is done again on the next scene. Training and evaluation are
those of the demo.

    PYTHONPATH=test python -m benchmarks.learn --table devices
"""
from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import time
from typing import NamedTuple

from il_ros.evaluation.statistics import wilson
from il_ros.types import ControlSource
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.dagger import Episode, Run

SHOWS, TRIES, EPISODES = 10, 40, 100
SCRIPTED = 'scripted'     # what all others are compared with
PATIENCE = 2              # a person takes so many times as long as an episode may


class Learned(NamedTuple):
    """Of one device and seed.

    Attributes:
        success: Of the policy, per episode.
        tries: How many shows it took for `SHOWS` that succeeded.
        show_s: How long these were, on average [s].
        longest: The longest step that the gate sent, as a share of v_max dt.
        cpu_s: Processor time [s].
    """

    success: list[bool]
    tries: int
    show_s: float
    longest: float
    cpu_s: float


def learned(name: str, seed: int) -> Learned:
    """Let a person show with a device, and a policy learn from it.

    Raises:
        RuntimeError: Too many of the shows failed.
    """
    from teleop.people_wired import SHOWING
    from teleop.showing import Showing
    import torch

    torch.set_num_threads(1)
    began, run = time.process_time(), Run(seed, EPISODES)
    person = SHOWING[name](np.random.default_rng(seed))
    showing, shown, tries = Showing(person, run.env, seed), list[Episode](), 0
    while len(shown) < SHOWS:
        tries, run.next_seed = tries + 1, run.next_seed + 1
        if tries > TRIES:
            raise RuntimeError(f'{name}: {len(shown)} of {TRIES} shows succeeded')
        rows, success = showing.show(run.next_seed, PATIENCE * run.most_steps)
        if success:
            shown.append(Episode([(*row, int(ControlSource.HUMAN), 0) for row in rows]))
    person.close()
    _, result = run.train(name, shown)
    return Learned(list(result.success), tries, result.human_s / SHOWS, showing.worst,
                   time.process_time() - began)


def run(console: Console, seeds: int, jobs: int, only: str) -> list[str]:
    """Print the table; return which devices taught less than the scripted operator's interval."""
    from teleop.people_wired import SHOWING

    names = [SCRIPTED, *(name for name in SHOWING if only in name and name != SCRIPTED)]
    found: dict[str, list[Learned]] = {name: [] for name in names}
    with ProcessPoolExecutor(jobs, get_context('spawn')) as pool:
        running = [(name, pool.submit(learned, name, seed)) for seed in range(seeds)
                   for name in names]
        for name, future in running:
            found[name].append(future.result())
            console.print(f'{name}: {sum(found[name][-1].success)} of {EPISODES}')
    return show_table(console, found)


def show_table(console: Console, found: Mapping[str, list[Learned]]) -> list[str]:
    """Print success with its Wilson interval over all seeds; see `run`."""
    table = Table('device', 'shows', 'seconds each', 'longest step', 'success', '95 %', 'per seed',
                  'CPU seconds', box=None, padding=(0, 2))
    least, failed = 0.0, []
    for name, seeds in found.items():
        every = [won for seed in seeds for won in seed.success]
        low, high = wilson(sum(every), len(every))
        least = low if name == SCRIPTED else least
        table.add_row(name, f'{SHOWS * len(seeds)} of {sum(seed.tries for seed in seeds)}',
                      f'{np.mean([seed.show_s for seed in seeds]):.1f}',
                      f'{max(seed.longest for seed in seeds):.3f}', f'{np.mean(every):.2f}',
                      f'{low:.2f} to {high:.2f}', ', '.join(
                          f'{sum(seed.success)}/{len(seed.success)}' for seed in seeds),
                      f'{sum(seed.cpu_s for seed in seeds):.0f}')
        if np.mean(every) < least:
            failed.append(f'{name}: success {np.mean(every):.2f}, expected {least:.2f} at least, '
                          f'as of {SCRIPTED}')
    console.print(table)
    return failed

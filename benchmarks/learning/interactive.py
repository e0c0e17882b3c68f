"""The interactive methods against demonstrations of equal human time, on the same seeds.

python -m benchmarks.learn --table interactive
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
import multiprocessing
from typing import Any, NamedTuple

from il_ros.evaluation.statistics import compare_paired, wilson
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
import torch

from benchmarks.learning import methods
from benchmarks.learning.collecting import Task
from benchmarks.learning.judging import judge, Judged
from benchmarks.learning.methods import Run, Sizes
from benchmarks.tasks.lane import Lane

TASKS: dict[str, tuple[Callable[[], Task], Sizes]] = {'lane': (Lane, Sizes())}
BASELINES = {'demonstrations': False, 'demonstrations, disturbed': True}
METHODS: dict[str, Callable[[Task, int, Sizes], Run]] = {
    'DAgger': methods.dagger, 'EnsembleDAgger': methods.ensemble_dagger,
    'SafeDAgger': methods.safe_dagger, 'LazyDAgger': methods.lazy_dagger,
    'ThriftyDAgger': methods.thrifty_dagger,
    'ThriftyDAgger without hysteresis': partial(methods.thrifty_dagger, hysteresis=False)}


class Line(NamedTuple):
    """One method with one seed.

    Attributes:
        success: On the held-out seeds. Shape (n,).
        human_s: Of a person's time, the first demonstrations among it [s].
        switches: From the policy to the person.
        robot: Steps at which control could pass to the person.
        lengths: Steps of each intervention.
    """

    success: NDArray[np.bool_]
    human_s: float
    switches: int
    robot: int
    lengths: Sequence[int]

    @staticmethod
    def of(run: Run) -> Line:
        """Return the line of a run."""
        with_person = [e for e in run.collected if e.robot_steps[1:]]
        lengths = [length for e in with_person for length in e.interventions]
        return Line(run.success, run.human_steps * run.task.seconds_per_step, len(lengths),
                    sum(len(e.robot_steps) for e in with_person), lengths)


class Together(NamedTuple):
    """The lines of a method over all seeds."""

    success: NDArray[np.bool_]   # (seeds, n)
    human_s: float               # mean
    rate: float                  # switches per step at which control could pass
    length: float                # mean, in steps

    @staticmethod
    def of(lines: Sequence[Line]) -> Together:
        """Return the mean of some lines."""
        lengths = [length for line in lines for length in line.lengths]
        robot = sum(line.robot for line in lines)
        return Together(np.array([line.success for line in lines]),
                        float(np.mean([line.human_s for line in lines])),
                        sum(line.switches for line in lines) / robot if robot else 0.0,
                        float(np.mean(lengths)) if lengths else 0.0)


def one_seed(name: str, seed: int) -> tuple[dict[str, Line], Judged]:
    """Return what every method gives with one seed."""
    torch.set_num_threads(1)
    make, sizes = TASKS[name]
    task = make()
    human = methods.hg_dagger(task, seed, sizes)
    found = {'HG-DAgger': Line.of(human)}
    for what, disturbed in BASELINES.items():
        found[what] = Line.of(methods.demonstrations_only(task, seed, sizes, human.human_steps,
                                                          disturbed))
    for what, method in METHODS.items():
        found[what] = Line.of(method(task, seed, sizes))
    return found, judge(task, seed, sizes)


def run(console: Console, seeds: int, jobs: int, only: str) -> list[str]:
    """Print the table of each task whose name contains `only`; return what falls short."""
    failed = []
    with ProcessPoolExecutor(jobs, multiprocessing.get_context('spawn')) as pool:
        for name, (_, sizes) in TASKS.items():
            if only not in name:
                continue
            results = list(pool.map(partial(one_seed, name), range(seeds)))
            lines = {what: Together.of([found[what] for found, _ in results])
                     for what in results[0][0]}
            show(console, name, lines)
            judged = Judged(*np.mean([judged for _, judged in results], 0))
            console.print(f'{name}: Q tells success from failure with AUROC {judged.auroc:.2f} '
                          f'({judged.shuffled:.2f} against shuffled outcomes); unsafe on held-out '
                          f'steps {judged.unsafe:.0%}; doubt where episodes failed '
                          f'{judged.doubt:.0f} times that on demonstrations')
            failed += [f'{name}: {what}' for what in short(lines, judged, sizes)]
    return failed


def show(console: Console, name: str, lines: Mapping[str, Together]) -> None:
    """Print the table of a task."""
    table = Table('task', 'method', 'success', '95 %', 'less HG', 'p', 'human s', 'switch rate',
                  'length', box=None, padding=(0, 2))
    best = lines['HG-DAgger'].success.reshape(-1)
    for what, line in lines.items():
        success = line.success.reshape(-1)
        interval = wilson(int(success.sum()), len(success))
        paired = compare_paired(success, best)
        table.add_row(name, what, f'{success.mean():.2f}',
                      f'{interval.low:.2f} to {interval.high:.2f}',
                      f'{paired.difference:+.2f}', f'{paired.p_value:.3f}',
                      f'{line.human_s:.0f}', f'{line.rate:.3f}' if line.rate else '',
                      f'{line.length:.1f}' if line.length else '')
    console.print(table)


def short(lines: Mapping[str, Together], judged: Judged, sizes: Sizes) -> list[str]:
    """Return which limits are not reached."""
    human, alone = lines['HG-DAgger'], lines['demonstrations']
    thrifty, bare = lines['ThriftyDAgger'], lines['ThriftyDAgger without hysteresis']
    checks: list[tuple[str, Any, bool]] = [
        ('HG-DAgger: success of the worst seed, expected >= 0.97',
         worst := human.success.mean(1).min(), worst >= 0.97),
        ('demonstrations: success, expected <= 0.90', rate := alone.success.mean(), rate <= 0.9),
        ('HG-DAgger over demonstrations, expected >= 0.15',
         gain := human.success.mean() - rate, gain >= 0.15),
        ("DAgger's switch rate over HG-DAgger's, expected >= 5",
         ratio := lines['DAgger'].rate / human.rate, ratio >= 5),
        (f'ThriftyDAgger: switch rate, expected 0.5 to 1.5 of {sizes.alpha}', thrifty.rate,
         0.5 <= thrifty.rate / sizes.alpha <= 1.5),
        ('ThriftyDAgger: length over that without hysteresis, expected >= 2',
         chatter := thrifty.length / bare.length, chatter >= 2),
        ('Q: AUROC, expected >= 0.8', judged.auroc, judged.auroc >= 0.8),
        ('Q: AUROC against shuffled outcomes, expected 0.35 to 0.65', judged.shuffled,
         0.35 <= judged.shuffled <= 0.65),
        ('unsafe share of held-out steps, expected 0.15 to 0.25', judged.unsafe,
         0.15 <= judged.unsafe <= 0.25),
        ('doubt off the data over doubt on them, expected >= 10', judged.doubt,
         judged.doubt >= 10)]
    return [f'{what}, got {value:.3f}' for what, value, reached in checks if not reached]

"""The interactive methods against demonstrations of equal human time, on the same seeds.

    python -m benchmarks.learn --table interactive
    python -m benchmarks.learning.interactive --keep runs/interactive --figure interactive.png

The second keeps the results of every seed, goes on after an interruption, and draws the curves.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib import import_module
from importlib.util import find_spec
import json
import multiprocessing
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from rich.console import Console
import torch
import typer

from benchmarks.learning import gated, methods
from benchmarks.learning.collecting import Task
from benchmarks.learning.curves import draw
from benchmarks.learning.effort import Line, show, Together
from benchmarks.learning.judging import judge, Judged
from benchmarks.learning.methods import Run, Sizes

Method = Callable[[Task, int, Sizes], Run]


def _task(module: str, name: str) -> type[Task]:
    kind: type[Task] = getattr(import_module(f'benchmarks.tasks.{module}'), name)
    return kind


GATED: dict[str, Method] = {
    'DAgger': methods.dagger, 'EnsembleDAgger': gated.ensemble_dagger,
    'SafeDAgger': gated.safe_dagger, 'LazyDAgger': gated.lazy_dagger,
    'ThriftyDAgger': gated.thrifty_dagger}
BARE = 'ThriftyDAgger without hysteresis'


class Setting(NamedTuple):
    """A task and what is done with it.

    Attributes:
        kind: Returns the class of the task, which is imported then.
        sizes: Of everything.
        methods: Beside HG-DAgger and the demonstrations.
        judged: The gates' own networks are looked at as well.
        alone: Least and largest success of demonstrations at which the task tells methods apart.
        module: What else has to be installed.
    """

    kind: Callable[[], type[Task]]
    sizes: Sizes
    methods: Mapping[str, Method]
    judged: bool
    alone: tuple[float, float]
    module: str = ''


SETTINGS = {
    'lane': Setting(partial(_task, 'lane', 'Lane'), Sizes(),
                    GATED | {BARE: partial(gated.thrifty_dagger, hysteresis=False)}, True,
                    (0.4, 0.9)),
    'pick and place': Setting(partial(_task, 'pick_place', 'PickPlace'), Sizes(
        demonstrations=40, rollouts=12, episodes=30, alpha=0.01, train_steps=2500), GATED, False,
        (0.4, 0.8)),
    'push': Setting(partial(_task, 'push', 'Push'), Sizes(
        demonstrations=20, rollouts=20, episodes=30, alpha=0.01, train_steps=2500), GATED, False,
        (0.4, 0.8)),
    'fetch': Setting(partial(_task, 'fetch', 'Fetch'), Sizes(
        demonstrations=20, rollouts=20, episodes=50, alpha=0.01, train_steps=2500), GATED, False,
        (0.4, 0.8), 'gymnasium_robotics')}


class Seed(NamedTuple):
    """What every method gives with one seed."""

    lines: dict[str, Line]
    judged: Judged | None

    def to_json(self) -> str:
        """Return a text that `of` reads."""
        return json.dumps([self.lines, self.judged])

    @staticmethod
    def of(text: str) -> Seed:
        """Return the seed of a text."""
        lines, judged = json.loads(text)
        return Seed({name: Line(*line) for name, line in lines.items()},
                    Judged(*judged) if judged else None)


def one_seed(name: str, keep: Path | None, seed: int) -> Seed:
    """Return what every method gives with one seed; computed once per folder."""
    kept = _kept(name, keep, seed)
    if kept and kept.is_file():
        return Seed.of(kept.read_text(encoding='utf-8'))
    torch.set_num_threads(1)
    setting = SETTINGS[name]
    task, sizes = setting.kind()(), setting.sizes
    human = methods.hg_dagger(task, seed, sizes)
    found = {'HG-DAgger': Line.of(human)}
    times = [point.human_steps for point in human.curve[1:]]
    found['demonstrations'] = Line.of(
        methods.demonstrations_only(task, seed, sizes, times, False))
    found['demonstrations, disturbed'] = Line.of(
        methods.demonstrations_only(task, seed, sizes, times[-1:], True))
    for what, method in setting.methods.items():
        found[what] = Line.of(method(task, seed, sizes))
    result = Seed(found, judge(task, seed, sizes) if setting.judged else None)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(result.to_json(), encoding='utf-8')
    return result


def _kept(name: str, keep: Path | None, seed: int) -> Path | None:
    return keep / f'{name.replace(" ", "_")}_{seed}.json' if keep else None


def _can_be_had(name: str, keep: Path | None, seeds: int) -> bool:
    files = [_kept(name, keep, seed) for seed in range(seeds)]
    module = SETTINGS[name].module
    return not module or bool(find_spec(module)) or all(file and file.is_file() for file in files)


def run(console: Console, seeds: int, jobs: int, only: str, keep: Path | None = None,
        figure: Path | None = None) -> list[str]:
    """Print the table of each task whose name contains `only`; return what falls short."""
    failed, tables = [], dict[str, dict[str, Together]]()
    with ProcessPoolExecutor(jobs, multiprocessing.get_context('spawn')) as pool:
        for name, setting in SETTINGS.items():
            if only not in name:
                continue
            if not _can_be_had(name, keep, seeds):
                console.print(f'{name}: not run, for want of {setting.module}; '
                              'benchmarks/public_tasks.py says how to install it')
                continue
            results = list(pool.map(partial(one_seed, name, keep), range(seeds)))
            lines = tables[name] = {what: Together.of([found.lines[what] for found in results])
                                    for what in results[0].lines}
            show(console, name, lines, setting.kind().seconds_per_step)
            failed += [f'{name}: {what}' for what in short(lines, setting)]
            judged = [found.judged for found in results if found.judged]
            failed += [f'{name}: {what}' for what in judge_short(console, name, judged)]
    if figure:
        draw(tables, figure)
    return failed + nowhere(tables)


def short(lines: Mapping[str, Together], setting: Setting) -> list[str]:
    """Return which limits a task does not reach."""
    human, alone, thrifty = (lines[what] for what in (
        'HG-DAgger', 'demonstrations', 'ThriftyDAgger'))
    (least, most), alpha = setting.alone, setting.sizes.alpha
    checks: list[tuple[str, Any, bool]] = [
        (f'demonstrations: success, expected {least} to {most}', alone.rate,
         least <= alone.rate <= most),
        ('HG-DAgger over demonstrations, expected >= 0.15', gain := human.rate - alone.rate,
         gain >= 0.15),
        ("DAgger's switch rate over HG-DAgger's, expected >= 5",
         ratio := lines['DAgger'].switch_rate / human.switch_rate, ratio >= 5),
        (f'ThriftyDAgger: switch rate, expected 0.5 to 1.5 of {alpha}', thrifty.switch_rate,
         0.5 <= thrifty.switch_rate / alpha <= 1.5)]
    if BARE in lines:
        checks += [
            ('HG-DAgger: success of the worst seed, expected >= 0.97',
             worst := human.success.mean(1).min(), worst >= 0.97),
            ('ThriftyDAgger: length over that without hysteresis, expected >= 2',
             chatter := thrifty.length / lines[BARE].length, chatter >= 2)]
    return _missed(checks)


def judge_short(console: Console, name: str, found: list[Judged]) -> list[str]:
    """Print what the gates' own networks know; return which limits they do not reach."""
    if not found:
        return []
    judged = Judged(*(sum(values) / len(found) for values in zip(*found, strict=True)))
    console.print(f'{name}: Q tells success from failure with AUROC {judged.auroc:.2f} '
                  f'({judged.shuffled:.2f} against shuffled outcomes); unsafe on held-out '
                  f'steps {judged.unsafe:.0%}; doubt where episodes failed '
                  f'{judged.doubt:.0f} times that on demonstrations')
    return _missed([
        ('Q: AUROC, expected >= 0.8', judged.auroc, judged.auroc >= 0.8),
        ('Q: AUROC against shuffled outcomes, expected 0.35 to 0.65', judged.shuffled,
         0.35 <= judged.shuffled <= 0.65),
        ('unsafe share of held-out steps, expected 0.15 to 0.25', judged.unsafe,
         0.15 <= judged.unsafe <= 0.25),
        ('doubt off the data over doubt on them, expected >= 10', judged.doubt,
         judged.doubt >= 10)])


def nowhere(tables: Mapping[str, Mapping[str, Together]]) -> list[str]:
    """Return which limits no task reaches."""
    if not tables:
        return []
    best = {
        "ThriftyDAgger: a person's time for HG-DAgger's success over HG-DAgger's, expected <= 0.7":
        (min(lines['ThriftyDAgger'].time_of(lines['HG-DAgger']) for lines in tables.values()),
         0.0, 0.7),
        "LazyDAgger: length over SafeDAgger's, expected >= 2":
        (max(lines['LazyDAgger'].length / lines['SafeDAgger'].length
             for lines in tables.values()), 2.0, float('inf')),
        'HG-DAgger: switch rate of the first round over that of the last, expected >= 5':
        (max(lines['HG-DAgger'].fall for lines in tables.values()), 5.0, float('inf'))}
    return _missed([(f'on no task: {what}', value, low <= value <= high)
                    for what, (value, low, high) in best.items()])


def _missed(checks: list[tuple[str, Any, bool]]) -> list[str]:
    return [f'{what}, got {value:.3f}' for what, value, reached in checks if not reached]


def main(seeds: Annotated[int, typer.Option(min=1, help='Runs per method.')] = 3,
         jobs: Annotated[int, typer.Option(min=1, help='Processes, each with one thread.')] = 1,
         only: Annotated[str, typer.Option(help='Part of the name of a task.')] = '',
         keep: Annotated[Path | None, typer.Option(help='Folder of results per seed.')] = None,
         figure: Annotated[Path | None, typer.Option(help='Where to draw the curves.')] = None
         ) -> None:
    """Print the tables, and draw what a person's time is worth."""
    console = Console(width=150)
    for what in run(console, seeds, jobs, only, keep, figure):
        console.print(f'[red]{what}[/]')


if __name__ == '__main__':
    typer.run(main)

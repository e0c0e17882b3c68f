"""Policies from arms that were led by hand, beside policies from teleoperation.

A scripted hand pulls the tool of the simulated arm by a spring to where the scripted operator
would send it; servos off, gravity borne. The same seeds, the same training, the same evaluation.

    python -m benchmarks.learn --table guided --seeds 2
"""
from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import partial
import multiprocessing
from typing import NamedTuple

from il_ros.evaluation.rollout import observation_of
from il_ros.evaluation.statistics import wilson
from il_ros.sim.robot import SimulatedRobot
from il_ros.teaching.lag import slow_sine, tracking_lag
from il_ros.types import ControlSource, Floats, GUIDED
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.dagger import Episode, Run

DEMONSTRATIONS, EPISODES = 50, 40
TOOL = 'end_effector'
TELEOPERATED, TWICE = 'teleoperated', 'show twice'
TICK, LAG = 'single pass, lead one tick', 'single pass, lead the lag'
TAIL, TRIES = 21, 3         # rows after success; times that a person tries as often as is wanted


class Shown(NamedTuple):
    """What was measured while a hand led the arm, one row a period.

    Attributes:
        states: (N, J).
        environments: (N, 7 * P).
        told: What the gripper was told, in every column. Shape (N, J).
    """

    states: Floats
    environments: Floats
    told: Floats


class Seed(NamedTuple):
    """Success per line, the lag that was measured [s], and how many replays failed of all."""

    success: dict[str, list[bool]]
    lag_s: float
    lost: tuple[int, int]


def measured_lag(run: Run) -> float:
    """Return by how much the simulated arm is behind what it is told [s]."""
    run.env.reset(seed=0)
    simulation = run.env.unwrapped.simulation
    rows = slow_sine(run.contract, simulation.positions)
    period_s, states = 1 / run.contract.rate_hz, []
    for row in [*rows, *[rows[-1]] * round(1 / period_s)]:
        states.append(simulation.positions)
        simulation.command(row)
        simulation.step(simulation.tick_steps)
    told_s = np.arange(len(rows)) * period_s
    return float(np.nanmedian(tracking_lag(told_s, rows, np.arange(len(states)) * period_s,
                                           np.array(states))))


def show(run: Run) -> Shown | None:
    """Lead the arm through the task once; None where it does not come to its end."""
    run.next_seed += 1
    run.operator.engage = 'always'
    run.operator.reset(run.next_seed)
    values, _ = run.env.reset(seed=run.next_seed)
    simulation = run.env.unwrapped.simulation
    robot, arm = SimulatedRobot(simulation), ~run.contract.is_gripper
    robot.lead(True)
    rows, left = list[tuple[Floats, Floats, Floats]](), TAIL
    try:
        for step in range(2 * run.most_steps):
            seen = observation_of(values, step * run.contract.period_ns)
            target = run.operator.act(seen.state, seen.environment, seen.stamp_ns, True)
            target = seen.state if target is None else target
            simulation.led.pull(TOOL, simulation.led.pose_at(TOOL, target[arm]))
            rows.append((seen.state, seen.environment, target))
            values, _, _, _, info = run.env.unwrapped.step(target)   # moves the gripper alone
            left -= bool(info['success'])
            if not left:
                return Shown(*map(np.array, zip(*rows, strict=True)))
    finally:
        robot.lead(False)
    return None


def labels(run: Run, shown: Shown, lead_s: float) -> Floats:
    """Return where the arm was a lead later, and what the gripper was told. Shape (M, J)."""
    at = np.arange(len(shown.states)) / run.contract.rate_hz
    at = at[at + lead_s <= at[-1]]
    later = np.stack([np.interp(at + lead_s, np.arange(len(shown.states)) / run.contract.rate_hz,
                                column) for column in shown.states.T], axis=1)
    return np.where(run.contract.is_gripper, shown.told[:len(at)], later)


def once(run: Run, shown: Shown, lead_s: float) -> Episode:
    """Return what was shown as a demonstration."""
    episode = Episode()
    episode.rows = [(state, environment, action, GUIDED, 0) for state, environment, action in zip(
        shown.states, shown.environments, labels(run, shown, lead_s), strict=False)]
    return episode


def twice(run: Run, shown: Shown, lead_s: float) -> Episode | None:
    """Put the scene back and have the arm do what was shown; None where it fails."""
    values, _ = run.env.reset(seed=run.next_seed)
    episode, success = Episode(), False
    rows = labels(run, shown, lead_s)
    for step, action in enumerate(rows):
        seen = observation_of(values, step * run.contract.period_ns)
        episode.add(seen, action, ControlSource.HUMAN)
        values, _, _, _, info = run.env.unwrapped.step(action)
        success = bool(info['success'])
    return episode if success else None


def one_seed(seed: int, only: str) -> Seed:
    """Return what each line learned with one seed."""
    import torch

    torch.set_num_threads(1)
    run = Run(seed, EPISODES)
    lag_s = measured_lag(run)
    lead_s = max(lag_s, 1 / run.contract.rate_hz)
    data: dict[str, list[Episode]] = {TWICE: [], TICK: [], LAG: []}
    replays = 0
    while replays < TRIES * DEMONSTRATIONS and len(data[TWICE]) < DEMONSTRATIONS:
        if (shown := show(run)) is None:
            continue
        replays += 1
        if again := twice(run, shown, lead_s):
            data[TWICE].append(again)
            data[TICK].append(once(run, shown, 1 / run.contract.rate_hz))
            data[LAG].append(once(run, shown, lead_s))
    run.next_seed = Run(seed, EPISODES).next_seed
    data = {TELEOPERATED: [run.demonstrate() for _ in range(DEMONSTRATIONS)], **data}
    return Seed({name: list(run.train(name, episodes)[1].success)
                 for name, episodes in data.items() if only in name}, lag_s,
                (replays - len(data[TWICE]), replays))


def run(console: Console, seeds: int, jobs: int, only: str) -> list[str]:
    """Print the table; nothing is promised of it."""
    with ProcessPoolExecutor(jobs, multiprocessing.get_context('spawn')) as pool:
        found = list(pool.map(partial(one_seed, only=only), range(seeds)))
    show_table(console, found)
    return []


def show_table(console: Console, found: list[Seed]) -> None:
    """Print success with its Wilson interval over all seeds."""
    table = Table('50 demonstrations', 'success', '95 %', 'per seed', box=None)
    for name in found[0].success:
        every = [won for seed in found for won in seed.success[name]]
        low, high = wilson(sum(every), len(every))
        table.add_row(name, f'{np.mean(every):.2f}', f'{low:.2f} to {high:.2f}', ', '.join(
            f'{sum(seed.success[name])}/{len(seed.success[name])}' for seed in found))
    console.print(table)
    lags = ', '.join(f'{seed.lag_s:.3f}' for seed in found)
    console.print(f'lag of the simulated arm: {lags} s; replays that did not do the task: '
                  f'{sum(s.lost[0] for s in found)} of {sum(s.lost[1] for s in found)}')

"""What two arms and a driving arm learn from scripted demonstrations, and from corrections.

    python -m benchmarks.learn --table robots

Each training has 50 undisturbed demonstrations and is rolled out on 100 held-out scenes that no
setting was chosen on. The line of DAgger is disturbed: the object is pushed away as a gripper
comes near, and every joint target is noisy. A person who watches takes over from the policy of 12
demonstrations when it errs, in one round of 12 rollouts; beside it stands the policy of
demonstrations alone that took the same time of a person.
"""
from __future__ import annotations

from dataclasses import replace
from functools import partial

from il_ros.evaluation.rollout import Conditions
from il_ros.sim.tasks import make_task
from il_ros.training.config import TrainConfig
from il_ros.workflow.demo import DemoConfig
from il_ros.workflow.loop import LoopConfig
import numpy as np
from rich.console import Console

from benchmarks.dagger import Run
from benchmarks.learning.checks import Check, Limit, Outcome, show

SCENES, DISTURBED_SCENES = 100, 40
DEMONSTRATIONS = 50
FEW, ROLLOUTS, FEW_STEPS = 12, 12, 2500   # of the line of DAgger
UNDISTURBED, DISTURBED = Conditions(False), Conditions(True, 0.005)


def settings(task: str, preset: str, seed: int, demonstrations: int, conditions: Conditions,
             steps: int | None = None) -> DemoConfig:
    """Return the sizes of a run; the preset's steps where none are given."""
    training = TrainConfig.preset(preset)
    training = replace(training, seed=seed, steps=steps or training.steps)
    return DemoConfig(demonstrations, 1, LoopConfig(
        seed=seed, robot=make_task(task).world.robot, task=task, rollouts=ROLLOUTS,
        conditions=conditions, training=training))


def cloned(task: str, preset: str, seed: int) -> Outcome:
    """Train a preset on demonstrations of a task."""
    run = Run(seed, SCENES, settings(task, preset, seed, DEMONSTRATIONS, UNDISTURBED))
    shown = [run.demonstrate() for _ in range(DEMONSTRATIONS)]
    return Outcome(np.array(run.train('demonstrations', shown)[1].success))


def corrected(task: str, preset: str, seed: int) -> Outcome:
    """Train on one round of corrections, against demonstrations of the same human time."""
    _, dagger, alone = Run(seed, DISTURBED_SCENES, settings(
        task, preset, seed, FEW, DISTURBED, FEW_STEPS)).results()
    return Outcome(np.array(dagger.success), against=np.array(alone.success))


CHECKS = (
    Check('HandOver', 'bc, 50 demonstrations', partial(cloned, 'HandOver', 'bc_absolute'),
          Limit(at_least=0.85)),
    Check('FetchCube', 'bc, 50 demonstrations', partial(cloned, 'FetchCube', 'bc_absolute'),
          Limit(at_least=0.85)),
    Check('LiftTray', 'bc, 50 demonstrations', partial(cloned, 'LiftTray', 'bc_absolute'),
          Limit(at_least=0.85)),
    Check('HandOver, disturbed', 'bc, one round of DAgger against demonstrations',
          partial(corrected, 'HandOver', 'bc_absolute'), Limit(gain=0.15)),
)


def run(console: Console, seeds: int, jobs: int, only: str) -> list[str]:
    """Print the table and return what did not reach its limit; see `benchmarks.learn`."""
    wanted = [c for c in CHECKS if only in f'{c.task}: {c.policy}']
    return show(console, wanted, seeds, jobs) if wanted else []

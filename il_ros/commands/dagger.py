"""`il_ros dagger`: rounds of rollouts, corrections and training."""
from __future__ import annotations

from dataclasses import replace
import json
from pathlib import Path
from typing import Annotated

from il_ros.commands import console
from il_ros.commands.progress import new_progress, StepProgress
from il_ros.errors import ConfigError
import typer


def dagger(
    dataset: Annotated[Path, typer.Argument(help='Dataset so far; the rounds append to it.')],
    checkpoint: Annotated[Path, typer.Option(help='Policy that the first round starts from.')],
    out: Annotated[Path, typer.Option(help='New folder for bags, checkpoints and logs.')],
    rounds: Annotated[int, typer.Option(min=1)] = 2,
    rollouts: Annotated[int, typer.Option(min=1, help='Episodes per round.')] = 10,
    episodes: Annotated[int, typer.Option(min=1, help='Rollouts per evaluation.')] = 60,
    task: Annotated[str, typer.Option(help='PickPlace, Reach or Push.')] = 'PickPlace',
    seed: Annotated[int, typer.Option(min=0, max=99)] = 0,
    interactive: Annotated[bool, typer.Option(
        '--interactive', help='You are the operator, with the keyboard.')] = False,
) -> None:
    """Let a policy drive the simulated arm, correct it, and train it on the corrections.

    The policy runs over the live ROS graph; the operator (scripted, or you) takes over when it
    errs; the corrections are appended to the dataset and the policy is trained again.

    Example: `il_ros dagger data/ --checkpoint runs/bc/best --out runs/dagger --rounds 3`
    """
    from il_ros.policies.load import load
    from il_ros.training.config import TrainConfig
    from il_ros.workflow.loop import Loop, LoopConfig

    if out.exists() and any(out.iterdir()):
        raise ConfigError(f'{out} is not empty; name a new folder with --out')
    policy = load(checkpoint)
    kind = policy.description.config
    config = LoopConfig(seed=seed, robot=policy.contract.robot, task=task, rollouts=rollouts,
                        episodes=episodes, device='keyboard' if interactive else 'scripted',
                        training=replace(TrainConfig.preset(kind.kind), policy=kind))
    results = []
    with new_progress(bars=not interactive) as bars:
        progress = StepProgress(bars)
        loop = Loop(config, out, progress)
        for number in range(1, rounds + 1):
            name = f'dagger_{number}'
            loop.convert(loop.correct(name, checkpoint), dataset)
            results.append(loop.train(name, dataset))
            checkpoint = results[-1].checkpoint
    summary = {'rounds': [result.summary() for result in results]}
    (out / 'summary.json').write_text(json.dumps(summary, indent=2) + '\n')
    console.print(f'newest policy: {checkpoint}')

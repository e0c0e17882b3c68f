"""`il_ros evaluate`: how often does a policy succeed?"""
from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from il_ros.commands import console
from il_ros.commands.progress import progress_bar
from il_ros.errors import ConfigError
from rich.table import Table
import typer


def evaluate(
    checkpoint: Annotated[Path, typer.Argument(help='Folder of the checkpoint.')],
    episodes: Annotated[int, typer.Option(min=1, help='Rollouts, one per seed.')] = 50,
    seed: Annotated[int, typer.Option(min=0, help='First seed.')] = 1_000_000,
    task: Annotated[str, typer.Option(help='PickPlace, Reach or Push.')] = 'PickPlace',
    disturb: Annotated[bool, typer.Option(help='Push the object away at a random time.')] = False,
    action_noise: Annotated[float, typer.Option(min=0, help='[rad]')] = 0.0,
    scheduler: Annotated[str, typer.Option(help='receding or ensemble.')] = 'receding',
    execute_steps: Annotated[int, typer.Option(min=1, help='Of a chunk, if receding.')] = 8,
    ros: Annotated[bool, typer.Option(
        '--ros', help='Over the live ROS graph, in real time, with a simulated robot.')] = False,
    supervised: Annotated[bool, typer.Option(
        '--supervised', help='With --ros: the scripted operator takes over.')] = False,
    out: Annotated[Path | None, typer.Option(
        help='JSON file to write; with --ros also the folder name of the recorded bags.')] = None,
) -> None:
    """Roll a policy out on seeds and print its success rate with a 95 % interval.

    Example: `il_ros evaluate out/demo/checkpoints/dagger_2/best --episodes 100 --disturb`
    """
    from il_ros.evaluation.checkpoint import evaluate_checkpoint, Trial
    from il_ros.evaluation.rollout import Conditions
    from il_ros.evaluation.summary import summarise
    from il_ros.policies.load import load

    if out and out.exists():
        raise ConfigError(f'{out} exists; name a new file with --out')
    if supervised and not ros:
        raise ConfigError('--supervised needs --ros')
    contract = load(checkpoint).contract  # a wrong checkpoint is refused before anything starts
    conditions = Conditions(disturb, action_noise)
    seeds = range(seed, seed + episodes)
    with progress_bar('rollouts', episodes) as advance:
        if ros:
            from il_ros.workflow.live_evaluation import evaluate_live

            rollouts = evaluate_live(checkpoint, contract, task, seeds, conditions, supervised,
                                     (out or Path('out/evaluation')).with_suffix(''), advance)
        else:
            rollouts = evaluate_checkpoint(
                Trial(checkpoint, f'il_ros/{task}-v0', conditions, scheduler, execute_steps),
                seeds,
                progress=advance)
    result = summarise(checkpoint, task, conditions, rollouts, ros)
    table = Table('success', '95 % interval', 'episodes', 'length of successes', 'interventions')
    table.add_row(
        f"{result['successes']} of {result['episodes']}",
        f"{result['interval'][0]:.0%} to {result['interval'][1]:.0%}", str(result['episodes']),
        f"{result['mean_success_s']:.1f} s" if result['successes'] else '-',
        str(result['interventions']))
    console.print(table)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(result, indent=2) + '\n')
        console.print(f'written: {out}')

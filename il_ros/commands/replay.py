"""`il_ros replay`."""
from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def replay(
    source: Annotated[Path, typer.Argument(metavar='BAG_OR_DATASET',
                                           help='Bag directory, or dataset.')],
    episode: Annotated[int, typer.Option(help='Which episode of a dataset.', min=0)] = 0,
    task: Annotated[str, typer.Option(
        help='Task of the simulation: PickPlace, Reach or Push.')] = 'PickPlace',
    ros: Annotated[bool, typer.Option(
        '--ros', help='Drive the running robot through arbiter and gate instead.')] = False,
    speed: Annotated[float, typer.Option(
        help='Robot time per real time of the running graph.')] = 1.0,
) -> None:
    """Repeat the recorded actions of an episode and show how far the joints differ.

    In the simulation, with the objects where they were; with --ros on the robot that runs, which
    first drives to the first recorded state.

    Example: `il_ros replay out/demo/dataset --episode 3`
    """
    from il_ros.commands import console
    from il_ros.evaluation.recording import read_recording
    import numpy as np
    from rich.table import Table

    recording = read_recording(source, episode)
    if ros:
        from il_ros.nodes.replay_client import replay_on_robot
        differences = replay_on_robot(recording, speed)
        outcome = 'on the robot'
    else:
        from il_ros.evaluation.replay import replay as replay_in_simulation
        with console.status(f'replaying {len(recording.states)} ticks'):
            result = replay_in_simulation(recording, task)
        differences = result.differences
        outcome = f'in the simulation: {"success" if result.success else "no success"}'
    table = Table('joint', 'largest difference', 'mean difference', box=None)
    for name, column in zip(recording.contract.joint_names, np.abs(differences).T, strict=True):
        table.add_row(name, f'{column.max():.4f}', f'{column.mean():.4f}')
    console.print(table)
    console.print(f'{recording.name}: {len(differences)} ticks {outcome}; largest difference of a '
                  f'joint {np.abs(differences).max():.4f} (rad, m)', markup=False,
                  highlight=False, soft_wrap=True)

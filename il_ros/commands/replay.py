"""`il_ros replay`."""
from __future__ import annotations

from pathlib import Path
from typing import Annotated

from il_ros.errors import ConfigError
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
        help='Robot time per real time of the running graph, or of the replay to label.')] = 1.0,
    namespace: Annotated[str, typer.Option(
        help='With --ros: namespace of the running robot.')] = '',
    record: Annotated[bool, typer.Option(
        '--record', help='With --ros: start an episode at teleop_capture once the arm is at the '
                         'first state; il_ros record ends and labels it.')] = False,
    label: Annotated[Path | None, typer.Option(
        help='Dataset to append the episode to, labelled by who watches the replay.')] = None,
    device: Annotated[str, typer.Option(
        help='With --label: who labels, keyboard or scripted.')] = 'keyboard',
    seed: Annotated[int, typer.Option(help='Habits of the scripted operator.', min=0)] = 0,
) -> None:
    """Repeat the recorded actions of an episode and show how far the joints differ.

    In the simulation, with the objects where they were; with --ros on the robot that runs, which
    first drives to the first recorded state. With --label you say beside the replay what you
    would have done: while you engage the device, the rows become labels.

    Example: `il_ros replay out/demo/dataset --episode 3`
    """
    if namespace and not ros:
        raise ConfigError('--namespace goes with --ros: it is that of the running robot')
    if record and not ros:
        raise ConfigError('--record goes with --ros: the running teleop_capture records')
    if label is not None:
        _label(source, episode, task, speed, label, device, seed)
        return
    from il_ros.commands import console
    from il_ros.evaluation.recording import read_recording
    import numpy as np
    from rich.table import Table

    recording = read_recording(source, episode)
    if ros:
        from il_ros.nodes.clients.replay import replay_on_robot
        differences = replay_on_robot(recording, speed, namespace, record)
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


def _label(source: Path, episode: int, task: str, speed: float, dataset: Path, device: str,
           seed: int) -> None:
    from il_ros.commands import console
    from il_ros.commands.window import player
    from il_ros.evaluation.labelling import add_labels, read_rows
    from il_ros.evaluation.recording import read_recording
    from il_ros.teleop.devices import open_device

    if speed <= 0:
        raise ConfigError(f'--speed: expected more than 0, got {speed:g}')
    found = read_rows(source, episode)
    by_hand = device != 'scripted'
    show = player(read_recording(source, episode), task, speed) if by_hand else lambda _: None
    operator = open_device(device, found.contract, seed, task=task)
    try:
        result = add_labels(found, operator, dataset, show)
    finally:
        operator.close()
    console.print(f'{found.name}: {result.label_seconds:.1f} s of {result.seconds:.1f} s labelled '
                  f'by {device}, appended to {dataset}', markup=False, highlight=False,
                  soft_wrap=True)

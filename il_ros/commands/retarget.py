"""`il_ros retarget`: a hand in a video to a motion of the robot."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, TYPE_CHECKING

from il_ros.config import read_text
from il_ros.errors import ConfigError
import typer

if TYPE_CHECKING:
    from il_ros.contract import Contract


def retarget(
    keypoints: Annotated[Path, typer.Argument(
        metavar='KEYPOINTS', help='File of a hand tracker (.npz), as docs/devices.md has it.')],
    hand: Annotated[Path, typer.Option(help='The camera and the hand, a YAML file.')],
    to: Annotated[Path, typer.Option(help='Folder of the motions, one file per episode.')],
    robot: Annotated[str, typer.Option(help='Name or file of the contract.')] = 'sim_arm',
    urdf: Annotated[Path | None, typer.Option(
        help='The URDF, a file, where the contract takes it from a topic.')] = None,
    arm: Annotated[str, typer.Option(help='Which arm follows; the first unless told.')] = '',
) -> None:
    """Turn a hand in a video into motions that the arm could do, and say how well.

    A motion is no episode and no success: `il_ros replay MOTION --ros --record` drives it through
    the gate, and what you record and label then is a demonstration.

    Example: `il_ros retarget hand.npz --hand hand.yaml --robot my_robot.yaml --to shown`
    """
    from il_ros.commands import console, say
    from il_ros.contract import Contract
    from il_ros.teaching.hands.keypoints import HandError, Keypoints
    from il_ros.teaching.hands.motion import Motion, SUFFIX
    from il_ros.teaching.hands.retarget import retarget as to_robot
    from il_ros.teaching.hands.settings import HandSettings
    from rich.table import Table

    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise ConfigError(f'--to {to}: expected a new or empty folder')
    contract = _with_urdf(Contract.load(robot), urdf)
    similarity, found = to_robot(Keypoints.read(keypoints), HandSettings.load(hand), contract, arm)
    table = Table('episode', 'seconds', 'reachable', 'times slower', 'worst joint', box=None)
    refused, written = list[str](), list[Path]()
    for number, each in enumerate(found):
        name = f'episode_{number}'
        table.add_row(name, f'{len(each.path) / contract.rate_hz:.1f}', f'{each.share:.1%}',
                      f'{each.stretch:.2f}', each.worst)
        if each.problem:
            refused.append(f'{name}: {each.problem}')
            continue
        written.append(to / (name + SUFFIX))
        Motion(contract, each.rows, f'{keypoints}, {similarity.text()}').write(written[-1])
    console.print(table)
    say(f'the hand was brought to the robot by {similarity.text()}')
    for path in written:
        say(f'{path}: no success yet; put the scene there and drive it through the gate: '
            f'il_ros replay {path} --ros --record')
    if refused:
        raise HandError('; '.join(refused))


def _with_urdf(contract: Contract, urdf: Path | None) -> Contract:
    if bool(contract.urdf_topic) != bool(urdf):
        raise ConfigError(
            f'--urdf: the contract of {contract.robot!r} names the URDF {contract.urdf!r}; '
            + ('leave it out' if urdf else 'expected it as a file, as xacro writes it'))
    return replace(contract, urdf_text=read_text(urdf)) if urdf else contract

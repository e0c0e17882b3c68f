"""`il_ros device`: leader arms on the bus of their servos."""
from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TYPE_CHECKING

from il_ros.commands import say
from il_ros.commands.init import exists, prompt, write
from il_ros.errors import ConfigError
import typer

if TYPE_CHECKING:
    from il_ros.contract import Arm, Contract
    from il_ros.teleop.buses.bus import Counts, ServoBus
    from il_ros.teleop.buses.calibration import Calibration, Track
    from il_ros.types import Floats

app = typer.Typer(no_args_is_help=True, rich_markup_mode='markdown', help=(
    'Leader arms with Dynamixel X or Feetech STS servos: what is plugged in, and calibrate it.'))

TRIED = (('feetech', 1_000_000), ('dynamixel', 57_600), ('dynamixel', 1_000_000),
         ('dynamixel', 2_000_000), ('dynamixel', 3_000_000), ('dynamixel', 4_000_000))


@app.command()
def ls(port: Annotated[list[str] | None, typer.Option(
        help='Serial port; those of all USB adapters when not given.')] = None) -> None:
    """List the serial ports and the servos that answer there; nothing is changed.

    Example: `il_ros device ls`
    """
    from il_ros.teleop.buses.port import BusError, ports
    from il_ros.teleop.buses.settings import open_bus

    if not (names := port or ports()):
        say('no USB adapter is plugged in')
    for name in names:
        say(name)
        for family, baud in TRIED:
            try:
                bus = open_bus(family, name, baud)
            except BusError as error:
                say(f'  {error}')
                break
            try:
                found = bus.scan()
            finally:
                bus.close()
            if found:
                say(f'  {family} at {baud} baud: ' + ', '.join(
                    f'{servo.id}: model {bus.model_name(servo.model)}' for servo in found))
                break
        else:
            say('  no servo answers; are they powered?')


@app.command()
def calibrate(
    name: Annotated[str, typer.Argument(help='Of the leader; the file is NAME.yaml.')],
    port: Annotated[str, typer.Option(help='Serial port.')],
    bus: Annotated[str, typer.Option(help='dynamixel or feetech.')],
    robot: Annotated[str, typer.Option(help='Name or file of the contract.')],
    arm: Annotated[str, typer.Option(help='Which arm; the first one when empty.')] = '',
    baud: Annotated[int, typer.Option(help='0: as the servos come.')] = 0,
    ids: Annotated[str, typer.Option(help='Servos, as 1,2,4; all that answer when empty.')] = '',
    shadows: Annotated[str, typer.Option(help='Second motors of a joint, as 3,5.')] = '',
    pose: Annotated[str, typer.Option(
        help='In which the robot stands: measured, start, or its joints as 0,0.5,...')] = (
            'measured'),
    namespace: Annotated[str, typer.Option(help="Namespace of the robot's topics.")] = '',
) -> None:
    """Show a leader its robot's pose, and each of its joints; write a new file of settings.

    Example: `il_ros device calibrate my_leader --bus dynamixel --robot sim_arm --port PORT`
    """
    from il_ros.config import path_name
    from il_ros.contract import Contract
    from il_ros.teleop.buses.calibration import Calibration, Track
    from il_ros.teleop.buses.settings import open_bus

    path_name(name, 'leader')
    file = Path(f'{name}.yaml')
    if file.exists():
        raise exists(file)
    contract = Contract.load(robot)
    chosen = contract.arm(arm) if arm else _first(contract)
    second = _numbers(shadows, '--shadows')
    stands = _pose(contract, pose, namespace)
    opened = open_bus(bus, port, baud)
    track = None
    try:
        opened.ids = _numbers(ids, '--ids') or [
            servo.id for servo in opened.scan() if servo.id not in second]
        found = [opened.describe(servo) for servo in opened.ids]
        calibration = Calibration(contract, chosen, found, stands)
        opened.torque([*opened.ids, *second], False)
        track = Track(opened)
        _show(calibration, track, dict(zip(contract.joint_names, stands, strict=True)))
        write(file, _text(calibration, opened, bus, port, contract, second))
    finally:
        if track:
            track.close()
        opened.close()
    say(f'wrote {file}; teleop:=leader+pedal device:={file.resolve()}')


def _show(calibration: Calibration, track: Track, stands: dict[str, float]) -> None:
    arm = calibration.arm
    where = ', '.join(f'{name} {stands[name]:.2f}' for name in arm.joints)
    _ask('Hold the leader in the pose of the robot, as still as you can', track,
         calibration.hold)
    say(f'  the robot stands at {where}')
    for name in arm.joints:
        _ask(f'Turn {name} alone: first the way its value grows, to the end, then to the other '
             'end', track, partial(_turned, calibration, name))
    if arm.gripper:
        opened: list[Counts] = []
        while not calibration.grippers:
            opened.clear()
            _ask('Open the trigger wide and hold it', track, opened.append)
            _ask('Close the trigger and hold it', track,
                 lambda rows: say(f'  {calibration.grip(opened[0], rows)}'))


def _turned(calibration: Calibration, name: str, rows: Counts) -> None:
    say(f'  {calibration.turn(name, rows)}')


def _ask(text: str, track: Track, take: Callable[[Any], None]) -> None:
    """Ask for something until it was shown."""
    from il_ros.teleop.buses.calibration import NotShownError

    while True:
        track.begin()
        prompt(f'{text}; Enter')
        try:
            return take(track.rows())
        except NotShownError as error:
            say(f'  {error}')


def _first(contract: Contract) -> Arm:
    if not contract.arms:
        raise ConfigError(f'the contract of {contract.robot!r} names no arm')
    return contract.arms[0]


def _pose(contract: Contract, pose: str, namespace: str) -> Floats:
    import numpy as np

    if pose == 'start':
        return np.array(contract.start)
    if pose == 'measured':
        from il_ros.nodes.clients.pose import measured
        return measured(contract, namespace, 5.0)
    try:
        values = [float(word) for word in pose.split(',')]
    except ValueError:
        values = []
    if len(values) != len(contract.joints) or not np.isfinite(values).all():
        raise ConfigError(f'--pose {pose!r}: expected measured, start, or {len(contract.joints)} '
                          f'numbers: {", ".join(contract.joint_names)}')
    return np.array(values)


def _numbers(text: str, option: str) -> list[int]:
    words = [word.strip() for word in text.split(',') if word.strip()]
    if strange := [word for word in words if not word.isdigit() or int(word) > 252]:
        raise ConfigError(f'{option} {text!r}: {strange[0]!r}: expected ids of 0 to 252')
    return [int(word) for word in words]


def _text(calibration: Calibration, bus: ServoBus, family: str, port: str, contract: Contract,
          shadows: list[int]) -> str:
    from il_ros.config import to_mapping
    import yaml

    def line(value: Any) -> str:
        return yaml.safe_dump(value, default_flow_style=True, sort_keys=False,
                              width=10_000).removesuffix('...\n').strip()
    parts = {'joints': calibration.joints, 'grippers': calibration.grippers}
    listed = ''.join(f'{key}:\n' + ''.join(f'  - {line(to_mapping(part))}\n' for part in found)
                     for key, found in parts.items() if found)
    return (f'# A leader for {calibration.arm.name} of {contract.robot}, as il_ros device '
            f'calibrate found it on {date.today()}.\n'
            '# model, homing and drive are compared at each start; docs/devices.md.\n'
            f'bus: {family}\nport: {line(port)}\nbaud: {bus.link.baud}\nengage: pedal\n'
            + (f'shadows: {line(shadows)}\n' if shadows else '') + listed)

"""`il_ros doctor`."""
from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
import json
from pathlib import Path
import sys
from typing import Annotated, TYPE_CHECKING

from il_ros.errors import install
import typer

if TYPE_CHECKING:
    from il_ros.checks import Check
    from il_ros.contract import Contract

COLOURS = {'pass': 'green', 'skip': 'dim', 'fail': 'bold red'}


def doctor(
    robot: Annotated[str, typer.Option(help='Name or file of the contract.')] = 'sim_arm',
    timeout_s: Annotated[float, typer.Option(
        help='How long to wait for a stream [s].', min=0.1)] = 5.0,
    namespace: Annotated[str, typer.Option(help="Namespace of the robot's topics.")] = '',
    ros: Annotated[bool, typer.Option(help='Look at the running ROS graph too.')] = True,
    lag: Annotated[bool, typer.Option(
        '--lag', help='Swing the arm slowly through the armed gate instead, and say by how much '
                      'it is behind what it is told. It moves by 0.1 rad.')] = False,
    as_json: Annotated[bool, typer.Option(
        '--json', help='One JSON object a line: name, outcome, text.')] = False,
) -> None:
    """Check this machine and the running robot, one line each; exit code 1 if anything fails.

    Example: `il_ros doctor --robot config/robots/ur5e_realsense.yaml`
    """
    from il_ros.checks import check_machine, Outcome
    from il_ros.commands import console
    from il_ros.contract import Contract

    contract = Contract.load(robot)
    if lag:
        _lag(contract, namespace)
        return
    failures = 0
    for check in _checks(contract, namespace, timeout_s, ros, check_machine(Path())):
        outcome = check.outcome.value
        failures += check.outcome is Outcome.FAIL
        if as_json:
            _tell(check)
            continue
        console.print(f'[{COLOURS[outcome]}]{outcome}[/]  ', end='')
        console.print(f'{check.name}: {check.text}', markup=False, highlight=False,
                      soft_wrap=True)
    if failures:
        raise typer.Exit(1)


def _tell(check: Check) -> None:
    typer.echo(json.dumps({'name': check.name, 'outcome': check.outcome.value,
                           'text': check.text}))
    sys.stdout.flush()   # whoever reads it shows it at once


def _lag(contract: Contract, namespace: str) -> None:
    from il_ros.commands import say
    from il_ros.nodes.clients.lag import measure_lag
    import numpy as np

    found = measure_lag(contract, namespace)
    for name, seconds in zip(contract.joint_names, found, strict=True):
        if np.isfinite(seconds):
            say(f'{name}: {seconds:.3f} s behind')
    # One tick at least: what a row tells is done after its observation.
    lead = max(float(np.nanmedian(found)), 1 / contract.rate_hz)
    say(f'{contract.robot}: lag {np.nanmedian(found):.3f} s: il_ros guide --lead {lead:.3f}; of '
        f'bags that were shown by hand il_ros convert --shown {lead:.3f}')


def _checks(contract: Contract, namespace: str, timeout_s: float, ros: bool,
            machine: Iterator[Check]) -> Iterator[Check]:
    from il_ros.checks import passed, skipped
    yield from machine
    yield passed('contract', f'{contract.robot}: {len(contract.joints)} joints, '
                             f'{len(contract.cameras)} cameras, hash {contract.hash[:12]}')
    without_ros = not ros or find_spec('rclpy') is None or find_spec('il_ros.msg') is None
    yield from _urdf(contract, namespace, timeout_s, without_ros)
    if not ros:
        return
    if without_ros:
        yield skipped('ros', 'ROS 2 is not sourced, or il_ros was built without it')
        return
    from il_ros.nodes.clients.doctor import Doctor
    visitor = Doctor(contract, namespace, timeout_s)
    try:
        yield from visitor.checks()
    finally:
        visitor.close()


def _urdf(contract: Contract, namespace: str, timeout_s: float,
          without_ros: bool) -> Iterator[Check]:
    from il_ros.checks import failed, passed, skipped
    from il_ros.errors import ConfigError
    if not contract.urdf:
        yield skipped('urdf', 'the contract names none: the keyboard moves joint by joint')
    elif find_spec('pinocchio') is None:
        yield skipped('urdf', f'not looked at without Pinocchio: {install("sim", "pinocchio")}')
    elif contract.urdf_topic and without_ros:
        yield skipped('urdf', f'the robot tells it on {contract.urdf_topic}: not looked at '
                              'without ROS')
    else:
        from il_ros.kinematics import check_urdf
        try:
            if contract.urdf_topic:
                from il_ros.nodes.clients.urdf import described
                contract = described(contract, namespace, timeout_s)
            yield passed('urdf', check_urdf(contract))
        except ConfigError as error:
            yield failed('urdf', str(error))
        else:
            yield _scene(contract)


def _scene(contract: Contract) -> Check:
    from il_ros.checks import failed, passed, skipped
    from il_ros.errors import PlanningError
    from il_ros.kinematics import find_urdf
    from il_ros.planning.pinocchio_collisions import PinocchioCollisions
    if contract.scene is None:
        return skipped('scene', 'the contract names none: the gate checks no collisions')
    try:
        PinocchioCollisions(contract, find_urdf(contract))
    except PlanningError as error:
        return failed('scene', str(error))
    names = ', '.join(box.name for box in contract.scene.obstacles) or 'nothing around it'
    return passed('scene', f'the arm keeps {contract.scene.margin * 1e3:.0f} mm from itself and '
                           f'{names}')

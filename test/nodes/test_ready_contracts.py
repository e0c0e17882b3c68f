"""The contracts that are shipped for robots of others: each drives its drivers by the gate."""
from __future__ import annotations

from pathlib import Path

from il_ros.contract import Contract
from il_ros.kinematics import check_urdf
from il_ros.safety.speeds import GAIN
from nodes.harness import next_domain, ROOT, running
import numpy as np
import pytest
import robots
import yaml

drivers = pytest.importorskip('nodes.drivers', reason='no control_msgs')
DOMAIN = next_domain()
FOLDER = ROOT / 'config/robots'
READY = sorted(path.stem for path in FOLDER.glob('*.yaml')
               if not path.stem.startswith('sim_') and path.stem != 'ur5e_realsense')


def patient(name: str, folder: Path) -> Path:
    """Return the contract with states that may be 1 s old: this machine may be busy.

    Without the workspace, which is measured on the arm itself and not on a made-up one.
    """
    data = yaml.safe_load((FOLDER / f'{name}.yaml').read_text())
    for state in data['states']:
        state['max_age_s'] = 1.0
    for arm in data['arms']:
        arm.pop('workspace', None)
    path = folder / f'{name}.yaml'
    path.write_text(yaml.safe_dump(data))
    return path


def told(contract, command, got, row, urdf):
    """Return whether the newest message says what the row says of the command's joints."""
    own = row[contract.indices(command.joints)]
    if not got:
        return False
    if command.action:
        return np.allclose(got[-1], own, atol=0.03 * 0.8)
    message = got[-1]
    match command.type:
        case 'trajectory_msgs/JointTrajectory':
            assert message.joint_names == list(command.told)
            assert len(message.points) == 3 and not any(message.points[-1].velocities)
            return np.allclose(message.points[-1].positions, own, atol=1e-6)
        case 'std_msgs/Float64MultiArray':
            start = np.array(contract.start)[contract.indices(command.joints)]
            wanted = GAIN * (own - start) if command.by_velocity else own
            return np.allclose(message.data, wanted, atol=1e-6)
        case 'geometry_msgs/Twist' | 'geometry_msgs/TwistStamped':
            twist = getattr(message, 'twist', message)
            return np.allclose([twist.linear.x, twist.angular.z], own)
    assert message.header.frame_id == command.frame
    q = dict(zip(contract.joint_names, row.tolist(), strict=True))
    pose = robots.Transforms(urdf).pose(contract.arm(command.arm).tip, q)
    at, turned = message.pose.position, message.pose.orientation
    w, v = turned.w, np.array([turned.x, turned.y, turned.z])
    cross = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    rotation = np.eye(3) + 2 * w * cross + 2 * cross @ cross
    return np.allclose([at.x, at.y, at.z], pose[:3, 3], atol=1e-5) and np.allclose(
        rotation, pose[:3, :3], atol=1e-5)


@pytest.mark.parametrize('name', READY)
def test_a_ready_contract_drives_its_robot(name, tmp_path):
    contract = Contract.load(name)
    assert Contract.from_text(contract.to_text()) == contract
    urdf = tmp_path / 'any.urdf'
    urdf.write_text(drivers.urdf_text(contract))
    span = np.where(contract.is_velocity, 0.1, np.clip(0.02 * contract.span, 0.0, 0.02))
    start = np.array(contract.start)
    row = np.where(start + span < contract.upper - 0.02 * contract.span, start + span,
                   start - span)
    for index, gripper in contract.grippers.items():
        row[index] = (gripper.open + gripper.closed) / 2
    with drivers.Drivers(DOMAIN, contract) as robot, running(
            'command_gate', DOMAIN, tmp_path / 'gate.txt',
            parameters={'robot': patient(name, tmp_path), 'watchdog_s': 0.5}) as gate:
        robot.arm()
        for command in contract.commands:
            robot.until(lambda c=command: told(contract, c, robot.got[c.name], row, urdf),
                        f'{command.name} says the row', each=robot.sender(row))
        for command in contract.commands:
            got = robot.got[command.name]
            if command.type == 'trajectory_msgs/JointTrajectory':
                assert any(any(m.points[0].velocities) for m in got), 'velocities on the way'
            if command.by_velocity or command.of_velocities:
                robot.until(lambda g=got: not any(
                    g[-1].data if hasattr(g[-1], 'data') else [g[-1].linear.x, g[-1].angular.z]),
                    'it stands without a sender')
    assert 'Traceback' not in gate.output
    if contract.urdf:
        check_urdf(Contract.from_text(contract.to_text().replace(contract.urdf, str(urdf))))

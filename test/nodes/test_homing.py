"""The arm goes home through the real arbiter and gate; the test is the robot."""
from __future__ import annotations

from il_ros.contract import Contract
from il_ros.msg import ControlMode
from il_ros.timing import to_s
from nodes.harness import next_domain, running
from nodes.robot import Robot, stopped
import numpy as np
import pytest

DOMAIN = next_domain()
CONTRACT = Contract.load('sim_arm')
HOME = np.array(CONTRACT.start)


@pytest.fixture
def robot(tmp_path):
    with (running('command_gate', DOMAIN, tmp_path / 'gate.txt'),
          running('dagger_intervention', DOMAIN, tmp_path / 'arbiter.txt'),
          Robot(DOMAIN) as robot):
        robot.position = HOME + [0.3, -0.2, 0.1, 0.0, 0.3, 0.1, -0.02]
        robot.until(lambda: robot.modes, 'the mode of the arbiter')
        yield robot


def run_homing(robot, tmp_path):
    """Return the exit code and the last line of the node."""
    with running('clients.homing', DOMAIN, tmp_path / 'homing.txt') as homing:
        robot.until(lambda: homing.process.poll() is not None, 'the end of homing')
        return homing.stop(), homing.output.strip().splitlines()[-1]


def test_goes_home_and_gives_control_back(robot, tmp_path):
    away = robot.position
    for _ in range(5):  # a busy machine may starve the gate, which then stops the arm
        robot.until(lambda: robot.call('gate/arm').success, 'armed')
        robot.position = away
        robot.log.clear()
        robot.commands.clear()
        code, last = run_homing(robot, tmp_path)
        if code == 0 or not stopped(last):
            break
    assert code == 0 and 'the motion is done' in last, last
    np.testing.assert_allclose(robot.position, HOME, atol=1e-6)
    steps = np.diff([away, *robot.commands], axis=0)
    assert (np.abs(steps) <= CONTRACT.velocity * to_s(CONTRACT.period_ns) + 1e-9).all()
    robot.until(lambda: robot.rows[-1].source != 1, 'nobody drives')
    # TELEOP all the time; a starved machine is held before or after.
    assert {mode.mode for mode in robot.modes} <= {ControlMode.TELEOP, ControlMode.HOLD}


def test_a_disarmed_robot_is_an_error_that_says_so(robot, tmp_path):
    code, last = run_homing(robot, tmp_path)
    assert (code, robot.commands) == (2, [])
    assert last == ("the arm did not arrive: joint 'shoulder_pan' is at 0.300, expected 0.000; "
                    'is the gate armed (service gate/arm)?')

"""Taking over a robot whose joints turn without end."""
from dataclasses import replace

from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.intervention.human import Human
from il_ros.intervention.motion import Motion
from il_ros.intervention.operators import Sample
from il_ros.intervention.rewind import Rewind
from il_ros.intervention.settings import Settings
from il_ros.types import Request
import numpy as np
import pytest

CONTRACT = Contract.load('sim_arm')
TURNING = replace(CONTRACT, joints=(
    replace(CONTRACT.joints[0], position=None, continuous=True), *CONTRACT.joints[1:]))
TURN, START = 2 * np.pi, np.array(CONTRACT.start)


def at(angle):
    return np.array([angle, *START[1:]])


def wrapped(angle):
    return (angle + np.pi) % TURN - np.pi


@pytest.mark.parametrize('style', ['clutch', 'leader', 'blend'])
@pytest.mark.parametrize('turns', [0, 3])
def test_a_device_that_counts_otherwise_is_near_and_drives_on(style, turns):
    human = Human(TURNING, Settings(handover=style))
    robot = at(3.1 + turns * TURN)
    rows = []
    for tick in range(60):
        device = at(wrapped(3.12 + 0.01 * tick))     # passes half a turn
        human.add(Sample('d', b'd', tick, True, Request.NONE, TURNING.joint_names, device),
                  tick, None)
        if tick == 0:
            assert human.join(robot, robot) == ''
        joined = human.follow()
        assert joined is not None and joined.aligned
        rows.append(joined.positions[0])
    np.testing.assert_allclose(np.diff(rows), 0.01, atol=1e-9)
    assert abs(rows[0] - robot[0]) < 0.03


def test_a_device_at_rest_beside_a_robot_that_passes_half_a_turn_was_not_moved():
    motion = Motion(np.full(7, 0.1), Angles.of(TURNING))
    for tick in range(100):
        device = at(0.0 if tick % 2 else TURN)
        assert not motion.moved(device, at(wrapped(3.0 + 0.01 * tick)), tick * 10_000_000)


def test_a_driver_that_counts_on_from_the_other_side_is_no_motion():
    rewind = Rewind(TURNING)
    for angle in (np.pi - 1e-6, 1e-6 - np.pi, np.pi - 1e-6):
        rewind.remember(at(angle))
    assert rewind.reach(10) == 1

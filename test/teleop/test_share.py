"""What of a robot a device tells: all of it, or the parts that somebody drives."""
from pathlib import Path

from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.teleop.device import Intent
from il_ros.teleop.devices import open_device
from il_ros.teleop.share import Share
import numpy as np
import pytest

PAIR = Contract.load(Path(__file__).parents[1] / 'contract/samples/two_arms_and_base.yaml')
ONE = Contract.load('sim_arm')
EVERY = list(range(8))
LEFT, RIGHT, BASE = [0, 1, 2], [3, 4, 5], [6, 7]


def told(share, *driven):
    return share.columns(Intent(True, np.zeros(8), parts=frozenset(driven)))


def test_the_whole_robot_unless_something_else_is_asked_for():
    assert told(Share(PAIR), 'left') == EVERY
    assert told(Share(PAIR, (), 'policy')) == EVERY


def test_with_others_left_to_the_policy_what_is_driven():
    share = Share(PAIR, (), 'policy')
    assert told(share, 'right') == RIGHT
    assert told(share, 'base', 'left') == [*LEFT, *BASE]


def test_a_device_of_one_arm_tells_that_one():
    share = Share(PAIR, ['right'])
    assert told(share) == told(share, 'right') == told(share, 'right', 'left') == RIGHT
    assert told(share, 'left') == RIGHT, 'never what it does not move'
    assert Share(ONE, ['arm']).columns(Intent(True, np.zeros(7))) == list(range(7))


@pytest.mark.parametrize('make, text', [
    (lambda: Share(ONE, (), 'policy'), "others: 'sim_arm' has one part, 'arm': nothing is left to "
     "the policy while a person corrects; expected 'hold'"),
    (lambda: Share(PAIR, ['lefd']),
     "parts: 'mobile_pair' has no part 'lefd'; did you mean 'left'?"),
    (lambda: Share(PAIR, (), 'go'), "others: expected one of hold, policy, got 'go'"),
    (lambda: open_device('gamepad+gamepad', PAIR, parts=['left']), "device 'gamepad+gamepad': "
     'parts are for one device; of two, each moves the arm that is its own'),
])
def test_what_cannot_be_is_refused_in_a_line(make, text):
    with pytest.raises(ConfigError) as error:
        make()
    assert str(error.value) == text


def test_a_leader_of_one_arm_beside_two_asks_for_its_joints_alone():
    device = open_device('leader', PAIR, parts=['right'])
    assert device.joint_names == [PAIR.joint_names[k] for k in RIGHT]

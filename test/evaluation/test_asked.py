"""Targets beyond the limits are counted for the part that they are meant for."""
from il_ros.contract import Contract
from il_ros.evaluation.asked import Asked, beyond_text, mean_shares
from il_ros.safety.limits import Limits
import numpy as np
import pytest


def asked(robot, changes):
    """Return the shares after targets that differ from the start in one joint each."""
    contract = Contract.load(robot)
    start = np.array(contract.start)
    counter = Asked(contract, start)
    for joint, change in changes:
        target = start.copy()
        if joint:
            target[contract.joint_names.index(joint)] += change
        counter.add(target)
    return counter.shares


@pytest.mark.parametrize('steps, expected', [
    (0.0, 0), (0.99, 0), (1.1, 2), (-1.1, 2)])   # there and back
def test_a_leap_counts_for_the_arm_that_leaps(steps, expected):
    contract = Contract.load('sim_two_arms')
    joint = contract.arms[1].joints[0]
    step = contract.velocity[contract.joint_names.index(joint)] / contract.rate_hz
    shares = asked('sim_two_arms', [('', 0), (joint, steps * step), ('', 0), ('', 0)])
    assert shares == {contract.arms[0].name: 0, contract.arms[1].name: expected / 4}


def test_what_stays_outside_a_position_limit_counts_at_every_step():
    contract = Contract.load('sim_arm')
    joint = contract.joint_names[0]
    outside = contract.upper[0] - contract.start[0] + 0.01
    shares = asked('sim_arm', [(joint, outside)] * 3)
    assert list(shares.values()) == [1.0]


def test_a_gripper_is_told_to_close_in_one_row():
    contract = Contract.load('sim_arm')
    gripper = contract.arms[0].gripper
    change = gripper.closed - contract.start[contract.joint_names.index(gripper.joint)]
    assert set(asked('sim_arm', [(gripper.joint, change), ('', 0)]).values()) == {0.0}


@pytest.mark.parametrize('share, expected', [(0.99, 0.0), (1.1, 1.0)])
def test_a_base_counts_by_its_acceleration_and_speed(share, expected):
    contract = Contract.load('tiago')
    column = int(np.flatnonzero(contract.is_velocity)[0])
    name, step = contract.joint_names[column], contract.velocity[column] / contract.rate_hz
    assert asked('tiago', [(name, share * step), ('', 0)])['base'] == expected
    ramp = [min(k * step, 1.5 * contract.upper[column]) for k in range(1, 100)]
    fast = sum(speed > Limits.of(contract).upper[column] for speed in ramp)
    assert asked('tiago', [(name, speed) for speed in ramp])['base'] == fast / 99 > 0.5


def test_a_joint_that_turns_without_end_is_never_outside():
    contract = Contract.load('kinova_gen3')
    turning = int(np.flatnonzero(contract.continuous)[0])
    assert set(asked('kinova_gen3', [(contract.joint_names[turning], 2 * np.pi)]
                     ).values()) == {0.0}


def test_shares_of_episodes_are_weighed_by_their_time_and_told_where_there_are_any():
    shares = mean_shares([({'left': 0.5, 'right': 0.0}, 1.0), ({'left': 0.0, 'right': 0.0}, 3.0)])
    assert shares == {'left': 0.125, 'right': 0.0} and mean_shares([]) == {}
    assert beyond_text(shares) == 'for more than the limits allow: left in 12.5% of its steps'
    assert beyond_text({'left': 0.0}) == beyond_text({}) == ''

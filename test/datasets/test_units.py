from dataclasses import replace

import bag_factory as bags
from il_ros.datasets.units import likely_unit, unit_problems
import numpy as np
import pytest

CONTRACT = bags.small_contract(cameras=())
ELBOW, GRIPPER = CONTRACT.joint_names.index('elbow'), next(iter(CONTRACT.grippers))


def column(joint, low, high):
    found = np.tile(np.array(CONTRACT.start), (100, 1))
    found[:, joint] = np.linspace(low, high, 100)
    return found


@pytest.mark.parametrize('low, high, limits, gripper, unit', [
    (0, 100, (-3, 3), True, 'percent'),
    (0, 100, (0, 0.8), True, 'percent'),
    (0, 1, (0, 0.8), True, 'a share of its stroke'),
    (3, 227, (0, 0.8), True, 'steps of 0 to 255'),
    (0, 1000, (0, 0.04), True, 'steps of 0 to 1000'),
    (-90, 120, (-3.14, 3.14), False, 'degrees'),
    (-170, -10, (-3.14, 0), False, 'degrees'),
    (0, 400, (0, 0.5), False, 'millimetres'),
    (0, 40, (0, 0.04), True, 'millimetres'),
    (0, 100, (0, 0.04), True, 'percent'),
    (0, 4, (-3, 3), False, ''),
    (0, 5000, (-3, 3), False, ''),
])
def test_the_likely_unit(low, high, limits, gripper, unit):
    assert likely_unit(low, high, *limits, gripper=gripper) == unit


def test_columns_within_the_limits_are_well():
    inside = column(ELBOW, -2.7, 2.7)
    assert unit_problems(CONTRACT, {'action': inside, 'observation.state': inside,
                                    'action.policy': np.full((100, 7), np.nan)}) == []


def test_a_column_in_another_unit_is_named_once_with_what_it_holds():
    degrees = column(ELBOW, -90.0, 90.0)
    assert unit_problems(CONTRACT, {'observation.state': degrees, 'action': degrees}) == [
        "joint 'elbow', measured and commanded: -90 to 90, the contract allows -2.7 to 2.7 (is it "
        'in degrees?); the robot would clip 96% of the rows: correct the unit or the limits']


def test_a_gripper_in_percent_is_named():
    (problem,) = unit_problems(CONTRACT, {'action': column(GRIPPER, 0.0, 100.0)})
    assert problem.startswith(
        "joint 'gripper', commanded: 0 to 100, the contract allows 0 to 0.04 (is it in percent?); "
        'the robot would clip 99% of the rows')


def test_noise_at_a_limit_is_none():
    assert unit_problems(CONTRACT, {'action': column(ELBOW, -2.75, 2.75)}) == []


@pytest.mark.parametrize('values, text', [
    ([0.3, 0, 0, 0, 0, 0, 1], ''),
    ([300, 0, 200, 0, 0, 0, 1], "pose 'cube': lies 300 m from the origin; is it in millimetres?"),
    ([0.3, 0, 0, 0, 0, 0, 0], "pose 'cube': its quaternion has the length 0, expected 1"),
])
def test_poses(values, text):
    contract = replace(CONTRACT, poses=replace(CONTRACT.poses, names=('cube',)))
    found = unit_problems(contract, {'observation.environment_state': np.array([values], float)})
    assert found == ([text] if text else [])

from dataclasses import replace

from il_ros.contract import Contract
from il_ros.safety.limits import Limits
import numpy as np

CONTRACT = Contract.load('sim_arm')


def test_margin_is_a_share_of_the_range():
    limits = Limits.of(replace(CONTRACT, position_margin=0.1))
    span = CONTRACT.upper - CONTRACT.lower
    np.testing.assert_allclose(limits.lower, CONTRACT.lower + 0.1 * span)
    np.testing.assert_allclose(limits.upper, CONTRACT.upper - 0.1 * span)


def test_the_gripper_may_be_told_to_open_in_one_row():
    limits = Limits.of(CONTRACT)
    assert limits.jump[-1] == np.inf
    np.testing.assert_allclose(limits.jump[:-1], 5 * CONTRACT.velocity[:-1] / 30, rtol=1e-6)
    assert limits.overshoot[-1] == CONTRACT.upper[-1] - CONTRACT.lower[-1]

"""An arm that stands, and one that moves."""
from il_ros.contract import Contract
from il_ros.recording.stillness import SHARE, Stillness
import numpy as np
import pytest

CONTRACT = Contract.load('sim_arm')
NAMES = CONTRACT.joint_names
START = np.array(CONTRACT.start)
LEAST = SHARE * CONTRACT.velocity * CONTRACT.period_ns * 1e-9


@pytest.mark.parametrize('joint', range(len(NAMES)))
@pytest.mark.parametrize('sign', [-1, 1])
def test_each_joint_counts_by_its_own_limit(joint, sign):
    seen = Stillness(CONTRACT)
    assert not seen.seen
    step = np.eye(len(NAMES))[joint] * LEAST * sign
    for share in (0.0, 0.5, 0.99):
        seen.add(NAMES, START + share * step)
    assert (seen.seen, seen.moved) == (True, False)
    seen.add(NAMES, START + 1.01 * step)
    assert seen.moved
    seen.begin()
    seen.add(NAMES, START)
    assert (seen.seen, seen.moved) == (True, False)


def test_noise_drift_and_foreign_joints():
    seen, noise = Stillness(CONTRACT), np.random.default_rng(0)
    for _ in range(1000):
        seen.add([*NAMES, 'wheel'], [*START + 0.2 * LEAST * noise.uniform(-1, 1, 7), 99.0])
    seen.add(NAMES, START * np.nan)
    assert not seen.moved
    for tick in range(200):   # as slow as one likes: the way counts
        seen.add(NAMES[:1], START[:1] + 0.01 * tick * LEAST[0])
    assert seen.moved


def test_joints_that_come_apart():
    seen = Stillness(CONTRACT)
    for tick in range(3):
        seen.add(NAMES[:6], START[:6])
        seen.add(NAMES[6:], START[6:] + tick * LEAST[6])
    assert seen.moved

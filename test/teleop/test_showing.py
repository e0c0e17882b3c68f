"""With every device a person shows PickPlace; what is made of it is in docs/takeover.md."""
from __future__ import annotations

from il_ros.sim import make, MAX_STEPS
import numpy as np
import pytest
from teleop.people_wired import SHOWING
from teleop.showing import Showing

TASK, SEED = 'PickPlace', 1


@pytest.fixture(scope='module')
def env():
    env = make(TASK)
    yield env
    env.close()


@pytest.mark.parametrize('name', SHOWING)
def test_a_person_shows_a_task_with_each_device(env, name):
    person = SHOWING[name](np.random.default_rng(SEED))
    showing = Showing(person, env, SEED)
    rows, success = showing.show(SEED, 2 * MAX_STEPS[TASK])
    person.close()
    assert success, (showing.gate.fault, person.device.notice)
    assert len(rows) > 100 and 0 < showing.worst <= 1 + 1e-9
    ways = np.ptp([sent for *_, sent in rows], axis=0)
    assert ways[:-1].max() > 0.1 and ways[-1] > 0.01, 'arm and gripper were moved'

"""What policies learn and say of joints that turn without end."""
from dataclasses import replace

from il_ros.contract import Contract
from il_ros.execution.chunk_scheduler import make_scheduler, SCHEDULERS
from il_ros.policies.config import PolicyConfig
from il_ros.policies.inputs.joint_actions import RelativeActions
from il_ros.policies.transforms import features
import numpy as np
import pytest

CONTRACT = Contract.load('sim_arm')
TURNING = replace(CONTRACT, joints=(
    replace(CONTRACT.joints[0], position=None, continuous=True), *CONTRACT.joints[1:]))
TURN, PERIOD = 2 * np.pi, CONTRACT.period_ns


def wrapped(angle):
    return (angle + np.pi) % TURN - np.pi


def sample(start, rows, count):
    """Return a state and a chunk in which joint 0 turns at a steady speed, as told by a driver."""
    state, actions = np.zeros((1, 7)), np.zeros((1, rows, 7))
    state[0, 0] = count(start)
    actions[0, :, 0] = count(start + 0.08 * np.arange(1, rows + 1))
    return {'state': state, 'actions': actions}


@pytest.mark.parametrize('relative', [True, False])
@pytest.mark.parametrize('count', [wrapped, lambda angle: angle, lambda angle: angle - 4 * TURN])
@pytest.mark.parametrize('start', [3.1, -3.1, 0.0, 40.0])
def test_labels_are_what_the_joint_turns(relative, count, start):
    config = PolicyConfig(kind='bc', relative_actions=relative, tool_actions=False)
    chain = features(config, TURNING)
    data = sample(start, 100, count)      # more than a whole turn
    seen = chain.forward(data)
    np.testing.assert_allclose(seen['actions'][0, :, 0], 0.08 * np.arange(1, 101), atol=1e-9)
    np.testing.assert_allclose(seen['state'][0, [0, 7]], [np.cos(start), np.sin(start)],
                               atol=1e-9)
    back = chain.backward({'state': data['state'], 'actions': seen['actions']})['actions']
    np.testing.assert_allclose(back[0, :, 0] - data['state'][0, 0], 0.08 * np.arange(1, 101),
                               atol=1e-9)


def test_other_joints_are_as_they_were():
    data = {'state': np.full((1, 7), 0.5), 'actions': np.full((1, 4, 7), -0.1)}
    config = PolicyConfig(kind='bc', relative_actions=True, tool_actions=False)
    one, other = (features(config, c).forward(data) for c in (CONTRACT, TURNING))
    np.testing.assert_array_equal(one['actions'], other['actions'])
    np.testing.assert_array_equal(one['state'][:, 1:], other['state'][:, 1:7])
    assert one['state'].shape == (1, 7)
    np.testing.assert_array_equal(RelativeActions.of(config.space(TURNING)).mask, [1] * 6 + [0])


@pytest.mark.parametrize('join', [0.0, 0.5])
@pytest.mark.parametrize('name', SCHEDULERS)
def test_schedulers_go_on_past_half_a_turn(name, join):
    """A chunk at every tick, counted as the driver does at its observation."""
    scheduler = make_scheduler(name, TURNING, join=join)
    speed, rows = 0.5 * TURNING.velocity[0] * PERIOD * 1e-9, []
    for tick in range(200):
        angle = 2.5 + speed * tick
        chunk = np.zeros((30, 7))
        chunk[:, 0] = wrapped(angle) + speed * np.arange(30)
        scheduler.add(chunk, tick * PERIOD, tick * PERIOD)
        found = scheduler.output(tick * PERIOD)
        assert found is not None
        rows.append(found[0, 0])
        assert wrapped(found[0, 0] - angle) == pytest.approx(0.0, abs=1e-6)
        assert (np.abs(np.diff(found[:, 0])) < 2 * speed).all()
    assert (np.abs(np.diff(rows)) < 2 * speed).all()

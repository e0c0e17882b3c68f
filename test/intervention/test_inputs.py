from il_ros.errors import MessageError
from il_ros.intervention.operators import Operators, Sample
from il_ros.intervention.policy_rows import PolicyRows
from il_ros.intervention.shares import Shares
from il_ros.types import Request
from intervention.driver import autonomous, CONTRACT, NAMES, PERIOD_NS, POLICY, STATE
import numpy as np
import pytest

SHARES = Shares(CONTRACT)


@pytest.mark.parametrize('changes, text', [
    ({'horizon': 0, 'positions': []}, 'chunk: expected horizon x joints = 0 x 7 positions, got 0'),
    ({'horizon': 21}, 'chunk: expected horizon x joints = 21 x 7 positions, got 140'),
    ({'dt_ns': 0}, 'chunk: expected dt above 0, got 0'),
    ({'positions': np.full(140, np.nan)}, 'chunk: expected finite positions, got '),
    ({'joint_names': [*NAMES[:6], 'gripper_2']}, "chunk: missing joint 'gripper'; expected "),
    ({'seq': 0}, 'chunk: expected seq above '),
])
def test_a_bad_chunk_is_refused(changes, text):
    driver = autonomous()
    with pytest.raises(MessageError) as error:
        driver.chunk(**changes)
    assert str(error.value).startswith(text)


def test_rows_are_put_in_order_and_taken_by_time():
    driver = autonomous()
    order = [6, 5, 4, 3, 2, 1, 0]
    rows = POLICY + 0.001 * np.arange(5)[:, None]
    stamp = driver.now.ros_ns
    driver.chunk(horizon=5, joint_names=[NAMES[i] for i in order],
                 positions=rows[:, order].ravel())
    policy = driver.arbiter._policy
    for k in range(5):
        assert (policy.row(stamp + k * PERIOD_NS + 10_000_000) == rows[k]).all()
    assert (policy.row(stamp - PERIOD_NS) == rows[0]).all()
    assert policy.row(stamp - 2 * PERIOD_NS) is None
    assert policy.row(stamp + 5 * PERIOD_NS) is None


def test_without_a_chunk_there_is_no_row():
    assert PolicyRows(NAMES).row(0) is None


def sample(**changes):
    fields = {'source_id': 'pad', 'session': b'1', 'seq': 1, 'engaged': True,
              'request': Request.NONE, 'joint_names': NAMES, 'positions': STATE}
    return Sample(**(fields | changes))


@pytest.mark.parametrize('changes, text', [
    ({'positions': STATE[:3]}, 'pad: expected one position per joint name (7), got 3'),
    ({'joint_names': [*NAMES[:6], 'x']}, "pad: missing joint 'gripper'; expected "),
    ({'seq': 1}, 'pad: expected seq above 1, got 1'),
])
def test_a_bad_sample_is_refused(changes, text):
    operators = Operators(SHARES)
    operators.add(sample(), 0)
    with pytest.raises(MessageError) as error:
        operators.add(sample(**{'seq': 2, **changes}), 0)
    assert str(error.value).startswith(text)


def test_a_restarted_device_begins_anew():
    operators = Operators(SHARES)
    assert operators.add(sample(), 0).all()
    assert not operators.add(sample(seq=2), 1).any()
    operators.give_up()
    assert not operators.add(sample(seq=3), 2).any()
    assert operators.add(sample(session=b'2'), 3).all()
    assert operators.name == 'pad'


def test_devices_that_are_gone_are_forgotten():
    operators = Operators(SHARES)
    for k in range(1000):
        operators.add(sample(session=str(k).encode(), engaged=False), k * 10**9)
    assert len(operators._devices) <= 62

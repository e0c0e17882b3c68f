"""What a row holds, message by message, on a grid that the test lays itself."""
from dataclasses import replace

import bag_factory as bags
from il_ros.bags.reader import Bag
from il_ros.datasets.rows import episode_rows, Losses, moving_ticks
from il_ros.errors import BagError
from il_ros.timing import MILLISECOND
from il_ros.types import ControlSource
import numpy as np
import pytest

CONTRACT = replace(bags.small_contract(cameras=()), poses=None)
PERIOD = CONTRACT.period_ns
T0 = bags.START_NS


def value(x):
    return np.full(7, float(x))


def at(ticks, offset_ms=0.0):
    return T0 + round(ticks * PERIOD) + round(offset_ms * MILLISECOND)


def event(ns, topic, kind, message):
    return bags.Event(ns, topic, bags.serialize(kind, message))


def states(count, skip=()):
    """One state per tick, stamped and logged at the tick, whose value is the tick."""
    return [event(at(k), 'joint_states', 'sensor_msgs/JointState',
                  bags.joint_state(CONTRACT, at(k), value(k)))
            for k in range(count + 1) if k not in skip]


def sent(ticks, x, source=bags.HUMAN, verdict=bags.PASSED):
    return event(at(ticks), 'control/report', 'il_ros/CommandReport',
                 bags.report(CONTRACT, at(ticks), value(x), source, verdict))


def chunk(log_ticks, start_ticks, *rows):
    return event(at(log_ticks), 'policy/chunk', 'il_ros/ActionChunk',
                 bags.chunk(CONTRACT, at(start_ticks), np.array([value(x) for x in rows])))


def mode(ticks, which):
    return event(at(ticks), 'control/mode', 'il_ros/ControlMode', bags.mode(at(ticks), which))


def rows(tmp_path, *events, contract=CONTRACT, losses=None):
    folder = bags.write_bag(tmp_path / 'e', bags.Script(contract),
                            events=sorted(events, key=lambda e: e.log_ns))
    with Bag(folder) as bag:
        return list(episode_rows(bag, (), losses))


def actions(found):
    return [row.action[0] for row in found]


def test_one_row_per_whole_period(tmp_path):
    found = rows(tmp_path, *states(4), sent(0.5, 10))
    assert [row.tick for row in found] == [0, 1, 2, 3]
    assert [row.observation.state[0] for row in found] == [0, 1, 2, 3]
    assert [row.observation.stamp_ns for row in found] == [at(k) for k in range(4)]


def test_action_is_the_last_command_sent_until_the_next_tick(tmp_path):
    found = rows(tmp_path, *states(4), sent(0.2, 10), sent(0.8, 11), sent(2, 12), sent(2.1, 13))
    # (0, 1]: 11; (1, 2]: 12, sent exactly at tick 2; (2, 3]: 13; (3, 4]: none, held.
    assert actions(found) == [11, 12, 13, 13]


def test_before_the_first_command_the_measured_state_counts_as_hold(tmp_path):
    found = rows(tmp_path, *states(4), sent(2.5, 10))
    assert actions(found) == [0, 1, 10, 10]
    assert [row.source for row in found] == [ControlSource.HOLD, ControlSource.HOLD,
                                             ControlSource.HUMAN, ControlSource.HUMAN]


def test_rejected_commands_were_not_sent(tmp_path):
    found = rows(tmp_path, *states(3), sent(0.5, 10),
                 sent(1.5, 99, bags.POLICY, verdict=bags.REJECTED))
    assert actions(found) == [10, 10, 10]
    assert {row.source for row in found} == {ControlSource.HUMAN}


def test_what_the_gate_holds_is_hold(tmp_path):
    found = rows(tmp_path, *states(3), sent(0.5, 10, bags.POLICY),
                 sent(1.5, 12, bags.POLICY, verdict=bags.HELD))
    assert actions(found) == [10, 12, 12]
    assert [row.source for row in found] == [ControlSource.POLICY, ControlSource.HOLD,
                                             ControlSource.HOLD]


def test_policy_action_is_the_row_due_at_the_next_tick(tmp_path):
    found = rows(tmp_path, *states(5), sent(0.1, 0), chunk(1.2, 1, 100, 101, 102))
    # Row i is due at tick 1 + i; tick 0 is followed by tick 1, before which no chunk came.
    policy = [row.policy_action[0] for row in found]
    assert np.array_equal(policy, [np.nan, 101, 102, np.nan, np.nan], equal_nan=True)


def test_the_newest_chunk_counts(tmp_path):
    found = rows(tmp_path, *states(3), sent(0.1, 0), chunk(0.2, 0, 1, 2, 3, 4),
                 chunk(1.2, 1, 20, 30, 40))
    assert [row.policy_action[0] for row in found] == [2, 30, 40]


def test_a_policy_that_fell_silent_wants_nothing(tmp_path):
    found = rows(tmp_path, *states(9), sent(0.1, 0), chunk(0.5, 0, *range(100, 110)))
    policy = np.array([row.policy_action[0] for row in found])
    assert np.array_equal(policy[:6], [101, 102, 103, 104, 105, 106])   # 200 ms after the chunk
    assert np.isnan(policy[6:]).all()


def test_intervention_while_correcting(tmp_path):
    found = rows(tmp_path, *states(4), sent(0.1, 0), mode(0, bags.AUTONOMOUS),
                 mode(1.5, bags.CORRECTING), mode(2.5, bags.AUTONOMOUS))
    assert [row.intervention for row in found] == [False, True, False, False]


def test_joints_of_reports_are_reordered(tmp_path):
    message = bags.report(CONTRACT, at(0.1), np.arange(7.0))
    message.joint_names = CONTRACT.joint_names[::-1]
    found = rows(tmp_path, *states(2),
                 event(at(0.1), 'control/report', 'il_ros/CommandReport', message))
    assert np.array_equal(found[0].action, np.arange(7.0)[::-1])


def test_ticks_without_observation_are_counted_and_left_out(tmp_path):
    losses = Losses()
    silent = range(2, 8)
    found = rows(tmp_path, *states(10, skip=silent), sent(0.1, 0), losses=losses)
    # A state serves for 100 ms, three ticks.
    assert [row.tick for row in found] == [0, 1, 2, 3, 4, 8, 9]
    assert losses.ticks == {'joint_states': 3}
    assert losses.reason() == ('joint_states: the newest sample is 0.133 s old, at most 0.1 s is '
                               'accepted')


def test_refused_messages_are_counted(tmp_path):
    losses = Losses()
    bad = bags.joint_state(CONTRACT, at(1.5), np.full(7, np.nan))
    rows(tmp_path, *states(3), sent(0.1, 0),
         event(at(1.5), 'joint_states', 'sensor_msgs/JointState', bad), losses=losses)
    assert losses.messages == {'joint_states': 1}
    assert losses.reason() == ("joint_states: position of joint 'shoulder_pan' is not "
                                    'finite; check the driver')


def test_robot_commands_serve_where_there_is_no_gate(tmp_path):
    script = bags.Script(CONTRACT, reports=False)
    with Bag(bags.write_bag(tmp_path / 'e', script)) as bag:
        found = list(episode_rows(bag))
    assert {row.source for row in found} == {ControlSource.HUMAN}
    for row in found[1:-1]:
        due = (row.tick + 1.4) / CONTRACT.rate_hz       # one period after it was sent
        assert np.allclose(row.action, script.state(due), atol=1e-9)


def test_without_any_command_the_bag_is_refused(tmp_path):
    with pytest.raises(BagError, match='neither control/report nor joint_trajectory_controller/'
                                       'joint_trajectory was recorded: nothing says what the '
                                       'robot was told'):
        rows(tmp_path, *states(3))


def test_idle_ends_are_found(tmp_path):
    script = bags.Script(CONTRACT, seconds=3.0, still_s=1.0)
    with Bag(bags.write_bag(tmp_path / 'e', script)) as bag:
        moving = moving_ticks(episode_rows(bag), CONTRACT)
    # Motion from 1 s to 2 s, 0.2 s of margin at either side.
    assert 22 <= moving.start <= 25
    assert 65 <= moving.stop <= 68


def test_an_arm_that_never_moves_has_no_moving_ticks(tmp_path):
    script = bags.Script(CONTRACT, seconds=1.0, still_s=1.0)
    with Bag(bags.write_bag(tmp_path / 'e', script)) as bag:
        assert moving_ticks(episode_rows(bag), CONTRACT) == range(0)

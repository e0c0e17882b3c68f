"""An arm that was moved by hand: what it was told is where it was a little later."""
from dataclasses import replace

import bag_factory as bags
from il_ros.bags.reader import Bag
from il_ros.datasets.convert import convert
from il_ros.datasets.from_bags.rows import episode_rows, Losses, UNTOLD
from il_ros.datasets.from_bags.shown import parse_shown, Shown
from il_ros.datasets.reader import Dataset
from il_ros.errors import BagError, ConfigError
from il_ros.timing import MILLISECOND
from il_ros.types import ControlSource
import numpy as np
import pytest

LATER = 100 * MILLISECOND
RAW = bags.small_contract(cameras=())


def by_hand(folder, contract=RAW, keep=lambda event: True):
    """Write a bag in which nobody commanded anything; return it with its script."""
    script = bags.Script(contract, seconds=2.0, jitter=False)
    events = [e for e in script.events() if e.topic in contract.topics and keep(e)]
    return bags.write_bag(folder, script, events=events), script


def test_the_action_is_the_state_so_much_later(tmp_path):
    path, script = by_hand(tmp_path / 'e')
    losses = Losses()
    with Bag(path) as bag:
        start_s = (bag.start_ns - bags.START_NS) / 1e9
        rows = list(episode_rows(bag, losses=losses, commanded=Shown(bag, LATER)))
    assert len(rows) > 50
    for row in rows:
        at_s = start_s + row.tick / RAW.rate_hz
        np.testing.assert_allclose(row.action, script.state(at_s + 0.1), atol=1e-4)
        assert row.source == ControlSource.HUMAN and not row.intervention
        assert np.isnan(row.policy_action).all()
    assert losses.ticks[UNTOLD] == 2   # of the last tenth of a second
    assert losses.absences[UNTOLD] == 'the arm was not measured when the action is due'


def test_nothing_is_told_within_a_gap(tmp_path):
    path, _ = by_hand(tmp_path / 'e', keep=lambda e: e.topic != 'joint_states' or not (
        0.8e9 < e.log_ns - bags.START_NS < 1.2e9))
    with Bag(path) as bag:
        ticks = np.array([r.tick for r in episode_rows(bag, commanded=Shown(bag, LATER))])
    at_s = ticks / RAW.rate_hz
    # No action is due, and no state is fresh, in the gap.
    assert not ((at_s > 0.71) & (at_s < 1.19)).any() and (at_s < 0.69).any() and (at_s > 1.2).any()


def test_a_joint_without_end_goes_the_short_way(tmp_path):
    wrist = replace(RAW.joints[5], position=None, continuous=True)
    contract = replace(RAW, joints=(*RAW.joints[:5], wrist, RAW.joints[6]))
    script, events = bags.Script(RAW, seconds=1.0, jitter=False), []
    for event in script.events():
        if event.topic == 'joint_states':
            message = bags.store().deserialize_cdr(event.data, 'sensor_msgs/msg/JointState')
            at_s = (event.log_ns - bags.START_NS) / 1e9
            message.position = message.position.copy()
            message.position[5] = (3.0 + at_s + np.pi) % (2 * np.pi) - np.pi   # past pi at 0.14 s
            event = replace(event, data=bags.serialize('sensor_msgs/JointState', message))
        if event.topic in contract.topics:
            events.append(event)
    path = bags.write_bag(tmp_path / 'e', replace(script, contract=contract), events=events)
    with Bag(path) as bag:
        ways = [r.action[5] - r.observation.state[5]
                for r in episode_rows(bag, commanded=Shown(bag, LATER))]
    np.testing.assert_allclose(ways, 0.1, atol=0.02)


def test_a_dataset_of_it(tmp_path):
    path, script = by_hand(tmp_path / 'episode_0001')
    with pytest.raises(BagError, match='nothing says what the robot was told'):
        convert([path], tmp_path / 'told')
    result = convert([path], tmp_path / 'shown', shown_s=0.1)
    assert result.frames == len(Dataset(tmp_path / 'shown')) > 50
    trimmed = convert([path], tmp_path / 'trimmed', shown_s=0.1, trim_idle=True)
    assert 0 < trimmed.frames <= result.frames


@pytest.mark.parametrize('later', [0, -MILLISECOND])
def test_an_action_that_is_not_later_is_refused(tmp_path, later):
    path, _ = by_hand(tmp_path / 'e')
    with Bag(path) as bag, pytest.raises(BagError, match='expected that the action is later'):
        Shown(bag, later)


def test_a_joint_that_was_shown_is_one_of_the_contract(tmp_path):
    path, _ = by_hand(tmp_path / 'e')
    with pytest.raises(BagError, match="shown: 'griper': did you mean 'gripper'"):
        convert([path], tmp_path / 'set', shown_s={'griper': 0.1})


@pytest.mark.parametrize(('texts', 'expected'), [
    ([], None), (['0.1'], 0.1), (['a=0.1', 'b=0.2'], {'a': 0.1, 'b': 0.2})])
def test_what_was_shown_is_named_or_all(texts, expected):
    assert parse_shown(texts) == expected


@pytest.mark.parametrize(('texts', 'message'), [
    (['gripper'], "--shown: expected SECONDS, or JOINT=SECONDS for each joint that nothing was "
                  "told, got 'gripper'"),
    (['a=0.1', '0.2'], '--shown: expected SECONDS once for all joints, or JOINT=SECONDS for '
                       'some, got a=0.1 and 0.2')])
def test_what_was_shown_is_said_in_one_way(texts, message):
    with pytest.raises(ConfigError) as raised:
        parse_shown(texts)
    assert str(raised.value) == message

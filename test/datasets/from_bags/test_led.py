"""A bag of an arm that a person led by hand: what it says of itself, and what becomes of it."""
import dataclasses

import bag_factory as bags
from il_ros.bags.reader import Bag
from il_ros.datasets.convert import convert
from il_ros.datasets.from_bags.led import commands_of
from il_ros.datasets.from_bags.rows import episode_rows
from il_ros.datasets.reader import Dataset
from il_ros.errors import BagError
from il_ros.evaluation.recording import read_recording
from il_ros.recording.metadata import EpisodeInfo, Led
from il_ros.types import ControlSource, GUIDED
import numpy as np
import pytest

RAW = bags.small_contract(cameras=())
TOLD = 0.01     # of the gripper


def led_bag(folder, led, until_s=2.0):
    """Write a bag in which a person leads until a time, and then somebody commands."""
    script, events = bags.Script(RAW, seconds=2.0, jitter=False), []
    for event in script.events():
        at_s = (event.log_ns - bags.START_NS) / 1e9
        if event.topic == 'control/report' and at_s < until_s:
            message = bags.store().deserialize_cdr(event.data, 'il_ros/msg/CommandReport')
            row = script.state(at_s).copy()
            row[6] = TOLD
            message = dataclasses.replace(message, rule='guided', verdict=bags.REJECTED, sent=row)
            event = dataclasses.replace(
                event, data=bags.serialize('il_ros/CommandReport', message))
        events.append(event)
    info = EpisodeInfo(RAW, RAW.task, 'anna', 'success', led=led,
                       topics={topic.name: topic.resolved for topic in bags.topics(RAW)})
    return bags.write_bag(folder, script, events=events, info=info), script


def test_the_label_is_the_state_a_lead_later_and_the_gripper_as_told(tmp_path):
    path, script = led_bag(tmp_path / 'e', Led(0.07, True))
    with Bag(path) as bag:
        start_s = (bag.start_ns - bags.START_NS) / 1e9
        rows = list(episode_rows(bag, commanded=commands_of(bag)))[1:]
    assert len(rows) > 50
    for row in rows:
        at_s = start_s + row.tick / RAW.rate_hz
        np.testing.assert_allclose(row.action[:6], script.state(at_s + 0.07)[:6], atol=1e-4)
        assert row.action[6] == TOLD and row.source == GUIDED


def test_who_leads_may_change_within_a_bag(tmp_path):
    path, script = led_bag(tmp_path / 'e', Led(0.07, True), until_s=1.0)
    with Bag(path) as bag:
        rows = list(episode_rows(bag, commanded=commands_of(bag)))
    sources = [row.source for row in rows]
    assert set(sources[1:25]) == {GUIDED} and set(sources[35:]) == {ControlSource.HUMAN}
    assert rows[-1].action[6] != TOLD


def test_what_was_shown_once_is_left_out_and_the_reason_given(tmp_path):
    led_bag(tmp_path / 'bags/hand', Led(0.07))
    bags.write_bag(tmp_path / 'bags/robot', bags.Script(RAW, jitter=False))
    result = convert([tmp_path / 'bags'], tmp_path / 'dataset')
    assert [(path.name, reason) for path, reason in result.skipped] == [
        ('hand', 'a person led the arm by hand, and the hand is in its pictures: il_ros replay '
                 '--ros shows it again without; or take it as it is: --shown 0.07')]
    assert len(Dataset(tmp_path / 'dataset').lengths) == 1


def test_with_the_hand_in_its_pictures_it_is_a_demonstration(tmp_path):
    led_bag(tmp_path / 'bags/hand', Led(0.07, True))
    convert([tmp_path / 'bags'], tmp_path / 'dataset')
    control = Dataset(tmp_path / 'dataset').columns['control_source'].reshape(-1)
    assert (control[1:] == GUIDED).all()


def test_a_bag_that_does_not_say_its_lead_asks_for_it(tmp_path):
    path, script = led_bag(tmp_path / 'bags/hand', Led())
    with pytest.raises(BagError, match=r'a person led the arm by hand: say by how much the robot '
                                       r'is behind .* il_ros doctor --lag measures it: --shown'):
        convert([path], tmp_path / 'dataset')
    convert([path], tmp_path / 'dataset', shown_s=0.1)
    dataset = Dataset(tmp_path / 'dataset')
    later = script.state((dataset.columns['tick'].reshape(-1)[10]) / 30 + 0.1)
    np.testing.assert_allclose(dataset.columns['action'][10], later, atol=0.05)


def test_a_replay_reads_it_and_knows_that_nothing_held_it_within_limits(tmp_path):
    path, _ = led_bag(tmp_path / 'e', Led(0.07))
    assert read_recording(path).led
    [other] = bags.write_bags(tmp_path / 'others', 1, contract=RAW)
    assert not read_recording(other).led

"""Which clock says when a sample was taken."""
from dataclasses import replace

import bag_factory as bags
from il_ros.alignment.stamps import believed_ns, parse_choices, sample_ns, stamped_by
from il_ros.contract import Contract
from il_ros.errors import ConfigError, MessageError
from il_ros.timing import MILLISECOND
import numpy as np
import pytest

CONTRACT = bags.small_contract(cameras=('scene', 'wrist'))
STATE = CONTRACT.state
ARRIVAL = replace(STATE, stamp='arrival')
NOW = bags.START_NS


def message(stamp_ns):
    return bags.joint_state(CONTRACT, stamp_ns, np.zeros(7))


@pytest.mark.parametrize('stream, stamp_ns, expected', [
    (STATE, NOW - 5, NOW - 5),
    (STATE, NOW + 100 * MILLISECOND, NOW + 100 * MILLISECOND),   # as far as samples may be old
    (replace(STATE, stamp='header'), NOW - 5, NOW - 5),
    (ARRIVAL, 0, NOW), (ARRIVAL, 12, NOW), (ARRIVAL, NOW + 10 ** 9, NOW)])
def test_header_or_arrival(stream, stamp_ns, expected):
    assert sample_ns(stream, message(stamp_ns), NOW) == expected
    assert believed_ns(stream, message(stamp_ns), NOW) == expected


@pytest.mark.parametrize('stamp_ns, text', [
    (0, 'joint_states: stamp is 0; its driver must fill in header.stamp, or the contract say '
        'stamp: arrival'),
    (NOW + 101 * MILLISECOND, 'joint_states: stamp lies 0.101 s ahead of its arrival, at most '
                              r'0.1 s is accepted; synchronise the clocks \(chrony\), check '
                              'use_sim_time, or let the contract say stamp: arrival')])
def test_what_cannot_be_believed(stamp_ns, text):
    with pytest.raises(MessageError, match=text):
        sample_ns(STATE, message(stamp_ns), NOW)


def stamps(contract):
    return [stream.stamp for stream in contract.streams]


@pytest.mark.parametrize('choices, expected', [
    ({}, [None, None, None, None]),
    ({'all': 'arrival'}, ['arrival'] * 4),
    ({'/joint_states': 'arrival'}, ['arrival', None, None, None]),
    ({'all': 'arrival', CONTRACT.cameras[1].topic: 'header'},
     ['arrival', 'arrival', 'arrival', 'header'])])
def test_choices_by_topic(choices, expected):
    assert stamps(stamped_by(CONTRACT, choices)) == expected


def test_a_choice_outranks_the_contract_and_no_choice_leaves_it():
    contract = replace(CONTRACT, state=ARRIVAL)
    assert stamps(stamped_by(contract, {})) == ['arrival', None, None, None]
    assert stamps(stamped_by(contract, {'joint_states': 'header'}))[0] == 'header'


def test_commands_have_a_stamp_too():
    robot = Contract.load('sim_two_arms')
    assert {command.stamp for command in robot.commands} == {None}
    assert {c.stamp for c in stamped_by(robot, {'all': 'arrival'}).commands if c.topic} == {
        'arrival'}
    topic = next(c.topic for c in robot.commands if c.topic)
    assert [c.stamp for c in stamped_by(robot, {topic: 'arrival'}).commands if c.topic == topic
            ] == ['arrival']


def test_unknown_topics_are_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="--stamp: no stream 'joint_state' in the contract of "
                                          "sim_arm; did you mean 'joint_states'?"):
        stamped_by(CONTRACT, {'joint_state': 'arrival'})


def test_options():
    assert parse_choices(['/a=arrival', 'all=header']) == {'/a': 'arrival', 'all': 'header'}
    for text in ('arrival', 'joint_states', 'joint_states=log', '=arrival'):
        with pytest.raises(ConfigError, match='--stamp: expected TOPIC=arrival, TOPIC=header or '
                                              f'all=arrival, got {text!r}'):
            parse_choices([text])

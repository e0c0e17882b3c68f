"""Which topic of a bag is which of the contract."""
from dataclasses import replace
import re

import bag_factory as bags
from il_ros.bags.topics import name_topics
from il_ros.errors import BagError
import pytest

STATE, COMMAND = 'sensor_msgs/msg/JointState', 'trajectory_msgs/msg/JointTrajectory'
PLAIN = replace(bags.small_contract(cameras=()), poses=None)


def contract(state='joint_states', command='arm/command'):
    return replace(PLAIN, state=replace(PLAIN.state, topic=state),
                   command=replace(PLAIN.command, topic=command))


def names(bag, robot=None, recorded=None, namespace=''):
    return name_topics(bag, robot or contract(), recorded or {}, namespace, 'bag')


@pytest.mark.parametrize('command', ['arm/command', '/arm/command'])
@pytest.mark.parametrize('state', ['joint_states', '/joint_states'])
def test_with_or_without_the_first_slash(state, command):
    found = names({'/joint_states': STATE, '/arm/command': COMMAND, '/tf': 'x'},
                  contract(state, command))
    assert found == ({'/joint_states': state, '/arm/command': command, '/tf': 'tf'}, '/', False)


def test_a_bag_of_another_tool_may_leave_the_slash_out():
    assert names({'joint_states': STATE, 'tf': 'x'}).names == {
        'joint_states': 'joint_states', 'tf': 'tf'}


def test_the_only_namespace_that_fits_is_found():
    bag = {'/left/joint_states': STATE, '/left/arm/command': COMMAND, '/tf': 'x'}
    assert names(bag) == ({'/left/joint_states': 'joint_states',
                           '/left/arm/command': 'arm/command', '/tf': '/tf'}, '/left', True)


def test_the_root_counts_before_a_namespace():
    bag = {'/joint_states': STATE, '/left/joint_states': STATE}
    assert names(bag) == ({'/joint_states': 'joint_states',
                           '/left/joint_states': 'left/joint_states'}, '/', False)


def test_an_absolute_name_is_not_looked_for_elsewhere():
    bag = {'/left/joint_states': STATE}
    assert names(bag, contract('/joint_states', '/arm/command')).names == {
        '/left/joint_states': 'left/joint_states'}


def test_a_topic_of_another_type_is_another_topic():
    bag = {'/left/joint_states': STATE, '/right/joint_states': 'std_msgs/msg/String'}
    assert names(bag).namespace == '/left'


def test_several_namespaces_are_named_until_one_is_given():
    bag = {f'/{side}/{topic}': kind for side in ('left', 'right')
           for topic, kind in (('joint_states', STATE), ('arm/command', COMMAND))}
    with pytest.raises(BagError, match=re.escape(
            'bag: joint_states, arm/command: found in the namespaces /left and /right; say which '
            'with --namespace')):
        names(bag)
    for given in ('right', '/right'):
        assert names(bag, namespace=given) == (
            {'/left/joint_states': '/left/joint_states', '/left/arm/command': '/left/arm/command',
             '/right/joint_states': 'joint_states', '/right/arm/command': 'arm/command'},
            '/right', False)


def test_what_the_recorder_wrote_counts_before_all_else():
    bag = {'/left/joint_states': STATE, '/remapped': COMMAND, '/joint_states': STATE}
    recorded = {'joint_states': '/left/joint_states', 'arm/command': '/remapped'}
    assert names(bag, recorded=recorded, namespace='right').names == {
        '/left/joint_states': 'joint_states', '/remapped': 'arm/command',
        '/joint_states': '/joint_states'}

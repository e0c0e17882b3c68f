"""The short form and the long one say the same; what they cannot say is one clear line."""
from dataclasses import replace
import json
from pathlib import Path
from types import SimpleNamespace

from il_ros.alignment.decode import joint_positions
from il_ros.alignment.state_reader import StateReader
from il_ros.contract import Contract, differences
from il_ros.errors import ConfigError
import numpy as np
import pytest
import yaml

SAMPLES = Path(__file__).parent / 'samples'
PAIR = yaml.safe_load((SAMPLES / 'two_arms_and_base.yaml').read_text())
SIM = Contract.load('sim_arm')


def pair(**changes):
    plain = json.loads(json.dumps(PAIR | changes))   # without YAML aliases
    return Contract.from_text(yaml.safe_dump(plain, sort_keys=False), 'pair')


@pytest.mark.parametrize(('name', 'digest'), [
    ('sim_arm_5fbb260', 'c27dbb5898f31ca78a73ee6d1e917289abd71053cdbb7fbce6b5bc41eac75a06'),
    ('ur5e_realsense_5fbb260', 'dee4b1d4f41cfb309a87e4155b1c6799e4d3646291a45cd1a477e85675858fc9'),
])
def test_contracts_of_earlier_commits_keep_their_hash(name, digest):
    assert Contract.load(SAMPLES / f'{name}.yaml').hash == digest


def test_the_shipped_contract_is_still_the_one_of_old_bags():
    assert SIM.hash == 'c27dbb5898f31ca78a73ee6d1e917289abd71053cdbb7fbce6b5bc41eac75a06'


def test_the_short_form_has_one_arm_one_state_and_its_commands():
    (state,), (arm,), (command,) = SIM.states, SIM.arms, SIM.commands
    assert list(state.joints) == SIM.joint_names == list(command.joints)
    assert (arm.tip, arm.gripper, arm.workspace) == (SIM.tip, SIM.gripper, SIM.workspace)
    assert arm.joints == tuple(SIM.joint_names[:6])
    ur5e = Contract.load('ur5e_realsense')
    assert [list(c.joints) for c in ur5e.commands] == [['finger_joint'], ur5e.joint_names[:6]]


def test_two_arms_and_a_base_in_less_than_80_lines():
    assert len((SAMPLES / 'two_arms_and_base.yaml').read_text().splitlines()) < 80
    contract = Contract.load(SAMPLES / 'two_arms_and_base.yaml')
    assert Contract.from_text(contract.to_text()) == contract
    assert contract.topics == ['left/joint_states', 'right/joint_states', 'odom']
    assert list(contract.grippers) == [2, 5]
    assert contract.is_velocity.tolist() == [False] * 6 + [True, True]
    assert [state.topic for state in contract.joint_states][5:7] == ['right/joint_states', 'odom']
    # Of a base, a value is a velocity, and may change as fast as it accelerates.
    np.testing.assert_array_equal(contract.upper[6:], [0.5, 1.0])
    np.testing.assert_array_equal(contract.lower[6:], [-0.5, -1.0])
    np.testing.assert_array_equal(contract.velocity[6:], [1.0, 2.0])


def without(key, joint):
    return [{**entry, 'joints': [n for n in entry['joints'] if n != joint]}
            for entry in PAIR[key]]


@pytest.mark.parametrize(('changes', 'text'), [
    ({'states': without('states', 'left_2')},
     "states: joint 'left_2' stands in none of them: nothing says where it is"),
    ({'commands': without('commands', 'right_2')},
     "commands: joint 'right_2' stands in none of them: nothing moves it"),
    ({'states': [*PAIR['states'], {**PAIR['states'][0], 'topic': 'other',
                                         'joints': ['left_1']}]},
     "states: joint 'left_1' stands in left/joint_states and in other; expected in one"),
    ({'states': [{**PAIR['states'][0], 'joints': ['left_1', 'left_2', 'left_gripp']},
                 *PAIR['states'][1:]]},
     "states: left/joint_states: unknown joint 'left_gripp'; did you mean 'left_grip'?"),
    ({'commands': [{**PAIR['commands'][0], 'joints': ['left_1', 'lef_2']},
                   *PAIR['commands'][1:]]},
     "commands: left_jtc/joint_trajectory: unknown joint 'lef_2'; did you mean 'left_2'?"),
    ({'state': {'topic': 'joint_states', 'type': 'sensor_msgs/JointState', 'rate_hz': 100,
                'max_age_s': 0.1}},
     'state and states: expected one of them; move state into states'),
    ({'gripper': PAIR['arms'][0]['gripper']},
     'gripper and arms: expected one of them; move gripper into arms'),
    ({'workspace': {'lower': [0, 0, 0], 'upper': [1, 1, 1]}},
     'workspace and arms: expected one of them; move workspace into arms'),
    ({'states': None}, 'missing state (or states, for joints on several topics)'),
    ({'commands': None}, 'missing command (or commands, for joints with several)'),
    ({'states': [*PAIR['states'], PAIR['states'][1]]},
     "states: joint 'right_1' stands twice in right/joint_states; expected in one"),
    ({'commands': [*PAIR['commands'], {**PAIR['commands'][0], 'topic': 'other'}]},
     "commands: joint 'left_1' stands in left_jtc/joint_trajectory and in other; expected in "
     'one'),
    ({'tip': 'tool'}, 'tip and arms: expected one of them; move tip into arms'),
    ({'command': {'topic': 'a', 'type': 'std_msgs/Float64MultiArray'}},
     'command and commands: expected one of them; move command into commands'),
    ({'commands': [PAIR['commands'][0] | {'action': 'left_jtc/follow'}, *PAIR['commands'][1:]]},
     'command: expected a topic or an action, got both'),
    ({'commands': [*PAIR['commands'][:4], {**PAIR['commands'][4], 'fields': ['linear.x']}]},
     'command base/cmd_vel: fields: expected one per joint, such as linear.x'),
    ({'commands': [*PAIR['commands'][:4],
                   {**PAIR['commands'][4], 'fields': ['linear.x', 'angular.zz']}]},
     "command base/cmd_vel: field 'angular.zz': did you mean 'angular.z'?"),
    ({'arms': [PAIR['arms'][0], {**PAIR['arms'][1], 'joints': ['right_1', 'left_2']}]},
     "arms: joint 'left_2' stands twice"),
    ({'joints': [{k: v for k, v in joint.items() if k != 'position'}
                 for joint in PAIR['joints']]},
     "joint 'left_1': position: expected [lower, upper], got none"),
    ({'commands': [{'topic': 'left/target_pose', 'type': 'geometry_msgs/PoseStamped',
                    'joints': ['left_1', 'left_2'], 'arm': 'lefft'}, *PAIR['commands'][1:]]},
     "command left/target_pose: no arm 'lefft'; did you mean 'left'?"),
    ({'commands': [{'topic': 'left/target_pose', 'type': 'geometry_msgs/PoseStamped',
                    'joints': ['left_1', 'left_2'], 'arm': 'left'}, *PAIR['commands'][1:]]},
     "command left/target_pose: arm 'left' has no tip to send"),
    ({'commands': [{**PAIR['commands'][0], 'interface': 'velocity'}, *PAIR['commands'][1:]]},
     'command left_jtc/joint_trajectory: interface: only a std_msgs/Float64MultiArray does not '
     'say itself what it holds, got trajectory_msgs/JointTrajectory'),
    ({'commands': [PAIR['commands'][0], {**PAIR['commands'][1], 'interface': 'velocities'},
                   *PAIR['commands'][2:]]},
     "command right_forward/commands: interface 'velocities': did you mean 'velocity'?"),
    ({'commands': [PAIR['commands'][0], {**PAIR['commands'][1], 'names': ['a', 'b']},
                   *PAIR['commands'][2:]]},
     'command right_forward/commands: names: a std_msgs/Float64MultiArray names no joints'),
    ({'commands': [{**PAIR['commands'][0], 'names': ['a']}, *PAIR['commands'][1:]]},
     'command left_jtc/joint_trajectory: names: expected one per joint (left_1, left_2), got'),
    ({'commands': [{**PAIR['commands'][0], 'frame': 'base'}, *PAIR['commands'][1:]]},
     'command left_jtc/joint_trajectory: frame: expected the name of a link, with one of '
     "geometry_msgs/PoseStamped, geometry_msgs/TwistStamped, got 'base' with"),
    ({'states': [{**PAIR['states'][0], 'names': ['a', 'b']}, *PAIR['states'][1:]]},
     'state left/joint_states: names: expected one per joint (left_1, left_2, left_grip), got'),
    ({'states': [{**PAIR['states'][0], 'names': ['a', 'b', 'a']}, *PAIR['states'][1:]]},
     "state left/joint_states: name 'a' stands twice"),
    ({'states': [{**PAIR['states'][0], 'names': ['right_1', 'b', 'c']},
                 {**PAIR['states'][1], 'topic': 'left/joint_states'}, PAIR['states'][2]]},
     "states: left/joint_states: name 'right_1' stands twice"),
    ({'states': [*PAIR['states'][:2], {**PAIR['states'][2], 'names': ['a', 'b']}]},
     'state odom: names: nav_msgs/Odometry names no joints'),
    ({'commands': [{'topic': 'left/servo', 'type': 'geometry_msgs/TwistStamp',
                    'joints': ['left_1', 'left_2']}, *PAIR['commands'][1:]]},
     "command type 'geometry_msgs/TwistStamp': did you mean 'geometry_msgs/TwistStamped'?"),
])
def test_what_cannot_be_is_named(changes, text):
    with pytest.raises(ConfigError) as caught:
        pair(**changes)
    assert text in str(caught.value)


def test_neither_form_is_an_error():
    with pytest.raises(ConfigError, match='missing state'):
        replace(SIM, state=None)
    with pytest.raises(ConfigError, match='missing command'):
        replace(SIM, command=None)


def test_how_joints_are_moved_and_called_is_not_what_data_mean():
    old = pair()
    new = pair(
        states=[{**PAIR['states'][0], 'names': ['a', 'b', 'c']}, *PAIR['states'][1:]],
        commands=[{**PAIR['commands'][0], 'names': ['a', 'b']},
                  {**PAIR['commands'][1], 'interface': 'velocity'}, *PAIR['commands'][2:]])
    assert Contract.from_text(new.to_text()) == new
    assert differences(old, new) == []
    assert new.by_velocity.tolist() == [False] * 3 + [True, True] + [False] * 3
    assert new.is_velocity.tolist() == old.is_velocity.tolist(), 'they are positions all the same'
    assert not any(word in old.to_text() for word in ('interface', 'names', 'frame'))
    turned = [{**PAIR['commands'][4], 'fields': ['linear.y', 'angular.z']}]
    assert len(differences(old, pair(commands=[*PAIR['commands'][:4], *turned]))) == 1


def test_two_drivers_may_call_their_joints_the_same():
    contract = pair(states=[
        {**state, 'names': ['one', 'two', 'grip']} if i < 2 else state
        for i, state in enumerate(PAIR['states'])])
    message = SimpleNamespace(name=['grip', 'one', 'two', 'left_1'], position=[3.0, 1.0, 2.0, 9.0])
    for topic, columns in (('left/joint_states', [0, 1, 2]), ('right/joint_states', [3, 4, 5])):
        found = joint_positions(contract, topic, message)
        np.testing.assert_array_equal(found[columns], [1.0, 2.0, 3.0])
        assert np.isnan(np.delete(found, columns)).all()
    reader = StateReader(contract)
    reader.read('left/joint_states', SimpleNamespace(name=['one', 'grip'], position=[1.0, 2.0]))
    assert reader.problem('left/joint_states').startswith("no message names joint 'two'")

from dataclasses import replace

from il_ros.contract import Contract, Crop, Depth, differences, require_same
from il_ros.errors import ConfigError, ContractMismatchError
import numpy as np
import pytest


@pytest.fixture
def contract():
    return Contract.load('sim_arm')


@pytest.mark.parametrize('name', ['sim_arm', 'ur5e_realsense'])
def test_text_round_trip(name):
    loaded = Contract.load(name)
    assert Contract.from_text(loaded.to_text()) == loaded
    assert Contract.from_text(loaded.to_text()).hash == loaded.hash


def test_a_stream_says_which_clock_to_believe(contract):
    text = contract.to_text()
    assert 'stamp' not in text
    late = text.replace('sensor_msgs/JointState', 'sensor_msgs/JointState\n  stamp: arrival')
    found = Contract.from_text(late)
    assert (found.state.stamp, contract.state.stamp) == ('arrival', None)
    assert Contract.from_text(found.to_text()) == found
    assert found.hash != contract.hash
    assert differences(contract, found) == []   # the same robot, and the same data
    with pytest.raises(ConfigError, match="joint_states: stamp 'arival': did you mean 'arrival'"):
        Contract.from_text(late.replace('arrival', 'arival'))


def test_a_trajectory_may_say_when_it_is_due(contract):
    assert 'timed' not in contract.to_text()   # old hashes stay
    kind = 'type: trajectory_msgs/JointTrajectory'
    found = Contract.from_text(edited(contract, kind, f'{kind}\n  timed: true'))
    assert found.commands[0].timed and Contract.from_text(found.to_text()) == found
    assert differences(contract, found) == []   # how messages travel is not what they mean
    with pytest.raises(ConfigError, match='timed: only a trajectory_msgs/JointTrajectory says '
                                          'when it begins, got std_msgs/Float64MultiArray'):
        Contract.from_text(edited(contract, kind, 'type: std_msgs/Float64MultiArray\n'
                                                  '  timed: true'))


def test_a_camera_on_its_side_and_a_crop_say_what_data_mean(contract):
    text = contract.to_text()
    assert 'rotate' not in text and 'crop' not in text   # old hashes stay
    found = Contract.from_text(text.replace(
        '  resize: false\n', '  resize: false\n  rotate: 90\n'
        '  crop: {x: 4, y: 0, width: 128, height: 120}\n', 1))
    camera = found.cameras[0]
    assert (camera.rotate, camera.crop) == (90, Crop(4, 0, 128, 120))
    assert Contract.from_text(found.to_text()) == found
    assert found.hash != contract.hash
    assert len(differences(contract, found)) == 2


def test_vectors_follow_joint_order(contract):
    assert contract.joint_names[-1] == 'gripper'
    assert list(contract.grippers) == [6]
    assert contract.upper[6] == 0.04
    assert np.all(contract.lower < contract.upper)
    assert contract.environment_size == 21
    assert contract.period_ns == 33_333_333


def edited(contract, old, new):
    text = contract.to_text()
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(('old', 'new', 'error'), [
    ('joint: gripper', 'joint: griper',
     "gripper: unknown joint 'griper'; did you mean 'gripper'?"),
    ('name: elbow', 'name: gripper', "joint 'gripper' stands twice"),
    ('rate_hz: 30.0', 'rate: 30.0', "unknown key 'rate'; did you mean 'rate_hz'?"),
    ('encoding: rgb8', 'encoding: rgb', "camera 'scene': encoding 'rgb': did you mean 'rgb8'?"),
    ('type: trajectory_msgs/JointTrajectory', 'type: trajectory_msgs/Joint', 'did you mean'),
    ('topic: sim/poses', 'topic: joint_states', "topic 'joint_states' stands twice"),
    ('position_margin: 0.0', 'position_margin: 0.7', 'expected 0 to 0.5, got 0.7'),
    ('position_margin: 0.0', 'command_hz: 30.0',
     'command_hz: expected more than rate_hz (30) and at most 1000, got 30'),
])
def test_wrong_value_is_named(contract, old, new, error):
    with pytest.raises(ConfigError) as caught:
        Contract.from_text(edited(contract, old, new))
    assert error in str(caught.value)


def test_start_must_fit_the_limits(contract):
    with pytest.raises(ConfigError, match=r"start: joint 'gripper': 0.5 is outside \[0.0, 0.04\]"):
        replace(contract, start=(*contract.start[:6], 0.5))
    with pytest.raises(ConfigError, match='start: expected 7 values, got 6'):
        replace(contract, start=contract.start[:6])


def test_unknown_camera_names_the_nearest(contract):
    with pytest.raises(ConfigError, match="no camera 'scenes'; did you mean 'scene'?"):
        contract.camera('scenes')


def test_differences_are_shown_and_task_text_does_not_count(contract):
    require_same(contract, replace(contract, task='another'), 'bag', 'checkpoint')
    other = replace(contract, rate_hz=20.0, cameras=contract.cameras[:1])
    assert differences(contract, other) == [
        'rate_hz: 30.0, 20.0', "cameras: ['scene', 'wrist'], ['scene']"]
    with pytest.raises(ContractMismatchError, match='bag and checkpoint .* rate_hz: 30.0, 20.0'):
        require_same(contract, other, 'bag', 'checkpoint')


def test_a_topic_is_the_same_with_its_slash(contract):
    other = replace(contract, state=replace(contract.state, topic='/joint_states'))
    assert differences(contract, other) == []
    assert other.hash != contract.hash
    moved = replace(contract, state=replace(contract.state, topic='/left/joint_states'))
    assert differences(contract, moved) == []   # how messages travel is not what they mean


@pytest.mark.parametrize('topic, text', [
    ('a//b', "topic 'a//b': two slashes follow each other"),
    ('~/b', "topic '~/b': ~ is another topic for each node"),
])
def test_a_topic_that_is_no_ros_name_is_refused(contract, topic, text):
    with pytest.raises(ConfigError, match=text):
        replace(contract.state, topic=topic)
    with pytest.raises(ConfigError, match=text):
        replace(contract.command, topic=topic)


def test_a_rate_of_commands_changes_neither_old_hashes_nor_what_data_mean(contract):
    fast = replace(contract, command_hz=125.0)
    assert 'command_hz' not in contract.to_text()
    assert Contract.from_text(fast.to_text()) == fast
    assert differences(contract, fast) == []


def test_topics_and_transport_say_nothing_about_what_data_mean(contract):
    scene, *others = contract.cameras
    packed = replace(scene, topic=f'{scene.topic}/compressed', type='sensor_msgs/CompressedImage',
                     encoding='bgra8')
    moved = replace(contract, cameras=(packed, *others),
                    state=replace(contract.state, topic='/robot/joint_states'),
                    command=replace(contract.command, topic='forward/commands',
                                    type='std_msgs/Float64MultiArray'))
    require_same(contract, moved, 'dataset', 'this robot')
    require_same(moved, contract, 'dataset', 'this robot')
    assert contract.hash != moved.hash


@pytest.mark.parametrize('change, line', [
    ({'encoding': '16UC1'}, 'cameras[0].encoding: colour, depth'),
    ({'encoding': 'mono8'}, 'cameras[0].encoding: colour, grey'),
    ({'width': 64}, 'cameras[0].width: 128, 64'),
    ({'name': 'front'}, 'cameras[0].name: scene, front')])
def test_what_a_camera_shows_does(contract, change, line):
    scene, *others = contract.cameras
    other = replace(contract, cameras=(replace(scene, **change), *others))
    assert differences(contract, other) == [line]


def test_depth_in_metres_is_told_by_its_range_and_changes_no_other_hash(contract):
    assert 'depth' not in contract.to_text()
    scene, *others = contract.cameras
    grey = replace(contract, cameras=(replace(scene, encoding='16UC1'), *others))
    assert 'depth:' not in grey.to_text()
    metric = replace(contract, cameras=(
        replace(scene, encoding='16UC1', depth=Depth((0.2, 2.0))), *others))
    assert Contract.from_text(metric.to_text()) == metric and metric.hash != grey.hash
    assert metric.camera('scene').shape == (scene.height, scene.width, 1)
    assert differences(metric, grey) == ["cameras[0].depth: {'range_m': [0.2, 2.0]}, None"]
    floats = replace(contract, cameras=(
        replace(metric.cameras[0], encoding='32FC1', topic='/other'), *others))
    assert differences(metric, floats) == []


@pytest.mark.parametrize('near, far, text', [
    (0.0, 2.0, r'expected \[near, far\] with 0 < near < far \[m\], got \[0.0, 2.0\]'),
    (2.0, 0.2, r'expected \[near, far\] with 0 < near < far'),
    (0.2, 10.0, 'expected at most 8.188 m from near to far, for 12 bits to lose at most 1 mm, '
                'got 9.8 m')])
def test_a_range_that_12_bits_do_not_hold_is_refused(near, far, text):
    with pytest.raises(ConfigError, match=text):
        Depth((near, far))


def test_colours_have_no_distances(contract):
    with pytest.raises(ConfigError, match="camera 'scene': depth: expected an encoding of "
                                          r'distances, such as 16UC1 \[mm\] or 32FC1 \[m\]'):
        replace(contract.cameras[0], depth=Depth((0.2, 2.0)))


def test_a_generated_contract_is_marked_and_changes_no_other(contract, tmp_path):
    assert 'generated' not in contract.to_text()    # old hashes stay
    made = replace(contract, generated='a LeRobotDataset v3.0')
    assert Contract.from_text(made.to_text()) == made and made.hash != contract.hash
    require_same(made, made, 'the dataset', 'the checkpoint')
    refused = ('the checkpoint: its contract was generated from a LeRobotDataset v3.0, with '
               "unknown units and the limits of the data: it drives no robot. Put the robot's "
               'contract at meta/contract.yaml of that dataset, with the values in its units, and '
               'train again')
    for pair in ((contract, made, 'this robot', 'the checkpoint'),
                 (made, contract, 'the checkpoint', 'this robot')):
        with pytest.raises(ContractMismatchError) as error:
            require_same(*pair)
        assert str(error.value) == refused
    file = tmp_path / 'robot.yaml'
    file.write_text(made.to_text())
    with pytest.raises(ContractMismatchError, match='robot.yaml: its contract was generated from'):
        Contract.load(file)

"""A hand's path to joints that the gate lets through, or a refusal that says why not."""
import re

from il_ros.cli import app
from il_ros.contract import Contract
from il_ros.errors import ConfigError, DatasetError
from il_ros.evaluation.recording import read_recording, timed_actions
from il_ros.evaluation.replay import replay
from il_ros.kinematics import chain, find_urdf
from il_ros.sim.simulation import Simulation
from il_ros.teaching.hands.keypoints import HandError
from il_ros.teaching.hands.motion import Motion
from il_ros.teaching.hands.retarget import retarget
from il_ros.teaching.hands.similarity import Similarity
from il_ros.teaching.rows import problem_of
import numpy as np
import pinocchio as pin
import pytest
from teaching.hands import hand_factory as hands
from typer.testing import CliRunner

SHIFT = (-0.25, 0.05, 0.75)     # from the camera to the root: above the table of the arm
HERE = Similarity(1.0, 0.0, SHIFT)


@pytest.fixture(scope='module')
def contract():
    return Contract.load('sim_arm')


def grips(count):
    """Return thumb to index over palm: closed in the middle third."""
    return np.where(np.abs(np.arange(count) - count / 2) < count / 6, 0.15, 0.8)


def tools(contract, rows):
    arm = chain(contract, contract.arms[0])
    columns = contract.indices(contract.arms[0].joints)
    return [arm.forward(row[columns]) for row in rows]


@pytest.mark.parametrize('left', [False, True])
def test_round_trip_in_millimetres(contract, left):
    tool, palms = hands.flat_circle()
    keypoints = hands.seen(tool, palms, grips(150), left=left)
    similarity = Similarity(0.8, 0.5, (-0.12, -0.25, 0.65))
    settings = hands.settings(similarity=similarity, hand='left' if left else 'right')
    used, (found,) = retarget(keypoints, settings, contract)
    assert (used, found.share, found.stretch, found.problem) == (similarity, 1.0, 1.0, '')
    turn = pin.exp3(np.array([0.0, 0.0, 0.5]))
    wanted = 0.8 * tool @ turn.T + similarity.shift
    for (position, rotation), at, palm in zip(tools(contract, found.rows[6:-6]), wanted, palms,
                                              strict=True):
        assert 1e3 * np.linalg.norm(position - at) < 1.0
        tilted = turn @ palm @ settings.to_tool().T
        assert np.linalg.norm(pin.log3(rotation @ tilted.T)) < 0.02
    gripper = found.rows[6:-6, -1]
    assert np.array_equal(gripper == 0.0, grips(150) < 0.25)
    assert set(gripper) == {0.0, 0.04}


def test_one_similarity_is_found_for_all_episodes(contract):
    keypoints = hands.seen(*hands.flat_circle(300, 0.1))
    keypoints.scores[140:160] = 0.0
    used, found = retarget(keypoints, hands.settings(), contract)
    assert used.scale == 1.0 and [each.problem for each in found] == ['', '']
    assert min(each.share for each in found) >= 0.95
    assert [problem_of(contract, each.rows) for each in found] == ['', '']


def test_what_is_too_fast_is_stretched_until_the_gate_lets_it_through(contract):
    tool, palms = hands.flat_circle(45, 0.1)
    _, (found,) = retarget(hands.seen(tool, palms), hands.settings(similarity=HERE), contract)
    assert found.stretch > 1.0 and found.share >= 0.95 and found.problem == ''
    assert problem_of(contract, found.rows) == ''
    assert len(found.rows) > 45 * found.stretch


def test_no_joint_has_to_leap_where_the_similarity_is_searched(contract):
    wide = hands.seen(*hands.flat_circle(150, 0.3))
    _, (found,) = retarget(wide, hands.settings(), contract)
    assert (found.problem, found.stretch) == ('', 1.0)
    past_the_shoulder = Similarity(0.8, -np.pi / 4, (-0.147, 0.509, 0.648))
    _, (found,) = retarget(wide, hands.settings(similarity=past_the_shoulder), contract)
    assert found.share >= 0.95 and found.worst.startswith('shoulder_pan (')
    assert re.search("joint 'shoulder_pan' moves at .*: show it slower", found.problem)


def turning(angle):
    """Return a hand that turns about its fingers and stays."""
    tool, _ = hands.flat_circle(90, 0.0)
    share = (1 - np.cos(np.pi * np.linspace(0, 1, 90))) / 2
    palms = np.array([pin.exp3(np.array([0, 0, angle * s])) @ hands.DOWN for s in share])
    return hands.seen(np.tile(tool[0], (90, 1)), palms)


@pytest.mark.parametrize('angle, joint', [(4.5, 'wrist_3'), (-4.5, 'wrist_3')])
def test_a_joint_at_its_limit_is_named(contract, angle, joint):
    _, (found,) = retarget(turning(angle), hands.settings(similarity=HERE), contract)
    assert found.share < 0.95
    assert 'in the way: reach (' in found.problem
    assert f'worst joint {joint} (at its limit in' in found.problem
    assert 'show it nearer and with less turning' in found.problem


@pytest.mark.parametrize('shift, text', [
    ((0.2, 0.0, 0.75), r'in the way: reach \(72\); worst joint wrist_1 \(too far for all of 72'),
    ((-0.25, 0.05, 0.45), r'in the way: workspace or collision at the start \(.*; bring it else')])
def test_what_is_out_of_reach_or_in_the_table_is_refused(contract, shift, text):
    settings = hands.settings(similarity=Similarity(1.0, 0.0, shift))
    _, (found,) = retarget(hands.seen(*hands.flat_circle(60)), settings, contract)
    assert found.share == 0.0
    assert re.search(r'can follow 0% of \d+ rows, expected 95%; ' + text, found.problem)


def test_what_dips_into_the_table_is_stopped_by_the_guard(contract):
    tool, palms = hands.flat_circle(90)
    tool[30:60, 2] -= 0.4 * np.sin(np.linspace(0, np.pi, 30)) ** 2
    _, (found,) = retarget(hands.seen(tool, palms), hands.settings(similarity=HERE), contract)
    assert 0.4 < found.share < 0.95
    assert 'in the way: workspace (' in found.problem and 'bring it elsewhere' in found.problem


def test_a_hand_that_picks_and_places_has_the_simulated_arm_do_it(tmp_path, contract):
    scene = Simulation(contract, 'PickPlace')
    cube, box = scene.poses['cube'], scene.poses['box']
    scene.close()
    home, up = np.array([0.362, 0.0, 0.248]), np.array([0.0, 0.0, 0.12])
    over_box = box[:3] + [0.0, 0.0, 0.07]
    tool, shares = hands.through(home, [
        (cube[:3] + up, 1.5, 0.8), (cube[:3], 1.0, 0.8), (cube[:3], 0.8, 0.15),
        (cube[:3] + up, 1.2, 0.15), (over_box + up, 2.0, 0.15), (over_box, 1.0, 0.15),
        (over_box, 0.8, 0.8), (over_box + up, 1.0, 0.8)])
    yaw = 2 * np.arctan2(cube[5], cube[6])
    palms = np.tile(pin.exp3(np.array([0.0, 0.0, yaw])) @ hands.DOWN, (len(tool), 1, 1))
    _, (found,) = retarget(hands.seen(tool - SHIFT, palms, shares),
                           hands.settings(similarity=HERE), contract)
    assert found.problem == ''
    Motion(contract, found.rows, 'test').write(tmp_path / 'motion.npz')
    assert replay(read_recording(tmp_path / 'motion.npz')).success


def test_an_arm_that_is_not_there_is_refused(contract):
    with pytest.raises(ConfigError, match="arm 'left': expected one of .* 'sim_arm': arm"):
        retarget(turning(0.1), hands.settings(), contract, 'left')


def saved(path, keypoints):
    np.savez(path, **{name: getattr(keypoints, name) for name in (
        'stamps', 'landmarks', 'pixels', 'scores', 'depths')})
    return str(path)


def yaml_of(path, shift):
    lens = hands.LENS
    path.write_text(
        f'camera: {{fx: {lens.fx}, fy: {lens.fy}, cx: {lens.cx}, cy: {lens.cy}}}\n'
        f'tilt: {hands.TILT}\nroll: {hands.ROLL}\n'
        f'similarity: {{scale: 1.0, yaw: 0.0, shift: {list(shift)}}}\n')
    return str(path)


def test_command_writes_motions_that_are_no_episodes_yet(tmp_path, contract):
    video = saved(tmp_path / 'hand.npz', hands.seen(*hands.flat_circle(60), grips(60)))
    call = ['retarget', video, '--to', str(tmp_path / 'shown'), '--hand']
    result = CliRunner().invoke(app, [*call, yaml_of(tmp_path / 'hand.yaml', SHIFT)],
                                catch_exceptions=False)
    motion = tmp_path / 'shown' / 'episode_0.npz'
    assert f'{motion}: no success yet' in result.output
    assert f'il_ros replay {motion} --ros --record' in result.output
    recording = read_recording(motion)
    assert recording.led and recording.contract == contract
    assert problem_of(contract, timed_actions(recording)) == ''
    assert np.array_equal(timed_actions(recording)[:-1], recording.states[1:])
    assert 'scale 1, yaw 0.000 rad' in Motion.read(motion).told
    # The simulated arm does it, the scene as it starts.
    assert replay(recording).largest[:-1].max() < 0.2
    convert = CliRunner().invoke(app, ['convert', str(motion.parent), '--out',
                                       str(tmp_path / 'dataset')])
    assert convert.exception and not (tmp_path / 'dataset').exists()
    with pytest.raises(ConfigError, match='shown: expected a new or empty folder'):
        CliRunner().invoke(app, [*call, str(tmp_path / 'hand.yaml')], catch_exceptions=False)
    with pytest.raises(DatasetError, match='is there already'):
        Motion(contract, recording.states, '').write(motion)


def test_command_takes_a_urdf_that_the_robot_tells_on_a_topic(tmp_path, contract):
    file = find_urdf(contract)
    robot = tmp_path / 'robot.yaml'
    robot.write_text(contract.to_text().replace(contract.urdf, 'topic:/robot_description'))
    video = saved(tmp_path / 'hand.npz', hands.seen(*hands.flat_circle(60)))
    call = ['retarget', video, '--hand', yaml_of(tmp_path / 'hand.yaml', SHIFT), '--to',
            str(tmp_path / 'shown'), '--robot']
    with pytest.raises(ConfigError, match='--urdf: .* expected it as a file'):
        CliRunner().invoke(app, [*call, str(robot)], catch_exceptions=False)
    with pytest.raises(ConfigError, match="--urdf: .* 'sim_arm.urdf'; leave it out"):
        CliRunner().invoke(app, [*call, 'sim_arm', '--urdf', str(file)], catch_exceptions=False)
    CliRunner().invoke(app, [*call, str(robot), '--urdf', str(file)], catch_exceptions=False)
    told = Motion.read(tmp_path / 'shown' / 'episode_0.npz').contract
    assert str(find_urdf(told)) == 'the URDF of /robot_description'
    assert told.urdf_text == file.read_text()


def test_command_writes_nothing_that_is_refused(tmp_path):
    video = saved(tmp_path / 'hand.npz', hands.seen(*hands.flat_circle(60)))
    with pytest.raises(HandError, match='episode_0: the arm can follow 0%'):
        CliRunner().invoke(app, [
            'retarget', video, '--to', str(tmp_path / 'shown'), '--hand',
            yaml_of(tmp_path / 'hand.yaml', (3.0, 0.0, 0.75))], catch_exceptions=False)
    assert not (tmp_path / 'shown').exists()


def test_other_files_are_no_motion(tmp_path):
    np.savez(tmp_path / 'other.npz', rows=np.zeros((3, 7)))
    with pytest.raises(DatasetError, match='other.npz: no motion of il_ros retarget'):
        read_recording(tmp_path / 'other.npz')

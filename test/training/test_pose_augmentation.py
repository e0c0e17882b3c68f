"""Moved scenes and strayed tools: what they keep, what they teach, what refuses them."""
from dataclasses import replace

from checkpoint_factory import CONTRACT
from il_ros.errors import ConfigError
from il_ros.kinematics import find_urdf
from il_ros.policies.config import AugmentationConfig, PolicyConfig
from il_ros.policies.inputs.tool_actions import ToolActions
from il_ros.policies.inputs.tool_frame import rotations, ToolFrame
from il_ros.policies.load import load
from il_ros.policies.transforms import PoseFeatures
from il_ros.teleop.scripted.stages import rotation
from il_ros.training import train as training
from il_ros.training.batches import Batches
from il_ros.training.config import TrainConfig
from il_ros.training.pose_augmentation import PoseAugmentation, RETURN, SceneMotions, ToolStrays
from il_ros.training.samples import ArraySource, Samples
from il_ros.types import Observation
import numpy as np
import pinocchio as pin
import pytest
from safetensors.numpy import load_file
import torch

FRAME = ToolFrame(CONTRACT, find_urdf(CONTRACT))
TOOL = CONTRACT.poses.names.index('end_effector')
POLICY = PolicyConfig(inputs=('environment',), horizon=20, tool_actions=True)
BOTH = AugmentationConfig(scene_motion=True, tool_stray=(0.04, 0.15))


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def environment_of(state, cube):
    """Return the poses of cube, box and tool of joint vectors. Shape (N, 21)."""
    tool = FRAME.poses(state)
    poses = np.zeros((len(state), 3, 7))
    poses[..., 6] = 1.0
    poses[:, CONTRACT.poses.names.index('cube'), :3] = cube
    poses[:, TOOL, :3] = tool[:, :3]
    poses[:, TOOL, 3:] = [pin.Quaternion(turned.reshape(3, 3)).coeffs()
                          for turned in tool[:, 3:12]]
    return poses.reshape(len(state), -1)


@pytest.fixture(scope='module')
def source():
    """Return four episodes in which the tool goes down a straight line, 24 steps each."""
    start = np.array(CONTRACT.start)
    lengths, states, actions = [24] * 4, [], []
    for episode in range(4):
        begin = start.copy()
        begin[0] += 0.1 * episode
        pose = FRAME.poses(begin[None])
        path = np.repeat(pose, 25, 0)
        path[:, 2] -= 0.004 * np.arange(25)
        joints = FRAME.joints(path, begin)
        states.append(joints[:-1])
        actions.append(joints[1:])
    state = np.concatenate(states)
    rows = len(state)
    return ArraySource(CONTRACT, lengths, {
        'observation.state': state, 'action': np.concatenate(actions),
        'observation.environment_state': environment_of(state, [0.4, 0.1, 0.02]),
        'control_source': np.ones(rows, int), 'intervention': np.zeros(rows, bool)})


@pytest.fixture(scope='module')
def sample(source):
    """Return eight samples: poses seen, the tool's and those it was told to take."""
    samples = Samples.of(source, TrainConfig(POLICY), {}, FRAME)
    return samples.batch(np.arange(8))[0]


def test_a_moved_scene_looks_the_same_from_within(sample):
    motions = SceneMotions.draw(8, np.random.default_rng(0))
    moved = motions.apply(sample)
    assert np.ptp(motions.angle) > 1 and not np.allclose(moved['environment'],
                                                         sample['environment'], atol=0.05)

    def seen_from_tool(data):
        poses = data['environment'].reshape(8, 3, 7)
        return np.array([(each[:, :3] - each[TOOL, :3]) @ rotation(each[TOOL, 3:])
                         for each in poses])

    np.testing.assert_allclose(seen_from_tool(moved), seen_from_tool(sample), atol=1e-6)
    actions = ToolActions(FRAME, POLICY.space(CONTRACT))
    motion, before = (actions.forward(data)['actions'] for data in (moved, sample))
    turns = rotations(motions.angle[:, None] * [0, 0, 1])
    for part in (slice(0, 3), slice(3, 6)):  # translation, rotation vector
        np.testing.assert_allclose(motion[..., part], np.einsum(
            'bij,bhj->bhi', turns, before[..., part]), atol=1e-5)
    np.testing.assert_array_equal(motion[..., 6:], before[..., 6:])  # the gripper


def test_a_strayed_tool_is_seen_where_it_is_and_told_back_to_the_path(sample):
    strays = ToolStrays.draw(8, (0.04, 0.15), TOOL, np.random.default_rng(1))
    strayed = strays.apply(sample)
    away = (strays.shift != 0).any(1)
    assert 0 < away.sum() < 8
    for key in sample:
        np.testing.assert_allclose(strayed[key][~away], sample[key][~away], atol=1e-6)
    seen = strayed['environment'].reshape(8, 3, 7)[:, TOOL]
    np.testing.assert_allclose(seen[:, :3], strayed['tool'][:, :3], atol=1e-6)
    np.testing.assert_allclose([rotation(each).ravel() for each in seen[:, 3:]],
                               strayed['tool'][:, 3:12], atol=1e-6)
    off = np.linalg.norm(strayed['actions'][..., :3] - sample['actions'][..., :3], axis=-1)
    assert (np.diff(off[away], axis=1) <= 1e-7).all()
    np.testing.assert_allclose(off[away, 0], (1 - 1 / RETURN) * np.linalg.norm(
        strays.shift[away], axis=1), atol=1e-6)
    np.testing.assert_allclose(strayed['actions'][:, RETURN - 1:],
                               sample['actions'][:, RETURN - 1:], atol=1e-6)


def test_parts_of_a_batch_vary_as_the_whole(source):
    config = TrainConfig(replace(POLICY, augmentation=BOTH), batch_size=12)
    samples = Samples.of(source, config, {}, FRAME)
    augmentation = PoseAugmentation.of(config.policy, CONTRACT)
    chain = PoseFeatures(differences=False)
    whole, = Batches(samples, chain, config, augmentation=augmentation).parts(3)
    for rank in (0, 1):
        part, = Batches(samples, chain, config, rank, 2, augmentation).parts(3)
        for key, value in part.batch.items():
            assert torch.equal(value, whole.batch[key][rank::2]), key
    plain, = Batches(samples, chain, config).parts(3)
    assert not torch.equal(plain.batch['environment'], whole.batch['environment'])


def test_training_repeats_and_resumes_exactly(source, tmp_path):
    config = TrainConfig(replace(POLICY, augmentation=BOTH), steps=8, batch_size=16,
                         validate_every=4)

    def weights(name, *steps, **changes):
        for step in steps:
            training.fit(source, tmp_path / name, replace(config, **changes), **step)
        return load_file(tmp_path / name / 'last/model.safetensors')

    one, two = weights('one', {}), weights('two', {})
    plain = weights('plain', {}, policy=POLICY)
    assert all(np.array_equal(one[k], two[k]) for k in one)
    assert not all(np.array_equal(one[k], plain[k]) for k in one)


@pytest.mark.slow
def test_strays_teach_the_way_back(source, tmp_path):
    """The tool is put 3 cm beside the path: a clone goes on beside it, this policy comes back."""
    start = np.array(CONTRACT.start)
    pose = FRAME.poses(start[None])
    pose[:, 2] -= 0.02
    on_path = pose[0, :3].copy()
    pose[:, 1] += 0.03
    state = FRAME.joints(np.repeat(pose, 20, 0), start)[-1]
    seen = Observation(0, state, environment_of(state[None], [0.4, 0.1, 0.02])[0])

    def beside(stray):
        policy = load(training.fit(source, tmp_path / str(stray), TrainConfig(
            replace(POLICY, augmentation=AugmentationConfig(tool_stray=(stray, 0.0))),
            steps=400, batch_size=64, validate_every=400, validation_share=0)))
        return FRAME.poses(policy.infer(seen)[-1:])[0, 1] - on_path[1]

    assert abs(beside(0.03)) < 0.008
    assert beside(0.0) > 0.015


@pytest.mark.parametrize(('changes', 'words'), [
    ({'inputs': ('state', 'environment')}, 'expect action_space: tool_delta and inputs that'),
    ({'tool_actions': False}, 'got motions of the joints and'),
    ({'inputs': ('gripper',)}, "expected 'environment' among the inputs"),
    ({'observation_steps': 2}, 'one observation at a time')])
def test_policies_that_cannot_learn_so_are_refused(changes, words):
    with pytest.raises(ConfigError, match=words):
        replace(POLICY, augmentation=BOTH, **changes)


def test_a_robot_without_the_tools_pose_is_refused():
    poses = replace(CONTRACT.poses, names=('cube', 'box', 'marker'))
    with pytest.raises(ConfigError, match="expected 'end_effector' among the poses"):
        replace(POLICY, augmentation=BOTH).check_inputs(replace(CONTRACT, poses=poses))

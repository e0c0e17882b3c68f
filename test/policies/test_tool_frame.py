from dataclasses import replace

from checkpoint_factory import CONTRACT, make_checkpoint, observation, SMALL
from il_ros.errors import CheckpointError
from il_ros.kinematics import find_urdf
from il_ros.policies.config import PolicyConfig
from il_ros.policies.inputs.tool_actions import ToolActions
from il_ros.policies.inputs.tool_frame import rotation_vectors, rotations, ToolFrame
from il_ros.policies.load import load
from il_ros.policies.transforms import features
import numpy as np
import pinocchio as pin
import pytest

FRAME = ToolFrame(CONTRACT, find_urdf(CONTRACT))
OLD = PolicyConfig(tool_actions=True).space(CONTRACT)
START = np.array(CONTRACT.start)


def near_start(rows, spread, seed=0):
    random = np.random.default_rng(seed)
    joints = START + spread * random.uniform(-1, 1, (rows, len(START)))
    return np.clip(joints, CONTRACT.lower, CONTRACT.upper)


def test_rotation_vectors_agree_with_pinocchio():
    random = np.random.default_rng(0)
    vectors = random.uniform(-1.7, 1.7, (50, 3))
    matrices = np.stack([pin.exp3(v) for v in vectors])
    np.testing.assert_allclose(rotations(vectors), matrices, atol=1e-12)
    np.testing.assert_allclose(rotation_vectors(matrices), vectors, atol=1e-9)
    np.testing.assert_array_equal(rotation_vectors(np.eye(3)[None]), np.zeros((1, 3)))
    np.testing.assert_allclose(rotations(np.zeros((1, 3)))[0], np.eye(3))


def test_a_path_of_joints_comes_back_from_its_tool_poses():
    steps = np.cumsum(np.random.default_rng(1).uniform(-0.01, 0.01, (20, len(START))), 0)
    path = np.clip(START + steps, CONTRACT.lower, CONTRACT.upper)
    np.testing.assert_allclose(FRAME.joints(FRAME.poses(path), START), path, atol=1e-4)


def test_a_far_pose_is_approached_within_the_velocity_limits():
    far = START + np.eye(7)[0] * 2.0
    rows = FRAME.joints(np.tile(FRAME.poses(far[None]), (8, 1)), START)
    period = CONTRACT.period_ns * 1e-9
    assert (np.abs(np.diff(rows[:, :6], axis=0)) <= CONTRACT.velocity[:6] * period + 1e-9).all()
    assert (np.abs(rows[0, :6] - START[:6]) <= 5 * CONTRACT.velocity[:6] * period + 1e-9).all()
    assert rows[-1, 0] > rows[0, 0] > START[0] + 0.1


def test_motions_unwind_to_joint_targets():
    state = near_start(4, 0.2)
    targets = np.clip(state[:, None] + np.linspace(0, 0.05, 6)[None, :, None],
                      CONTRACT.lower, CONTRACT.upper)
    transform = ToolActions(FRAME, OLD)
    poses = np.stack([FRAME.poses(rows) for rows in targets])
    there = transform.forward({'state': state, 'tool': FRAME.poses(state), 'actions': poses})
    assert there['actions'].shape == (4, 6, 7)
    assert 'tool' not in there
    np.testing.assert_allclose(there['actions'][..., 6], targets[..., 6])
    np.testing.assert_allclose(transform.backward(there)['actions'], targets, atol=1e-4)


def test_a_motion_does_not_depend_on_where_it_happens():
    """Turning the base turns the motion with it and changes nothing else."""
    turned = START + np.eye(7)[0] * 0.5
    lifted = np.tile(START, (3, 1)) + np.linspace(0, 0.05, 3)[:, None] * np.eye(7)[2]
    def motion(base):
        q = lifted + np.eye(7)[0] * (base[0] - START[0])
        return ToolActions(FRAME, OLD).forward(
            {'state': base[None], 'actions': FRAME.poses(q)[None]})['actions'][0]
    about_z = rotations(np.array([[0, 0, 0.5]]))[0]
    np.testing.assert_allclose(motion(turned)[:, :3], motion(START)[:, :3] @ about_z.T, atol=1e-9)


def test_training_and_inference_see_the_same_features():
    config = replace(SMALL, inputs=('environment', 'gripper'), tool_actions=True)
    state = near_start(2, 0.1)
    environment = np.tile([0.3, 0, 0, 0, 0, 0, 1.0], (2, 3))
    chain = features(config, CONTRACT, FRAME)
    inference = chain.forward({'state': state, 'environment': environment})
    training = chain.forward({'state': state, 'environment': environment,
                              'tool': FRAME.poses(state),
                              'actions': np.stack([FRAME.poses(state)] * 2, 1)})
    assert set(training) - set(inference) == {'actions'}
    np.testing.assert_array_equal(training['gripper'], state[:, 6:])
    np.testing.assert_allclose(training['actions'][..., :6], 0, atol=1e-12)


def test_checkpoint_carries_the_kinematics(tmp_path):
    folder = make_checkpoint(tmp_path / 'best', replace(
        SMALL, inputs=('environment', 'gripper'), tool_actions=True))
    chunk = load(folder).infer(observation())
    assert chunk.shape == (12, 7) and np.isfinite(chunk).all()
    assert (chunk >= CONTRACT.lower - 1e-9).all() and (chunk <= CONTRACT.upper + 1e-9).all()
    (folder / 'robot.urdf').unlink()
    with pytest.raises(CheckpointError, match='missing robot.urdf'):
        load(folder)

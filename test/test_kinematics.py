"""The URDF is the arm of the simulation, and inverse kinematics undoes forward kinematics."""
import math

from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.kinematics import Arm, find_urdf, tool_urdf
from il_ros.sim.model import ASSETS
import mujoco
import numpy as np
import pinocchio as pin
import pytest

CONTRACT = Contract.load('sim_arm')
NAMES = CONTRACT.joint_names[:6]
START = np.array(CONTRACT.start[:6])


@pytest.fixture
def arm():
    return Arm(find_urdf(CONTRACT), NAMES, CONTRACT.tip)


def test_urdf_and_mjcf_are_the_same_arm(arm):
    model = mujoco.MjModel.from_xml_path(str(ASSETS / 'sim_arm.xml'))
    data = mujoco.MjData(model)
    rng = np.random.default_rng(0)
    for _ in range(100):
        q = rng.uniform(arm.lower, arm.upper)
        for name, value in zip(NAMES, q, strict=True):
            data.joint(name).qpos = value
        mujoco.mj_kinematics(model, data)
        position, rotation = arm.forward(q)
        np.testing.assert_allclose(position, data.site('tool').xpos, atol=1e-6)
        np.testing.assert_allclose(rotation.ravel(), data.site('tool').xmat, atol=1e-6)


def test_urdf_model_and_contract_have_the_same_limits_and_masses():
    urdf = pin.buildModelFromUrdf(str(find_urdf(CONTRACT)))
    model = mujoco.MjModel.from_xml_path(str(ASSETS / 'sim_arm.xml'))
    for joint in CONTRACT.joints:
        i = urdf.joints[urdf.getJointId(joint.name)].idx_q
        assert (urdf.lowerPositionLimit[i], urdf.upperPositionLimit[i]) == joint.position
        assert tuple(model.joint(joint.name).range) == joint.position
        assert urdf.velocityLimit[i] == joint.velocity
        link = model.body(model.joint(joint.name).bodyid[0])
        assert urdf.inertias[urdf.getJointId(joint.name)].mass == pytest.approx(link.mass[0])


def test_inverse_undoes_forward(arm):
    rng = np.random.default_rng(1)
    for _ in range(50):
        q = START + rng.uniform(-0.4, 0.4, 6)
        position, rotation = arm.forward(q)
        found = arm.inverse(position, rotation, START)
        assert found is not None
        again, turned = arm.forward(found)
        np.testing.assert_allclose(again, position, atol=1e-7)
        np.testing.assert_allclose(turned, rotation, atol=1e-7)
        assert (found >= arm.lower).all() and (found <= arm.upper).all()


def test_inverse_out_of_reach_is_none(arm):
    assert arm.inverse(np.array([2.0, 0.0, 0.2]), np.eye(3), START) is None


def test_step_moves_towards_the_pose_within_its_bound(arm):
    position, rotation = arm.forward(START)
    target = position + [0.02, 0.0, 0.0]
    moved = arm.step(START, target, rotation, max_step=0.5)
    assert np.linalg.norm(arm.forward(moved)[0] - target) < 1e-3
    short = arm.step(START, target, rotation, max_step=0.01)
    assert np.abs(short - START).max() == pytest.approx(0.01)
    np.testing.assert_allclose((short - START) / 0.01,
                               (moved - START) / np.abs(moved - START).max(), atol=1e-9)


def test_step_stays_within_the_limits(arm):
    q = np.where(np.arange(6) == 0, arm.upper, START)
    position, rotation = arm.forward(q)
    turn = pin.exp3(np.array([0.0, 0.0, 0.5]))
    assert (arm.step(q, turn @ position, turn @ rotation, 1.0) <= arm.upper).all()


def test_joints_come_in_the_order_asked_for():
    backwards = Arm(find_urdf(CONTRACT), NAMES[::-1], CONTRACT.tip)
    forwards = Arm(find_urdf(CONTRACT), NAMES, CONTRACT.tip)
    np.testing.assert_array_equal(backwards.forward(START[::-1])[0], forwards.forward(START)[0])
    target = forwards.forward(START + 0.1)
    np.testing.assert_allclose(backwards.step(START[::-1], *target, 1.0)[::-1],
                               forwards.step(START, *target, 1.0), atol=1e-12)


@pytest.mark.parametrize(('names', 'tip', 'text'), [
    (['elbw'], 'tool', "no joint 'elbw'; did you mean 'elbow'?"),
    (['elbow'], 'tol', "no link 'tol'; did you mean 'tool'?")])
def test_unknown_names_are_named(names, tip, text):
    with pytest.raises(ConfigError) as error:
        Arm(find_urdf(CONTRACT), names, tip)
    assert text in str(error.value)


def test_a_file_that_is_no_urdf_is_named(tmp_path):
    file = tmp_path / 'x.urdf'
    file.write_text('hello')
    with pytest.raises(ConfigError, match=r'x\.urdf: not a URDF that can be read'):
        Arm(file, NAMES, 'tool')


def test_a_missing_urdf_is_named():
    other = Contract.from_text(CONTRACT.to_text().replace('sim_arm.urdf', 'other.urdf'))
    with pytest.raises(ConfigError) as error:
        find_urdf(other)
    assert str(error.value).startswith("the contract of 'sim_arm' names the URDF 'other.urdf', "
                                       'not found in ')


def test_reach_is_three_quarters_of_a_metre(arm):
    straight = arm.forward(np.array([0.0, math.pi / 2, 0, 0, 0, 0]))[0]
    assert 0.7 < straight[0] < 0.95


def test_a_policy_may_move_the_tools_of_any_form_of_the_contract_that_has_tips():
    assert tool_urdf(Contract.load('sim_two_arms')).name == 'sim_two_arms.urdf'
    with pytest.raises(ConfigError, match="contract of 'aloha_vx300s' names no urdf and no tip"):
        tool_urdf(Contract.load('aloha_vx300s'))

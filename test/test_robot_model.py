"""Each URDF joint type, mixed and mimicking, against plain homogeneous transforms."""
from dataclasses import replace
from itertools import product

from il_ros.errors import PlanningError
from il_ros.kinematics import Arm, check_urdf
from il_ros.planning.pinocchio_collisions import PinocchioCollisions
from il_ros.policies.inputs.tool_frame import ToolFrame
from il_ros.safety.workspace import Workspace
from il_ros.scene import Obstacle, Scene
from il_ros.teleop.tool_jog import ToolJog
import numpy as np
import pinocchio as pin
import pytest
from robots import contract, joint, KINDS, RADIUS, random_robot, Transforms, write

MOVING = KINDS[:3]
CASES = [*[(kinds, 0) for kinds in product(MOVING, repeat=2)],
         *[((*kinds, 'fixed', *kinds), 0) for kinds in product(MOVING, repeat=3)],
         *[((a, b, *MOVING, 'fixed', *MOVING), mimics)
           for a, b in product(MOVING, repeat=2) for mimics in (1, 2, 4)]]


def case(index, tmp_path):
    kinds, mimics = CASES[index]
    random = np.random.default_rng(index)
    urdf, names = random_robot(tmp_path / 'robot.urdf', random, kinds, mimics)
    return urdf, names, f'link{len(kinds)}', random


@pytest.mark.parametrize('index', range(len(CASES)))
def test_poses_and_jacobian_are_those_of_plain_transforms(tmp_path, index):
    urdf, names, tip, random = case(index, tmp_path)
    arm, plain = Arm(urdf, names, tip), Transforms(urdf)
    for _ in range(4):
        q = random.uniform(-7, 7, len(names))

        def pose(values):
            return plain.pose(tip, dict(zip(names, values, strict=True)))

        expected = pose(q)
        position, rotation = arm.forward(q)
        np.testing.assert_allclose(position, expected[:3, 3], atol=1e-12)
        np.testing.assert_allclose(rotation, expected[:3, :3], atol=1e-12)
        for column, unit in zip(arm.jacobian(q).T, np.eye(len(q)) * 1e-5, strict=True):
            ahead, behind = pose(q + unit), pose(q - unit)
            np.testing.assert_allclose(
                column, np.concatenate([
                    ahead[:3, 3] - behind[:3, 3],
                    pin.log3(ahead[:3, :3] @ behind[:3, :3].T)]) / 2e-5, atol=1e-8)


@pytest.mark.parametrize('index', range(0, len(CASES), 3))
def test_workspace_and_jog_are_about_the_same_tool(tmp_path, index):
    urdf, names, tip, random = case(index, tmp_path)
    plain = Transforms(urdf)
    robot = contract(names, urdf, tip, 'workspace: {lower: [-0.1, -0.1, -0.1], '
                                       'upper: [0.1, 0.2, 0.3]}')
    workspace, frame = Workspace(robot), ToolFrame(robot, urdf)
    q = random.uniform(-4, 4, len(names))
    at = plain.pose(tip, dict(zip(names, q, strict=True)))
    outside = np.maximum([-0.1] * 3 - at[:3, 3], 0) + np.maximum(at[:3, 3] - [0.1, 0.2, 0.3], 0)
    np.testing.assert_allclose(workspace.excess(q), outside, atol=1e-12)
    np.testing.assert_allclose(frame.poses(q[None])[0], [*at[:3, 3], *at[:3, :3].ravel()],
                               atol=1e-12)


def test_jog_and_inverse_move_the_tool_where_they_say(tmp_path):
    """Seven joints as of a Kinova Gen3, every second one continuous."""
    names = [f'joint_{i}' for i in range(1, 8)]
    axes = [(0, 0, 1), (0, 1, 0)] * 3 + [(0, 0, 1)]
    urdf = write(tmp_path / 'gen3.urdf', [f'l{i}' for i in range(8)], [
        joint(name, 'continuous' if i % 2 == 0 else 'revolute', f'l{i}', f'l{i + 1}', axis=axis,
              xyz=(0, 0, 0.2), limits=(-2.4, 2.4))
        for i, (name, axis) in enumerate(zip(names, axes, strict=True))])
    plain = Transforms(urdf)
    robot = contract(names, urdf, 'l7', continuous=names[::2])
    arm, jog = Arm(urdf, names, 'l7'), ToolJog(robot, robot.arms[0])
    np.testing.assert_array_equal(arm.lower, [-np.inf, -2.4] * 3 + [-np.inf])

    def tool(q):
        return plain.pose('l7', dict(zip(names, q, strict=True)))

    random = np.random.default_rng(1)
    for _ in range(5):
        q = random.uniform(-1, 1, 7) * [20.0, 1.5, 20.0, 1.5, 20.0, 1.5, 20.0]
        goal = tool(q)
        found = arm.inverse(goal[:3, 3], goal[:3, :3], q + random.normal(0, 0.05, 7))
        assert found is not None and np.abs(found - q).max() < 1.0
        np.testing.assert_allclose(tool(found), goal, atol=1e-7)
    q = start = np.array([12.0, 0.8, -3.14, 0.9, 9.0, 0.7, 3.14])
    jog.start(q)
    for _ in range(20):
        q = jog.move(q, np.array([0.1, 0.0, 0.2, 0.0, 0.0, 0.3]), 1 / 30)
    moved = tool(q)[:3, 3] - tool(start)[:3, 3]
    np.testing.assert_allclose(moved, 0.25 * 20 / 30 * np.array([0.1, 0.0, 0.2]), atol=1e-4)
    np.testing.assert_allclose(pin.log3(tool(q)[:3, :3] @ tool(start)[:3, :3].T),
                               [0, 0, 0.3 * 20 / 30], atol=1e-3)


@pytest.mark.parametrize('index', range(2, len(CASES), 2))
def test_collisions_are_looked_at_where_the_links_are(tmp_path, index):
    """A box stands 10 mm above a sphere on the last link, and nothing else is there."""
    urdf, names, tip, random = case(index, tmp_path)
    plain = Transforms(urdf)
    q, away = random.uniform(-3, 3, (2, len(names)))
    at, start = (plain.pose(tip, dict(zip(names, values, strict=True)))[:3, 3]
                 for values in (q, away))
    wall = Obstacle(tuple(at + [-0.01, -0.01, RADIUS + 0.01]), tuple(at + [0.01, 0.01, 0.1]),
                    name='wall')
    assert np.linalg.norm(at - start) > 0.2
    robot = replace(contract(names, urdf, tip, start=away.tolist()), scene=Scene((wall,), 0.02))
    collisions = PinocchioCollisions(robot, urdf)
    contact = collisions.contact(q)
    assert contact is not None and contact.links == (tip, 'wall')
    assert contact.distance == pytest.approx(0.01, abs=1e-6)
    assert collisions.contact(away) is None


GRIPPER = [joint('finger', 'revolute', 'base', 'fa', axis=(1, 0, 0), limits=(0, 0.8)),
           joint('knuckle', 'continuous', 'base', 'fb', axis=(0, 1, 0),
                 mimic=('finger', -2.0, 0.5)),
           joint('tip', 'revolute', 'fb', 'fc', axis=(0, 1, 0), mimic=('knuckle', 0.5, 0.1))]


@pytest.mark.parametrize(('names', 'q'), [
    (['finger'], [0.4]),
    (['knuckle'], [0.5 - 2.0 * 0.4]),            # its leader goes along
    (['tip'], [0.1 + 0.5 * (0.5 - 2.0 * 0.4)]),  # and the leader of that
    (['finger', 'knuckle', 'tip'], [0.4, -0.3, -0.05])])
def test_whichever_joint_of_a_gripper_the_contract_names_its_others_follow(tmp_path, names, q):
    urdf = write(tmp_path / 'gripper.urdf', ['base', 'fa', 'fb', 'fc'], GRIPPER)
    plain = Transforms(urdf)
    for link in ('fa', 'fb', 'fc'):
        expected = plain.pose(link, {'finger': 0.4})
        position, rotation = Arm(urdf, names, link).forward(np.array(q))
        np.testing.assert_allclose(position, expected[:3, 3], atol=1e-12)
        np.testing.assert_allclose(rotation, expected[:3, :3], atol=1e-12)


def test_a_named_joint_that_mimics_goes_its_own_way(tmp_path):
    urdf = write(tmp_path / 'gripper.urdf', ['base', 'fa', 'fb', 'fc'], GRIPPER)
    expected = Transforms(urdf).pose('fc', {'finger': 0.4, 'knuckle': 2.0})
    arm = Arm(urdf, ['finger', 'knuckle'], 'fc')
    np.testing.assert_allclose(arm.forward(np.array([0.4, 2.0]))[1], expected[:3, :3], atol=1e-12)


def test_a_joint_below_the_tool_that_no_joint_of_ours_moves_is_told(tmp_path):
    """A lift under the arm, a hand that mimics: the tool is computed as if the lift stood at 0."""
    urdf = write(tmp_path / 'robot.urdf', ['base', 'torso', 'arm', 'hand', 'tool'], [
        joint('lift', 'prismatic', 'base', 'torso'), joint('elbow', 'revolute', 'torso', 'arm'),
        joint('wrist', 'revolute', 'arm', 'hand', mimic=('elbow', -1, 0)),
        joint('flange', 'fixed', 'hand', 'tool')])
    told = ('lift on the way to tool can move, and no joint of the contract moves it: it counts '
            'as 0')
    assert check_urdf(contract(['elbow'], urdf, 'tool')) == f'{urdf}; {told}'
    assert check_urdf(contract(['elbow', 'lift'], urdf, 'tool')) == str(urdf)


@pytest.mark.parametrize(('content', 'text'), [
    (b'solid nonsense', 'of 14 bytes, cannot be read as .stl; restore it, or give the link a box'),
    (b'version https://git-lfs.github.com/spec/v1\noid sha256:0\n',
     'a pointer of Git LFS in place of the mesh; git lfs pull fetches it')])
def test_a_damaged_mesh_is_named(tmp_path, content, text):
    """Beside the URDF in its package, as in a checkout that was never installed."""
    mesh = tmp_path / 'arm_description' / 'meshes' / 'a.stl'
    mesh.parent.mkdir(parents=True)
    mesh.write_bytes(content)
    (tmp_path / 'arm_description' / 'urdf').mkdir()
    urdf = write(tmp_path / 'arm_description' / 'urdf' / 'robot.urdf', [
        'base', '<link name="arm"><collision><geometry><mesh filename="package://arm_description/'
        'meshes/a.stl"/></geometry></collision></link>'], [
        joint('elbow', 'revolute', 'base', 'arm')])
    robot = contract(['elbow'], urdf, 'arm', 'scene: {margin: 0.01, obstacles: []}')
    with pytest.raises(PlanningError) as error:
        PinocchioCollisions(robot, urdf)
    assert str(error.value).startswith(f'{urdf}: mesh {mesh}: {text}')

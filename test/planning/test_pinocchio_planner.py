from dataclasses import replace
import xml.etree.ElementTree as ElementTree

from il_ros.contract import Contract, Joint
from il_ros.errors import PlanningError
from il_ros.kinematics import find_urdf
from il_ros.planning.pinocchio_planner import PinocchioPlanner
import numpy as np
import pytest

CONTRACT = Contract.load('sim_arm')
START = np.array(CONTRACT.start)
URDF = find_urdf(CONTRACT)
PLANNER = PinocchioPlanner(CONTRACT, URDF)


@pytest.mark.parametrize('gripper', [0.0, 0.02, 0.04])
def test_the_start_pose_is_free_with_any_gripper(gripper):
    assert PLANNER.collision(np.append(START[:6], gripper)) is None


def test_a_folded_arm_touches_itself():
    assert PLANNER.collision(START + [0, -2.19, 1.4, 0, 0, 0, 0]) == (
        'shoulder_link', 'wrist_2_link')


def test_a_collision_on_the_way_is_found_though_both_ends_are_free():
    a = np.array([-2.32, 2.2, -2.44, -1.68, 1.14, 2.37, 0.01])
    b = np.array([1.65, -0.83, -2.43, -2.42, 0.26, 1.83, 0.04])
    assert PLANNER.collision(a) is None and PLANNER.collision(b) is None
    with pytest.raises(PlanningError, match='^going home, shoulder_link would touch wrist_3_link '
                       r'after 20% of the way; move the arm by teleoperation first$'):
        PLANNER.home(a, b)


def test_a_urdf_without_collision_geometry_is_refused(tmp_path):
    tree = ElementTree.parse(URDF)
    for link in tree.iter('link'):
        for shape in link.findall('collision'):
            link.remove(shape)
    bare = tmp_path / 'bare.urdf'
    tree.write(bare)
    with pytest.raises(PlanningError, match='bare.urdf: no <collision> geometry, so collisions '
                                            'are unknown; add it, or plan with MoveIt$'):
        PinocchioPlanner(CONTRACT, bare)


def test_a_joint_that_the_urdf_lacks_is_named():
    elbow = CONTRACT.joints[2]
    joints = (*CONTRACT.joints[:2], Joint('elbows', elbow.position, 1.0, 1.0),
              *CONTRACT.joints[3:])
    with pytest.raises(PlanningError, match="no joint 'elbows'; did you mean 'elbow'\\?$"):
        PinocchioPlanner(replace(CONTRACT, joints=joints), URDF)


def test_something_that_is_no_urdf_is_refused(tmp_path):
    (tmp_path / 'a.urdf').write_text('<robot')
    with pytest.raises(PlanningError, match='a.urdf: not a URDF that can be read'):
        PinocchioPlanner(CONTRACT, tmp_path / 'a.urdf')

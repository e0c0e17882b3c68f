from dataclasses import replace
import xml.etree.ElementTree as ElementTree

from il_ros.contract import Contract, Joint
from il_ros.errors import PlanningError
from il_ros.kinematics import find_urdf
from il_ros.planning.pinocchio_collisions import PinocchioCollisions
from il_ros.planning.pinocchio_planner import PinocchioPlanner
import numpy as np
import pytest

CONTRACT = replace(Contract.load('sim_arm'), scene=None)
START = np.array(CONTRACT.start)
URDF = find_urdf(CONTRACT)
PLANNER = PinocchioPlanner(CONTRACT, URDF)


def test_a_collision_on_the_way_is_found_though_both_ends_are_free():
    a = np.array([-2.32, 2.2, -2.44, -1.68, 1.14, 2.37, 0.01])
    b = np.array([1.65, -0.83, -2.43, -2.42, 0.26, 1.83, 0.04])
    collisions = PinocchioCollisions(CONTRACT, URDF)
    assert collisions.contact(a) is None and collisions.contact(b) is None
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

"""Contacts that are known by construction: boxes put at measured places, an arm that folds."""
from dataclasses import replace
import re

from il_ros.config import to_mapping
from il_ros.contract import Contract
from il_ros.errors import ConfigError, PlanningError
from il_ros.kinematics import Arm, find_urdf
from il_ros.planning.collision import Checkers
from il_ros.planning.pinocchio_collisions import PinocchioCollisions
from il_ros.scene import Box, Obstacle, Scene
import numpy as np
import pytest

CONTRACT = Contract.load('sim_arm')
START = np.array(CONTRACT.start)
URDF = find_urdf(CONTRACT)
TIP = Arm(URDF, CONTRACT.joint_names[:6], CONTRACT.tip).forward(START[:6])[0]
FINGER = 0.01    # the pads reach that far beyond the tip [m]
FINGERS = ('left_finger', 'right_finger')


def collisions(*obstacles, margin=0.01):
    return PinocchioCollisions(replace(CONTRACT, scene=Scene(obstacles, margin)), URDF)


def floor(height, may_touch=()):
    """Return a block below the tool, whose fingers point straight down in the start pose."""
    x, y, _ = TIP
    return Obstacle((x - 0.1, y - 0.2, height - 0.3), (x + 0.3, y + 0.2, height), 'floor',
                    may_touch)


@pytest.mark.parametrize('gripper', [0.0, 0.02, 0.04])
def test_the_start_pose_is_free_with_any_gripper(gripper):
    assert PinocchioCollisions(CONTRACT, URDF).contact(np.append(START[:6], gripper)) is None


def test_a_folded_arm_touches_itself():
    contact = collisions().contact(START + [0, -2.19, 1.4, 0, 0, 0, 0])
    assert contact.links[0] == 'shoulder_link' and contact.links[1].startswith('wrist')
    assert contact.distance < 0


@pytest.mark.parametrize('gap, found', [(0.005, True), (0.0095, True), (0.0105, False)])
def test_the_distance_to_a_box_is_exact_and_the_margin_counts(gap, found):
    low = START + [0, 0.05, 0, 0.05, 0, 0, 0]
    tip = Arm(URDF, CONTRACT.joint_names[:6], CONTRACT.tip).forward(low[:6])
    lowest = tip[0][2] + (tip[1] @ [0.0, 0.0, FINGER])[2]
    for side in (-0.01, 0.01):    # of the pads, which are 2 cm wide
        lowest = min(lowest, (tip[0] + tip[1] @ [side, 0.0, FINGER])[2])
    checker = collisions(floor(lowest - gap))
    contact = checker.contact(low)
    assert (contact is not None) is found
    if contact:
        assert contact.links[0] in FINGERS and contact.links[1] == 'floor'
        assert contact.distance == pytest.approx(gap, abs=1e-4)


def test_links_that_may_touch_an_obstacle_are_let_through_it():
    down = START + [0, 0.1, 0, 0, 0, 0, 0]
    assert collisions(floor(TIP[2] - 0.03)).contact(down) is not None
    assert collisions(floor(TIP[2] - 0.03, FINGERS)).contact(down) is None


def test_a_pair_that_is_near_in_the_start_pose_has_no_margin_but_may_not_touch():
    checker = collisions(floor(TIP[2] - FINGER - 0.005))
    assert checker.contact(START) is None
    contact = checker.contact(START + [0, 0.05, 0, 0, 0, 0, 0])
    assert contact.links[1] == 'floor' and contact.distance <= 0


def test_what_cannot_move_is_not_held_against_the_scene():
    table = Obstacle((-0.2, -0.2, -0.5), (0.2, 0.2, 0.09), 'table')  # the base stands in it
    with pytest.raises(PlanningError, match="shoulder_link touches 'table' in the start pose"):
        collisions(replace(table, upper=(0.2, 0.2, 0.11)))
    assert collisions(table).contact(START) is None


def test_an_unknown_link_is_named():
    with pytest.raises(PlanningError, match="obstacle 'floor': no moving link 'finger' with "
                                            "geometry; "):
        collisions(floor(-1.0, ('finger',)))


def test_several_checkers_report_the_worst_contact():
    near, far = collisions(floor(TIP[2] - 0.03, FINGERS)), collisions(floor(TIP[2] - 0.04))
    q = START + [0, 0.3, 0, 0, 0, 0, 0]
    both = Checkers([far, near])
    both.require_seen(q)
    worst = min(near.contact(q).distance, far.contact(q).distance)
    assert both.contact(q).distance == pytest.approx(worst)
    assert Checkers([near]).contact(START) is None


def test_random_poses_agree_with_distances_to_spheres_inside_the_links():
    """A point on a link's axis below the floor means a contact, whatever coal says."""
    checker, found = PinocchioCollisions(CONTRACT, URDF), 0
    arms = [Arm(URDF, CONTRACT.joint_names[:6], link) for link in ('wrist_1_link', 'wrist_3_link')]
    rng = np.random.default_rng(0)
    for q in rng.uniform(CONTRACT.lower, CONTRACT.upper, (300, 7)):
        if min(arm.forward(q[:6])[0][2] for arm in arms) < 0:
            found += 1
            assert checker.contact(q) is not None
    assert found > 50


@pytest.mark.parametrize('make, text', [
    (lambda: Obstacle((0, 0, 0), (1, 1, 1)), 'obstacle: missing name'),
    (lambda: Box((0, 0, 1), (1, 1, 1)), 'expected lower < upper in x, y and z'),
    (lambda: Scene((floor(0.0), floor(-1.0))), "obstacle 'floor' stands twice"),
    (lambda: Scene(margin=-0.1), 'margin: expected 0 or more, got -0.1'),
    (lambda: replace(CONTRACT, workspace=None, urdf=''),
     'scene: needs urdf, to know where the links are')])
def test_what_is_wrong_in_a_scene_is_named(make, text):
    with pytest.raises(ConfigError, match=re.escape(text)):
        make()


def test_a_contract_with_a_scene_survives_its_text():
    contract = Contract.from_text(CONTRACT.to_text())
    assert contract == CONTRACT
    assert to_mapping(contract)['scene']['obstacles'][0]['may_touch'] == list(FINGERS)


@pytest.mark.parametrize('robot', ['sim_arm', 'ur5e_realsense'])
def test_the_examples_are_free_at_the_start_and_find_their_table(robot):
    contract = Contract.load(robot)
    checker = PinocchioCollisions(contract, find_urdf(contract))
    assert checker.contact(np.array(contract.start)) is None
    lying = np.array(contract.start)
    lying[1] += 1.5
    assert checker.contact(lying).links[1] == 'table'

"""What a dataset says of each part of a robot with two arms and a base."""
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from il_ros.contract import Contract
from il_ros.inspection.intervention_page import drawings
from il_ros.inspection.interventions import interventions
from il_ros.inspection.parts import grasps, near_limits, part_reports, parts_of
from il_ros.kinematics import chain
import numpy as np

MOBILE = Contract.load(Path(__file__).parents[1] / 'contract/samples/two_arms_and_base.yaml')
PAIR = Contract.load('sim_two_arms')


@dataclass
class Rows:
    """Two episodes of 100 rows."""

    contract: Contract
    fps: float = 30.0
    lengths: list = field(default_factory=lambda: [100, 100])

    def __post_init__(self):
        state = np.tile(np.array(self.contract.start), (200, 1))
        self.columns = {'observation.state': state, 'action': state.copy(),
                        'control_source': np.zeros(200, int), 'intervention': np.zeros(200, int)}

    def rows(self, episode):
        return slice(100 * episode, 100 * episode + 100)


def test_each_part_is_counted_by_itself():
    dataset = Rows(MOBILE)
    state, action = dataset.columns['observation.state'], dataset.columns['action']
    state[:50, 0] += np.linspace(0, 0.5, 50)         # left_1 moves in 49 steps, jumps back at 50
    state[100:120, 3] = 2.89                         # right_1 at its limit
    state[150:, 6] = 0.2                             # the base drives
    action[30:60, 5] = action[130:, 5] = 0.0         # the right gripper closes twice
    left, right, base = part_reports(dataset)
    assert [left.name, right.name, base.name] == ['left', 'right', 'base']
    assert (left.joints, base.joints) == (('left_1', 'left_2'), ('base_x', 'base_yaw'))
    assert (left.moving, base.moving) == (50 / 198, 50 / 198)
    assert (left.near_limit, right.near_limit, base.near_limit) == (0.0, 0.1, None)
    assert (left.grasps, right.grasps, base.grasps) == (0, 2, None)
    assert right.text == ('right: moves in 1% of the steps, 10% near a position limit, gripper '
                          'closed 2 times')
    assert base.text == 'base: moves in 25% of the steps'
    assert near_limits(MOBILE, state) == {'left': 0.0, 'right': 0.1}
    assert grasps(parts_of(MOBILE)[1], action) == [30, 130]


def test_joints_of_no_arm_are_a_part_of_their_own():
    (arm, rest) = parts_of(Contract.from_text(f"""
robot: lift
task: lift
rate_hz: 30.0
joints:
  - {{name: a, position: [-1, 1], velocity: 1, acceleration: 1}}
  - {{name: torso, position: [0, 1], velocity: 1, acceleration: 1}}
start: [0, 0]
state: {{topic: j, type: sensor_msgs/JointState, rate_hz: 100, max_age_s: 0.1}}
command: {{topic: c, type: {'trajectory_msgs/JointTrajectory'}}}
arms:
  - {{name: arm, joints: [a]}}
"""))
    assert (arm.name, arm.columns, rest.name, rest.columns) == ('arm', [0], 'other joints', [1])


def test_the_places_of_interventions_are_drawn_for_each_arm():
    dataset = Rows(PAIR)
    dataset.columns['observation.state'][:, 0] = np.linspace(-1, 1, 200)
    dataset.columns['intervention'][[20, 180]] = 1
    found = interventions(dataset)
    assert list(found.tools) == ['left', 'right']
    for arm in PAIR.arms:
        kinematics, columns = chain(PAIR, arm), PAIR.indices(arm.joints)
        np.testing.assert_allclose(found.tools[arm.name], [
            kinematics.forward(dataset.columns['observation.state'][row, columns])[0]
            for row in (20, 180)])
    assert (found.places == found.tools['left']).all()
    tree = ElementTree.fromstring(f'<page>{drawings(found)}</page>')
    assert [h.text for h in tree.iter('h2')][2:] == [
        'Where the tool of left was: from above, from the side',
        'Where the tool of right was: from above, from the side']
    assert len(list(tree.iter('circle'))) == 8

"""One MoveIt group (moveit_py), and where MoveIt sees it.

Needs a MoveIt configuration of the robot: moveit_py reads it from the parameters of its node, see
https://moveit.picknik.ai/main/doc/api/python_api/api.html
"""
from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from il_ros.angles import Angles
from il_ros.config import nearest
from il_ros.contract import Contract
from il_ros.errors import PlanningError
from il_ros.types import Floats
import numpy as np

if TYPE_CHECKING:
    from moveit.core.planning_scene import PlanningScene
    from moveit.core.robot_model import JointModelGroup, RobotModel
    from moveit.core.robot_state import RobotState
    from moveit.planning import MoveItPy, PlanningSceneMonitor

SEES_IT = 0.1    # largest difference between MoveIt's joint positions and the measured ones


class MoveItArm:
    """Connects the contract's joints with a MoveIt group.

    Attributes:
        names: The group's joints.
        columns: Their places in the contract.

    Args:
        contract: The robot.
        group: MoveIt's joint model group of the arm.
        node_name: Name of moveit_py's node, whose parameters hold the MoveIt configuration.

    Raises:
        PlanningError: MoveIt is absent, or has no such group, or the contract not its joints.
    """

    def __init__(self, contract: Contract, group: str, node_name: str) -> None:
        try:
            from moveit.planning import MoveItPy
        except ImportError:
            raise PlanningError('MoveIt is not installed: sudo apt install ros-jazzy-moveit-py, '
                                'or plan with Pinocchio') from None
        self.group, self._angles = group, Angles.of(contract)
        self.moveit: MoveItPy = MoveItPy(node_name=node_name)
        model: RobotModel = self.moveit.get_robot_model()
        if not model.has_joint_model_group(joint_model_group_name=group):
            raise PlanningError(f'MoveIt has no group {group!r}; '
                                f'{nearest(group, list(model.joint_model_group_names))}')
        joints: JointModelGroup = model.get_joint_model_group(joint_model_group_name=group)
        self.names: list[str] = list(joints.active_joint_model_names)
        if missing := [name for name in self.names if name not in contract.joint_names]:
            raise PlanningError(f'MoveIt group {group!r} moves {missing[0]!r}, which the contract '
                                f'does not; {nearest(missing[0], contract.joint_names)}')
        self.columns = [contract.joint_names.index(name) for name in self.names]

    def monitor(self) -> PlanningSceneMonitor:
        """Return MoveIt's view of robot and surroundings."""
        monitor: PlanningSceneMonitor = self.moveit.get_planning_scene_monitor()
        return monitor

    def state(self, scene: PlanningScene, positions: Floats) -> RobotState:
        """Return the robot as MoveIt sees it, with the group at positions of the contract."""
        state: RobotState = deepcopy(scene.current_state)
        state.set_joint_group_active_positions(self.group, positions[self.columns])
        state.update()
        return state

    def require_seen(self, scene: PlanningScene, measured: Floats) -> None:
        """Check that MoveIt sees the arm where it is measured.

        Raises:
            PlanningError: It does not.
        """
        state: RobotState = scene.current_state
        seen = np.array([state.joint_positions[name] for name in self.names])
        everywhere = measured.copy()  # MoveIt counts turns from elsewhere
        everywhere[self.columns] = seen
        seen = self._angles.near(everywhere, measured)[self.columns]
        if not (far := np.abs(seen - measured[self.columns])).max() <= SEES_IT:
            joint = int(np.argmax(far))
            raise PlanningError(
                f'collision state unknown: MoveIt sees {self.names[joint]!r} at {seen[joint]:.3f}'
                f', measured {measured[self.columns][joint]:.3f}; does it receive joint_states?')

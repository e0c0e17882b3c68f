"""Planning with MoveIt (moveit_py), which also knows what stands around the robot.

Needs a MoveIt configuration of the robot: moveit_py reads it from the parameters of its node, see
https://moveit.picknik.ai/main/doc/api/python_api/api.html
"""
from __future__ import annotations

from copy import deepcopy
from typing import Any, TYPE_CHECKING

from il_ros.config import nearest
from il_ros.contract import Contract
from il_ros.errors import PlanningError
from il_ros.planning.planner import CALM, checked
from il_ros.planning.trajectory import retimed, straight
from il_ros.timing import SECOND
from il_ros.types import Floats
import numpy as np

if TYPE_CHECKING:
    from moveit.core.planning_interface import MotionPlanResponse
    from moveit.core.planning_scene import PlanningScene
    from moveit.core.robot_model import JointModelGroup, RobotModel
    from moveit.core.robot_state import RobotState
    from moveit.core.robot_trajectory import RobotTrajectory
    from moveit.planning import MoveItPy, PlanningComponent, PlanningSceneMonitor

FINE_S = 0.01    # time between the samples that rows are interpolated from
SEES_IT = 0.1    # largest difference between MoveIt's joint positions and the measured ones


class MoveItPlanner:
    """Collision-free motion of one MoveIt group; a joint outside it moves straight beside it.

    Args:
        contract: The robot.
        group: MoveIt's joint model group of the arm.
        node_name: Name of moveit_py's node, whose parameters hold the MoveIt configuration.

    Raises:
        PlanningError: MoveIt is absent, or has no such group, or the contract not its joints.
    """

    def __init__(self, contract: Contract, group: str = 'manipulator',
                 node_name: str = 'il_ros_planner') -> None:
        try:
            from moveit.planning import MoveItPy
        except ImportError:
            raise PlanningError('MoveIt is not installed: sudo apt install ros-jazzy-moveit-py, '
                                'or plan with Pinocchio') from None
        self._contract, self._group = contract, group
        self._moveit: MoveItPy = MoveItPy(node_name=node_name)
        model: RobotModel = self._moveit.get_robot_model()
        if not model.has_joint_model_group(joint_model_group_name=group):
            raise PlanningError(f'MoveIt has no group {group!r}; '
                                f'{nearest(group, list(model.joint_model_group_names))}')
        joints: JointModelGroup = model.get_joint_model_group(joint_model_group_name=group)
        self._names: list[str] = list(joints.active_joint_model_names)
        if missing := [name for name in self._names if name not in contract.joint_names]:
            raise PlanningError(f'MoveIt group {group!r} moves {missing[0]!r}, which the contract '
                                f'does not; {nearest(missing[0], contract.joint_names)}')
        self._columns = [contract.joint_names.index(name) for name in self._names]
        self._arm: PlanningComponent = self._moveit.get_planning_component(
            planning_component_name=group)

    def home(self, current: Floats, goal: Floats) -> Floats:
        """Return a collision-free motion; see `Planner.home`."""
        start, goal = checked(self._contract, current, goal)
        rows = straight(start, goal, CALM * self._contract.velocity,
                        CALM * self._contract.acceleration, self._contract.period_ns)
        if np.array_equal(start[self._columns], goal[self._columns]):
            return rows
        arm = self._plan(start, goal)
        length = max(len(rows), len(arm))
        rows = np.concatenate([rows, np.tile(goal, (length - len(rows), 1))])
        rows[:, self._columns] = goal[self._columns]
        rows[:len(arm), self._columns] = arm
        return rows

    def _plan(self, start: Floats, goal: Floats) -> Floats:
        monitor: PlanningSceneMonitor = self._moveit.get_planning_scene_monitor()
        scene: PlanningScene
        with monitor.read_only() as scene:
            states = [self._state(scene, positions) for positions in (start, goal)]
            for what, state in zip(('now', 'at the goal'), states, strict=True):
                if scene.is_state_colliding(robot_state=state, joint_model_group_name=self._group):
                    raise PlanningError(f'MoveIt says that the robot collides {what}; '
                                        'move it, or what it touches, away by hand')
            self._require_seen(scene, start)
        self._arm.set_start_state(robot_state=states[0])
        self._arm.set_goal_state(robot_state=states[1])
        response: MotionPlanResponse = self._arm.plan()
        if not response:
            raise PlanningError(f'MoveIt found no way home: error {response.error_code}')
        trajectory: RobotTrajectory = response.trajectory
        if not trajectory.apply_totg_time_parameterization(1.0, 1.0, resample_dt=FINE_S):
            raise PlanningError('MoveIt could not time the way home')
        with monitor.read_only() as scene:
            if not scene.is_path_valid(trajectory=trajectory, joint_model_group_name=self._group):
                raise PlanningError('MoveIt says that the way home is not free')
        message = trajectory.get_robot_trajectory_msg().joint_trajectory
        return self._rows(message, start[self._columns], goal[self._columns])

    def _state(self, scene: PlanningScene, positions: Floats) -> RobotState:
        state: RobotState = deepcopy(scene.current_state)
        state.set_joint_group_active_positions(self._group, positions[self._columns])
        state.update()
        return state

    def _require_seen(self, scene: PlanningScene, start: Floats) -> None:
        state: RobotState = scene.current_state
        seen = np.array([state.joint_positions[name] for name in self._names])
        if not (far := np.abs(seen - start[self._columns])).max() <= SEES_IT:
            joint = int(np.argmax(far))
            raise PlanningError(
                f'collision state unknown: MoveIt sees {self._names[joint]!r} at {seen[joint]:.3f}'
                f', measured {start[self._columns][joint]:.3f}; does it receive joint_states?')

    def _rows(self, message: Any, start: Floats, goal: Floats) -> Floats:
        order = [message.joint_names.index(name) for name in self._names]
        times = np.array([p.time_from_start.sec + p.time_from_start.nanosec / SECOND
                          for p in message.points])
        points = np.array([p.positions for p in message.points])[:, order]
        points[0], points[-1] = start, goal
        return retimed(times, points, CALM * self._contract.velocity[self._columns],
                       CALM * self._contract.acceleration[self._columns],
                       self._contract.period_ns)

"""Planning with MoveIt (moveit_py), which also knows what stands around the robot."""
from __future__ import annotations

from typing import Any, TYPE_CHECKING

from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.errors import PlanningError
from il_ros.planning.moveit_arm import MoveItArm
from il_ros.planning.planner import CALM, checked
from il_ros.planning.trajectory import retimed, straight
from il_ros.timing import SECOND
from il_ros.types import Floats
import numpy as np

if TYPE_CHECKING:
    from moveit.core.planning_interface import MotionPlanResponse
    from moveit.core.planning_scene import PlanningScene
    from moveit.core.robot_trajectory import RobotTrajectory
    from moveit.planning import PlanningComponent

FINE_S = 0.01    # time between the samples that rows are interpolated from


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
        self._contract = contract
        self._moveit = MoveItArm(contract, group, node_name)
        self._columns = self._moveit.columns
        self._arm: PlanningComponent = self._moveit.moveit.get_planning_component(
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
        monitor, group = self._moveit.monitor(), self._moveit.group
        scene: PlanningScene
        with monitor.read_only() as scene:
            states = [self._moveit.state(scene, positions) for positions in (start, goal)]
            for what, state in zip(('now', 'at the goal'), states, strict=True):
                if scene.is_state_colliding(robot_state=state, joint_model_group_name=group):
                    raise PlanningError(f'MoveIt says that the robot collides {what}; '
                                        'move it, or what it touches, away by hand')
            self._moveit.require_seen(scene, start)
        self._arm.set_start_state(robot_state=states[0])
        self._arm.set_goal_state(robot_state=states[1])
        response: MotionPlanResponse = self._arm.plan()
        if not response:
            raise PlanningError(f'MoveIt found no way home: error {response.error_code}')
        trajectory: RobotTrajectory = response.trajectory
        if not trajectory.apply_totg_time_parameterization(1.0, 1.0, resample_dt=FINE_S):
            raise PlanningError('MoveIt could not time the way home')
        with monitor.read_only() as scene:
            if not scene.is_path_valid(trajectory=trajectory, joint_model_group_name=group):
                raise PlanningError('MoveIt says that the way home is not free')
        message = trajectory.get_robot_trajectory_msg().joint_trajectory
        return self._rows(message, start[self._columns], goal[self._columns])

    def _rows(self, message: Any, start: Floats, goal: Floats) -> Floats:
        order = [message.joint_names.index(name) for name in self._moveit.names]
        times = np.array([p.time_from_start.sec + p.time_from_start.nanosec / SECOND
                          for p in message.points])
        points = np.array([p.positions for p in message.points])[:, order]
        everything = np.zeros((len(points), len(self._contract.joints)))
        everything[:, self._columns], begin = points, np.zeros(everything.shape[1])
        begin[self._columns] = start
        points = Angles.of(self._contract).along(everything, begin)[:, self._columns]
        points[0], points[-1] = start, goal
        return retimed(times, points, CALM * self._contract.velocity[self._columns],
                       CALM * self._contract.acceleration[self._columns],
                       self._contract.period_ns)

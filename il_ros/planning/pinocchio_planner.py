"""Planning without MoveIt: a straight line in joint space, checked for collisions."""
from __future__ import annotations

from il_ros.contract import Contract
from il_ros.errors import PlanningError
from il_ros.planning.pinocchio_collisions import PinocchioCollisions
from il_ros.planning.planner import CALM, checked
from il_ros.planning.trajectory import straight
from il_ros.types import Floats
from il_ros.urdf_text import UrdfSource
import numpy as np

RESOLUTION = 0.02  # largest change of a joint between two collision checks [rad] or [m]


class PinocchioPlanner:
    """Knows the robot's own geometry and the contract's scene, see `PinocchioCollisions`.

    Args:
        contract: The robot.
        urdf: Its URDF.

    Raises:
        PlanningError: The collision state would be unknown.
    """

    def __init__(self, contract: Contract, urdf: UrdfSource) -> None:
        self._contract = contract
        self._collisions = PinocchioCollisions(contract, urdf)

    def home(self, current: Floats, goal: Floats) -> Floats:
        """Return a collision-free straight line; see `Planner.home`."""
        start, goal = checked(self._contract, current, goal)
        steps = max(int(np.ceil(np.abs(goal - start).max() / RESOLUTION)), 1)
        for share in np.linspace(0.0, 1.0, steps + 1):
            if contact := self._collisions.contact(start + share * (goal - start)):
                raise PlanningError(
                    f'going home, {contact.links[0]} would touch {contact.links[1]} after '
                    f'{share:.0%} of the way; move the arm by teleoperation first')
        return straight(start, goal, CALM * self._contract.velocity,
                        CALM * self._contract.acceleration, self._contract.period_ns)

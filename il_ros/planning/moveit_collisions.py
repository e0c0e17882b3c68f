"""Collisions as MoveIt's planning scene knows them: objects, octomap, what is attached."""
from __future__ import annotations

from typing import TYPE_CHECKING

from il_ros.contract import Contract
from il_ros.planning.collision import Contact
from il_ros.planning.moveit_arm import MoveItArm
from il_ros.types import Floats
import numpy as np

if TYPE_CHECKING:
    from moveit.core.planning_scene import PlanningScene


class MoveItCollisions:
    """A `CollisionChecker`. MoveIt tells that something touches, not what and how far.

    Args:
        contract: The robot.
        group: MoveIt's joint model group of the arm.
        node_name: Name of moveit_py's node, whose parameters hold the MoveIt configuration.

    Raises:
        PlanningError: MoveIt is absent, or has no such group, or the contract not its joints.
    """

    def __init__(self, contract: Contract, group: str = 'manipulator',
                 node_name: str = 'il_ros_collisions') -> None:
        self._arm = MoveItArm(contract, group, node_name)

    def require_seen(self, measured: Floats) -> None:
        """See `CollisionChecker.require_seen`."""
        scene: PlanningScene
        with self._arm.monitor().read_only() as scene:
            self._arm.require_seen(scene, measured)

    def contact(self, q: Floats) -> Contact | None:
        """Return a contact of unknown depth; see `CollisionChecker.contact`."""
        scene: PlanningScene
        with self._arm.monitor().read_only() as scene:
            colliding: bool = scene.is_state_colliding(
                robot_state=self._arm.state(scene, q), joint_model_group_name=self._arm.group)
        return Contact(('the arm', "something in MoveIt's scene"), -np.inf) if colliding else None

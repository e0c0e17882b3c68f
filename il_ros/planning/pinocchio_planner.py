"""Planning without MoveIt: a straight line in joint space, checked for self-collision.

Only the robot itself is known here, not what stands around it: for that use MoveIt.
"""
from __future__ import annotations

from pathlib import Path

from il_ros.config import nearest
from il_ros.contract import Contract
from il_ros.errors import PlanningError
from il_ros.planning.planner import CALM, checked
from il_ros.planning.trajectory import straight
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray
import pinocchio as pin

RESOLUTION = 0.02  # largest change of a joint between two collision checks [rad] or [m]


class PinocchioPlanner:
    """Self-collision from the URDF's collision geometry.

    Links next to each other are not checked against each other, nor pairs whose geometry overlaps
    in the contract's start pose with the gripper open or closed: nothing collides there, so it is
    the drawing that overlaps, or the fingers that meet.

    Args:
        contract: The robot.
        urdf: Its URDF. Joints that the contract does not name stay at zero.

    Raises:
        PlanningError: The collision state would be unknown: no URDF, no geometry, no such joint.
    """

    def __init__(self, contract: Contract, urdf: Path) -> None:
        self._contract = contract
        try:
            self._model = pin.buildModelFromUrdf(str(urdf), mimic=True)
            self._geometry = pin.buildGeomFromUrdf(self._model, str(urdf), pin.COLLISION,
                                                   package_dirs=[str(urdf.parent)])
        except ValueError as error:
            raise PlanningError(f'{urdf}: not a URDF that can be read: {error}') from None
        known = list(self._model.names)[1:]
        gripper = contract.gripper.joint if contract.gripper else None
        self._columns = []
        for index, name in enumerate(contract.joint_names):
            if name in known:
                self._columns.append((index, self._model.joints[self._model.getJointId(name)]))
            elif name != gripper:  # a gripper on a topic of its own is often not in the URDF
                raise PlanningError(f'{urdf}: no joint {name!r}; {nearest(name, known)}')
        if not self._geometry.ngeoms:
            raise PlanningError(f'{urdf}: no <collision> geometry, so collisions are unknown; '
                                'add it, or plan with MoveIt')
        self._data = self._model.createData()
        self._add_pairs()

    def home(self, current: Floats, goal: Floats) -> Floats:
        """Return a collision-free straight line; see `Planner.home`."""
        start, goal = checked(self._contract, current, goal)
        steps = max(int(np.ceil(np.abs(goal - start).max() / RESOLUTION)), 1)
        for share in np.linspace(0.0, 1.0, steps + 1):
            if pair := self.collision(start + share * (goal - start)):
                raise PlanningError(
                    f'going home, {pair[0]} would touch {pair[1]} after {share:.0%} of the way; '
                    'move the arm by teleoperation first')
        return straight(start, goal, CALM * self._contract.velocity,
                        CALM * self._contract.acceleration, self._contract.period_ns)

    def collision(self, q: Floats) -> tuple[str, str] | None:
        """Return the two links that touch, None where none do.

        Args:
            q: Joint positions in contract order [rad] or [m]. Shape (J,).
        """
        if not pin.computeCollisions(self._model, self._data, self._geometry,
                                     self._geometry_data, self._inside(q), True):
            return None
        return self._links(next(i for i, result in enumerate(self._geometry_data.collisionResults)
                                if result.isCollision()))

    def _inside(self, q: Floats) -> Floats:
        inside: Floats = pin.neutral(self._model)
        for index, joint in self._columns:
            inside[joint.idx_q] = q[index]
        return inside

    def _links(self, pair: int) -> tuple[str, str]:
        ends = self._geometry.collisionPairs[pair]
        a, b = (self._model.frames[self._geometry.geometryObjects[i].parentFrame].name
                for i in (ends.first, ends.second))
        return a, b

    def _add_pairs(self) -> None:
        objects, parents = self._geometry.geometryObjects, self._model.parents
        for second in range(len(objects)):
            for first in range(second):
                a, b = objects[first].parentJoint, objects[second].parentJoint
                if a != b and parents[a] != b and parents[b] != a:
                    self._geometry.addCollisionPair(pin.CollisionPair(first, second))
        self._geometry_data = self._geometry.createData()
        for index in np.flatnonzero(self._overlaps_by_design())[::-1]:
            self._geometry.removeCollisionPair(self._geometry.collisionPairs[int(index)])
        self._geometry_data = self._geometry.createData()

    def _overlaps_by_design(self) -> NDArray[np.bool_]:
        contract = self._contract
        overlaps = np.zeros(len(self._geometry.collisionPairs), dtype=bool)
        for gripper in (contract.gripper.open, contract.gripper.closed) if contract.gripper else (
                None,):
            q = np.array(contract.start)
            if gripper is not None:
                q[contract.gripper_index] = gripper
            pin.computeCollisions(self._model, self._data, self._geometry, self._geometry_data,
                                  self._inside(q), False)
            overlaps |= [result.isCollision() for result in self._geometry_data.collisionResults]
        return overlaps

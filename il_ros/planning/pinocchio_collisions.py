"""Collisions from the robot's URDF and the contract's boxes, with Pinocchio and coal."""
from __future__ import annotations

import coal
from il_ros.config import nearest
from il_ros.contract import Contract
from il_ros.errors import ConfigError, PlanningError
from il_ros.planning.collision import Contact
from il_ros.robot_model import geometry_of, RobotModel
from il_ros.scene import Scene
from il_ros.types import Floats
from il_ros.urdf import read_urdf
from il_ros.urdf_text import UrdfSource
import numpy as np
import pinocchio as pin

NEAR = 2.0  # margins; links that are nearer than that in the start pose get no margin


class PinocchioCollisions:
    """The URDF's collision geometry against itself and against the contract's scene (coal).

    Links next to each other are not checked against each other, nor pairs that overlap in the
    contract's start pose with the gripper open or closed: nothing collides there, so it is the
    drawing that overlaps, or the fingers that meet. What cannot move is not checked against the
    scene.

    Args:
        contract: The robot. Without a scene it is held against itself, without a margin.
        urdf: Its URDF; see `RobotModel` for joints that the contract does not name.

    Raises:
        PlanningError: The collision state would be unknown: no URDF, no geometry, no such joint
            or link; or a link touches an obstacle in the start pose.
    """

    def __init__(self, contract: Contract, urdf: UrdfSource) -> None:
        self._contract, self._scene = contract, contract.scene or Scene(margin=0.0)
        optional = contract.is_gripper | contract.is_velocity
        try:
            read = read_urdf(urdf)
            # A gripper on a topic of its own is often not in the URDF, a base never.
            self._columns = [i for i, name in enumerate(contract.joint_names)
                             if name in read.joints or not optional[i]]
            self._robot = RobotModel(read, [contract.joint_names[i] for i in self._columns],
                                     lock=False)
            self._model = self._robot.model
            self._geometry = geometry_of(read, self._model)
        except ConfigError as error:
            raise PlanningError(str(error)) from None
        if not self._geometry.ngeoms:
            raise PlanningError(f'{urdf}: no <collision> geometry, so collisions are unknown; '
                                'add it, or plan with MoveIt')
        self._names = [self._model.frames[shape.parentFrame].name
                       for shape in self._geometry.geometryObjects]
        self._data = self._model.createData()
        self._add_self_pairs()
        own = len(self._geometry.collisionPairs)
        self._add_obstacles(urdf)
        self._settle(own)

    def require_seen(self, measured: Floats) -> None:
        """Nothing but the joint positions is needed; see `CollisionChecker.require_seen`."""

    def contact(self, q: Floats) -> Contact | None:
        """Return the worst contact; see `CollisionChecker.contact`."""
        inside = self._inside(q)
        if not pin.computeCollisions(self._model, self._data, self._geometry,
                                     self._geometry_data, inside, True):
            return None
        distances = self._distances(inside)
        worst = np.argmin(distances - self._margins)
        return Contact(self._links(worst), float(distances[worst]))

    def _inside(self, q: Floats) -> Floats:
        return self._robot.q(q[self._columns])

    def _distances(self, inside: Floats) -> Floats:
        pin.computeDistances(self._model, self._data, self._geometry, self._geometry_data, inside)
        return np.array([result.min_distance for result in self._geometry_data.distanceResults])

    def _links(self, pair: int | np.intp) -> tuple[str, str]:
        ends = self._geometry.collisionPairs[int(pair)]
        return self._names[ends.first], self._names[ends.second]

    def _add_self_pairs(self) -> None:
        shapes, parents = self._geometry.geometryObjects, self._model.parents
        meet = self._scene.may_meet or ()
        if unknown := [name for name in meet if name not in self._names]:
            raise PlanningError(f'scene: may_meet: no link {unknown[0]!r} with geometry; '
                                f'{nearest(unknown[0], self._names)}')
        for second in range(len(shapes)):
            for first in range(second):
                a, b = shapes[first].parentJoint, shapes[second].parentJoint
                apart = self._names[first] not in meet or self._names[second] not in meet
                if a != b and parents[a] != b and parents[b] != a and apart:
                    self._geometry.addCollisionPair(pin.CollisionPair(first, second))

    def _add_obstacles(self, urdf: UrdfSource) -> None:
        moving = [i for i, shape in enumerate(self._geometry.geometryObjects)
                  if shape.parentJoint != 0]
        links = sorted({self._names[i] for i in moving})
        for obstacle in self._scene.obstacles:
            for name in obstacle.may_touch:
                if name not in links:
                    raise PlanningError(f'{urdf}: obstacle {obstacle.name!r}: no moving link '
                                        f'{name!r} with geometry; {nearest(name, links)}')
            lower, upper = np.array(obstacle.lower), np.array(obstacle.upper)
            place = pin.SE3(np.eye(3), (lower + upper) / 2)
            box = pin.GeometryObject(obstacle.name, 0, 0, place, coal.Box(*(upper - lower)))
            added = self._geometry.addGeometryObject(box)
            self._names.append(obstacle.name)
            for shape in moving:
                if self._names[shape] not in obstacle.may_touch:
                    self._geometry.addCollisionPair(pin.CollisionPair(shape, added))

    def _settle(self, own: int) -> None:
        """Leave out pairs that overlap by design, and give every other its margin."""
        self._geometry_data = self._geometry.createData()
        near = np.min([self._distances(self._inside(q)) for q in self._start_poses()], axis=0)
        for pair in np.flatnonzero(near[own:] <= 0) + own:
            link, obstacle = self._links(pair)
            raise PlanningError(f'scene: {link} touches {obstacle!r} in the start pose of the '
                                'contract; correct its box, or name the link under may_touch')
        for pair in np.flatnonzero(near <= 0)[::-1]:
            self._geometry.removeCollisionPair(self._geometry.collisionPairs[int(pair)])
        near = near[near > 0]
        self._margins = np.where(near < NEAR * self._scene.margin, 0.0, self._scene.margin)
        self._geometry_data = self._geometry.createData()
        for request, margin in zip(self._geometry_data.collisionRequests, self._margins,
                                   strict=True):
            request.security_margin = float(margin)

    def _start_poses(self) -> list[Floats]:
        start, grippers = np.array(self._contract.start), self._contract.grippers
        if not grippers:
            return [start]
        opened, closed = start.copy(), start.copy()
        for index, gripper in grippers.items():
            opened[index], closed[index] = gripper.open, gripper.closed
        return [opened, closed]

"""What the gate checks, to be drawn: the URDF's primitives, the boxes around, the tool's path."""
from __future__ import annotations

from typing import Any

import coal
from il_ros.contract import Contract
from il_ros.errors import ConfigError, IlRosError
from il_ros.kinematics import chain, find_urdf
from il_ros.robot_model import geometry_of, RobotModel
from il_ros.safety.limits import Limits
from il_ros.safety.proximity import proximity_by_name
from il_ros.types import Floats
from il_ros.urdf import read_urdf
import numpy as np
import pinocchio as pin

DIGITS = 4
MOST_SHAPES = 128
MOST_POINTS = 12     # of a path


class Body:
    """The shapes of a robot and where they are; needs Pinocchio, and a URDF.

    Attributes:
        drawing: Shapes with sizes, workspaces, obstacles; ready for JSON.

    Raises:
        ConfigError: The contract's robot has no shape that is known.
    """

    def __init__(self, contract: Contract) -> None:
        if not contract.urdf:
            raise ConfigError('the contract names no URDF')
        read = read_urdf(find_urdf(contract))
        optional = contract.is_gripper | contract.is_velocity
        self._columns = [i for i, name in enumerate(contract.joint_names)
                         if name in read.joints or not optional[i]]
        self._robot = RobotModel(read, [contract.joint_names[i] for i in self._columns],
                                 lock=False)
        self._geometry = geometry_of(read, self._robot.model)
        self._data = self._robot.model.createData()
        self._places = self._geometry.createData()
        self._arms = [(contract.indices(arm.joints), chain(contract, arm))
                      for arm in contract.arms if arm.tip]
        self._limits = Limits.of(contract)
        self._grippers = [gripper.joint for gripper in contract.grippers.values()]
        shapes = list(self._geometry.geometryObjects)[:MOST_SHAPES]
        boxes = [(arm.workspace, 'workspace') for arm in contract.arms if arm.workspace]
        self.drawing: dict[str, Any] = {
            'shapes': [_shape(shape.geometry) for shape in shapes],
            'joints': list(contract.joint_names),
            'boxes': [{'lower': box.lower, 'upper': box.upper, 'what': what}
                      for box, what in boxes] + [
                {'lower': box.lower, 'upper': box.upper, 'what': box.name}
                for box in (contract.scene.obstacles if contract.scene else ())]}

    def pose(self, state: Floats, rows: Floats) -> dict[str, Any]:
        """Return where everything is, ready for JSON.

        Args:
            state: Measured joints [rad] or [m]. Shape (J,).
            rows: What the policy wants; none where it is silent. Shape (N, J).

        Returns:
            `shapes`: x y z [m] and a rotation matrix by rows, 12 numbers each; `paths`: points of
            each arm's tool; `near`: how near each joint is to its limits, 0 to 1.
        """
        pin.updateGeometryPlacements(self._robot.model, self._data, self._geometry, self._places,
                                     self._robot.q(state[self._columns]))
        places = list(self._places.oMg)[:MOST_SHAPES]
        picked = rows[np.unique(np.linspace(0, len(rows) - 1, MOST_POINTS).astype(int))] if (
            len(rows)) else rows
        return {
            'shapes': [_rounded([*place.translation, *place.rotation.ravel()])
                       for place in places],
            'tools': [_rounded(arm.forward(state[columns])[0]) for columns, arm in self._arms],
            'paths': [[_rounded(arm.forward(row[columns])[0]) for row in picked]
                      for columns, arm in self._arms],
            'near': {name: round(value, 2) for name, value in proximity_by_name(
                state, self._limits, self._grippers).items()}}


def make_body(contract: Contract) -> Body | None:
    """Return the body of a robot; None where its shape is not known."""
    try:
        return Body(contract)
    except IlRosError:
        return None


def _shape(geometry: Any) -> dict[str, Any]:
    if isinstance(geometry, coal.Box):
        return {'kind': 'box', 'size': _rounded(2 * np.asarray(geometry.halfSide))}
    if isinstance(geometry, coal.Sphere):
        return {'kind': 'sphere', 'size': _rounded([geometry.radius])}
    if isinstance(geometry, (coal.Cylinder, coal.Capsule)):
        return {'kind': 'cylinder', 'size': _rounded([geometry.radius, 2 * geometry.halfLength])}
    geometry.computeLocalAABB()      # of a mesh, its box
    box = geometry.aabb_local
    lower, upper = np.asarray(box.min_), np.asarray(box.max_)
    return {'kind': 'box', 'size': _rounded(upper - lower),
            'middle': _rounded((upper + lower) / 2)}


def _rounded(values: Any) -> list[float]:
    return [round(float(value), DIGITS) for value in values]

"""What the scripted operator of two arms sees in the present state."""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.contract import Contract, POSE_SIZE
from il_ros.errors import ConfigError
from il_ros.sim.tasks.task import BOX_HALF, BOX_HEIGHT
from il_ros.teleop.scripted.arm import turn_about_z
from il_ros.teleop.scripted.stages import HELD, rotation
from il_ros.types import Floats
import numpy as np


@dataclass(frozen=True)
class Tool:
    """One tool as it is seen.

    Attributes:
        at: [m]. Shape (3,).
        turned: Shape (3, 3).
        opening: Of its gripper [m].
    """

    at: Floats
    turned: Floats
    opening: float

    def around(self, point: Floats) -> bool:
        """Tell whether a point lies between the fingers."""
        x, y, z = np.abs(self.turned.T @ (point - self.at))
        return bool(x < 0.018 and y < 0.024 and z < 0.02)

    def holds(self, point: Floats, closed: float = HELD) -> bool:
        """Tell whether the gripper is closed on what is at a point."""
        return self.around(point) and self.opening < closed


@dataclass(frozen=True)
class Seen:
    """One observation, taken apart; positions in m, yaws in rad."""

    left: Tool
    right: Tool
    item: Floats
    yaw: float
    box: Floats
    box_yaw: float

    def in_box(self, point: Floats) -> bool:
        """Tell whether a point is between the walls of the box."""
        return bool(np.abs(self.beside(point)).max() < BOX_HALF
                    and point[2] - self.box[2] < BOX_HEIGHT)

    def beside(self, point: Floats) -> Floats:
        """Return where a point is from the box's centre, along its walls [m]. Shape (2,)."""
        away: Floats = turn_about_z(self.box_yaw).T @ (point - self.box)
        return away[:2]


class PairReader:
    """Takes observations of two arms apart.

    Args:
        contract: Must have two arms with a gripper each, and the poses of the simulation.

    Raises:
        ConfigError: It has not.
    """

    def __init__(self, contract: Contract) -> None:
        names = contract.poses.names if contract.poses else ()
        wanted = ('cube', 'box', 'left_tool', 'right_tool')
        if missing := [name for name in wanted if name not in names]:
            raise ConfigError(f'the scripted operator needs the poses {", ".join(wanted)}; the '
                              f'contract of {contract.robot!r} lacks {", ".join(missing)}')
        if len(contract.arms) != 2 or len(contract.grippers) != 2:
            raise ConfigError('the scripted operator of two arms needs two with a gripper each; '
                              f'the contract of {contract.robot!r} has {len(contract.arms)}')
        self._poses = [slice(POSE_SIZE * i, POSE_SIZE * (i + 1)) for i in map(names.index, wanted)]
        self._grippers = list(contract.grippers)

    def view(self, state: Floats, environment: Floats) -> Seen:
        """Return the view of a state (J,) and an environment vector (7 * P,)."""
        item, box, *tools = (environment[at] for at in self._poses)
        left, right = (Tool(tool[:3], rotation(tool[3:]), float(state[column]))
                       for tool, column in zip(tools, self._grippers, strict=True))
        faces, walls = rotation(item[3:]), rotation(box[3:])
        return Seen(left, right, item[:3], float(np.arctan2(faces[1, 0], faces[0, 0])), box[:3],
                    float(np.arctan2(walls[1, 0], walls[0, 0])))
